"""Business settings: what each is called, what it may be, and its value now."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ScalarSelect, select
from sqlalchemy.orm import Session

from app.i18n import Label, LazyString
from app.models.settings import SettingValue


@dataclass(frozen=True)
class Setting:
    """One whole number that an administrator may change, from ``least`` to ``most``, in ``unit``."""

    key: str
    group: LazyString
    label: LazyString
    unit: LazyString
    default: int
    least: int
    most: int
    note: LazyString | str = ""


_SIGN_IN = Label("Sign-in and sessions")

IDLE_MINUTES = Setting(
    "idle_minutes", _SIGN_IN, Label("A session ends after a rest of"), Label("minutes"), 120, 5, 1440
)
LONGEST_HOURS = Setting(
    "longest_hours", _SIGN_IN, Label("A session ends at the latest after"), Label("hours"), 24, 1, 720
)

#: Every setting, in the order of the screen.
SETTINGS: tuple[Setting, ...] = (IDLE_MINUTES, LONGEST_HOURS)


def value_of(session: Session, setting: Setting) -> int:
    """The value now."""
    return values_of(session, (setting,))[setting.key]


def values_of(session: Session, settings: tuple[Setting, ...]) -> Mapping[str, int]:
    """The values now, by key."""
    stored = {row.key: json.loads(row.value) for row in _rows(session, settings)}
    return {one.key: stored.get(one.key, one.default) for one in settings}


def _rows(session: Session, settings: tuple[Setting, ...]) -> list[Any]:
    return session.query(SettingValue).filter(SettingValue.key.in_([one.key for one in settings])).all()


def stored(setting: Setting) -> ScalarSelect[str]:
    """What is stored of a setting, as a column of another statement; ``read`` makes the value of it."""
    return select(SettingValue.value).where(SettingValue.key == setting.key).scalar_subquery()


def read(setting: Setting, text: str | None) -> int:
    """The value that is stored as ``text``; the default for None."""
    return setting.default if text is None else int(json.loads(text))
