"""Customers who order again: open cases are closed and lost customers are normal again, by nobody's act."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, String, func, literal, select
from sqlalchemy.orm import Session

from app.actions.churn.life import CASES, CONFIRMED
from app.actions.churn.silence import Silence, silence_at
from app.actions.customers.life import ACTIVE, LIFE, LOST
from app.actions.reminders import tell_of_customers
from app.actions.workflow import Moved
from app.i18n import gettext
from app.models.audit import AuditKind
from app.models.base import day_of
from app.models.churn import ChurnCase
from app.models.customers import Customer
from app.models.history import StatusMove
from app.models.orders import NO_RETURN, Order
from app.models.reminders import CUSTOMER_BACK
from app.security.actor import SYSTEM
from app.security.audit import write_each
from app.security.granting import take_turns
from app.security.rights import CHURN

#: The change of a status as the audit log keeps it.
CHANGES = (
    literal('{"status": ["', String).concat(StatusMove.before).concat('", "').concat(StatusMove.after).concat('"]}')
)


def bring_back(session: Session, customers: Select[int], at: datetime) -> None:
    """What the orders of some customers bring about; ``at`` is in the company's time zone.

    The session works as the system. It waits for a scan that goes on, which would not see these orders.
    """
    take_turns(session, CHURN)
    reason = gettext("Ordered again")
    back = _win_back(session, customers, at, reason)
    if back.count:
        whose = select(Customer.manager_id, Customer.id).where(back.rows)
        tell_of_customers(session, CUSTOMER_BACK, whose, by=SYSTEM, at=at)
        told = select(Customer.id, Customer.name, Customer.id, CHANGES).join(
            StatusMove, StatusMove.row_id == Customer.id
        )
        write_each(session, AuditKind.MOVED, Customer, told.where(back.moves), reason=reason)
    closed = recover(session, silence_at(session, at), at=at, among=customers)
    if closed.count:
        told = select(ChurnCase.id, Customer.name, Customer.id, CHANGES).join(ChurnCase.customer)
        told = told.join(StatusMove, StatusMove.row_id == ChurnCase.id).where(closed.moves)
        write_each(session, AuditKind.MOVED, ChurnCase, told, reason=reason)


def recover(session: Session, silence: Silence, *, at: datetime, among: Select[int] | None = None) -> Moved:
    """Close the open cases of a day's normal customers, or of some among them, who have ordered since its cutoff."""
    condition = of_normal(silence.ordered(silence.cutoff)) & (ChurnCase.as_of <= silence.as_of)
    if among is not None:
        condition &= ChurnCase.customer_id.in_(among)
    return CASES.fire_all(session, "recover", condition, by=SYSTEM, at=at, values={"recovered_on": at})


def of_normal(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a case is of a normal customer who meets a condition; asked of each case, of which there are few."""
    customer = select(Customer.id).where(Customer.id == ChurnCase.customer_id, Customer.status == ACTIVE, condition)
    return customer.correlate(ChurnCase).exists()


def _win_back(session: Session, customers: Select[int], at: datetime, reason: str) -> Moved:
    """Make lost customers normal who ordered on the day they were lost or later; their silence counts from today."""
    order = select(Order.id).where(Order.customer_id == Customer.id, NO_RETURN, Order.ordered_on >= _lost_day(at))
    condition = Customer.id.in_(customers) & order.correlate(Customer).exists()
    values = {"won_back_on": at.date()}
    return LIFE.fire_all(session, "win_back", condition, by=SYSTEM, at=at, values=values, reason=reason)


def _lost_day(at: datetime) -> ColumnElement[date]:
    """The company's day on which the customer was lost: the churn was confirmed, or it came lost from elsewhere."""
    confirmed = select(func.max(ChurnCase.confirmed_on)).where(
        ChurnCase.customer_id == Customer.id, ChurnCase.status == CONFIRMED
    )
    came = select(func.max(StatusMove.at)).where(
        StatusMove.kind == Customer.__tablename__, StatusMove.row_id == Customer.id, StatusMove.after == LOST
    )
    moments = (one.correlate(Customer).scalar_subquery() for one in (confirmed, came))
    return day_of(func.coalesce(*moments), at.tzinfo)
