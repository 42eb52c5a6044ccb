"""An index on what the audit log tells of customers and their contacts, by time."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

TOLD = sa.text("table_name IN ('customers', 'contacts') AND kind IN ('created', 'changed', 'deleted')")


def upgrade() -> None:
    """Go up."""
    op.create_index(
        "ix_audit_entries_of_customers",
        "audit_entries",
        ["root_id", "at", "id"],
        sqlite_where=TOLD,
        postgresql_where=TOLD,
    )


def downgrade() -> None:
    """Go down."""
    op.drop_index("ix_audit_entries_of_customers", table_name="audit_entries")
