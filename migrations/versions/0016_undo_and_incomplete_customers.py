"""Bulk changes that can be undone, and an index on the customers whose facts are incomplete."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"

KEPT = sa.JSON().with_variant(JSONB(), "postgresql")
NEEDED = (
    *("manager_id", "region_id", "level_id", "address", "postcode", "phone", "fax", "website"),
    *("legal_representative", "bank", "bank_account"),
)


def upgrade() -> None:
    """Go up."""
    incomplete = sa.text(" OR ".join(f"{name} IS NULL" for name in NEEDED))
    op.create_index(
        "ix_customers_incomplete", "customers", ["id"], sqlite_where=incomplete, postgresql_where=incomplete
    )
    _make_batches()
    _make_lines()


def _make_batches() -> None:
    op.create_table(
        "undo_batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("right", sa.String(length=60), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("created_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("undone_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by_id", sa.Integer(), nullable=True),
        sa.Column("undone_count", sa.Integer(), nullable=False),
        sa.Column("undone_reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["ab_user.id"], name=op.f("fk_undo_batches_person_id_ab_user")),
        sa.ForeignKeyConstraint(["undone_by_id"], ["ab_user.id"], name=op.f("fk_undo_batches_undone_by_id_ab_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_undo_batches")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_undo_batches_person_id", "undo_batches", ["person_id", "id"])
    op.create_index("ix_undo_batches_created_on", "undo_batches", ["created_on"])


def _make_lines() -> None:
    op.create_table(
        "undo_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.String(length=30), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.Column("row_name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", KEPT, nullable=False),
        sa.Column("after", KEPT, nullable=False),
        sa.Column("is_undone", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["undo_batches.id"], name=op.f("fk_undo_lines_batch_id_undo_batches"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_undo_lines")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_undo_lines_batch_id", "undo_lines", ["batch_id", "id"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("undo_lines")
    op.drop_table("undo_batches")
    op.drop_index("ix_customers_incomplete", "customers")
