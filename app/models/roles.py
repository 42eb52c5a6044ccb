"""What a role could do from one published change to the next; the present state stands in the framework's tables."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from flask_appbuilder.security.sqla.models import Role, assoc_user_role
from sqlalchemy import ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.i18n import Label
from app.models.base import NEVER_REUSED, Model, UtcDateTime, said
from app.models.lists import KEPT
from app.models.org import Employee


class RoleVersion(Model):
    """One version of a role: its rights in order, and by module how far it reads and writes."""

    __tablename__ = "role_versions"
    __table_args__ = (UniqueConstraint("role_id", "number"), NEVER_REUSED)
    #: A change of rights is one entry of its own in the audit log.
    is_audited: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("ab_role.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer, info=said(Label("Version")))
    rights: Mapped[list[str]] = mapped_column(KEPT)
    reaches: Mapped[dict[str, list[str]]] = mapped_column(KEPT)
    at: Mapped[datetime] = mapped_column(UtcDateTime, info=said(Label("Time")))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    note: Mapped[str] = mapped_column(String(500), default="", info=said(Label("Note")))

    by: Mapped[Employee | None] = relationship(info=said(Label("Who")))

    def __str__(self) -> str:
        return str(self.number)


__all__ = ["Role", "RoleVersion", "assoc_user_role"]
