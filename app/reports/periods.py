"""Spans of days in the company's time zone, and putting moments and days into them by SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select
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


def months_within(span: Span, most: int) -> list[Span]:
    """The calendar months of a span, the first and the last cut where it begins and ends; at most the latest ones."""
    last = month_start(span.last)
    count = min((last.year - span.first.year) * 12 + last.month - span.first.month + 1, most)
    firsts = [month_start(last, -back) for back in range(count - 1, -1, -1)]
    return [Span(max(first, span.first), min(month_start(first, 1), span.end)) for first in firsts]


def place_in(column: Any, spans: Sequence[Span], zone: ZoneInfo) -> ColumnElement[int]:
    """The number of the span a moment lies in, for moments from the first one's beginning on."""
    edges = [(column < midnight(span.end, zone), place) for place, span in enumerate(spans[:-1])]
    return case(*edges, else_=len(spans) - 1) if edges else literal(0)


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
