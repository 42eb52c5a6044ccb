"""Who runs a refresh, the form in which orders' customers are compared, and aliases of customers."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

RUNNING = sa.text("state = 'running'")
UNMATCHED = sa.text("customer_id IS NULL")


def upgrade() -> None:
    """Go up."""
    op.add_column("refreshes", sa.Column("is_whole", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("refreshes", sa.Column("holder", sa.String(length=100), server_default="", nullable=False))
    op.add_column("refreshes", sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_refreshes_running",
        "refreshes",
        ["source"],
        unique=True,
        sqlite_where=RUNNING,
        postgresql_where=RUNNING,
    )
    op.add_column("orders", sa.Column("customer_key", sa.String(length=100), nullable=True))
    for name, column in (
        ("ix_orders_unmatched_number", "customer_number"),
        ("ix_orders_unmatched_key", "customer_key"),
    ):
        op.create_index(name, "orders", [column], sqlite_where=UNMATCHED, postgresql_where=UNMATCHED)
    op.create_table(
        "customer_aliases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_number", sa.String(length=50), nullable=True),
        sa.Column("customer_key", sa.String(length=100), nullable=True),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_aliases_customer_id_customers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_aliases")),
        sa.UniqueConstraint("customer_key", name=op.f("uq_customer_aliases_customer_key")),
        sa.UniqueConstraint("customer_number", name=op.f("uq_customer_aliases_customer_number")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_customer_aliases_customer_id", "customer_aliases", ["customer_id"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("customer_aliases")
    op.drop_index("ix_orders_unmatched_key", "orders")
    op.drop_index("ix_orders_unmatched_number", "orders")
    op.drop_column("orders", "customer_key")
    op.drop_index("ix_refreshes_running", "refreshes")
    for name in ("beat_at", "holder", "is_whole"):
        op.drop_column("refreshes", name)
