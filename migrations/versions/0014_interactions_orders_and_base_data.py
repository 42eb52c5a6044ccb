"""Interactions, orders with their lines and month totals, products and stock, and the refreshes from the sales system."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

TABLES = ("order_lines", "orders", "customer_months", "stock", "products", "interactions", "set_aside", "refreshes")


def upgrade() -> None:
    """Go up."""
    _make_base_data()
    _make_refreshes()
    _make_orders()
    _make_interactions()
    op.add_column("contacts", sa.Column("birthday", sa.Date(), nullable=True))
    op.add_column("contacts", sa.Column("external_id", sa.String(length=100), nullable=True))
    op.create_index("ix_contacts_external_id", "contacts", ["external_id"], unique=True)
    op.add_column("customers", sa.Column("last_order_on", sa.Date(), nullable=True))
    op.create_index("ix_customers_status_last_order_on", "customers", ["status", "last_order_on"])


def _make_base_data() -> None:
    op.create_table(
        "products",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=50), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=True),
        sa.Column("batch", sa.String(length=50), nullable=True),
        sa.Column("unit", sa.String(length=20), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("memo", sa.String(length=300), nullable=True),
        sa.Column("source", sa.String(length=30), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("number", name=op.f("uq_products_number")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_products_name", "products", ["name", "id"])
    op.create_table(
        "stock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("warehouse", sa.String(length=100), nullable=False),
        sa.Column("location", sa.String(length=100), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("memo", sa.String(length=300), nullable=True),
        sa.Column("source", sa.String(length=30), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_stock_product_id_products")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock")),
        sa.UniqueConstraint("product_id", "warehouse", "location", name=op.f("uq_stock_product_id_warehouse_location")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_stock_warehouse", "stock", ["warehouse"])


def _make_refreshes() -> None:
    op.create_table(
        "refreshes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=30), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("stamps", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["ab_user.id"], name=op.f("fk_refreshes_person_id_ab_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refreshes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_refreshes_source_id", "refreshes", ["source", "id"])
    op.create_table(
        "set_aside",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("refresh_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=30), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("column", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["refresh_id"], ["refreshes.id"], name=op.f("fk_set_aside_refresh_id_refreshes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_aside")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_set_aside_refresh_id", "set_aside", ["refresh_id"])
    op.create_index("ix_set_aside_source_kind_row", "set_aside", ["source", "kind", "row"])


def _make_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=50), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("customer_number", sa.String(length=50), nullable=True),
        sa.Column("customer_name", sa.String(length=100), nullable=True),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("stated_total", sa.BigInteger(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=30), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_orders_customer_id_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("number", name=op.f("uq_orders_number")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_orders_customer_id", "orders", ["customer_id", "ordered_on", "id"])
    op.create_index("ix_orders_ordered_on", "orders", ["ordered_on", "id"])
    op.create_index(
        "ix_orders_unmatched",
        "orders",
        ["customer_name"],
        sqlite_where=sa.text("customer_id IS NULL"),
        postgresql_where=sa.text("customer_id IS NULL"),
    )
    op.create_table(
        "order_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("product_number", sa.String(length=50), nullable=True),
        sa.Column("product_name", sa.String(length=250), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=True),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id_orders"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_order_lines_product_id_products")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
        sa.UniqueConstraint("order_id", "line_no", name=op.f("uq_order_lines_order_id_line_no")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_order_lines_product_id", "order_lines", ["product_id"])
    op.create_table(
        "customer_months",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_months_customer_id_customers")
        ),
        sa.PrimaryKeyConstraint("customer_id", "month", name=op.f("pk_customer_months")),
    )
    op.create_index("ix_customer_months_month", "customer_months", ["month", "customer_id", "amount"])


def _make_interactions() -> None:
    op.create_table(
        "interactions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("kind_id", sa.Integer(), nullable=True),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.String(length=500), nullable=False),
        sa.Column("detail", sa.String(length=2000), nullable=True),
        sa.Column("memo", sa.String(length=300), nullable=True),
        sa.Column("next_contact_on", sa.Date(), nullable=True),
        sa.Column("is_followed_up", sa.Boolean(), nullable=False),
        sa.Column("external_id", sa.String(length=100), nullable=True),
        sa.Column("created_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_interactions_changed_by_id_ab_user")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_interactions_contact_id_contacts")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_interactions_created_by_id_ab_user")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_interactions_customer_id_customers")),
        sa.ForeignKeyConstraint(
            ["kind_id"], ["dictionary_entries.id"], name=op.f("fk_interactions_kind_id_dictionary_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interactions")),
        sa.UniqueConstraint("external_id", name=op.f("uq_interactions_external_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_interactions_contact_id", "interactions", ["contact_id"])
    op.create_index("ix_interactions_customer_id", "interactions", ["customer_id", "happened_on", "id"])
    op.create_index("ix_interactions_kind_id", "interactions", ["kind_id"])
    op.create_index(
        "ix_interactions_next_contact_on",
        "interactions",
        ["next_contact_on", "id"],
        sqlite_where=sa.text("next_contact_on IS NOT NULL AND NOT is_followed_up"),
        postgresql_where=sa.text("next_contact_on IS NOT NULL AND NOT is_followed_up"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_customers_status_last_order_on", "customers")
    op.drop_column("customers", "last_order_on")
    op.drop_index("ix_contacts_external_id", "contacts")
    op.drop_column("contacts", "external_id")
    op.drop_column("contacts", "birthday")
    for name in TABLES:
        op.drop_table(name)
