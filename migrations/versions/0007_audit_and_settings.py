"""The audit log with its seals, the business settings, and first passwords that must be changed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

VIEW_MENUS = sa.table("ab_view_menu", sa.column("name"))


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("person_name", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("request_id", sa.String(length=20), nullable=False),
        sa.Column("table_name", sa.String(length=30), nullable=True),
        sa.Column("row_id", sa.Integer(), nullable=True),
        sa.Column("row_name", sa.String(length=200), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["ab_user.id"], name=op.f("fk_audit_entries_person_id_ab_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["at", "id"])
    op.create_index("ix_audit_entries_table_name_row_id", "audit_entries", ["table_name", "row_id", "id"])
    op.create_index("ix_audit_entries_person_id", "audit_entries", ["person_id", "id"])
    op.create_index("ix_audit_entries_kind", "audit_entries", ["kind", "id"])
    op.create_table(
        "audit_seals",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entries.id"], name=op.f("fk_audit_seals_entry_id_audit_entries")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit_seals")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_seals_entry_id")),
    )
    op.create_table(
        "settings",
        sa.Column("key", sa.String(length=50), nullable=False),
        sa.Column("value", sa.String(length=2000), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_settings")),
    )
    op.add_column("ab_user", sa.Column("must_change_password", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(VIEW_MENUS.update().where(VIEW_MENUS.c.name == "people").values(name="users"))


def downgrade() -> None:
    """Go back."""
    op.execute(VIEW_MENUS.update().where(VIEW_MENUS.c.name == "users").values(name="people"))
    op.drop_column("ab_user", "must_change_password")
    op.drop_table("settings")
    op.drop_table("audit_seals")
    op.drop_table("audit_entries")
