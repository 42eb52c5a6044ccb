"""Deadlines of service requests: until when the step must be done that a request waits for, in working time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.actions.work_calendar import read_calendar
from app.actions.working_time import WorkCalendar, after, minutes_between
from app.models.service_time import ServiceLimit, ServicePause
from app.models.services import Priority, ServiceRequest, ServiceStatus


class Step(StrEnum):
    """What a request is waiting for."""

    ASSIGN = "assign"
    PROCESS = "process"


@dataclass(frozen=True)
class Limit:
    """How many working minutes each step may take."""

    assign: int
    process: int


@dataclass(frozen=True)
class Rules:
    """What deadlines are reckoned by: the calendar, and the limits by kind (None: every other) and priority."""

    calendar: WorkCalendar
    limits: Mapping[tuple[int | None, Priority], Limit]

    def limit_of(self, request: Any) -> Limit | None:
        """The limits of a request."""
        priority = request.priority or Priority.NORMAL
        return self.limits.get((_kind_of(request), priority)) or self.limits.get((None, priority))


def _kind_of(request: Any) -> int | None:
    """The key of the kind, which a request that was not written yet knows by the kind alone."""
    if request.kind_id is None and isinstance(request, ServiceRequest) and request.kind is not None:
        return request.kind.id
    key: int | None = request.kind_id
    return key


RULES, CALENDAR = "deadline_rules", "work_calendar"


def rules_of(session: Session) -> Rules:
    """The rules as of now; a session asks for them once, in two statements, so that many requests cost no more."""
    known: Rules | None = session.info.get(RULES)
    if known is None:
        known = session.info[RULES] = read_rules(session)
    return known


def calendar_of(session: Session) -> WorkCalendar:
    """The calendar as of now; a session asks for it once."""
    known: WorkCalendar | None = session.info.get(CALENDAR)
    if known is None:
        known = session.info[CALENDAR] = read_calendar(session)
    return known


def read_rules(session: Session) -> Rules:
    """The rules as of now."""
    columns = (ServiceLimit.kind_id, ServiceLimit.priority, ServiceLimit.assign_minutes, ServiceLimit.process_minutes)
    with session.no_autoflush:
        limits = {
            (kind_id, priority): Limit(assign, process)
            for kind_id, priority, assign, process in session.execute(select(*columns))
        }
        return Rules(read_calendar(session), limits)


# ---- one request --------------------------------------------------------------------------------------


def renew_deadline(session: Session, request: ServiceRequest, *, at: datetime) -> None:
    """Give a request the deadline of the step that it waits for now, and end a wait that its handling made an end of.

    Called when a request has come to a state and before it is written: the step follows from since when somebody has
    it, and whether it was handled since. Nobody was told yet that the new deadline passed.
    """
    # Who has it since this moment has not waited for anybody yet.
    is_fresh = request.id is None or request.assigned_on in {None, at}
    pauses = [] if is_fresh else pauses_of(session, request)
    if step_of(request) is not Step.PROCESS:
        end_pauses(pauses, at=at)
    request.due_on = deadline(rules_of(session), request, pauses, at=at)
    request.is_overdue_told = False


def step_of(request: Any) -> Step | None:
    """The step that a request waits for with a clock running; None from its handling on."""
    if request.status is ServiceStatus.ARCHIVED:
        return None
    if request.assigned_on is None:
        return Step.ASSIGN
    is_handled = request.handled_on is not None and request.handled_on >= request.assigned_on
    return None if is_handled else Step.PROCESS


def deadline(rules: Rules, request: Any, pauses: Sequence[Any], *, at: datetime) -> datetime | None:
    """When the step must be done; None where no clock runs.

    ``request`` and ``pauses`` are rows or records. What was waited for the customer since it was assigned is added.
    """
    step, limit = step_of(request), rules.limit_of(request)
    if step is None or limit is None or is_waiting(pauses):
        return None
    if step is Step.ASSIGN:
        return after(rules.calendar, request.created_on or at, limit.assign)
    since = [(max(one.began_on, request.assigned_on), one.ended_on) for one in pauses]
    waited = sum(minutes_between(rules.calendar, begin, end) for begin, end in since if begin < end)
    return after(rules.calendar, request.assigned_on, limit.process + waited)


def pauses_of(session: Session, request: ServiceRequest) -> list[ServicePause]:
    """When the request waited for its customer, in order; the last may still run."""
    statement = select(ServicePause).where(ServicePause.request_id == request.id)
    # What is about to be written of the request is written once, by whoever changes it.
    with session.no_autoflush:
        return list(session.scalars(statement.order_by(ServicePause.began_on, ServicePause.id)))


def is_waiting(pauses: Sequence[Any]) -> bool:
    """Whether one of the pauses runs."""
    return any(one.ended_on is None for one in pauses)


def end_pauses(pauses: Sequence[ServicePause], *, at: datetime) -> None:
    """End the one that runs."""
    for one in pauses:
        one.ended_on = one.ended_on or at


# ---- many ---------------------------------------------------------------------------------------------


def waits_for_a_step() -> ColumnElement[bool]:
    """The condition of requests that are to be assigned or to be processed."""
    return ServiceRequest.status.in_((ServiceStatus.CREATED, ServiceStatus.ASSIGNED))


def is_overdue(at: datetime) -> ColumnElement[bool]:
    """The condition of requests whose deadline has passed."""
    return ServiceRequest.due_on < at


def due_order() -> tuple[Any, ...]:
    """The order of the deadlines, the longest overdue first; what has none comes last."""
    return (ServiceRequest.due_on.is_(None), ServiceRequest.due_on, ServiceRequest.id)
