"""Sign-ins: who is in from which browser, since when, and why a session ended."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.i18n import Choice, Label
from app.models.base import NEVER_REUSED, ChoiceType, Model, UtcDateTime, said
from app.models.org import Employee


class EndReason(Choice):
    """Why a session ended."""

    SIGNED_OUT = "signed_out", Label("Signed out")
    IDLE = "idle", Label("No activity")
    TOO_OLD = "too_old", Label("Longest time reached")
    PASSWORD_CHANGED = "password_changed", Label("Password changed")
    ROLES_CHANGED = "roles_changed", Label("Roles changed")
    DISABLED = "disabled", Label("Account disabled")
    BY_OWNER = "by_owner", Label("Ended by the person")
    BY_ADMINISTRATOR = "by_administrator", Label("Ended by an administrator")


class SignIn(Model):
    """One session of a person. The browser alone holds the token and the number of the device; here are their hashes.

    ``network`` is what the address counts as where tries are counted. A session without ``ended_at`` may still be
    over: how long it lasts is a setting.
    """

    __tablename__ = "sign_ins"
    __table_args__ = NEVER_REUSED
    is_audited: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), index=True)
    device_hash: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(45), info=said(Label("Address")))
    network: Mapped[str] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(300), info=said(Label("Device")))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, info=said(Label("Signed in")))
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime, info=said(Label("Last seen")))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_because: Mapped[EndReason | None] = mapped_column(ChoiceType(EndReason))

    person: Mapped[Employee] = relationship()
