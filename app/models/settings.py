"""The business settings that an administrator changes; what each means stands in ``app.actions.settings``."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class SettingValue(Model):
    """The value of one setting as JSON; a setting without a row has its default.

    The version is checked in every UPDATE, so that of two who change a setting at once one is refused.
    """

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[str] = mapped_column(String(2000))
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__: ClassVar[dict[str, Any]] = {"version_id_col": version}

    def __str__(self) -> str:
        return self.key
