"""Who changed an entry of the dictionary last, when, and in which version."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

TABLE = "dictionary_entries"


def upgrade() -> None:
    """Go up."""
    op.add_column(TABLE, sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column(TABLE, sa.Column("changed_on", sa.DateTime(timezone=True), nullable=True))
    key = sa.ForeignKey("ab_user.id", name=op.f("fk_dictionary_entries_changed_by_id_ab_user"))
    op.add_column(TABLE, sa.Column("changed_by_id", sa.Integer(), key, nullable=True), inline_references=True)


def downgrade() -> None:
    """Go back."""
    for name in ("changed_by_id", "changed_on", "version"):
        op.drop_column(TABLE, name)
