"""Churn cases with their measures, service requests with their rounds, and the day a customer was won back."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

OPEN = sa.text("status IN ('warned', 'postponed')")
HAS_DEADLINE = sa.text("due_on IS NOT NULL")


def upgrade() -> None:
    """Go up."""
    _make_churn_cases()
    _make_service_requests()
    _make_measures()
    _make_rounds()
    op.add_column("customers", sa.Column("won_back_on", sa.Date(), nullable=True))


def _make_churn_cases() -> None:
    op.create_table(
        "churn_cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("manager_id", sa.Integer(), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("last_order_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("reason_kind_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recovered_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "status IN ('warned', 'postponed', 'confirmed', 'recovered')", name=op.f("ck_churn_cases_status")
        ),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_churn_cases_changed_by_id_ab_user")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_churn_cases_created_by_id_ab_user")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_churn_cases_customer_id_customers")),
        sa.ForeignKeyConstraint(["manager_id"], ["ab_user.id"], name=op.f("fk_churn_cases_manager_id_ab_user")),
        sa.ForeignKeyConstraint(
            ["reason_kind_id"], ["dictionary_entries.id"], name=op.f("fk_churn_cases_reason_kind_id_dictionary_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_churn_cases")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_churn_cases_customer_id", "churn_cases", ["customer_id", "id"])
    op.create_index("ix_churn_cases_manager_id", "churn_cases", ["manager_id", "status", "id"])
    op.create_index("ix_churn_cases_reason_kind_id", "churn_cases", ["reason_kind_id"])
    op.create_index("ix_churn_cases_status_id", "churn_cases", ["status", "id"])
    op.create_index(
        "uq_churn_cases_open", "churn_cases", ["customer_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )


def _make_service_requests() -> None:
    # PostgreSQL indexes only what it stores; SQLite works it out when it reads.
    is_stored = op.get_bind().dialect.name == "postgresql"
    responsible = "coalesce(assignee_id, created_by_id)"
    op.create_table(
        "service_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind_id", sa.Integer(), nullable=False),
        sa.Column("summary", sa.String(length=500), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("customer_name", sa.String(length=100), nullable=False),
        sa.Column("request", sa.String(length=3000), nullable=False),
        sa.Column("priority", sa.String(length=20), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("assigned_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handling", sa.String(length=3000), nullable=True),
        sa.Column("handled_by_id", sa.Integer(), nullable=True),
        sa.Column("handled_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.String(length=500), nullable=True),
        sa.Column("satisfaction", sa.Integer(), nullable=True),
        sa.Column("archived_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_overdue_told", sa.Boolean(), nullable=False),
        sa.Column("responsible_id", sa.Integer(), sa.Computed(responsible, persisted=is_stored), nullable=True),
        sa.Column("external_id", sa.String(length=100), nullable=True),
        sa.Column("created_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "status IN ('created', 'assigned', 'processed', 'archived')", name=op.f("ck_service_requests_status")
        ),
        sa.CheckConstraint("satisfaction BETWEEN 1 AND 5", name=op.f("ck_service_requests_satisfaction")),
        sa.ForeignKeyConstraint(["assignee_id"], ["ab_user.id"], name=op.f("fk_service_requests_assignee_id_ab_user")),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["ab_user.id"], name=op.f("fk_service_requests_changed_by_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_service_requests_created_by_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_service_requests_customer_id_customers")
        ),
        sa.ForeignKeyConstraint(
            ["handled_by_id"], ["ab_user.id"], name=op.f("fk_service_requests_handled_by_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["kind_id"], ["dictionary_entries.id"], name=op.f("fk_service_requests_kind_id_dictionary_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_requests")),
        sa.UniqueConstraint("external_id", name=op.f("uq_service_requests_external_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_service_requests_assignee_id", "service_requests", ["assignee_id", "status", "id"])
    op.create_index("ix_service_requests_created_on_id", "service_requests", ["created_on", "id"])
    op.create_index("ix_service_requests_customer_id", "service_requests", ["customer_id", "created_on", "id"])
    op.create_index(
        "ix_service_requests_due_on",
        "service_requests",
        ["due_on", "id"],
        sqlite_where=HAS_DEADLINE,
        postgresql_where=HAS_DEADLINE,
    )
    op.create_index("ix_service_requests_kind_id", "service_requests", ["kind_id", "id"])
    op.create_index(
        "ix_service_requests_responsible_id", "service_requests", ["responsible_id", "status", "created_on", "id"]
    )
    op.create_index("ix_service_requests_status_id", "service_requests", ["status", "id"])


def _make_measures() -> None:
    op.create_table(
        "churn_measures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=4000), nullable=False),
        sa.Column("created_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["churn_cases.id"], name=op.f("fk_churn_measures_case_id_churn_cases")),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["ab_user.id"], name=op.f("fk_churn_measures_changed_by_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_churn_measures_created_by_id_ab_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_churn_measures")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_churn_measures_case_id", "churn_measures", ["case_id", "id"])


def _make_rounds() -> None:
    op.create_table(
        "service_rounds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("assigned_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handling", sa.String(length=3000), nullable=False),
        sa.Column("handled_by_id", sa.Integer(), nullable=True),
        sa.Column("handled_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.String(length=500), nullable=False),
        sa.Column("satisfaction", sa.Integer(), nullable=False),
        sa.Column("judged_on", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("satisfaction BETWEEN 1 AND 5", name=op.f("ck_service_rounds_satisfaction")),
        sa.ForeignKeyConstraint(["assignee_id"], ["ab_user.id"], name=op.f("fk_service_rounds_assignee_id_ab_user")),
        sa.ForeignKeyConstraint(
            ["handled_by_id"], ["ab_user.id"], name=op.f("fk_service_rounds_handled_by_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["service_requests.id"],
            name=op.f("fk_service_rounds_request_id_service_requests"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_rounds")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_service_rounds_judged_on", "service_rounds", ["judged_on", "request_id"])
    op.create_index("uq_service_rounds_request_id", "service_rounds", ["request_id", "number"], unique=True)


def downgrade() -> None:
    """Go back."""
    op.drop_column("customers", "won_back_on")
    for table in ("service_rounds", "churn_measures", "service_requests", "churn_cases"):
        op.drop_table(table)
