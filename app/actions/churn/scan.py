"""The churn scan: one pass in the database, which opens a case for every customer that has been silent for too long."""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import func, literal, select, true
from sqlalchemy.orm import Session

from app.actions.churn.life import CASES, OPEN, WARNED
from app.actions.churn.returns import of_normal, recover
from app.actions.churn.silence import Silence, silence_at
from app.actions.customers.life import ACTIVE
from app.actions.reminders import tell_of_customers
from app.actions.workflow import Moved
from app.errors import Invalid
from app.i18n import Label
from app.models.audit import AuditKind
from app.models.churn import ChurnCase
from app.models.customers import Customer
from app.models.reminders import CHURN_WARNED
from app.security.actor import Actor
from app.security.audit import write
from app.security.granting import take_turns
from app.security.rights import CHURN, Verb
from app.security.scope import system


class NotYet(Invalid):
    """A day is asked about that has not come; a command that is told so was used wrongly."""

    exit_status = 2


@dataclass(frozen=True)
class Scanned:
    """How many customers were looked at, and of those silent for too long how many got a case or had one; and how many
    open cases were closed because their customers ordered again."""

    checked: int
    opened: int
    already_open: int
    recovered: int


def scan_churn(session: Session, *, by: Actor, at: datetime, as_of: date | None = None) -> Scanned:
    """Open the cases of a day and close those of customers who ordered again; raises NotYet for a day to come.

    ``at`` is in the company's time zone, and its day counts unless ``as_of`` is given. However many customers there
    are, it takes the same few statements. Of two who scan at the same moment one waits for the other, and so does a
    refresh, so that nobody is warned who has just ordered.
    """
    by.must(CHURN.right(Verb.SCAN))
    if as_of is not None and as_of > at.date():
        raise NotYet({"as_of": Label("This day is still to come.")})
    silence = silence_at(session, at, as_of)
    with system(session, "every customer is looked at, whoever manages it"):
        take_turns(session, CHURN)
        recovered = recover(session, silence, at=at)
        checked = session.scalars(silence.judged()).one()
        already_open = _count_open(session, silence)
        opened = _open(session, silence, by=by, at=at, besides=already_open)
        _tell_managers(session, opened, by=by, at=at)
        found = Scanned(checked, opened.count, already_open, recovered.count)
        told = {"as_of": silence.as_of.isoformat(), **asdict(found)}
        write(session, [{"kind": AuditKind.CHURN_SCAN, "changes": {name: [None, one] for name, one in told.items()}}])
    return found


def _count_open(session: Session, silence: Silence) -> int:
    """How many of the silent have an open case."""
    cases = select(func.count(ChurnCase.id)).where(ChurnCase.status.in_(OPEN), of_normal(silence.is_too_long()))
    return session.scalars(cases).one()


def _open(session: Session, silence: Silence, *, by: Actor, at: datetime, besides: int) -> Moved:
    """A case for each of the silent but those, ``besides`` in number, who have an open one."""
    is_open = select(ChurnCase.id).where(ChurnCase.customer_id == Customer.id, ChurnCase.status.in_(OPEN))
    # To look up what isn't there took SQLite a tenth of the whole: it keeps apart what it reads of a table it writes.
    others = ~is_open.correlate(Customer).exists() if besides else true()
    silent = select(
        Customer.id.label("customer_id"),
        Customer.manager_id,
        literal(silence.as_of, ChurnCase.as_of.type).label("as_of"),
        silence.last_order_on.label("last_order_on"),
    ).where(Customer.status == ACTIVE, silence.is_too_long(), others)
    return CASES.enter_all(session, silent.order_by(Customer.id), WARNED, by=by, at=at)


def _tell_managers(session: Session, opened: Moved, *, by: Actor, at: datetime) -> None:
    if opened.count:
        concerned = select(ChurnCase.manager_id, ChurnCase.customer_id).where(opened.rows)
        tell_of_customers(session, CHURN_WARNED, concerned, by=by, at=at)
