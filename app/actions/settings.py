"""Business settings: what each is called, what it may be, and its value now."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import ScalarSelect, select
from sqlalchemy.orm import Session

from app.errors import Invalid
from app.i18n import Label, LazyString, gettext
from app.models.base import mapper_of
from app.models.settings import SettingValue
from app.security.actor import Actor
from app.security.rights import SETTINGS as SCREEN
from app.security.rights import Verb


@dataclass(frozen=True)
class Setting:
    """One whole number that an administrator may change, from ``least`` to ``most``, in ``unit``.

    With ``words`` it is one of these, the first of them for ``least``.
    """

    key: str
    group: LazyString
    label: LazyString
    unit: LazyString | str
    default: int
    least: int
    most: int
    words: tuple[LazyString, ...] = ()

    def shown(self, value: int) -> str:
        """A value as people read it."""
        return str(self.words[value - self.least]) if self.words else str(value)


@dataclass(frozen=True)
class ClockSetting(Setting):
    """A time of day, in minutes since midnight."""

    least: int = 0
    most: int = 24 * 60 - 1

    def shown(self, value: int) -> str:
        """As 09:00."""
        return f"{value // 60:02}:{value % 60:02}"


#: The days of the week, Monday as 0.
WEEKDAYS = (
    *(Label("Monday"), Label("Tuesday"), Label("Wednesday"), Label("Thursday")),
    *(Label("Friday"), Label("Saturday"), Label("Sunday")),
)

_SIGN_IN = Label("Sign-in and sessions")

IDLE_MINUTES = Setting("idle_minutes", _SIGN_IN, Label("A session ends when idle for"), Label("minutes"), 120, 5, 1440)
LONGEST_HOURS = Setting(
    "longest_hours", _SIGN_IN, Label("A session ends at the latest after"), Label("hours"), 24, 1, 720
)

_KEEPING = Label("How long things are kept")

KEEP_REMINDERS_DAYS = Setting(
    "keep_reminders_days", _KEEPING, Label("Reminders are deleted after"), Label("days"), 180, 60, 3650
)
KEEP_JOBS_DAYS = Setting(
    "keep_jobs_days", _KEEPING, Label("Finished and failed jobs are deleted after"), Label("days"), 30, 1, 3650
)

_FILES = Label("Attachments")

LARGEST_ATTACHMENT = Setting(
    "largest_attachment_mb", _FILES, Label("One file may be as large as"), Label("MB"), 20, 1, 100
)

_HOURS = Label("Working hours")

MORNING_BEGIN = ClockSetting("morning_begin", _HOURS, Label("The morning begins at"), "", 9 * 60)
MORNING_END = ClockSetting("morning_end", _HOURS, Label("The morning ends at"), "", 12 * 60)
AFTERNOON_BEGIN = ClockSetting("afternoon_begin", _HOURS, Label("The afternoon begins at"), "", 13 * 60)
AFTERNOON_END = ClockSetting("afternoon_end", _HOURS, Label("The afternoon ends at"), "", 18 * 60)
WORKING_HOURS = (MORNING_BEGIN, MORNING_END, AFTERNOON_BEGIN, AFTERNOON_END)

_SERVICE = Label("Service management")

HIGHEST_SERVICE_LEVEL = Setting(
    "highest_service_level", _SERVICE, Label("Complaints can be escalated up to level"), Label("levels"), 3, 1, 9
)

_CHURN = Label("Customer churn")

CHURN_MONTHS = Setting("churn_months", _CHURN, Label("Warned when silent for"), Label("months"), 6, 1, 60)
CHURN_WEEKDAY = Setting("churn_weekday", _CHURN, Label("Scanned every"), "", 5, 0, 6, WEEKDAYS)
CHURN_HOUR = Setting("churn_hour", _CHURN, Label("Scanned at"), Label("o'clock"), 2, 0, 23)
CHURN_FROM_CREATION = Setting(
    "churn_from_creation",
    _CHURN,
    Label("Customers without an order count from their creation"),
    *("", 0, 0, 1),
    words=(Label("No"), Label("Yes")),
)

_REPORTS = Label("Reports")

ABC_A = Setting("abc_a", _REPORTS, Label("Class A ends at"), "%", 80, 1, 98)
ABC_B = Setting("abc_b", _REPORTS, Label("Class B ends at"), "%", 95, 2, 99)
MANAGEMENT_REPORT_RHYTHM = Setting(
    "management_report_rhythm",
    _REPORTS,
    Label("Management reports are due every"),
    *("", 0, 0, 1),
    words=(Label("month"), Label("quarter")),
)

#: Every setting, in the order of the screen.
SETTINGS: tuple[Setting, ...] = (
    IDLE_MINUTES,
    LONGEST_HOURS,
    KEEP_REMINDERS_DAYS,
    KEEP_JOBS_DAYS,
    LARGEST_ATTACHMENT,
    CHURN_MONTHS,
    CHURN_WEEKDAY,
    CHURN_HOUR,
    CHURN_FROM_CREATION,
    *WORKING_HOURS,
    HIGHEST_SERVICE_LEVEL,
    ABC_A,
    ABC_B,
    MANAGEMENT_REPORT_RHYTHM,
)


class ChangedMeanwhile(Invalid):
    """Somebody else changed the same settings since the page was opened."""

    status = 409


def value_of(session: Session, setting: Setting) -> int:
    """The value now."""
    return values_of(session, (setting,))[setting.key]


def values_of(session: Session, settings: tuple[Setting, ...]) -> Mapping[str, int]:
    """The values now, by key."""
    return _values(_rows(session, settings), settings)


def _rows(session: Session, settings: tuple[Setting, ...]) -> list[Any]:
    return session.query(SettingValue).filter(SettingValue.key.in_([one.key for one in settings])).all()


def stored(setting: Setting) -> ScalarSelect[str]:
    """What is stored of a setting, as a column of another statement; ``read`` makes the value of it."""
    table = mapper_of(SettingValue).local_table
    return select(table.c.value).where(table.c.key == setting.key).scalar_subquery()


def read(setting: Setting, text: str | None) -> int:
    """The value that is stored as ``text``; the default for None."""
    return setting.default if text is None else int(json.loads(text))


def _values(rows: Iterable[SettingValue], settings: Iterable[Setting]) -> Mapping[str, int]:
    kept = {row.key: json.loads(row.value) for row in rows}
    return {one.key: kept.get(one.key, one.default) for one in settings}


# ---- changing -----------------------------------------------------------------------------------------


def change_settings(session: Session, values: Mapping[str, int], *, by: Actor, seen: Mapping[str, int]) -> None:
    """Keep the values, by key, that differ from those ``by`` had ``seen``; flushes.

    What somebody else changed meanwhile stays, where ``by`` left it as it was. Raises Invalid for a value outside its
    limits, and ChangedMeanwhile where both changed the same setting.
    """
    by.must(SCREEN.right(Verb.EDIT))
    wanted = {key: value for key, value in values.items() if value != seen.get(key)}
    _refuse_outside(wanted)
    # Read once: what is judged is what the version of the UPDATE stands for.
    rows = {row.key: row for row in _rows(session, SETTINGS)}
    current = _values(rows.values(), SETTINGS)
    _refuse_lost(wanted, current, seen)
    _refuse_disorder({**current, **wanted})
    for key, value in wanted.items():
        if current[key] != value:
            row = rows.get(key) or SettingValue(key=key)
            row.value = json.dumps(value)
            session.add(row)
    session.flush()


def _refuse_outside(wanted: Mapping[str, int]) -> None:
    known = {one.key: one for one in SETTINGS}
    outside = {
        key: gettext(
            "Expected: %(least)s to %(most)s.",
            least=known[key].shown(known[key].least),
            most=known[key].shown(known[key].most),
        )
        for key, value in wanted.items()
        if not known[key].least <= value <= known[key].most
    }
    if outside:
        raise Invalid(outside)


def _refuse_disorder(values: Mapping[str, int]) -> None:
    """The times of a working day and the classes follow one another; none but a lunch break may be empty."""
    for before, one in pairwise(WORKING_HOURS):
        first, then = values[before.key], values[one.key]
        if then < first or (then == first and one is not AFTERNOON_BEGIN):
            raise Invalid({one.key: gettext("It must come after %(time)s.", time=before.shown(first))})
    if values[ABC_A.key] >= values[ABC_B.key]:
        raise Invalid({ABC_B.key: gettext("It must be more than class A ends at.")})


def _refuse_lost(wanted: Mapping[str, int], current: Mapping[str, int], seen: Mapping[str, int]) -> None:
    known = {one.key: one for one in SETTINGS}
    lost = {
        key: gettext(
            "Somebody else saved %(value)s here meanwhile. Save again to let yours stand.",
            value=known[key].shown(current[key]),
        )
        for key, value in wanted.items()
        if current[key] not in {value, seen.get(key)}
    }
    if lost:
        raise ChangedMeanwhile(lost)
