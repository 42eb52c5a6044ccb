"""How each person looks at a list: its columns and page size, and saved filters."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.i18n import Label
from app.models.base import NEVER_REUSED, Model, said
from app.models.org import Employee

#: Values as a person left them; the plain JSON of PostgreSQL can be neither compared nor put in order.
KEPT = JSON().with_variant(JSONB(), "postgresql")


class ListView(Model):
    """A saved filter of one person for one list; without a name it is the look he gave that list.

    The look says which columns the list has (none: the screen's own), how many rows a page has and with which saved
    filter the list opens. A saved filter holds conditions and order, and the department it is shared with. ``screen``
    is the list's address without its slash.
    """

    __tablename__ = "list_views"
    __table_args__ = (
        UniqueConstraint("owner_id", "screen", "name"),
        Index("ix_list_views_department_id_screen", "department_id", "screen"),
        NEVER_REUSED,
    )
    is_audited: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"))
    screen: Mapped[str] = mapped_column(String(50))
    name: Mapped[str] = mapped_column(String(50), default="", info=said(Label("Name")))
    conditions: Mapped[dict[str, Any]] = mapped_column(KEPT, default=dict)
    sort: Mapped[str] = mapped_column(String(50), default="")
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id", ondelete="SET NULL"))
    columns: Mapped[list[str]] = mapped_column(KEPT, default=list)
    page_size: Mapped[int | None] = mapped_column(Integer)
    opens_with_id: Mapped[int | None] = mapped_column(ForeignKey("list_views.id", ondelete="SET NULL"))

    owner: Mapped[Employee] = relationship()

    def __str__(self) -> str:
        return self.name
