"""What the work report asks the database: each kind of work by person and span of days, and what people are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select

from app.i18n import Choice, Label, LazyString
from app.models.interactions import Interaction
from app.models.marketing import Opportunity, PlanItem
from app.models.org import Employee, Reach
from app.models.services import ServiceRequest
from app.reports.engine import Asked
from app.reports.engine.frames import Statement
from app.reports.periods import Span, last_months, last_weeks, midnight, months_in, place_in
from app.security.actor import Actor

#: At most so many days, weeks or months are told, the latest.
MOST_SPANS = 366


class By(Choice):
    """How long a span of days is."""

    DAY = "day", Label("By day")
    WEEK = "week", Label("By week")
    MONTH = "month", Label("By month")


#: How many of them are told where no period is asked for.
LAST = {By.DAY: 14, By.WEEK: 12, By.MONTH: 12}


@dataclass(frozen=True)
class Work:
    """A kind of work: who did it when, whose rows its module narrows, and the list of it with its filters."""

    key: str
    label: LazyString
    person: Any
    day: Any
    module: str
    path: str
    person_filter: str
    day_filter: str
    is_moment: bool = True


KINDS = (
    Work(
        *("opportunities", Label("Opportunities created"), Opportunity.created_by_id, Opportunity.created_on),
        *("marketing", "/opportunities/list/", "created_by", "created_on"),
    ),
    Work(
        *("items", Label("Plan items carried out"), Opportunity.assignee_id, PlanItem.done_on),
        *("marketing", "/plan-items/list/", "assignee", "done_on"),
    ),
    Work(
        *("interactions", Label("Interactions"), Interaction.created_by_id, Interaction.happened_on),
        *("customers", "/interactions/list/", "created_by", "happened_on"),
        is_moment=False,
    ),
    Work(
        *("services", Label("Requests handled"), ServiceRequest.handled_by_id, ServiceRequest.handled_on),
        *("services", "/services/archive", "handled_by", "handled_on"),
    ),
)


def spans_of(asked: Asked) -> Sequence[Span]:
    """The days, weeks or months of the period until today, at most ``MOST_SPANS`` of them."""
    by, period = asked["by"], asked["period"]
    tomorrow = asked.today + timedelta(days=1)
    if period is None:
        return _last(by, asked.today, LAST[by])
    end = min(period.end, tomorrow)
    if period.first >= end:
        return []
    if by is By.MONTH:
        return months_in(period.first, end)[-MOST_SPANS:]
    found = _last(by, end - timedelta(days=1), MOST_SPANS)
    return [Span(max(one.first, period.first), one.end) for one in found if one.end > period.first]


def _last(by: By, today: date, count: int) -> Sequence[Span]:
    if by is By.DAY:
        days = (today - timedelta(days=back) for back in range(count - 1, -1, -1))
        return [Span(day, day + timedelta(days=1)) for day in days]
    return last_weeks(today, count) if by is By.WEEK else last_months(today, count)


def select_work(asked: Asked) -> Mapping[str, Statement]:
    """A count for each kind of work, person and span, of the people in the reader's sight."""
    spans = spans_of(asked) or [Span(asked.today, asked.today)]
    people = select(Employee.id, Employee.username, Employee.first_name, Employee.last_name)
    return {"people": people, **{work.key: done(work, spans, asked) for work in KINDS}}


def done(work: Work, spans: Sequence[Span], asked: Asked) -> Statement:
    """How often a kind of work was done by whom in which span."""
    zone = asked.zone if work.is_moment else None
    begin, end = (midnight(day, zone) if zone else day for day in (spans[0].first, spans[-1].end))
    place, person = place_in(work.day, spans, zone).label("place"), work.person.label("person")
    conditions = [work.day >= begin, work.day < end, *in_sight(work, asked.reader)]
    if asked["person"]:
        conditions.append(work.person.in_(select(Employee.id).where(Employee.username == asked["person"])))
    statement: Statement = select(place, person, func.count().label("count"))
    if work.key == "items":
        statement = statement.select_from(PlanItem).join(PlanItem.opportunity)
    return statement.where(*conditions).group_by(place, person)


def in_sight(work: Work, reader: Actor) -> list[ColumnElement[bool]]:
    """Whose work the reader sees whole: of anybody else's he sees but what came to people in his sight."""
    reach = reader.read_reach(work.module)
    if reach is Reach.ALL:
        return []
    if reach is Reach.OWN:
        return [work.person == reader.person_id]
    return [work.person.in_(select(Employee.id).where(reader.colleagues(reach)))]
