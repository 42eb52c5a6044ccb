"""The history of status moves: from, to, by whom, when and why."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.i18n import Label
from app.models.base import Model, UtcDateTime, said
from app.models.org import Employee


class StatusMove(Model):
    """One move of one record; ``kind`` is the record's table, ``before`` is empty when it came to be.

    ``note`` keeps what the move itself has to tell beside the reason, such as the receiver's name.
    """

    __tablename__ = "status_moves"
    __table_args__ = (
        Index("ix_status_moves_kind_row_id", "kind", "row_id", "id"),
        Index("ix_status_moves_kind_at", "kind", "at", "before", "after", "row_id"),
    )
    #: The audit log tells of the record that moved instead.
    is_audited: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    row_id: Mapped[int] = mapped_column(Integer)
    move: Mapped[str] = mapped_column(String(30))
    before: Mapped[str | None] = mapped_column(String(20))
    after: Mapped[str] = mapped_column(String(20))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, info=said(Label("Time")))
    reason: Mapped[str | None] = mapped_column(String(500), info=said(Label("Reason")))
    note: Mapped[str | None] = mapped_column(String(200))

    by: Mapped[Employee | None] = relationship()
