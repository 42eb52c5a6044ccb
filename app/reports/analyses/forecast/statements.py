"""What the forecast asks the database: what is open by its expected day, and what has ended by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, func, or_, select

from app.models.marketing import Opportunity
from app.reports.engine import Asked, sum_of
from app.reports.engine.frames import Statement
from app.reports.marketing import ASSIGNED, FAILED, IN_CENTS, SUCCEEDED, UNASSIGNED
from app.reports.periods import Span, last_months, midnight, months_in, place_in
from app.reports.pipeline import WEIGHTED, narrowed

#: So many months are compared with what was won where no period is asked for, and at most so many where one is.
MONTHS, MOST_MONTHS = 12, 240
OPEN, ENDED = (UNASSIGNED, ASSIGNED), (SUCCEEDED, FAILED)


def select_opportunities(asked: Asked) -> Mapping[str, Statement]:
    """What is open, what has ended, and how many ended on a day that nobody knows."""
    of_report, months = narrowed(asked), past_months(asked)
    is_closed = [Opportunity.status.in_(ENDED), *of_report]
    undated = select(func.count().label("count")).select_from(Opportunity)
    return {
        "open": by_day(asked, of_report),
        "ended": by_month(asked, months, is_closed),
        "undated": undated.where(Opportunity.closed_on.is_(None), *is_closed),
    }


def past_months(asked: Asked) -> Sequence[Span]:
    """The months of which it is told what was won: those of the period until today, or the last twelve."""
    period = asked["period"]
    if period is None:
        return last_months(asked.today, MONTHS)
    end = min(period.end, last_months(asked.today, 1)[0].end)
    return months_in(period.first, end)[-MOST_MONTHS:] if period.first < end else []


def by_day(asked: Asked, conditions: Sequence[ColumnElement[bool]]) -> Statement:
    """The open ones by their expected day; those without one belong to every period."""
    day, period = Opportunity.expected_close_on, asked["period"]
    in_period = [or_(day.is_(None), (day >= period.first) & (day < period.end))] if period else []
    statement: Statement = select(day.label("day"), *sums()).select_from(Opportunity)
    return statement.where(Opportunity.status.in_(OPEN), *conditions, *in_period).group_by(day)


def by_month(asked: Asked, months: Sequence[Span], conditions: Sequence[ColumnElement[bool]]) -> Statement:
    """What ended in each month, in the company's time zone."""
    closed_on = Opportunity.closed_on
    edges = (months[0].first, months[-1].end) if months else (asked.today, asked.today)
    begin, end = (midnight(day, asked.zone) for day in edges)
    place = place_in(closed_on, months or [Span(*edges)], asked.zone).label("place")
    statement: Statement = select(place, Opportunity.status, *sums()).select_from(Opportunity)
    statement = statement.where(closed_on >= begin, closed_on < end, *conditions)
    return statement.group_by(place, Opportunity.status)


def sums() -> list[ColumnElement[int]]:
    """How many, how many of them with an amount, and the amounts."""
    priced = func.count(Opportunity.expected_amount)
    amount, weighted = sum_of(IN_CENTS), sum_of(WEIGHTED)
    return [func.count().label("count"), priced.label("priced"), amount.label("amount"), weighted.label("weighted")]
