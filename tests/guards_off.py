"""The audit log, and what was submitted, without what keeps them: for tests that do to them what nobody may."""

from sqlalchemy import Connection

TABLES = ("audit_entries", "audit_seals", "management_report_versions", "management_report_comments")


def take_guards_off(connection: Connection) -> None:
    """Drop the triggers that refuse every change, as whoever owns the tables could."""
    for table in TABLES:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_only_added ON {table}")
        else:
            for verb in ("update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
