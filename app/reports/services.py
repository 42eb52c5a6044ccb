"""Service requests in figures: how long they took, how many stand open, and how many of them are overdue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Subquery, and_, case, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.sql.functions import GenericFunction

from app.models.customers import Customer
from app.models.services import ServiceRequest, ServiceRound, ServiceStatus
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
