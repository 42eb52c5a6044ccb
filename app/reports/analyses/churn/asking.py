"""What the analysis of churn asks the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, union_all

from app.i18n import Choice, Label
from app.models.basedata import Category
from app.models.churn import ChurnCase, ChurnMeasure, ChurnStatus
from app.models.customers import Customer, CustomerStatus
from app.models.history import StatusMove
from app.models.orders import Order
from app.models.org import Employee
from app.reports.churn import year_before
from app.reports.engine import Asked, sum_of
from app.reports.engine.frames import Statement
from app.reports.engine.grouped import months_of
from app.reports.engine.grouping import ByEntry, ByPerson, Grouping
from app.reports.periods import Span, midnight, place_in
from app.search import found_by

CONFIRMED, RECOVERED = ChurnStatus.CONFIRMED, ChurnStatus.RECOVERED
IS_CONFIRMED, IS_RECOVERED = ChurnCase.status == CONFIRMED, ChurnCase.status == RECOVERED
IS_THERE = Customer.status != CustomerStatus.DELETED
#: So many of the latest measures in saved cases are told.
MOST_MEASURES = 50
#: What happens to cases, in its order.
EVENTS = WARNED, POSTPONED, SAVED, LOST = ("warned", "postponed", "recovered", "confirmed")


class By(Choice):
    """What lost customers are counted by."""

    REASON = "reason", Label("By reason")
    REGION = "region", Label("By region")
    LEVEL = "level", Label("By level")
    MANAGER = "manager", Label("By account manager")


GROUPINGS: Mapping[Choice, Grouping] = {
    one.choice: one
    for one in (
        ByEntry(By.REASON, Label("Churn reason kind"), "reason_kind", ChurnCase.reason_kind_id, Category.CHURN_REASON),
        ByEntry(By.REGION, Label("Region"), "region", Customer.region_id, Category.REGION),
        ByEntry(By.LEVEL, Label("Customer level"), "level", Customer.level_id, Category.LEVEL, is_best_last=True),
        ByPerson(By.MANAGER, Label("Account manager"), "manager", ChurnCase.manager_id),
    )
}


def select_cases(asked: Asked) -> Mapping[str, Statement]:
    """The confirmed cases, sums by value, events by month, who was active when, and the measures of saved cases."""
    grouping = GROUPINGS[asked["by"]]
    names = grouping.names()
    return {
        "rows": _rows(asked),
        "ended": _ended(grouping.column(asked), asked),
        "events": _events(asked),
        "births": _births(asked),
        "moves": _moves(asked),
        "measures": _measures(asked),
        **({} if names is None else {"names": names}),
    }


# ---- the cases ------------------------------------------------------------------------------------------


def _of_cases(asked: Asked) -> list[ColumnElement[bool]]:
    """The conditions of the cases of the customers and of the account manager that are asked for."""
    found: list[ColumnElement[bool]] = [IS_THERE]
    if asked["name"]:
        found += found_by(Customer, asked["name"])
    if asked["manager"]:
        found.append(ChurnCase.manager_id.in_(_person(asked)))
    return found


def _person(asked: Asked) -> Statement:
    person: Statement = select(Employee.id).where(Employee.username == asked["manager"])
    return person


def _within(column: Any, asked: Asked) -> list[ColumnElement[bool]]:
    return [asked["period"].holds(column, asked.zone)] if asked["period"] else []


def _rows(asked: Asked) -> Statement:
    """The confirmed cases of the page that is asked for, the latest first."""
    person = (Employee.username, Employee.first_name, Employee.last_name)
    statement: Statement = (
        select(ChurnCase.id, ChurnCase.confirmed_on, ChurnCase.customer_id, Customer.name.label("customer"))
        .add_columns(*person, ChurnCase.reason)
        .join(Customer, Customer.id == ChurnCase.customer_id)
        .outerjoin(Employee, Employee.id == ChurnCase.manager_id)
        .where(IS_CONFIRMED, *_of_cases(asked), *_within(ChurnCase.confirmed_on, asked))
        .order_by(ChurnCase.confirmed_on.desc(), ChurnCase.id.desc())
    )
    return statement if asked.part is None else statement.limit(asked.part.size).offset(asked.part.start)


def _ended(key: Any, asked: Asked) -> Statement:
    """The cases that ended in the period by value and end: how many, what was bought, how many had measures.

    ``revenue`` is what their customers ordered in the twelve months up to the last order before the warning.
    """
    cases = (
        select(key.label("key"), ChurnCase.status.label("status"), _revenue().label("revenue"))
        .add_columns(case((_has_measure(), 1), else_=0).label("measured"))
        .join(Customer, Customer.id == ChurnCase.customer_id)
        .where(
            *_of_cases(asked),
            or_(
                and_(IS_CONFIRMED, *_within(ChurnCase.confirmed_on, asked)),
                and_(IS_RECOVERED, *_within(ChurnCase.recovered_on, asked)),
            ),
        )
        .subquery()
    )
    sums = (func.count().label("count"), sum_of(cases.c.revenue).label("revenue"), func.sum(cases.c.measured))
    columns = (cases.c.key, cases.c.status)
    return select(*columns, *sums[:2], sums[2].label("measured")).group_by(*columns)


def _revenue() -> ColumnElement[int]:
    bought = select(sum_of(Order.total)).where(
        Order.customer_id == ChurnCase.customer_id,
        Order.ordered_on > year_before(ChurnCase.last_order_on),
        Order.ordered_on <= ChurnCase.last_order_on,
    )
    return bought.correlate(ChurnCase).scalar_subquery()


def _has_measure() -> ColumnElement[bool]:
    return select(ChurnMeasure.id).where(ChurnMeasure.case_id == ChurnCase.id).correlate(ChurnCase).exists()


def _measures(asked: Asked) -> Statement:
    """What was done in the cases that were saved, the latest saved first."""
    person = (Employee.username, Employee.first_name, Employee.last_name)
    statement: Statement = (
        select(ChurnCase.id, ChurnCase.recovered_on, ChurnCase.customer_id, Customer.name.label("customer"), *person)
        .add_columns(ChurnMeasure.created_on.label("measured_on"), ChurnMeasure.text.label("measure"))
        .join(Customer, Customer.id == ChurnCase.customer_id)
        .join(ChurnMeasure, ChurnMeasure.case_id == ChurnCase.id)
        .outerjoin(Employee, Employee.id == ChurnCase.manager_id)
        .where(IS_RECOVERED, *_of_cases(asked), *_within(ChurnCase.recovered_on, asked))
    )
    return statement.order_by(ChurnCase.recovered_on.desc(), ChurnCase.id.desc(), ChurnMeasure.id).limit(MOST_MEASURES)


# ---- month by month -------------------------------------------------------------------------------------


def whole_of(spans: list[Span]) -> Span:
    """All the months together."""
    return Span(spans[0].first, spans[-1].end)


def _events(asked: Asked) -> Statement:
    """How many cases were warned of, postponed, saved and lost in each month."""
    spans, zone = months_of(asked), asked.zone
    whole = whole_of(spans)
    edges = [(ChurnCase.as_of < span.end, place) for place, span in enumerate(spans[:-1])]
    warned = _counted(WARNED, case(*edges, else_=len(spans) - 1) if edges else literal(0), ChurnCase.id)
    parts = [warned.where(ChurnCase.as_of >= whole.first, ChurnCase.as_of < whole.end)]
    measured = _counted(POSTPONED, place_in(ChurnMeasure.created_on, spans, zone), func.distinct(ChurnMeasure.case_id))
    measured = measured.join(ChurnMeasure, ChurnMeasure.case_id == ChurnCase.id)
    parts.append(measured.where(whole.holds(ChurnMeasure.created_on, zone)))
    for event, moment, condition in (
        (SAVED, ChurnCase.recovered_on, IS_RECOVERED),
        (LOST, ChurnCase.confirmed_on, IS_CONFIRMED),
    ):
        ended = _counted(event, place_in(moment, spans, zone), ChurnCase.id)
        parts.append(ended.where(condition, whole.holds(moment, zone)))
    return select(union_all(*(part.where(*_of_cases(asked)) for part in parts)).subquery())


def _counted(event: str, place: ColumnElement[Any], what: Any) -> Statement:
    named = place.label("place")
    counted = select(literal(event).label("event"), named, func.count(what).label("count"))
    statement: Statement = counted.select_from(ChurnCase).join(Customer, Customer.id == ChurnCase.customer_id)
    return statement.group_by(named)


def _of_customers(asked: Asked) -> list[ColumnElement[bool]]:
    """The conditions of the customers that are asked for; an account manager's are those of today."""
    found = found_by(Customer, asked["name"]) if asked["name"] else []
    return [*found, *([Customer.manager_id.in_(_person(asked))] if asked["manager"] else [])]


