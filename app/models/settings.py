"""The business settings that an administrator changes; what each means stands in ``app.actions.settings``."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class SettingValue(Model):
    """The value of one setting as JSON; a setting without a row has its default."""

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[str] = mapped_column(String(2000))
