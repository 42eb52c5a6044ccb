"""The life of a service request: created, allocated, processed, judged, and handled again where judged badly."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from app.actions.records import flush_or_stale
from app.actions.reminders import tell
from app.actions.services.deadlines import renew_deadline
from app.actions.settings import HIGHEST_SERVICE_LEVEL, value_of
from app.actions.workflow import Instead, Move, Workflow
from app.errors import Forbidden, Invalid, WrongState
from app.i18n import Label, LazyString, gettext
from app.models.customers import Customer, CustomerStatus
from app.models.org import Department, Employee
from app.models.reminders import SERVICE_ALLOCATED, SERVICE_ESCALATED
from app.models.services import ServiceRequest, ServiceRound, ServiceStatus
from app.security.actor import Actor, branch_of, holds
from app.security.rights import SERVICES, Verb
from app.security.scope import may_hold, may_write, system

CREATED, ASSIGNED = ServiceStatus.CREATED, ServiceStatus.ASSIGNED
PROCESSED, ARCHIVED = ServiceStatus.PROCESSED, ServiceStatus.ARCHIVED

#: What a person types; everything else is written by a move.
TYPED_FIELDS = ("customer", "summary", "kind", "priority", "request")
#: The value of 投诉 in the dictionary.
COMPLAINT = "2"
#: A customer who gives fewer points is not content.
LEAST_CONTENT = 3


# ---- who and when -------------------------------------------------------------------------------------


def is_assignee(request: ServiceRequest, by: Actor) -> bool:
    """Whether ``by`` is the one to process the request."""
    return request.assignee_id is not None and request.assignee_id == by.person_id


def is_handler(request: ServiceRequest, by: Actor) -> bool:
    """Whether ``by`` is the one who processed the request."""
    return request.handled_by_id is not None and request.handled_by_id == by.person_id


def is_near(request: ServiceRequest, by: Actor) -> bool:
    """Whether ``by`` is concerned with the request: its assignee, its creator, or somebody who may write it."""
    session = object_session(request)
    return by.person_id in {request.assignee_id, request.created_by_id} or (
        session is not None and may_write(session, request)
    )


def no_complaint(request: ServiceRequest) -> LazyString | None:
    """Why a request cannot be escalated: it is no complaint."""
    return None if request.kind.value == COMPLAINT else Label("Only complaints can be escalated.")


def is_not_content(answers: Mapping[str, Any]) -> bool:
    """Whether the customer's answers send the request back."""
    return bool(answers["satisfaction"] < LEAST_CONTENT)


# ---- what the moves do --------------------------------------------------------------------------------


def allocate(session: Session, request: ServiceRequest, *, by: Actor, at: datetime, assignee: Employee) -> str:
    """Give the request to somebody who processes requests, who must be enabled and within the write scope."""
    if not assignee.active:
        raise Invalid({"assignee": Label("This person is disabled.")})
    if not may_hold(session, assignee.id, ServiceRequest.scope_module):
        raise Forbidden(Label("This person is outside your write scope."))
    if not holds(session, assignee.id, SERVICES.right(Verb.PROCESS)):
        raise Invalid({"assignee": Label("This person does not process service requests.")})
    values = {"name": request.customer_name, "summary": request.summary}
    key = f"{request.id}:{request.round}"
    tell(session, SERVICE_ALLOCATED, [assignee.id], key=key, about=request, values=values, by=by, at=at)
    request.assignee, request.assigned_on = assignee, at
    return str(assignee)


def process(session: Session, request: ServiceRequest, *, by: Actor, at: datetime, handling: str) -> None:
    """Keep how the request was handled, by whom and when."""
    request.handling = handling
    request.handled_by_id, request.handled_on = by.person_id, at


def judge(
    session: Session, request: ServiceRequest, *, by: Actor, at: datetime, result: str, satisfaction: int
) -> None:
    """Keep the round that the customer judged; a bad one empties the request for the next round of the same person."""
    names = ("assignee_id", "assigned_on", "handling", "handled_by_id", "handled_on")
    handled = {name: getattr(request, name) for name in names}
    judged = {"result": result, "satisfaction": satisfaction, "judged_on": at}
    session.add(ServiceRound(request=request, number=request.round, **handled, **judged))
    if satisfaction < LEAST_CONTENT:
        request.round += 1
        request.assigned_on = at
        request.handling = request.handled_by_id = request.handled_on = None
    else:
        request.result, request.satisfaction, request.archived_on = result, satisfaction, at


