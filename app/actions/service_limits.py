"""How long each step of a service request may take: the first limits, and how they are changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.actions.records import create_record, delete_record, edit_record
from app.errors import Invalid, WrongState
from app.i18n import Label
from app.models.service_time import ServiceLimit
from app.models.services import Priority
from app.security.actor import Actor
from app.security.rights import SERVICE_LIMITS

TYPED_FIELDS = ("kind", "priority", "assign_minutes", "process_minutes")
#: Working minutes to assign and to process, until an administrator says otherwise.
SEEDS: Mapping[Priority, tuple[int, int]] = {
    Priority.NORMAL: (4 * 60, 24 * 60),
    Priority.URGENT: (2 * 60, 8 * 60),
    Priority.MOST_URGENT: (30, 4 * 60),
}
DOUBLE = Label("There are limits for this kind and priority already.")
FOR_ANY_KIND = Label(
    "The limits that hold for every other kind stay: they can be changed, not deleted or given a kind."
)


def write_limits(session: Session, *, at: datetime) -> None:
    """Write the limits for requests of any kind where there are none yet; flushes."""
    if session.scalar(select(ServiceLimit.id).limit(1)) is None:
        for priority, (assign, process) in SEEDS.items():
            limit = ServiceLimit(priority=priority, assign_minutes=assign, process_minutes=process)
            limit.created_on = limit.changed_on = at
            session.add(limit)
    session.flush()


def create_limit(session: Session, values: Mapping[str, Any], *, by: Actor) -> ServiceLimit:
    """Limits for a kind and priority; flushes."""
    _refuse_double(session, None, values)
    try:
        made: ServiceLimit = create_record(session, ServiceLimit, values, by=by, screen=SERVICE_LIMITS)
    except IntegrityError:
        _refuse_late(session)
    return made


def edit_limit(
    session: Session, row: ServiceLimit, values: Mapping[str, Any], *, by: Actor, version: int | None
) -> None:
    """Change limits; flushes."""
    kind, priority = values.get("kind", row.kind), values.get("priority", row.priority)
    if row.kind_id is None and (kind is not None or priority != row.priority):
        raise Invalid({"priority" if kind is None else "kind": FOR_ANY_KIND})
    _refuse_double(session, row, {"kind": kind, "priority": priority})
    try:
        edit_record(session, row, values, by=by, screen=SERVICE_LIMITS, version=version)
    except IntegrityError:
        _refuse_late(session)


def delete_limit(session: Session, row: ServiceLimit, *, by: Actor) -> None:
    """Delete the limits of a kind, for which those of every other kind hold from then on; flushes."""
    check_deletable(row)
    delete_record(session, row, by=by, screen=SERVICE_LIMITS)


def check_deletable(row: ServiceLimit) -> None:
    """Raises WrongState for what holds for every other kind, so that each request has its limits."""
    if row.kind_id is None:
        raise WrongState(FOR_ANY_KIND)


def _refuse_double(session: Session, row: ServiceLimit | None, values: Mapping[str, Any]) -> None:
    kind = values.get("kind")
    same = select(ServiceLimit.id).where(
        ServiceLimit.priority == values["priority"],
        ServiceLimit.kind_id.is_(None) if kind is None else ServiceLimit.kind_id == kind.id,
        ServiceLimit.id != (row.id if row else 0),
    )
    with session.no_autoflush:
        if session.scalar(same.limit(1)) is not None:
            raise Invalid({"priority": DOUBLE})


def _refuse_late(session: Session) -> None:
    session.rollback()
    raise Invalid({"priority": DOUBLE}) from None
