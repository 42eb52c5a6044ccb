"""What a module puts on the workbench, declared in a file of its own as ``WORKBENCH = Section(…)``."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, TypeAlias, TypeVar, cast
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

import app.views
from app.i18n import Choice, Label, LazyString
from app.security.actor import Actor
from app.views.listing import COUNT_CAP
from app.views.presentation import Button

Found = TypeVar("Found")
Words: TypeAlias = str | LazyString


@dataclass(frozen=True)
class Look:
    """One person's look at the workbench: for whom, on which day, and what was read for it so far."""

    session: Session
    by: Actor
    username: str
    today: date
    zone: ZoneInfo
    _found: dict[Any, Any] = field(default_factory=dict)

    def once(self, read: "Callable[[Look], Found]") -> Found:
        """What ``read`` finds, asked for once however many figures need it."""
        if read not in self._found:
            self._found[read] = read(self)
        return cast(Found, self._found[read])

    @property
    def week_end(self) -> date:
        """The Sunday of this week."""
        return self.today + timedelta(days=6 - self.today.weekday())


def anyone(_by: Actor) -> bool:
    """What is shown to whoever holds the right."""
    return True


@dataclass(frozen=True)
class Reading:
    """A figure as it stands: ``count`` is the number of rows behind ``href``, whatever ``value`` says."""

    value: str
    count: int
    href: str
    unit: Words = ""
    note: Words = ""


@dataclass(frozen=True)
class Series:
    """The course of a figure: its values, None where there is none, and what they say in words."""

    values: Sequence[float | None]
    title: str
    colour: str = "accent"


@dataclass(frozen=True)
class Figure:
    """A key figure for whoever holds ``right`` and ``is_for`` says yes to; low places come first."""

    key: str
    right: str
    label: Words
    read: Callable[[Look], Reading]
    series: Callable[[Look], Series]
    place: int
    is_for: Callable[[Actor], bool] = anyone


# ---- what is to do ------------------------------------------------------------------------------------


class Due(Choice):
    """The tabs of what is to do."""

    TODAY = "today", Label("Up to today")
    WEEK = "week", Label("This week")
    ALL = "all", Label("All")


@dataclass(frozen=True)
class Tally:
    """How many things are overdue, due today, due in the rest of this week, and later."""

    overdue: int = 0
    today: int = 0
    week: int = 0
    later: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.overdue + other.overdue, self.today + other.today, self.week + other.week, self.later + other.later
        )

    def until(self, due: Due) -> int:
        """How many stand under a tab."""
        parts = {Due.TODAY: 2, Due.WEEK: 3, Due.ALL: 4}[due]
        return sum((self.overdue, self.today, self.week, self.later)[:parts])


@dataclass(frozen=True)
class TodoLine:
    """One thing to do; ``due_on`` puts it in its group, ``due`` are other words for it than the group's."""

    due_on: date
    what: str
    whom: str
    href: str
    action: Button
    more: Words = ""
    due: Words = ""


@dataclass(frozen=True)
class TodoSource:
    """Things of one kind that wait for a person: how many, the first lines of a tab, and the list of all.

    Where somebody has only what ``is_quiet``, the block is left out while nothing waits.
    """

    right: str
    label: Words
    icon: str
    tally: Callable[[Look], Tally]
    lines: Callable[[Look, Due, int], Sequence[TodoLine]]
    href: Callable[[Look, Due], str]
    is_for: Callable[[Actor], bool] = anyone
    is_quiet: bool = False


# ---- what happened, what is announced, how to begin ----------------------------------------------------


@dataclass(frozen=True)
class NewsLine:
    """Something that happened to a record."""

    at: datetime
    icon: str
    name: str
    href: str
    what: Words
    more: Words = ""


@dataclass(frozen=True)
class NewsSource:
    """The latest that happened within a person's sight, newest first."""

    right: str
    latest: Callable[[Look, int], Sequence[NewsLine]]


@dataclass(frozen=True)
class Notice:
    """A line to read."""

    text: str
    on: date
    href: str


@dataclass(frozen=True)
class NoticeSource:
    """A short list beside the rest, with the way to all of it; ``new`` begins one for who may."""

    right: str
    label: Words
    read: Callable[[Look], Sequence[Notice]]
    href: str
    empty: Words
    new_right: str
    new: Button


@dataclass(frozen=True)
class FirstStep:
    """What somebody does first who has nothing yet. Without an address it is done elsewhere, as ``text`` says."""

    right: str
    label: Words
    text: Words
    href: str = ""
    place: int = 50


@dataclass(frozen=True)
class Section:
    """Everything that one module shows on the workbench."""

    figures: tuple[Figure, ...] = ()
    todo: tuple[TodoSource, ...] = ()
    news: tuple[NewsSource, ...] = ()
    notices: tuple[NoticeSource, ...] = ()
    first_steps: tuple[FirstStep, ...] = ()


@cache
def sections() -> tuple[Section, ...]:
    """The section of every module of this package that has one, by the names of the modules."""
    names = sorted(found.name for found in pkgutil.iter_modules(app.views.__path__, "app.views."))
    found = (vars(importlib.import_module(name)).get("WORKBENCH") for name in names)
    return tuple(section for section in found if isinstance(section, Section))


def held(name: str, by: Actor) -> Iterator[Any]:
    """What all sections hold under ``name`` and ``by`` has the right to."""
    for section in sections():
        for one in getattr(section, name):
            if by.may(one.right) and getattr(one, "is_for", anyone)(by):
                yield one


def capped(count: int) -> str:
    """``128``, or ``10,000+`` where it was not counted further."""
    return f"{COUNT_CAP:,}+" if count > COUNT_CAP else f"{count:,}"
