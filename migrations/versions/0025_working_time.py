"""The work calendar, how long each step of a service request may take, and when a request waited for its customer."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

OF_ANY_KIND = sa.text("kind_id IS NULL")
RUNS = sa.text("ended_on IS NULL")


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "special_days",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_working", sa.Boolean(), nullable=False),
        sa.Column("holiday", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=True),
        sa.Column("is_statutory", sa.Boolean(), nullable=False),
        *_marks("special_days"),
        sa.UniqueConstraint("day", name=op.f("uq_special_days_day")),
        sqlite_autoincrement=True,
    )
    _make_limits()
    _make_pauses()


def _marks(table: str) -> list[sa.schema.SchemaItem]:
    """What every record has: who made and changed it and when, its version and its key."""
    people = [
        sa.ForeignKeyConstraint([name], ["ab_user.id"], name=op.f(f"fk_{table}_{name}_ab_user"))
        for name in ("changed_by_id", "created_by_id")
    ]
    return [
        sa.Column("created_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        *people,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _make_limits() -> None:
    op.create_table(
        "service_limits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind_id", sa.Integer(), nullable=True),
        sa.Column("priority", sa.String(length=20), nullable=False),
        sa.Column("assign_minutes", sa.Integer(), nullable=False),
        sa.Column("process_minutes", sa.Integer(), nullable=False),
        *_marks("service_limits"),
        sa.CheckConstraint("priority IN ('normal', 'urgent', 'most_urgent')", name=op.f("ck_service_limits_priority")),
        sa.ForeignKeyConstraint(
            ["kind_id"], ["dictionary_entries.id"], name=op.f("fk_service_limits_kind_id_dictionary_entries")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_service_limits_kind_id", "service_limits", ["kind_id", "priority"], unique=True)
    op.create_index(
        "uq_service_limits_any",
        "service_limits",
        ["priority"],
        unique=True,
        sqlite_where=OF_ANY_KIND,
        postgresql_where=OF_ANY_KIND,
    )


def _make_pauses() -> None:
    op.create_table(
        "service_pauses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("began_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        *_marks("service_pauses"),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["service_requests.id"],
            name=op.f("fk_service_pauses_request_id_service_requests"),
            ondelete="CASCADE",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_service_pauses_request_id", "service_pauses", ["request_id", "began_on"])
    op.create_index(
        "uq_service_pauses_runs",
        "service_pauses",
        ["request_id"],
        unique=True,
        sqlite_where=RUNS,
        postgresql_where=RUNS,
    )


def downgrade() -> None:
    """Go back."""
    for table in ("service_pauses", "service_limits", "special_days"):
        op.drop_table(table)
