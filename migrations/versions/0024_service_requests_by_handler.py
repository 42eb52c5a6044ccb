"""An index of service requests by who handled them: the list of what waits for his feedback."""

from alembic import op

revision = "0024"
down_revision = "0021"

INDEX = "ix_service_requests_handled_by_id"


def upgrade() -> None:
    """Go up."""
    op.create_index(INDEX, "service_requests", ["handled_by_id", "status", "id"])


def downgrade() -> None:
    """Go back."""
    op.drop_index(INDEX, table_name="service_requests")