def _since(asked: Asked) -> list[Span]:
    """The months, before them all time until then, and after them all time since."""
    spans = months_of(asked)
    whole = whole_of(spans)
    return [Span(date.min, whole.first), *spans, Span(whole.end, date.max)]


def _births(asked: Asked) -> Statement:
    """How many of the customers that are active now came in which of these spans of time."""
    place = _place_since(Customer.created_on, asked).label("born")
    born: Statement = select(place, func.count().label("count"))
    return born.where(Customer.status == CustomerStatus.ACTIVE, *_of_customers(asked)).group_by(place)


def _moves(asked: Asked) -> Statement:
    """By how much the active customers became more in each span since the first month, by the span they came in."""
    active = CustomerStatus.ACTIVE.value
    came, went = (case((column == active, 1), else_=0) for column in (StatusMove.after, StatusMove.before))
    born, place = (
        _place_since(column, asked).label(name)
        for column, name in ((Customer.created_on, "born"), (StatusMove.at, "place"))
    )
    is_its = and_(StatusMove.kind == Customer.__tablename__, StatusMove.row_id == Customer.id)
    since = StatusMove.at >= midnight(months_of(asked)[0].first, asked.zone)
    statement: Statement = select(born, place, func.sum(came - went).label("change"))
    moved = statement.join(StatusMove, is_its).where(since, StatusMove.before.is_not(None), IS_THERE)
    return moved.where(*_of_customers(asked)).group_by(born, place)


def _place_since(column: Any, asked: Asked) -> ColumnElement[int]:
    return place_in(column, _since(asked), asked.zone)
