"""What the page of a customer reads of its service requests: the customer of each judged round, and indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

REQUESTS = (
    ("ix_service_requests_customer_id_handled_on", ["customer_id", "handled_on", "id"]),
    ("ix_service_requests_customer_id_status", ["customer_id", "status", "id"]),
)
FILL = """
    UPDATE service_rounds
    SET customer_id = (SELECT customer_id FROM service_requests WHERE service_requests.id = service_rounds.request_id)
"""


def upgrade() -> None:
    """Go up."""
    for name, columns in REQUESTS:
        op.create_index(name, "service_requests", columns)
    with op.batch_alter_table("service_rounds", table_kwargs={"sqlite_autoincrement": True}) as rounds:
        rounds.add_column(sa.Column("customer_id", sa.Integer(), nullable=True))
        rounds.create_foreign_key(op.f("fk_service_rounds_customer_id_customers"), "customers", ["customer_id"], ["id"])
    op.execute(FILL)
    op.create_index("ix_service_rounds_customer_id", "service_rounds", ["customer_id", "judged_on", "id"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_service_rounds_customer_id", table_name="service_rounds")
    with op.batch_alter_table("service_rounds", table_kwargs={"sqlite_autoincrement": True}) as rounds:
        rounds.drop_constraint(op.f("fk_service_rounds_customer_id_customers"), type_="foreignkey")
        rounds.drop_column("customer_id")
    for name, _columns in REQUESTS:
        op.drop_index(name, table_name="service_requests")
