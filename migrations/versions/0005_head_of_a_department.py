"""The head of a department is one of the people: the first tables left this unsaid."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

NAME = "fk_departments_head_id_ab_user"


def upgrade() -> None:
    """Go up; a head who is nobody any more is no head."""
    if _is_there():
        return
    op.execute("UPDATE departments SET head_id = NULL WHERE head_id NOT IN (SELECT id FROM ab_user)")
    with op.batch_alter_table("departments") as departments:
        departments.create_foreign_key(NAME, "ab_user", ["head_id"], ["id"])


def downgrade() -> None:
    """Go down."""
    if _is_there():
        with op.batch_alter_table("departments") as departments:
            departments.drop_constraint(NAME, type_="foreignkey")


def _is_there() -> bool:
    found = sa.inspect(op.get_bind()).get_foreign_keys("departments")
    return any(key["constrained_columns"] == ["head_id"] for key in found)
