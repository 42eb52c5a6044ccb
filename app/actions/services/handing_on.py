"""Service requests that somebody has in hand go on to somebody else: with their customers, or when he leaves."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import and_, select, tuple_
from sqlalchemy.orm import Session

from app.actions.holdings import Giving, Holding
from app.actions.records import Changed, change_many
from app.actions.reminders import tell
from app.actions.services.life import ASSIGNED, PROCESSED
from app.actions.services.people import service_managers
from app.errors import Invalid
from app.i18n import Label
from app.models.org import Employee
from app.models.reminders import SERVICE_HANDED_ON
from app.models.services import ServiceRequest
from app.security.rights import SERVICES, Verb

IN_HAND = (ASSIGNED, PROCESSED)
ALLOCATE = SERVICES.right(Verb.ALLOCATE)


def check_receiver(session: Session, giving: Giving) -> None:
    """Raises Forbidden or Invalid where ``giving.by`` may not give requests, or the receiver cannot go on with them."""
    giving.by.must(ALLOCATE)
    can_go_on = service_managers(giving.by).where(Employee.id == giving.receiver.id)
    if session.scalar(can_go_on) is None:
        raise Invalid({"receiver": Label("This person does not process service requests, or is outside your scope.")})


def go_along(session: Session, customers: Sequence[Changed], giving: Giving) -> list[Changed]:
    """Give the requests in sight that the former account managers of the customers have in hand for them."""
    check_receiver(session, giving)
    pairs = [(one.row.id, one.before["manager_id"]) for one in customers]
    in_hand = tuple_(ServiceRequest.customer_id, ServiceRequest.assignee_id).in_(pairs)
    wanted = select(ServiceRequest).where(in_hand, ServiceRequest.status.in_(IN_HAND)).order_by(ServiceRequest.id)
    rows = session.scalars(
        wanted.with_for_update(of=ServiceRequest), execution_options={"populate_existing": True}
    ).all()
    return hand_on(session, rows, giving)


def hand_on(session: Session, rows: Sequence[ServiceRequest], giving: Giving) -> list[Changed]:
    """Give requests that nobody else changes meanwhile, and tell the receiver once.

    Who takes a processed request over gets the customer's answer, so he stands for its handling from then on; who
    wrote it is in its history.
    """
    changes = [_changed(row, giving.receiver.id) for row in rows]
    if changes:
        change_many(session, changes, by=giving.by, at=giving.at, reason=giving.reason)
        _tell(session, rows, giving)
    return changes


def _changed(row: ServiceRequest, receiver_id: int) -> Changed:
    names = ("assignee_id", "handled_by_id") if row.status is PROCESSED else ("assignee_id",)
    return Changed(row, {name: getattr(row, name) for name in names}, dict.fromkeys(names, receiver_id))


def _tell(session: Session, rows: Sequence[ServiceRequest], giving: Giving) -> None:
    first = rows[0]
    one = {"name": first.customer_name, "summary": first.summary}
    values = one if len(rows) == 1 else {"count": f"{len(rows):,}"}
    key = f"{first.id}:{first.version}"
    about: dict[str, Any] = {"key": key, "about": first, "values": values}
    tell(session, SERVICE_HANDED_ON, [giving.receiver.id], **about, by=giving.by, at=giving.at)


def _give(session: Session, rows: Iterable[ServiceRequest], giving: Giving) -> None:
    hand_on(session, list(rows), giving)


#: The requests a person has in hand. Those he wrote down that nobody was given yet wait for whoever assigns them.
HELD = Holding(
    "services",
    Label("Services in hand"),
    ServiceRequest,
    right=ALLOCATE,
    held=lambda person_id: and_(ServiceRequest.assignee_id == person_id, ServiceRequest.status.in_(IN_HAND)),
    receivers=service_managers,
    give=_give,
)
