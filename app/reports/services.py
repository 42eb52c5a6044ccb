"""Service requests in figures: how long they took, how many stand open, and how many of them are overdue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import GenericFunction

from app.models.services import ServiceRequest, ServiceStatus


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
