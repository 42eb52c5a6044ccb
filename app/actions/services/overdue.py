"""Overdue requests: whoever leads the person responsible is told once of each step that was not done in time."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.actions.org import administrators
from app.actions.reminders import STILL_TOLD, tell
from app.actions.services.deadlines import is_overdue, step_of
from app.i18n import format_moment
from app.models.org import Department, Employee
from app.models.reminders import SERVICE_OVERDUE
from app.models.services import ServiceRequest
from app.security.actor import SYSTEM, holders_of
from app.security.rights import SERVICES, Verb
from app.security.scope import system

#: So many requests are told of at a time.
BATCH = 200


def tell_overdue(session: Session, *, at: datetime, batch: int = BATCH) -> int:
    """Tell of the requests that became overdue, the longest due first; returns how many, at most ``batch``.

    Of what was due more than 30 days ago nobody is told, as with everything else that is due. The key of a reminder
    names the step, so two who tell at the same moment tell once, and so does a deadline that moves and passes again.
    """
    with system(session, "the supervisor is told of everybody's requests"):
        requests = session.scalars(
            select(ServiceRequest)
            .where(is_overdue(at), ServiceRequest.due_on >= at - STILL_TOLD, ServiceRequest.is_overdue_told.is_(False))
            .order_by(ServiceRequest.due_on, ServiceRequest.id)
            .limit(batch)
        ).all()
        receivers = supervisors_of(session, {one.responsible_id for one in requests})
        for one in requests:
            _tell_of(session, one, receivers[one.responsible_id], at)
        _mark_told(session, [one.id for one in requests], at)
    return len(requests)


def _tell_of(session: Session, request: ServiceRequest, receivers: Collection[int], at: datetime) -> None:
    values = {"summary": request.summary, "name": request.customer_name}
    if request.due_on is not None:
        values["moment"] = format_moment(request.due_on)
    key = f"{request.id}:{step_of(request)}:{request.round}"
    tell(session, SERVICE_OVERDUE, receivers, key=key, about=request, values=values, by=SYSTEM, at=at)


def _mark_told(session: Session, keys: Collection[int], at: datetime) -> None:
    """Past the records, whose versions stay; a request that was moved on meanwhile has another deadline."""
    marked = update(ServiceRequest).where(ServiceRequest.id.in_(keys), is_overdue(at)).values(is_overdue_told=True)
    session.execute(marked, execution_options={"synchronize_session": False})


def supervisors_of(session: Session, person_ids: Collection[int | None]) -> Mapping[int | None, Collection[int]]:
    """Who is told of each person's requests: the nearest head above him who assigns requests, else administrators.

    In four statements, however many people there are.
    """
    allocating = select(Employee.id).where(
        Employee.active.is_(True), Employee.id.in_(holders_of(SERVICES.right(Verb.ALLOCATE)))
    )
    assigning = set(session.scalars(allocating))
    heads = dict(session.execute(select(Department.id, Department.head_id)).all())
    places = select(Employee.id, Department.path).join(Employee.department).where(Employee.id.in_(person_ids))
    paths: dict[int, str] = dict(session.execute(places).all())
    everybody_else = session.scalars(administrators()).all()

    def found(person_id: int | None) -> Collection[int]:
        path = paths.get(person_id or 0, "")
        above = (heads.get(int(key)) for key in reversed(path.split("/")) if key)
        head = next((one for one in above if one in assigning and one != person_id), None)
        return everybody_else if head is None else [head]

    return {person_id: found(person_id) for person_id in person_ids}
