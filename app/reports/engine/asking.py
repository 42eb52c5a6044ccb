"""What a report may be asked: its filters, each read from the parameters of an address or of a command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from app.errors import Invalid
from app.i18n import Choice, Label, LazyString, gettext
from app.models.basedata import Category
from app.reports.periods import Span
from app.security.actor import Actor

LONGEST_VALUE = 200
#: Who sees no row: whose figures are asked for while nobody has said it.
NOBODY = Actor(person_id=None)
FIRST_YEAR, LAST_YEAR = 1900, 2200
#: Where a period ends that is open.
ALL_TIME = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 1, 1)


class Unreadable(Invalid):
    """A parameter cannot be read; names the filter."""

    status = 400

    def __init__(self, one: Filter) -> None:
        super().__init__(
            {one.key: Label("This cannot be read.")}, gettext("%(field)s cannot be read.", field=one.label)
        )


@dataclass(frozen=True)
class Filter:
    """One question of a report, by its parameter; this one takes a text. ``is_more`` hides it behind 更多条件."""

    key: str
    label: LazyString
    is_more: bool = False

    kind: ClassVar[str] = "text"

    def parameters(self) -> tuple[str, ...]:
        """What the address calls it."""
        return (self.key,)

    def read(self, texts: Mapping[str, str]) -> Any:
        """The value that is asked for, None where nothing is; raises Unreadable."""
        return texts.get(self.key) or None

    def shown(self, value: Any) -> str:
        """The value in the reader's words, as the head of a file says it."""
        return str(value)


@dataclass(frozen=True)
class PersonFilter(Filter):
    """One person by user name."""

    kind: ClassVar[str] = "person"


@dataclass(frozen=True)
class EntryFilter(Filter):
    """One entry of the dictionary by its text in either language; the statement looks it up."""

    category: Category = Category.REGION

    kind: ClassVar[str] = "entry"


@dataclass(frozen=True)
class OptionFilter(Filter):
    """One of some words, the ``default`` where nothing is asked; without a default nothing is asked then."""

    options: Sequence[Choice] = ()
    default: Choice | None = None

    kind: ClassVar[str] = "option"

    def read(self, texts: Mapping[str, str]) -> Choice | None:
        """Takes the key of an option, or its word in the reader's language."""
        text = texts.get(self.key)
        if not text:
            return self.default
        found = next((one for one in self.options if text in {one.value, str(one.label)}), None)
        if found is None:
            raise Unreadable(self)
        return found

    def shown(self, value: Choice) -> str:
        """The word of the option."""
        return str(value.label)


@dataclass(frozen=True)
class Period(Span):
    """A period, and the year it is, where it is exactly one."""

    @property
    def year(self) -> int | None:
        """The calendar year that it is."""
        is_year = self.first == date(self.first.year, 1, 1) and self.end == date(self.first.year + 1, 1, 1)
        return self.first.year if is_year else None

    @property
    def is_of_months(self) -> bool:
        """Whether it begins and ends with a month."""
        return self.first.day == 1 and self.end.day == 1

    def before(self) -> Period:
        """The one before: as many months earlier where it is of months, else as many days."""
        if not self.is_of_months:
            return Period(self.first - (self.end - self.first), self.first)
        months = (self.end.year - self.first.year) * 12 + self.end.month - self.first.month
        number = self.first.year * 12 + self.first.month - 1 - months
        return Period(date(number // 12, number % 12 + 1, 1), self.first)

    def __str__(self) -> str:
        if self.year:
            return str(self.year)
        if self.end == ALL_TIME[1]:
            return gettext("from %(value)s", value=self.first.isoformat())
        if self.first == ALL_TIME[0]:
            return gettext("to %(value)s", value=self.last.isoformat())
        return gettext("%(first)s to %(last)s", first=self.first.isoformat(), last=self.last.isoformat())


@dataclass(frozen=True)
class PeriodFilter(Filter):
    """A calendar year, days from and to, both included, or all that lies in both; None is all time."""

    kind: ClassVar[str] = "period"

    def parameters(self) -> tuple[str, ...]:
        """The year, the first and the last day."""
        return ("year", "from", "to")

    def read(self, texts: Mapping[str, str]) -> Period | None:
        """A year outside of 1900 to 2200 and a first day after the last raise Unreadable."""
        year, first, last = (texts.get(name) for name in self.parameters())
        if not (year or first or last):
            return None
        begin, end = self._year(year) if year else ALL_TIME
        begin = max(begin, _day(self, first)) if first else begin
        end = min(end, _day(self, last) + timedelta(days=1)) if last else end
        if begin >= end:
            raise Unreadable(self)
        return Period(begin, end)

    def _year(self, text: str) -> tuple[date, date]:
        if not (text.isascii() and text.isdigit() and len(text) == 4 and FIRST_YEAR <= int(text) < LAST_YEAR):
            raise Unreadable(self)
        return date(int(text), 1, 1), date(int(text) + 1, 1, 1)


def _day(one: Filter, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Unreadable(one) from None
    if not FIRST_YEAR <= day.year < LAST_YEAR:
        raise Unreadable(one)
    return day


@dataclass(frozen=True)
class DayFilter(Filter):
    """One day."""

    kind: ClassVar[str] = "day"

    def read(self, texts: Mapping[str, str]) -> date | None:
        """A day outside of 1900 to 2200 raises Unreadable."""
        text = texts.get(self.key)
        return _day(self, text) if text else None


@dataclass(frozen=True)
class Slice:
    """The rows of one page: so many, from one on (from 0)."""

    start: int
    size: int


@dataclass(frozen=True)
class Asked:
    """What is asked of a report: ``values`` by filter, defaults among them, and ``texts`` as the address has them.

    ``part`` is the page that is wanted, None for all rows. ``today`` is the company's day. ``reader`` is whose figures
    they are, for a report that names people besides the rows that the wall narrows; ``Report.read_for`` says it.
    """

    values: Mapping[str, Any]
    texts: Mapping[str, str]
    today: date
    zone: ZoneInfo
    part: Slice | None = None
    reader: Actor = NOBODY

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def address(self, path: str, **changes: str | int | None) -> str:
        """An address that asks the same, with some parameters changed; None takes one out."""
        asked = {**self.texts, **changes}
        query = urlencode({key: value for key, value in asked.items() if value not in {None, ""}})
        return f"{path}?{query}" if query else path

    def of_page(self, part: Slice | None) -> Asked:
        """The same, of other rows."""
        return replace(self, part=part)

    def of_reader(self, reader: Actor) -> Asked:
        """The same, of somebody's figures."""
        return replace(self, reader=reader)


def ask(filters: Sequence[Filter], given: Mapping[str, str], *, today: date, zone: ZoneInfo) -> Asked:
    """What the parameters ask; those that no filter reads are ignored. Raises Unreadable."""
    texts = {}
    for one in filters:
        for name in one.parameters():
            text = given.get(name, "").strip()
            if len(text) > LONGEST_VALUE or "\x00" in text:
                raise Unreadable(one)
            if text:
                texts[name] = text
    return Asked({one.key: one.read(texts) for one in filters}, texts, today, zone)
