"""The time of service requests: how long each step may take, and when a request waited for its customer."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.i18n import Label, gettext
from app.models.base import NEVER_REUSED, ChoiceType, Model, Recorded, UtcDateTime, said
from app.models.basedata import Category, DictionaryEntry
from app.models.services import Priority, ServiceRequest

OF_ANY_KIND = text("kind_id IS NULL")
#: SQLite takes a partial index for these very words alone.
RUNS = text("ended_on IS NULL")
#: A step may take a working year.
IN_MINUTES = {"least": 1, "most": 2_000 * 60}


class ServiceLimit(Recorded, Model):
    """How many working minutes a request of one kind and priority may take; without a kind it holds for every other."""

    __tablename__ = "service_limits"
    __table_args__ = (
        CheckConstraint("priority IN ('normal', 'urgent', 'most_urgent')", name="priority"),
        Index("uq_service_limits_kind_id", "kind_id", "priority", unique=True),
        Index("uq_service_limits_any", "priority", unique=True, sqlite_where=OF_ANY_KIND, postgresql_where=OF_ANY_KIND),
        NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    kind_id: Mapped[int | None] = mapped_column(ForeignKey("dictionary_entries.id"))
    priority: Mapped[Priority] = mapped_column(
        ChoiceType(Priority), default=Priority.NORMAL, info=said(Label("Priority"))
    )
    assign_minutes: Mapped[int] = mapped_column(Integer, info=said(Label("Assign within"), **IN_MINUTES))
    process_minutes: Mapped[int] = mapped_column(Integer, info=said(Label("Process within"), **IN_MINUTES))

    kind: Mapped[DictionaryEntry | None] = relationship(
        info=said(Label("Service kind"), category=Category.SERVICE_KIND)
    )

    def __str__(self) -> str:
        kind = self.kind or gettext("every other kind")
        return gettext("%(kind)s, %(priority)s", kind=kind, priority=self.priority.label)


class ServicePause(Recorded, Model):
    """One time in which a request waited for its customer and its clock stood; at most one of a request runs."""

    __tablename__ = "service_pauses"
    __table_args__ = (
        Index("ix_service_pauses_request_id", "request_id", "began_on"),
        Index("uq_service_pauses_runs", "request_id", unique=True, sqlite_where=RUNS, postgresql_where=RUNS),
        NEVER_REUSED,
    )
    seen_through: ClassVar[str] = "request"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("service_requests.id", ondelete="CASCADE"))
    began_on: Mapped[datetime] = mapped_column(UtcDateTime, info=said(Label("Waiting since")))
    ended_on: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Waiting until")))
    note: Mapped[str | None] = mapped_column(String(200), info=said(Label("What is awaited")))

    request: Mapped[ServiceRequest] = relationship(info=said(Label("Service request")))

    def __str__(self) -> str:
        return self.note or gettext("Waiting for the customer")
