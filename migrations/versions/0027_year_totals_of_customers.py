"""The totals of customers by year and of all years, and an index that knows what they ordered on which days."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

FILL = """
    INSERT INTO customer_years (customer_id, year, orders, amount)
    SELECT customer_id, {year}, count(*), sum(total) FROM orders WHERE customer_id IS NOT NULL GROUP BY 1, 2
"""


def upgrade() -> None:
    """Go up; 0 stands for all years."""
    op.create_table(
        "customer_years",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_years_customer_id_customers")
        ),
        sa.PrimaryKeyConstraint("customer_id", "year", name=op.f("pk_customer_years")),
    )
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    year = (
        "CAST(extract(year FROM ordered_on) AS integer)" if is_postgresql else "CAST(strftime('%Y', ordered_on) AS int)"
    )
    for one in (year, "0"):
        op.execute(FILL.format(year=one))
    columns = ["year", sa.text("amount DESC"), "customer_id", "orders"]
    op.create_index("ix_customer_years_year", "customer_years", columns)
    _index_orders("total", "status")


def downgrade() -> None:
    """Go back."""
    op.drop_table("customer_years")
    _index_orders()


def _index_orders(*more: str) -> None:
    op.drop_index("ix_orders_customer_id", table_name="orders")
    op.create_index("ix_orders_customer_id", "orders", ["customer_id", "ordered_on", "id", *more])
