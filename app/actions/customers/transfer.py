"""Transfer: customers go to another account manager, one or many, with a reason and with what goes along."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.actions.churn.following import cases_follow
from app.actions.holdings import Giving, Holding, enabled_people
from app.actions.records import Changed, change_many
from app.actions.reminders import tell
from app.actions.services.handing_on import go_along
from app.actions.undo import keep
from app.actions.workflow import refuse_stale
from app.errors import DomainError, Forbidden, Invalid, OutOfSight, Stale
from app.i18n import Label, Told
from app.models.customers import Customer, CustomerStatus
from app.models.org import Employee
from app.models.reminders import CUSTOMER_TAKEN_OVER, CUSTOMER_TRANSFERRED
from app.models.undo import UndoBatch
from app.security.actor import Actor
from app.security.granting import take_turns
from app.security.rights import CUSTOMERS, USERS, Verb
from app.security.scope import may_hold

MOST_TRANSFERRED = 1_000


def _cases_go_along(session: Session, keys: Sequence[int], giving: Giving) -> None:
    cases_follow(session, keys, by=giving.by, at=giving.at, reason=giving.reason)


#: What goes along with its customers, such as their open cases: called with the keys of the customers and who gives
#: them to whom, in the transaction of the transfer, before anybody is told. It changes all its rows at once.
GOES_ALONG: tuple[Callable[[Session, Sequence[int], Giving], None], ...] = (_cases_go_along,)


@dataclass(frozen=True)
class Transferred:
    """What became of a transfer: how many went, and services with them, which stayed and why, and how to undo it."""

    given: int
    services: int
    left: Sequence[tuple[str, str]]
    batch: UndoBatch


def transfer(
    session: Session,
    versions: Mapping[int, int | None],
    receiver: Employee,
    *,
    by: Actor,
    at: datetime,
    reason: str,
    with_services: bool = False,
) -> Transferred:
    """Give the customers of these keys to ``receiver``; flushes, with as many statements for one as for a thousand.

    With them go, if asked for, the services that their former account managers have in hand for them.

    A customer of another version than the one given is left out (None stands for any). Raises Forbidden and
    OutOfSight; where none is left to give, what refuses the first.
    """
    by.must(CUSTOMERS.right(Verb.TRANSFER))
    _check_receiver(session, receiver)
    take_turns(session, CUSTOMERS)
    rows = _locked(session, versions)
    refusals = {row: _refusal(session, row, receiver, versions[row.id]) for row in rows}
    possible = [row for row, refusal in refusals.items() if refusal is None]
    if not possible:
        raise next(refusal for refusal in refusals.values() if refusal is not None)
    giving = Giving(receiver, by, at, reason)
    changes = give(session, possible, giving)
    services = go_along(session, changes, giving) if with_services else []
    what = Told.of(Label("Transfer to %(name)s"), name=str(receiver))
    batch = keep(
        session, what, [*changes, *services], by=by, at=at, right=CUSTOMERS.right(Verb.TRANSFER), reason=reason
    )
    left = [(str(row), str(refusal)) for row, refusal in refusals.items() if refusal is not None]
    return Transferred(len(possible), len(services), left, batch)


def _check_receiver(session: Session, receiver: Employee) -> None:
    if not receiver.active:
        raise Invalid({"receiver": Label("This person is disabled.")})
    if not may_hold(session, receiver.id, Customer.scope_module):
        raise Forbidden(Label("This person is outside your write scope."))


def _locked(session: Session, versions: Mapping[int, int | None]) -> Sequence[Customer]:
    """The customers as they are now, which nobody else changes from here on."""
    wanted = select(Customer).where(Customer.id.in_(versions)).order_by(Customer.id).with_for_update(of=Customer)
    rows = session.scalars(wanted, execution_options={"populate_existing": True}).all()
    missing = versions.keys() - {row.id for row in rows}
    if missing:
        raise OutOfSight(Customer, min(missing))
    return rows


def _refusal(session: Session, row: Customer, receiver: Employee, version: int | None) -> DomainError | None:
    if row.manager_id == receiver.id:
        return Invalid({"receiver": Label("This person is the account manager already.")})
    try:
        refuse_stale(session, row, version)
    except Stale as refusal:
        return refusal
    return None


def give(session: Session, rows: Sequence[Customer], giving: Giving) -> list[Changed]:
    """Give customers that nobody else changes meanwhile, with what goes along, and tell everybody concerned."""
    to = {"manager_id": giving.receiver.id}
    changes = [Changed(row, {"manager_id": row.manager_id}, to) for row in rows]
    change_many(session, changes, by=giving.by, at=giving.at, reason=giving.reason)
    for follow in GOES_ALONG:
        follow(session, [row.id for row in rows], giving)
    _tell(session, changes, giving)
    return changes


def _tell(session: Session, changes: Sequence[Changed], giving: Giving) -> None:
    """One reminder for the receiver and one for each who had them; who lost as many is told in one statement."""
    first = changes[0].row
    key = f"{first.id}:{first.version}"
    told = partial(tell, session, key=key, about=first, by=giving.by, at=giving.at)
    name = {"name": str(first)} if len(changes) == 1 else {}
    told(CUSTOMER_TRANSFERRED, [giving.receiver.id], values=name or {"count": f"{len(changes):,}"})
    lost: dict[int, list[int]] = defaultdict(list)
    for person_id, count in Counter(one.before["manager_id"] for one in changes).items():
        lost[count].append(person_id)
    for count, people in lost.items():
        told(CUSTOMER_TAKEN_OVER, people, values={"after": str(giving.receiver), **(name or {"count": f"{count:,}"})})


# ---- hand-over ----------------------------------------------------------------------------------------


def _give_all(session: Session, rows: Sequence[Customer], giving: Giving) -> None:
    if rows:
        give(session, rows, giving)


#: The customers a person manages, lost ones too; what is deleted stays as it was.
MANAGED = Holding(
    "customers",
    Label("Customers"),
    Customer,
    right=USERS.right(Verb.HAND_OVER),
    held=lambda person_id: and_(Customer.manager_id == person_id, Customer.status != CustomerStatus.DELETED),
    receivers=lambda by: enabled_people(by, Customer.scope_module),
    give=_give_all,
)
