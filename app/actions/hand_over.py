"""Hand-over: everything a person holds goes to others in one transaction, with a record of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.actions import assignment, customers, departments, management_reports
from app.actions.holdings import Giving, Holding
from app.actions.org import disable_person
from app.actions.services import handing_on
from app.errors import Forbidden, Invalid, WrongState
from app.i18n import Label
from app.models.hand_over import HandOver, HandOverLine
from app.models.org import Employee
from app.security.actor import Actor
from app.security.granting import take_turns
from app.security.rights import USERS, Verb
from app.security.scope import may_hold

#: Everything a person can hold, in the order of the page.
HOLDINGS: tuple[Holding, ...] = (
    *(assignment.IN_HAND, customers.MANAGED, handing_on.HELD),
    *(management_reports.DRAFTS, departments.HEADED),
)
#: How many rows are in memory at a time.
BATCH = 500
SAMPLES = 5


@dataclass(frozen=True)
class Held:
    """What somebody holds of one kind: how much, the first of it, and whether the actor may give it away."""

    holding: Holding
    count: int
    samples: Sequence[Any]
    may_give: bool


@dataclass(frozen=True)
class Outcome:
    """What became of a hand-over; ``missed`` counts what somebody else had taken at that moment."""

    record: HandOver
    given: int
    missed: int


def count_held(session: Session, person: Employee) -> int:
    """How many records a person holds, as far as the session's actor sees them."""
    return sum(_count(session, holding, person) for holding in HOLDINGS)


def everything_held(session: Session, person: Employee, *, by: Actor) -> list[Held]:
    """What a person holds, kind by kind, as far as ``by`` sees it."""
    return [_held(session, holding, person, by) for holding in HOLDINGS]


def _held(session: Session, holding: Holding, person: Employee, by: Actor) -> Held:
    """The first of it with the number of all, in one statement."""
    first = select(holding.model, func.count().over()).where(holding.held(person.id)).order_by(holding.model.id)
    found = session.execute(first.limit(SAMPLES)).all()
    count = found[0][1] if found else 0
    return Held(holding, count, [row for row, _ in found], may_give(session, holding, person, by=by))


def _count(session: Session, holding: Holding, person: Employee) -> int:
    return session.scalar(select(func.count(holding.model.id)).where(holding.held(person.id))) or 0


def may_give(session: Session, holding: Holding, person: Employee, *, by: Actor) -> bool:
    """Whether ``by`` may take what ``person`` holds of this kind: the right, and his rows in write scope."""
    module = getattr(holding.model, "scope_module", "")
    return by.may(holding.right) and (not module or may_hold(session, person.id, module))


def hand_over(
    session: Session,
    person: Employee,
    receivers: Mapping[str, Employee],
    *,
    by: Actor,
    at: datetime,
    reason: str,
    is_disabled_too: bool = False,
) -> Outcome:
    """Give what ``person`` holds to ``receivers``, by the key of each kind; a kind without a receiver stays.

    Whatever somebody else takes at the same moment is left to him. Flushes; raises Forbidden, Invalid or WrongState,
    and then nothing of it may be kept.
    """
    by.must(USERS.right(Verb.HAND_OVER))
    take_turns(session, USERS)
    record = HandOver(person=person, reason=reason, is_disabled_too=is_disabled_too)
    session.add(record)
    session.flush()
    missed = 0
    for holding in HOLDINGS:
        if holding.key in receivers:
            missed += _give(session, record, holding, Giving(receivers[holding.key], by, at, reason))
    if not record.lines and not is_disabled_too:
        raise WrongState(Label("There is nothing to hand over to the receivers you chose."))
    if is_disabled_too:
        disable_person(session, person, by=by, at=at)
    session.flush()
    return Outcome(record, sum(line.count for line in record.lines), missed)


def _check(session: Session, holding: Holding, person: Employee, giving: Giving) -> None:
    receiver, by = giving.receiver, giving.by
    if not may_give(session, holding, person, by=by):
        raise Forbidden(Label("You may not take from this person what he holds: his records are beyond your rights."))
    is_possible = session.scalar(holding.receivers(by).where(Employee.id == receiver.id)) is not None
    if receiver.id == person.id or not is_possible:
        raise Invalid({f"receiver_{holding.key}": Label("This person cannot hold these: choose somebody else.")})


def _give(session: Session, record: HandOver, holding: Holding, giving: Giving) -> int:
    """Give batch by batch and write the line; returns how many somebody else had taken meanwhile."""
    keys = select(holding.model.id).where(holding.held(record.person_id)).order_by(holding.model.id)
    wanted = session.scalars(keys).all()
    if wanted:
        _check(session, holding, record.person, giving)
    batches = (_give_batch(session, record.person_id, holding, giving, keys=batch) for batch in _batches(wanted))
    given = [key for batch in batches for key in batch]
    if given:
        record.lines.append(
            HandOverLine(holding=holding.key, receiver=giving.receiver, count=len(given), row_ids=given)
        )
    return len(wanted) - len(given)


def _batches(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    return (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))


def _give_batch(
    session: Session, person_id: int, holding: Holding, giving: Giving, *, keys: Sequence[int]
) -> list[int]:
    """Lock what is still held of a batch, so that nobody takes it from here on, and give it."""
    still = select(holding.model).where(holding.model.id.in_(keys), holding.held(person_id))
    still = still.order_by(holding.model.id).with_for_update(of=holding.model)
    rows = session.scalars(still, execution_options={"populate_existing": True}).all()
    holding.give(session, rows, giving)
    session.flush()
    return [row.id for row in rows]
