"""Service requests in figures: how long they took, how many stand open, and how many of them are overdue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Subquery, and_, case, exists, func, literal, select, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.sql.functions import GenericFunction

from app.models.customers import Customer
from app.models.history import StatusMove
from app.models.services import ServiceRequest, ServiceRound, ServiceStatus
from app.reports.periods import Span, midnight, place_in
from app.reports.timeline import Source, Statement, Steps


class seconds_between(GenericFunction[int]):  # the name of a function of SQL
    """The whole seconds from one moment to another."""

    type = BigInteger()
    inherit_cache = True


@compiles(seconds_between, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    first, last = (f"CAST(strftime('%s', {compiler.process(one, **more)}) AS INTEGER)" for one in element.clauses)
    return f"({last} - {first})"


@compiles(seconds_between, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **more: Any) -> str:
    first, last = (f"floor(extract(epoch FROM {compiler.process(one, **more)}))::bigint" for one in element.clauses)
    return f"({last} - {first})"


# ---- what happened to those of one customer ------------------------------------------------------------


def _step(kind: str, request_id: Any, moment: Any) -> Source:
    """One step of the requests of a customer; the model of ``moment`` knows the customer."""
    model = moment.class_
    columns = (literal(kind).label("kind"), model.id.label("key"), request_id.label("request_id"))

    def rows(customer: Customer) -> Statement:
        of_customer = model.customer_id == customer.id
        return select(*columns, moment.label("moment")).where(of_customer, moment.is_not(None))

    return Source(kind, moment, rows)


CREATED, HANDLED, JUDGED = "service-created", "service-handled", "service-judged"


def _whole(first: Subquery) -> Statement:
    """The steps with their requests, and what was judged with its round."""
    is_round = and_(first.c.kind == JUDGED, ServiceRound.id == first.c.key)
    people = (ServiceRequest.kind, ServiceRequest.created_by, ServiceRequest.handled_by)
    return (
        select(first.c.kind, first.c.key, first.c.moment, ServiceRequest, ServiceRound)
        .join(ServiceRequest, ServiceRequest.id == first.c.request_id)
        .outerjoin(ServiceRound, is_round)
        .options(*map(joinedload, people), joinedload(ServiceRound.handled_by))
    )


#: A request comes in and is handled; a round that the customer judged stays, though it is handled once more.
STEPS = Steps(
    "service",
    (
        _step(CREATED, ServiceRequest.id, ServiceRequest.created_on),
        _step(HANDLED, ServiceRequest.id, ServiceRequest.handled_on),
        _step(JUDGED, ServiceRound.request_id, ServiceRound.judged_on),
    ),
    _whole,
)


# ---- what waits for whom ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """How many requests wait for one step, how many of them longer than they should, and the most urgent ones."""

    count: int = 0
    overdue: int = 0
    first: tuple[ServiceRequest, ...] = ()


def waiting(
    session: Session, wanted: Mapping[str, Sequence[ColumnElement[bool]]], since: datetime, *, most: int, cap: int
) -> dict[str, Waiting]:
    """What meets the conditions of each of the ``wanted``, counted up to one more than ``cap``, in one statement.

    What was due before ``since`` is overdue. The ``most`` first are those that are due first.
    """
    parts = [_first(name, conditions, since, most=most, cap=cap) for name, conditions in wanted.items()]
    if not parts:
        return {}
    first = union_all(*(select(part) for part in parts)).subquery()
    statement = select(first.c.name, first.c.count, first.c.overdue, ServiceRequest)
    statement = statement.join(ServiceRequest, ServiceRequest.id == first.c.key)
    found: dict[str, list[Any]] = {}
    for name, count, overdue, request in session.execute(statement.order_by(*_urgency(ServiceRequest))):
        found.setdefault(name, [int(count), int(overdue or 0)]).append(request)
    return {name: Waiting(count, overdue, tuple(rows)) for name, (count, overdue, *rows) in found.items()}


def _first(name: str, conditions: Sequence[ColumnElement[bool]], since: datetime, *, most: int, cap: int) -> Subquery:
    capped = select(ServiceRequest.id, ServiceRequest.due_on).where(*conditions).limit(cap + 1).subquery().c
    overdue = func.sum(case((capped.due_on < since, 1), else_=0)).over()
    columns = (literal(name).label("name"), capped.id.label("key"), func.count().over().label("count"))
    return select(*columns, overdue.label("overdue")).order_by(*_urgency(capped)).limit(most).subquery()


def _urgency(columns: Any) -> tuple[Any, ...]:
    """What is due first, and what has no deadline last, the oldest first."""
    return columns.due_on.is_(None), columns.due_on, columns.id


def moves_by_span(spans: Sequence[Span], *, zone: ZoneInfo, of: int | None = None) -> Statement:
    """The moves from state to state in each span: place, before, after, count; ``of`` narrows to an assignee.

    A deleted request, which came and did not go, is left out.
    """
    place = place_in(StatusMove.at, spans, zone).label("place")
    kept = exists().where(ServiceRequest.id == StatusMove.row_id)
    mine = [] if of is None else [ServiceRequest.assignee_id == of]
    return (
        select(place, StatusMove.before, StatusMove.after, func.count().label("count"))
        .where(StatusMove.kind == ServiceRequest.__tablename__, StatusMove.at >= midnight(spans[0].first, zone))
        .where(kept.where(*mine))
        .group_by(place, StatusMove.before, StatusMove.after)
    )


# ---- how long they took -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turnaround:
    """How long the archived requests took in all, in minutes of the calendar, nights and holidays included.

    ``unhandled`` of them name no time at which they were handled; they do not count in ``to_handled``.
    """

    count: int
    unhandled: int
    to_handled: int
    to_archived: int


def turnaround(session: Session, *conditions: ColumnElement[bool]) -> Turnaround:
    """The archived requests in sight that meet the conditions, in one statement."""
    began, handled, ended = ServiceRequest.created_on, ServiceRequest.handled_on, ServiceRequest.archived_on
    is_ended = and_(ServiceRequest.status == ServiceStatus.ARCHIVED, ended.is_not(None))
    statement = select(
        func.count(),
        func.sum(case((handled.is_(None), 1), else_=0)),
        func.sum(seconds_between(began, handled)),
        func.sum(seconds_between(began, ended)),
    )
    found = session.execute(statement.select_from(ServiceRequest).where(is_ended, *conditions)).one()
    count, unhandled, to_handled, to_archived = (int(number or 0) for number in found)
    return Turnaround(count, unhandled, to_handled // 60, to_archived // 60)
