"""The columns of the board are read in their order by indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

#: By name: the moment since when an opportunity is in its state.
SINCE = {
    "ix_opportunities_status_created_on": "created_on",
    "ix_opportunities_status_assigned": "coalesce(assigned_on, created_on)",
    "ix_opportunities_status_closed": "coalesce(closed_on, created_on)",
}


def upgrade() -> None:
    """Go up."""
    for name, since in SINCE.items():
        op.create_index(name, "opportunities", ["status", sa.text(since), "id"])


def downgrade() -> None:
    """Go down."""
    for name in SINCE:
        op.drop_index(name, "opportunities")
