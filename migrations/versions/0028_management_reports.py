"""Management reports, what was submitted of them, which nobody changes, and what was said to it."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"

ONLY_ADDED = ("management_report_versions", "management_report_comments")
REFUSAL = "what was submitted and said is only ever added to"


def upgrade() -> None:
    """Go up."""
    _reports()
    _versions()
    _comments()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_report_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        )
        for table in ONLY_ADDED:
            op.execute(
                f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_report_change()"
            )
    else:
        for table in ONLY_ADDED:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
                )


def _reports() -> None:
    remarks = ("overall", "contribution", "composition", "service", "churn")
    op.create_table(
        "management_reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rhythm", sa.String(length=20), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("submitted_on", sa.DateTime(timezone=True), nullable=True),
        *(sa.Column(f"{name}_remark", sa.String(length=4000), nullable=True) for name in remarks),
        *_marks(),
        sa.CheckConstraint("status IN ('draft', 'submitted', 'reviewed')", name=op.f("ck_management_reports_status")),
        sa.CheckConstraint("rhythm IN ('monthly', 'quarterly')", name=op.f("ck_management_reports_rhythm")),
        _key("management_reports", "owner_id", "ab_user"),
        _key("management_reports", "department_id", "departments"),
        _key("management_reports", "created_by_id", "ab_user"),
        _key("management_reports", "changed_by_id", "ab_user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_management_reports")),
        sqlite_autoincrement=True,
    )
    owned = ["owner_id", "rhythm", "first_day"]
    op.create_index("uq_management_reports_owner_id", "management_reports", owned, unique=True)
    op.create_index("ix_management_reports_status", "management_reports", ["status", "id"])


def _versions() -> None:
    table = "management_report_versions"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("submitted_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by_id", sa.Integer(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        _key(table, "report_id", "management_reports"),
        _key(table, "submitted_by_id", "ab_user"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("report_id", "number", name=op.f(f"uq_{table}_report_id_number")),
        sqlite_autoincrement=True,
    )


def _comments() -> None:
    table = "management_report_comments"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=False),
        *_marks(),
        _key(table, "report_id", "management_reports"),
        _key(table, "created_by_id", "ab_user"),
        _key(table, "changed_by_id", "ab_user"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f(f"ix_{table}_report_id"), table, ["report_id", "id"])


def _marks() -> tuple[sa.Column[object], ...]:
    """What every recorded table has."""
    return (
        sa.Column("created_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
    )


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"))


def downgrade() -> None:
    """Go back."""
    # With a table its triggers go.
    for table in ("management_report_comments", "management_report_versions", "management_reports"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_report_change()")