def escalate(session: Session, request: ServiceRequest, *, by: Actor, at: datetime, reason: str) -> None:
    """Raise the level of a complaint by one and tell as many heads of departments above."""
    highest = value_of(session, HIGHEST_SERVICE_LEVEL)
    if request.level >= highest:
        raise WrongState(gettext("This complaint stands on the highest level already: %(level)s.", level=highest))
    with system(session, "who escalates may be the creator, whose record it is no longer"):
        request.level += 1
        flush_or_stale(session)
    heads = _heads_above(session, request)[: request.level]
    values = {"name": request.customer_name, "summary": request.summary, "level": str(request.level)}
    key = f"{request.id}:{request.level}"
    tell(session, SERVICE_ESCALATED, heads, key=key, about=request, values=values, by=by, at=at)


def _heads_above(session: Session, request: ServiceRequest) -> list[int]:
    """Who heads the departments of the person responsible, from the lowest up, but for that person himself."""
    responsible = request.responsible_id
    path = branch_of(session, responsible) if responsible is not None else None
    keys = [int(key) for key in (path or "").strip("/").split("/") if key]
    enabled = select(Employee.id).where(Employee.active.is_(True))
    known = select(Department.id, Department.head_id).where(Department.id.in_(keys), Department.head_id.in_(enabled))
    heads = {key: head for key, head in session.execute(known) if head is not None and head != responsible}
    return list(dict.fromkeys(heads[key] for key in reversed(keys) if key in heads))


DESK = Workflow(
    ServiceRequest,
    moves=(
        Move(
            "allocate",
            (CREATED,),
            ASSIGNED,
            label=Label("Allocate"),
            done=Label("Allocated."),
            right=SERVICES.right(Verb.ALLOCATE),
            asks=("assignee",),
            does=allocate,
            hands_over=True,
            on_many=True,
            icon="user-check",
        ),
        Move(
            "process",
            (ASSIGNED,),
            PROCESSED,
            label=Label("Process"),
            done=Label("Processed."),
            right=SERVICES.right(Verb.PROCESS),
            who=is_assignee,
            asks=("handling",),
            does=process,
            icon="checks",
        ),
        Move(
            "feedback",
            (PROCESSED,),
            ARCHIVED,
            instead=Instead(ASSIGNED, when=is_not_content, label=Label("Feedback: not content, to be handled again")),
            label=Label("Feedback"),
            done=Label("Archived."),
            right=SERVICES.right(Verb.FEEDBACK),
            who=is_handler,
            asks=("result", "satisfaction"),
            does=judge,
            icon="message-circle",
        ),
        Move(
            "escalate",
            (CREATED, ASSIGNED, PROCESSED),
            None,
            label=Label("Escalate complaint"),
            done=Label("Escalated."),
            right=SERVICES.right(Verb.ESCALATE),
            unless=no_complaint,
            who=is_near,
            asks=("reason",),
            does=escalate,
            icon="trending-up",
        ),
    ),
    steps=((CREATED,), (ASSIGNED,), (PROCESSED,), (ARCHIVED,)),
    on_entry=renew_deadline,
)


# ---- create and delete --------------------------------------------------------------------------------


def create_service(session: Session, values: Mapping[str, Any], *, by: Actor, at: datetime) -> ServiceRequest:
    """A new request of the typed ``values``, with what its customer is called now."""
    by.must(SERVICES.right(Verb.CREATE))
    customer: Customer = values["customer"]
    if customer.status is CustomerStatus.DELETED:
        raise Invalid({"customer": Label("This customer is deleted.")})
    request = ServiceRequest(**{name: values[name] for name in TYPED_FIELDS if name in values})
    request.customer_name = customer.name
    DESK.enter(session, [(request, CREATED)], by=by, at=at)
    return request


def may_delete(session: Session, request: ServiceRequest, by: Actor) -> bool:
    """Whether right, state and scope allow deleting: only what nobody was given."""
    has_right = by.may(SERVICES.right(Verb.DELETE))
    return has_right and request.status is CREATED and may_write(session, request)


def check_delete(request: ServiceRequest, *, by: Actor) -> None:
    """Raises Forbidden or WrongState when the request may not be deleted."""
    by.must(SERVICES.right(Verb.DELETE))
    if request.status is not CREATED:
        raise WrongState(Label("Only a request that is not allocated yet can be deleted."))


def delete_service(session: Session, request: ServiceRequest, *, by: Actor) -> None:
    """Delete a request that nobody was given; the session refuses one outside the write scope."""
    check_delete(request, by=by)
    session.delete(request)
    flush_or_stale(session)
