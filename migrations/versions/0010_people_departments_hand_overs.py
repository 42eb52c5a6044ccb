"""Who changed a department and a person and in which version, one name at the top once, and hand-overs."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"

AT_THE_TOP = "ix_departments_name_at_the_top"
KEPT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Go up; of departments at the top with one name the later ones get their key behind it."""
    op.add_column("ab_user", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    _mark_departments()
    op.execute(
        "UPDATE departments SET name = substr(name, 1, 80) || ' ' || id WHERE parent_id IS NULL AND EXISTS"
        " (SELECT 1 FROM departments AS other WHERE other.parent_id IS NULL"
        " AND other.name = departments.name AND other.id < departments.id)"
    )
    at_the_top = sa.text("parent_id IS NULL")
    op.create_index(
        AT_THE_TOP, "departments", ["name"], unique=True, sqlite_where=at_the_top, postgresql_where=at_the_top
    )
    _make_hand_overs()


def _mark_departments() -> None:
    """The marks that every record has. SQLite takes a column that is never empty only with a default."""
    moment = sa.text(f"'{datetime.now(UTC):%Y-%m-%d %H:%M:%S}'")
    if op.get_bind().dialect.name == "postgresql":
        moment = sa.text("now()")
    for name in ("created_on", "changed_on"):
        mark = sa.Column(name, sa.DateTime(timezone=True), server_default=moment, nullable=False)
        op.add_column("departments", mark)
    op.add_column("departments", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    for name in ("created_by_id", "changed_by_id"):
        key = sa.ForeignKey("ab_user.id", name=op.f(f"fk_departments_{name}_ab_user"))
        op.add_column("departments", sa.Column(name, sa.Integer(), key, nullable=True), inline_references=True)


def _make_hand_overs() -> None:
    op.create_table(
        "hand_overs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("is_disabled_too", sa.Boolean(), nullable=False),
        sa.Column("created_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_id"], ["ab_user.id"], name=op.f("fk_hand_overs_changed_by_id_ab_user")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_hand_overs_created_by_id_ab_user")),
        sa.ForeignKeyConstraint(["person_id"], ["ab_user.id"], name=op.f("fk_hand_overs_person_id_ab_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_overs")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_hand_overs_person_id", "hand_overs", ["person_id"])
    op.create_table(
        "hand_over_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hand_over_id", sa.Integer(), nullable=False),
        sa.Column("holding", sa.String(length=30), nullable=False),
        sa.Column("receiver_id", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("row_ids", KEPT, nullable=False),
        sa.ForeignKeyConstraint(
            ["hand_over_id"],
            ["hand_overs.id"],
            name=op.f("fk_hand_over_lines_hand_over_id_hand_overs"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["receiver_id"], ["ab_user.id"], name=op.f("fk_hand_over_lines_receiver_id_ab_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_over_lines")),
    )
    op.create_index("ix_hand_over_lines_hand_over_id", "hand_over_lines", ["hand_over_id"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("hand_over_lines")
    op.drop_table("hand_overs")
    op.drop_index(AT_THE_TOP, "departments")
    for name in ("changed_by_id", "created_by_id", "version", "changed_on", "created_on"):
        op.drop_column("departments", name)
    op.drop_column("ab_user", "version")
