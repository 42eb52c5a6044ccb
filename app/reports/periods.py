"""Spans of days in the company's time zone, and putting moments and days into them by SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Integer, Select, and_, case, cast, func, literal_column, select
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Span:
    """From the first day to before the second."""

    first: date
    end: date

    @property
    def last(self) -> date:
        """The last day in it."""
        return self.end - timedelta(days=1)

    def holds(self, column: Any, zone: ZoneInfo) -> ColumnElement[bool]:
        """The condition that a moment lies in it."""
        return and_(column >= midnight(self.first, zone), column < midnight(self.end, zone))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which a day begins."""
    return datetime.combine(day, time(), zone)


def month_start(day: date, months: int = 0) -> date:
    """The first of the month that lies ``months`` after that of ``day``."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or that month's last."""
    first = month_start(day, -months)
    return min(first.replace(day=1) + timedelta(days=day.day - 1), month_start(first, 1) - timedelta(days=1))


def last_weeks(today: date, count: int) -> list[Span]:
    """The last ``count`` weeks; each begins on a Monday, and this week ends today."""
    monday = today - timedelta(days=today.weekday())
    firsts = [monday - timedelta(weeks=back) for back in range(count - 1, -1, -1)]
    return [Span(first, end) for first, end in pairwise([*firsts, today + timedelta(days=1)])]


def last_months(today: date, count: int) -> list[Span]:
    """The last ``count`` calendar months; this month ends today."""
    firsts = [month_start(today, -back) for back in range(count - 1, -1, -1)]
    return [Span(first, end) for first, end in pairwise([*firsts, today + timedelta(days=1)])]


def place_in(column: Any, spans: Sequence[Span], zone: ZoneInfo | None) -> ColumnElement[int]:
    """The number of the span that a moment lies in, or without a zone a day, from the first one's beginning on."""
    return _place(column, [midnight(span.end, zone) if zone else span.end for span in spans], 0, len(spans) - 1)


def _place(column: Any, ends: Sequence[date], first: int, last: int) -> ColumnElement[int]:
    """By halves, so that of some hundred spans a row is compared with a few."""
    if first == last:
        # A bare number would be the place of a column where rows are grouped by it.
        return cast(literal_column(str(first)), Integer)
    middle = (first + last) // 2
    is_before = column < ends[middle]
    return case((is_before, _place(column, ends, first, middle)), else_=_place(column, ends, middle + 1, last))


def months_in(first: date, end: date) -> list[Span]:
    """The calendar months of some days; the first and the last of them may be cut."""
    count = (end.year - first.year) * 12 + end.month - first.month + 1
    edges = [first, *(month_start(first, ahead) for ahead in range(1, count)), end]
    return [Span(begin, until) for begin, until in pairwise(edges) if begin < until]


def months_within(span: Span, most: int) -> list[Span]:
    """Those of a span, at most the latest ones."""
    return months_in(span.first, span.end)[-most:]


@dataclass(frozen=True)
class Planned:
    """What is planned, by its day: before, on and after today within this week, and later; this week's in all."""

    overdue: int
    today: int
    week: int
    later: int
    this_week: int
    oldest: date | None


def by_day(session: Session, days: Select[Any], today: date, week: Span) -> Planned:
    """How many of ``days``, whose one column is called ``day``, lie where, in one statement."""
    day = days.subquery().c.day
    groups = (day < today, day == today, (day > today) & (day < week.end), day >= week.end)
    in_week = (day >= week.first) & (day < week.end)
    sums = [func.sum(case((group, 1), else_=0)) for group in (*groups, in_week)]
    *numbers, oldest = session.execute(select(*sums, func.min(day))).one()
    overdue, of_today, rest, later, this_week = (int(number or 0) for number in numbers)
    return Planned(overdue, of_today, rest, later, this_week, oldest)
