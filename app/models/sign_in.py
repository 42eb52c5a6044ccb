"""Tries to sign in, counted so that guessing is slow."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Boolean, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.i18n import Choice, Label
from app.models.base import ChoiceType, Model, UtcDateTime


class TryOutcome(Choice):
    """What came of a try; one whose password is not looked at yet counts as wrong."""

    WRONG = "wrong", Label("Wrong")
    RIGHT = "right", Label("Right")
    REFUSED = "refused", Label("Refused")


class SignInTry(Model):
    """One try at an account, whether there is one of that name or not.

    ``account`` is the hash of the name in small letters. ``source`` is the hash of a device in which the account
    signed in before, else the network; ``is_known`` says that the account came from there before.
    """

    __tablename__ = "sign_in_tries"
    __table_args__ = (
        Index("ix_sign_in_tries_account_at", "account", "at"),
        Index("ix_sign_in_tries_source_at", "source", "at"),
    )
    is_audited: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    account: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(64))
    is_known: Mapped[bool] = mapped_column(Boolean)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    outcome: Mapped[TryOutcome] = mapped_column(ChoiceType(TryOutcome), default=TryOutcome.WRONG)
