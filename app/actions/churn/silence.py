"""When a customer has been silent for too long: counted from its last order, or from when it was won back."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select
from sqlalchemy.orm import Session

from app.actions.settings import CHURN_FROM_CREATION, CHURN_MONTHS, values_of
from app.models.customers import Customer, CustomerStatus
from app.models.orders import NO_RETURN, Order


def cutoff_of(day: date, months: int) -> date:
    """The same day so many calendar months before; where that month has no such day, its last."""
    year, month = divmod(max(day.year * 12 + day.month - 1 - months, 12), 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Silence:
    """What is asked of customers about the orders up to a day; who did nothing since before ``cutoff`` is silent.

    With ``counts_creation`` who never ordered counts from the day it was made, in the company's ``zone``. The day of
    the last order is kept with each customer, so that orders are looked at only of those who ordered after ``as_of``.
    """

    as_of: date
    cutoff: date
    zone: tzinfo | None
    counts_creation: bool

    @property
    def last_order_on(self) -> ColumnElement[date | None]:
        """The day of a customer's last order."""
        looked_up = self._orders(func.max(Order.ordered_on)).scalar_subquery()
        return case((Customer.last_order_on <= self.as_of, Customer.last_order_on), (self._goes_on, looked_up))

    def ordered(self, since: date = date.min) -> ColumnElement[bool]:
        """Whether a customer has ordered since a day."""
        return or_(*self._ordered(since))

    def judged(self) -> Select[int]:
        """How many normal customers can be silent for too long at all: those that ordered, and perhaps the others.

        Each way is counted by itself and without naming a column, so that a database reads nothing but an index.
        """
        ways = (*self._ordered(date.min), self._never_ordered(before=self.as_of + timedelta(days=1)))
        normal = select(func.count()).select_from(Customer).where(Customer.status == CustomerStatus.ACTIVE)
        first, *others = (normal.where(way).scalar_subquery() for way in ways)
        return select(sum(others, start=first))

    def is_too_long(self) -> ColumnElement[bool]:
        """Whether a customer has been silent for too long."""
        has_ordered = or_(
            Customer.last_order_on < self.cutoff, and_(self._goes_on, self.ordered(), ~self.ordered(self.cutoff))
        )
        was_won_back = func.coalesce(Customer.won_back_on >= self.cutoff, false())
        return and_(or_(has_ordered, self._never_ordered(before=self.cutoff)), ~was_won_back)

    def _ordered(self, since: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        """The two ways in which it is known that a customer has ordered, of which one may hold."""
        looked_up = self._orders(Order.id).where(Order.ordered_on >= since).exists()
        return Customer.last_order_on.between(since, self.as_of), and_(self._goes_on, looked_up)

    def _orders(self, what: Any) -> Select[Any]:
        orders = select(what).where(Order.customer_id == Customer.id, NO_RETURN, Order.ordered_on <= self.as_of)
        return orders.correlate(Customer)

    @property
    def _goes_on(self) -> ColumnElement[bool]:
        """Whether orders of a customer lie after the day."""
        return Customer.last_order_on > self.as_of

    def _never_ordered(self, *, before: date) -> ColumnElement[bool]:
        """Whether a customer that was made before a day counts although it never ordered."""
        if not self.counts_creation:
            return false()
        has_none = or_(Customer.last_order_on.is_(None), and_(self._goes_on, ~self.ordered()))
        return and_(has_none, Customer.created_on < datetime.combine(before, time(), self.zone))


def silence_at(session: Session, at: datetime, as_of: date | None = None) -> Silence:
    """What the settings ask at a moment in the company's time zone, about its day unless another is given."""
    values = values_of(session, (CHURN_MONTHS, CHURN_FROM_CREATION))
    day = as_of or at.date()
    cutoff = cutoff_of(day, values[CHURN_MONTHS.key])
    return Silence(day, cutoff, at.tzinfo, bool(values[CHURN_FROM_CREATION.key]))
