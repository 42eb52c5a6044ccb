"""Orders: whose they are, and what is kept of them per customer: totals of months and years, the day of the last one.

Statements here work on many rows at once, and on rows that nobody sees yet, so their session works as the system.
``at`` is a moment in the company's time zone, whose day is today.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Date,
    Integer,
    Select,
    and_,
    case,
    cast,
    delete,
    extract,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from app.actions.churn.returns import bring_back
from app.errors import Invalid
from app.i18n import Label
from app.models.base import rows_hit
from app.models.customers import Customer, CustomerStatus
from app.models.orders import ALL_YEARS, NO_RETURN, CustomerMonth, CustomerYear, Order, OrderLine
from app.models.sales_system import CustomerAlias
from app.security.actor import Actor
from app.security.rights import SALES_SYSTEM, Verb
from app.security.scope import copying, system

#: A select of keys of rows.
Keys: TypeAlias = Select[int]

IS_THERE = Customer.status != CustomerStatus.DELETED
UNSYNCHRONISED = {"synchronize_session": False}
#: So many values stand in one statement.
BATCH = 500


# ---- whose an order is --------------------------------------------------------------------------------


def found_customer(number: Any, key: Any) -> ColumnElement[int | None]:
    """The customer whom an order's customer ``number`` and name ``key`` mean, both columns; NULL without exactly one.

    What a person said by hand goes before the number, and the number before the name. Who was deleted is not found.
    """
    alias = select(CustomerAlias.customer_id).join(CustomerAlias.customer).where(IS_THERE)
    ways = (
        alias.where(CustomerAlias.customer_number == number),
        select(Customer.id).where(Customer.number == number, IS_THERE),
        select(Customer.id).where(Customer.external_id == number, IS_THERE),
        alias.where(CustomerAlias.customer_key == key),
        select(func.min(Customer.id)).where(Customer.name_key == key, IS_THERE).having(func.count() == 1),
    )
    return func.coalesce(*(way.correlate(number.table, key.table).scalar_subquery() for way in ways))


def match_orders_of(session: Session, customers: Sequence[Customer], *, at: datetime) -> int:
    """Give the unmatched orders of customers that came to be, came back or got another name to them.

    Flushes; returns how many orders that were.
    """
    session.flush()
    count = 0
    with system(session, "an order that is nobody's yet is in nobody's sight"):
        for start in range(0, len(customers), BATCH):
            count += _match(session, _may_be_of(customers[start : start + BATCH]), at)
    return count


def _may_be_of(customers: Sequence[Customer]) -> ColumnElement[bool]:
    numbers = {text for one in customers for text in (one.number, one.external_id) if text}
    keys = {one.name_key for one in customers}
    return or_(Order.customer_number.in_(numbers), Order.customer_key.in_(keys))


def _match(session: Session, condition: ColumnElement[bool], at: datetime) -> int:
    """Match the unmatched orders of a condition, as far as they mean exactly one customer."""
    found = found_customer(Order.customer_number, Order.customer_key)
    meant = select(Order.id, found.label("customer_id")).where(Order.customer_id.is_(None), condition)
    pairs = [(order, customer) for order, customer in session.execute(meant) if customer is not None]
    customers = sorted({customer for _, customer in pairs})
    with copying(session):
        for customer in customers:
            _give(session, [order for order, whose in pairs if whose == customer], customer)
        for start in range(0, len(customers), BATCH):
            follow(session, select(Customer.id).where(Customer.id.in_(customers[start : start + BATCH])), at)
    return len(pairs)


def _give(session: Session, orders: Sequence[int], customer: int) -> None:
    for start in range(0, len(orders), BATCH):
        statement = update(Order).where(Order.id.in_(orders[start : start + BATCH])).values(customer_id=customer)
        session.execute(statement, execution_options=UNSYNCHRONISED)


def match_by_hand(session: Session, order: Order, customer: Customer, *, by: Actor, at: datetime) -> int:
    """Say that an unmatched order, and all that name their customer as it does, are this customer's, now and later.

    Returns how many orders that were.
    """
    by.must(SALES_SYSTEM.right(Verb.MATCH))
    if customer.status is CustomerStatus.DELETED:
        raise Invalid({"customer": Label("This customer was deleted.")})
    if order.customer_id is not None:
        raise Invalid({"order": Label("This order has a customer already.")})
    with system(session, "an order that is nobody's yet is in nobody's sight"):
        by_number = order.customer_number is not None
        said = CustomerAlias.customer_number if by_number else CustomerAlias.customer_key
        value = order.customer_number if by_number else order.customer_key
        alias = session.scalar(select(CustomerAlias).where(said == value)) or CustomerAlias(**{said.key: value})
        alias.customer = customer
        session.add(alias)
        session.flush()
        same = Order.customer_number == value if by_number else Order.customer_key == value
        return _match(session, same, at)


# ---- what is kept -------------------------------------------------------------------------------------


def month_of(session: Session, day: Any) -> ColumnElement[Any]:
    """The first day of the month of a column with dates."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(func.date_trunc("month", day), Date)
    return func.date(day, "start of month", type_=Date)


