"""Hand-overs: what a person held, to whom it was given, by whom and why."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Boolean, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.i18n import Label
from app.models.base import NEVER_REUSED, Model, Recorded, UtcDateTime, said
from app.models.lists import KEPT
from app.models.org import Employee


class HandOver(Recorded, Model):
    """All that was taken from one person at one time."""

    __tablename__ = "hand_overs"
    __table_args__ = (NEVER_REUSED,)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    person_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), index=True)
    reason: Mapped[str] = mapped_column(String(500), info=said(Label("Reason"), is_long=True))
    is_disabled_too: Mapped[bool] = mapped_column(Boolean, default=False, info=said(Label("Disabled at once")))

    created_on: Mapped[datetime] = mapped_column(UtcDateTime, info=said(Label("Handed over on")))

    person: Mapped[Employee] = relationship(foreign_keys=[person_id], info=said(Label("Handed over from")))
    created_by: Mapped[Employee | None] = relationship(
        foreign_keys="HandOver.created_by_id", info=said(Label("Handed over by"))
    )
    lines: Mapped[list[HandOverLine]] = relationship(back_populates="hand_over", order_by="HandOverLine.id")

    def __str__(self) -> str:
        return str(self.person)


class HandOverLine(Model):
    """What one receiver got of one kind; ``holding`` names the kind, ``row_ids`` the records."""

    __tablename__ = "hand_over_lines"
    is_audited: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    hand_over_id: Mapped[int] = mapped_column(ForeignKey("hand_overs.id", ondelete="CASCADE"), index=True)
    holding: Mapped[str] = mapped_column(String(30))
    receiver_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    count: Mapped[int] = mapped_column(Integer)
    row_ids: Mapped[list[int]] = mapped_column(KEPT, default=list)

    hand_over: Mapped[HandOver] = relationship(back_populates="lines")
    receiver: Mapped[Employee] = relationship()
