"""Waiting for the customer: its clock stands from when the assignee says so until he says that it goes on."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.actions.records import flush_or_stale
from app.actions.services.deadlines import end_pauses, is_waiting, pauses_of, renew_deadline
from app.errors import Forbidden, WrongState
from app.i18n import Label
from app.models.service_time import ServicePause
from app.models.services import ServiceRequest, ServiceStatus
from app.security.actor import Actor
from app.security.rights import SERVICES, Verb

WAITS_ALREADY = Label("This request waits for the customer already.")


def may_pause(request: ServiceRequest, by: Actor) -> bool:
    """Whether ``by`` may stop the clock of a request, or let it go on, as it stands."""
    is_mine = request.assignee_id is not None and request.assignee_id == by.person_id
    return is_mine and request.status is ServiceStatus.ASSIGNED and by.may(SERVICES.right(Verb.PROCESS))


def begin_waiting(
    session: Session, request: ServiceRequest, note: str | None, *, by: Actor, at: datetime
) -> ServicePause:
    """Stop the clock: the customer has to answer first. Flushes."""
    check_pause(request, by)
    if is_waiting(pauses_of(session, request)):
        raise WrongState(WAITS_ALREADY)
    pause = ServicePause(request=request, began_on=at, note=note)
    session.add(pause)
    request.due_on = None
    try:
        flush_or_stale(session)
    except IntegrityError:
        session.rollback()
        raise WrongState(WAITS_ALREADY) from None
    return pause


def end_waiting(session: Session, request: ServiceRequest, *, by: Actor, at: datetime) -> None:
    """Let the clock go on, with the deadline moved by the working time that was waited. Flushes."""
    check_pause(request, by)
    pauses = pauses_of(session, request)
    if not is_waiting(pauses):
        raise WrongState(Label("This request does not wait for the customer."))
    end_pauses(pauses, at=at)
    renew_deadline(session, request, at=at)
    flush_or_stale(session)


def check_pause(request: ServiceRequest, by: Actor) -> None:
    """Raises Forbidden or WrongState where ``may_pause`` says no."""
    by.must(SERVICES.right(Verb.PROCESS))
    if request.assignee_id is None or request.assignee_id != by.person_id:
        raise Forbidden(Label("Only the person responsible for this record may do this."))
    if request.status is not ServiceStatus.ASSIGNED:
        raise WrongState(Label("Only a request that is to be processed waits for its customer."))