def keep_months(session: Session, customers: Keys, _at: datetime) -> None:
    """Work the month totals of some customers out anew."""
    session.execute(
        delete(CustomerMonth).where(CustomerMonth.customer_id.in_(customers)), execution_options=UNSYNCHRONISED
    )
    names = ("customer_id", "month", "orders", "amount")
    anew = months(session).where(Order.customer_id.in_(customers)).order_by("customer_id", "month")
    session.execute(insert(CustomerMonth).from_select(names, anew))


def months(session: Session) -> Select[Any]:
    """The month totals of all customers, as their orders say."""
    month = month_of(session, Order.ordered_on)
    count = func.sum(case((NO_RETURN, 1), else_=0))
    totals = select(
        Order.customer_id, month.label("month"), count.label("orders"), func.sum(Order.total).label("amount")
    )
    return totals.where(Order.customer_id.is_not(None)).group_by(Order.customer_id, month)


def keep_years(session: Session, customers: Keys, _at: datetime) -> None:
    """Work the year totals of some customers out anew."""
    session.execute(
        delete(CustomerYear).where(CustomerYear.customer_id.in_(customers)), execution_options=UNSYNCHRONISED
    )
    names = ("customer_id", "year", "orders", "amount")
    anew = years(Order.customer_id.in_(customers)).order_by("customer_id", "year")
    session.execute(insert(CustomerYear).from_select(names, anew))


def years(*conditions: ColumnElement[bool]) -> CompoundSelect[Any]:
    """The totals of customers by year and of all years, as their orders say."""
    year = cast(extract("year", Order.ordered_on), Integer)
    totals = [
        select(
            Order.customer_id, one.label("year"), func.count().label("orders"), func.sum(Order.total).label("amount")
        )
        .where(Order.customer_id.is_not(None), *conditions)
        .group_by(Order.customer_id, *groups)
        for one, groups in ((year, (year,)), (literal(ALL_YEARS), ()))
    ]
    return union_all(*totals)


def keep_last_orders(session: Session, customers: Keys, _at: datetime) -> None:
    """Keep the day of each customer's last order that is no return; that is no change of the customer's record."""
    concerned = customers.subquery()
    key = concerned.c[0]
    days = select(key.label("id"), func.max(Order.ordered_on).label("day")).select_from(
        concerned.outerjoin(Order, and_(Order.customer_id == key, NO_RETURN))
    )
    last = days.group_by(key).subquery()
    statement = update(Customer).where(Customer.id == last.c.id, Customer.last_order_on.is_distinct_from(last.c.day))
    session.execute(statement.values(last_order_on=last.c.day), execution_options=UNSYNCHRONISED)


def last_order_of(customer: Any) -> ColumnElement[Any]:
    """The day of the last order of a customer that is no return, as his orders say."""
    last = select(func.max(Order.ordered_on)).where(Order.customer_id == customer, NO_RETURN)
    return last.correlate(Customer).scalar_subquery()


def total_of_lines() -> ColumnElement[Any]:
    """What an order comes to: the sum of its lines, without any what the source said."""
    lines = select(func.sum(OrderLine.amount)).where(OrderLine.order_id == Order.id).correlate(Order).scalar_subquery()
    return func.coalesce(lines, Order.stated_total, 0)


def keep_order_totals(session: Session, orders: Keys) -> int:
    """Work the totals of some orders out anew; returns how many are different now."""
    total = total_of_lines()
    statement = update(Order).where(Order.id.in_(orders), Order.total != total).values(total=total)
    return rows_hit(session, statement.execution_options(**UNSYNCHRONISED))


#: What follows, in this order, when orders of some customers came, changed or went.
FOLLOWERS: tuple[Callable[[Session, Keys, datetime], None], ...] = (
    *(keep_months, keep_years, keep_last_orders),
    bring_back,
)


def follow(session: Session, customers: Keys, at: datetime) -> None:
    """Do what follows from changes of the orders of some customers, in the same transaction."""
    for follower in FOLLOWERS:
        follower(session, customers, at)
