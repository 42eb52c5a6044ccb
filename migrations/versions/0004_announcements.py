"""Announcements, and the indexes that the workbench reads by."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "announcements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("created_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_announcements_changed_by_id_ab_user")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_announcements_created_by_id_ab_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_announcements_starts_on", "announcements", ["starts_on"])
    op.create_index("ix_status_moves_kind_at", "status_moves", ["kind", "at", "before", "after", "row_id"])
    op.create_index(
        "ix_opportunities_closed_on",
        "opportunities",
        ["closed_on", "status", "assignee_id", "created_by_id", "expected_amount"],
    )
    op.create_index("ix_plan_items_done_on_planned_on", "plan_items", ["done_on", "planned_on", "opportunity_id"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_plan_items_done_on_planned_on", table_name="plan_items")
    op.drop_index("ix_opportunities_closed_on", table_name="opportunities")
    op.drop_index("ix_status_moves_kind_at", table_name="status_moves")
    op.drop_index("ix_announcements_starts_on", table_name="announcements")
    op.drop_table("announcements")
