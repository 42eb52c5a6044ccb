"""The audit log says in whose history an entry stands, and no row of it is changed or taken away."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = ("audit_entries", "audit_seals")
REFUSAL = "the audit log is only ever added to"
BY_RECORD = "ix_audit_entries_table_name_row_id"
BY_ROOT = "ix_audit_entries_root_table_root_id"


def upgrade() -> None:
    """Go up."""
    op.add_column("audit_entries", sa.Column("root_table", sa.String(length=30), nullable=True))
    op.add_column("audit_entries", sa.Column("root_id", sa.Integer(), nullable=True))
    op.execute("UPDATE audit_entries SET root_table = table_name, root_id = row_id")
    op.drop_index(BY_RECORD, table_name="audit_entries")
    op.create_index(BY_ROOT, "audit_entries", ["root_table", "root_id", "id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        )
        for table in TABLES:
            op.execute(
                f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
            )
    else:
        for table in TABLES:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
                )


def downgrade() -> None:
    """Go back."""
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"DROP TRIGGER {table}_only_added ON {table}")
        op.execute("DROP FUNCTION refuse_audit_change()")
    else:
        for table in TABLES:
            for verb in ("update", "delete"):
                op.execute(f"DROP TRIGGER {table}_no_{verb}")
    op.drop_index(BY_ROOT, table_name="audit_entries")
    op.create_index(BY_RECORD, "audit_entries", ["table_name", "row_id", "id"])
    op.drop_column("audit_entries", "root_id")
    op.drop_column("audit_entries", "root_table")
