"""The person an opportunity belongs to is stored by the database, and indexes that the wall reads by."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

INDEX = "ix_opportunities_responsible_id"


def upgrade() -> None:
    """Go up."""
    # PostgreSQL indexes only what it stores; SQLite adds to a table only what it works out when it reads.
    is_stored = op.get_bind().dialect.name == "postgresql"
    responsible = sa.Computed("coalesce(assignee_id, created_by_id)", persisted=is_stored)
    op.add_column("opportunities", sa.Column("responsible_id", sa.Integer(), responsible))
    op.create_index(INDEX, "opportunities", ["responsible_id", "status", "created_on", "id"])
    op.drop_index("ix_customers_manager_id_id", "customers")
    op.create_index("ix_customers_manager_id", "customers", ["manager_id", "id", "status"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_customers_manager_id", "customers")
    op.create_index("ix_customers_manager_id_id", "customers", ["manager_id", "id"])
    op.drop_index(INDEX, "opportunities")
    op.drop_column("opportunities", "responsible_id")
