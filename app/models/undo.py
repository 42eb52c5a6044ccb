"""Bulk changes that can be undone: what changed in which rows, from what to what, by whom and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.i18n import Label, Told
from app.models.base import NEVER_REUSED, Model, UtcDateTime, said
from app.models.jobs import ToldType
from app.models.lists import KEPT
from app.models.org import Employee


class UndoBatch(Model):
    """Everything that one act changed; ``right`` is the key of the right that the act needed and its undoing needs."""

    __tablename__ = "undo_batches"
    __table_args__ = (
        Index("ix_undo_batches_person_id", "person_id", "id"),
        Index("ix_undo_batches_created_on", "created_on"),
        NEVER_REUSED,
    )
    is_audited: ClassVar[bool] = False
    is_personal: ClassVar[bool] = True
    seen_by_all_with: ClassVar[str] = "undo.see"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    title: Mapped[Told] = mapped_column(ToldType, info=said(Label("What was done")))
    right: Mapped[str] = mapped_column(String(60))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    created_on: Mapped[datetime] = mapped_column(UtcDateTime, info=said(Label("Done on")))
    reason: Mapped[str] = mapped_column(String(500), default="", info=said(Label("Reason"), is_long=True))
    count: Mapped[int] = mapped_column(Integer, info=said(Label("Records")))
    undone_on: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Whether undone")))
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    undone_count: Mapped[int] = mapped_column(Integer, default=0, info=said(Label("Records that went back")))
    undone_reason: Mapped[str] = mapped_column(String(500), default="", info=said(Label("Undone because")))

    person: Mapped[Employee | None] = relationship(foreign_keys=[person_id], info=said(Label("Done by")))
    undone_by: Mapped[Employee | None] = relationship(foreign_keys=[undone_by_id], info=said(Label("Undone by")))

    def __str__(self) -> str:
        return str(self.title)


class UndoLine(Model):
    """One row of a batch: some of its columns before and after, as the audit log keeps values.

    ``version`` is the one the row got by the act; a row of another one was changed since.
    """

    __tablename__ = "undo_lines"
    __table_args__ = (Index("ix_undo_lines_batch_id", "batch_id", "id"), NEVER_REUSED)
    is_audited: ClassVar[bool] = False
    seen_through: ClassVar[str] = "batch"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("undo_batches.id", ondelete="CASCADE"))
    table_name: Mapped[str] = mapped_column(String(30))
    row_id: Mapped[int] = mapped_column(Integer)
    row_name: Mapped[str] = mapped_column(String(200))
    version: Mapped[int] = mapped_column(Integer)
    before: Mapped[dict[str, Any]] = mapped_column(KEPT)
    after: Mapped[dict[str, Any]] = mapped_column(KEPT)
    is_undone: Mapped[bool] = mapped_column(Boolean, default=False)

    batch: Mapped[UndoBatch] = relationship()
