"""The life of a customer: normal, lost, deleted and brought back; a deletion keeps every row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import Session, object_session

from app.actions.reminders import tell
from app.actions.workflow import Move, Workflow
from app.i18n import Label, gettext, ngettext
from app.models.churn import ChurnCase, ChurnStatus
from app.models.customers import Customer, CustomerStatus
from app.models.orders import Order, OrderStatus
from app.models.reminders import CUSTOMER_WON_BACK
from app.models.services import OPEN_STATES, ServiceRequest
from app.security.actor import Actor
from app.security.rights import CHURN, CUSTOMERS, Verb
from app.security.scope import may_write

ACTIVE, LOST, DELETED = CustomerStatus.ACTIVE, CustomerStatus.LOST, CustomerStatus.DELETED


def is_manager(customer: Customer, by: Actor) -> bool:
    """Whether ``by`` is the customer's account manager."""
    return customer.manager_id is not None and customer.manager_id == by.person_id


def is_within_write_scope(customer: Customer, _by: Actor) -> bool:
    """Whether the session's actor may write the customer."""
    session = object_session(customer)
    return session is not None and may_write(session, customer)


def win_back(session: Session, customer: Customer, *, by: Actor, at: datetime, reason: str) -> None:
    """Its silence counts anew from today, the day of ``at`` where the company is; its account manager is told."""
    event, name = f"{customer.id}:{customer.version}", {"name": customer.name}
    tell(session, CUSTOMER_WON_BACK, [customer.manager_id], key=event, about=customer, values=name, by=by, at=at)
    customer.won_back_on = at.date()


LIFE = Workflow(
    Customer,
    moves=(
        Move(
            "lose",
            (ACTIVE,),
            LOST,
            label=Label("Confirm churn"),
            done=Label("Churn confirmed."),
            right=CHURN.right(Verb.CONFIRM),
            who=is_manager,
            is_ending=True,
            icon="trending-down",
        ),
        Move(
            "win_back",
            (LOST,),
            ACTIVE,
            label=Label("Win back"),
            done=Label("Won back."),
            right=CUSTOMERS.right(Verb.WIN_BACK),
            who=is_within_write_scope,
            asks=("reason",),
            does=win_back,
            icon="arrow-back-up",
        ),
        Move(
            "delete",
            (ACTIVE, LOST),
            DELETED,
            label=Label("Delete"),
            done=Label("Deleted."),
            right=CUSTOMERS.right(Verb.DELETE),
            who=is_manager,
            is_ending=True,
            icon="trash",
        ),
        Move(
            "restore",
            (DELETED,),
            ACTIVE,
            label=Label("Restore"),
            done=Label("Restored."),
            right=CUSTOMERS.right(Verb.RESTORE),
            goes_back=True,
            icon="arrow-back-up",
        ),
    ),
    steps=((ACTIVE,), (LOST,), (DELETED,)),
)


# ---- what is still open -------------------------------------------------------------------------------


@dataclass(frozen=True)
class OpenMatter:
    """Something at a customer that is said before it is deleted.

    ``counted`` gives the customer's key and how much is open, for those of some keys that have any; ``sentence`` says
    it for one customer.
    """

    counted: Callable[[Sequence[int]], Select[int | None, int]]
    sentence: Callable[[int], str]


def _unpaid(keys: Sequence[int]) -> Select[int | None, int]:
    counted = select(Order.customer_id, func.count(Order.id)).group_by(Order.customer_id)
    return counted.where(Order.customer_id.in_(keys), Order.status == OrderStatus.UNPAID)


UNPAID_ORDERS = OpenMatter(
    _unpaid,
    lambda count: ngettext(
        "This customer has %(num)s unpaid order.", "This customer has %(num)s unpaid orders.", count
    ),
)


def _open_cases(keys: Sequence[int]) -> Select[int | None, int]:
    counted = select(ChurnCase.customer_id, func.count(ChurnCase.id)).group_by(ChurnCase.customer_id)
    is_open = ChurnCase.status.in_((ChurnStatus.WARNED, ChurnStatus.POSTPONED))
    return counted.where(ChurnCase.customer_id.in_(keys), is_open)


OPEN_CHURN_CASES = OpenMatter(_open_cases, lambda _count: gettext("This customer has an open churn case."))


def _open_services(keys: Sequence[int]) -> Select[int | None, int]:
    counted = select(ServiceRequest.customer_id, func.count(ServiceRequest.id)).group_by(ServiceRequest.customer_id)
    return counted.where(ServiceRequest.customer_id.in_(keys), ServiceRequest.status.in_(OPEN_STATES))


OPEN_SERVICES = OpenMatter(
    _open_services,
    lambda count: ngettext(
        "This customer has %(num)s open service request.", "This customer has %(num)s open service requests.", count
    ),
)
#: Whatever else can be open at a customer adds its own here.
OPEN_MATTERS: tuple[OpenMatter, ...] = (UNPAID_ORDERS, OPEN_CHURN_CASES, OPEN_SERVICES)


def open_counts(session: Session, keys: Sequence[int]) -> dict[int, dict[OpenMatter, int]]:
    """How much is open at each of the customers, of those kinds that are, in one statement."""
    found: dict[int, dict[OpenMatter, int]] = {key: {} for key in keys}
    parts = [matter.counted(keys).add_columns(literal(place)) for place, matter in enumerate(OPEN_MATTERS)]
    for key, count, place in session.execute(union_all(*parts)) if keys else ():
        found[key][OPEN_MATTERS[place]] = count
    return found


def in_sentences(counts: Mapping[OpenMatter, int]) -> list[str]:
    """What is open, said of one customer."""
    return [matter.sentence(counts[matter]) for matter in OPEN_MATTERS if matter in counts]
