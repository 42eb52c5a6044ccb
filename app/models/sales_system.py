"""The link to the sales system: each refresh, the rows it set aside, and whose orders a person said they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.i18n import Choice, Label, Told
from app.models.base import NEVER_REUSED, ChoiceType, Model, UtcDateTime, said
from app.models.customers import Customer
from app.models.jobs import Arguments, ToldType
from app.models.org import Employee


class RefreshState(Choice):
    """What became of a refresh."""

    RUNNING = "running", Label("Running")
    DONE = "done", Label("Finished")
    FAILED = "failed", Label("Refresh failed")


#: One refresh of a source at a time.
RUNNING = text("state = 'running'")


class Refresh(Model):
    """One refresh from one source.

    ``counts`` has by kind the numbers that the command tells: rows, created, updated, skipped, failed, unmatched,
    removed. ``outcome`` says why it failed. ``stamps`` has by kind how far an incremental refresh has read.
    ``holder`` is who runs it, and ``beat_at`` when he was last known to live.
    """

    __tablename__ = "refreshes"
    __table_args__ = (
        Index("ix_refreshes_source_id", "source", "id"),
        Index("ix_refreshes_running", "source", unique=True, sqlite_where=RUNNING, postgresql_where=RUNNING),
        NEVER_REUSED,
    )
    is_audited: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    source: Mapped[str] = mapped_column(String(30), info=said(Label("Data source")))
    state: Mapped[RefreshState] = mapped_column(
        ChoiceType(RefreshState), default=RefreshState.RUNNING, info=said(Label("State"))
    )
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, info=said(Label("Started")))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Ended")))
    milliseconds: Mapped[int | None] = mapped_column(Integer, info=said(Label("Took")))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    counts: Mapped[dict[str, Any]] = mapped_column(Arguments, default=dict)
    stamps: Mapped[dict[str, Any]] = mapped_column(Arguments, default=dict)
    outcome: Mapped[Told | None] = mapped_column(ToldType, info=said(Label("Outcome"), is_long=True))
    is_whole: Mapped[bool] = mapped_column(Boolean, default=True)
    holder: Mapped[str] = mapped_column(String(100), default="")
    beat_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Employee | None] = relationship(info=said(Label("Started by")))

    def __str__(self) -> str:
        return f"{self.source} {self.id}"


class SetAside(Model):
    """A row of a source that could not be taken in, as of the latest refresh of its source and kind.

    ``row`` counts as the source does, a file's header being row 1; ``content`` has the cells by header.
    """

    __tablename__ = "set_aside"
    __table_args__ = (Index("ix_set_aside_source_kind_row", "source", "kind", "row"), NEVER_REUSED)
    is_audited: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    refresh_id: Mapped[int] = mapped_column(ForeignKey("refreshes.id"), index=True)
    source: Mapped[str] = mapped_column(String(30), info=said(Label("Data source")))
    kind: Mapped[str] = mapped_column(String(30), info=said(Label("Kind")))
    row: Mapped[int] = mapped_column(Integer, info=said(Label("Row")))
    column: Mapped[str] = mapped_column(String(100), info=said(Label("Column")))
    reason: Mapped[Told] = mapped_column(ToldType, info=said(Label("Reason")))
    content: Mapped[dict[str, Any]] = mapped_column(Arguments, info=said(Label("Content")))

    def __str__(self) -> str:
        return f"{self.kind} {self.row}"


class CustomerAlias(Model):
    """What the sales system calls a customer, as a person said by hand: by a number or by a name, never both.

    So every later order that is called so finds that customer too.
    """

    __tablename__ = "customer_aliases"
    __table_args__ = (NEVER_REUSED,)
    seen_through: ClassVar[str] = "customer"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    customer_number: Mapped[str | None] = mapped_column(
        String(50), unique=True, info=said(Label("Customer number in the sales system"))
    )
    customer_key: Mapped[str | None] = mapped_column(
        String(100), unique=True, info=said(Label("Customer name in the sales system"))
    )
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)

    customer: Mapped[Customer] = relationship(info=said(Label("Customer")))

    def __str__(self) -> str:
        return self.customer_number or self.customer_key or ""
