"""Texts that show themselves in the reader's language, and the base of translated enumerations."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from flask_babel import format_datetime, gettext, lazy_gettext, ngettext
from flask_babel.speaklater import LazyString

__all__ = ["Choice", "Label", "LazyString", "format_moment", "gettext", "ngettext"]

Label = lazy_gettext


class Choice(StrEnum):
    """An enumeration stored by its value and shown by its translated ``label``."""

    label: LazyString

    def __new__(cls, value: str, label: LazyString) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


def format_moment(moment: datetime) -> str:
    """``moment`` as YYYY-MM-DD HH:MM in the company's time zone."""
    return str(format_datetime(moment, "yyyy-MM-dd HH:mm"))
