"""From which rows the contribution is summed up: the fewest that know what is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, true

from app.i18n import Choice, Label
from app.models.customers import Customer
from app.models.orders import ALL_YEARS, CustomerMonth, CustomerYear, Order, OrderLine
from app.reports.contribution.addresses import has_lines, has_no_order
from app.reports.contribution.groups import NONE, By, key_of
from app.reports.engine import Asked, Period, cents, sum_of
from app.reports.engine.asking import FIRST_YEAR, LAST_YEAR
from app.reports.engine.frames import Statement
from app.search import found_by

#: Of so many days the orders are found by the index on days.
MOST_DAYS_BY_INDEX = 92


class Compare(Choice):
    """What a period is compared with."""

    BEFORE = "before", Label("The period before")
    NONE = "none", Label("No comparison")


@dataclass(frozen=True)
class Source:
    """Rows that say what customers bought; ``within`` is the condition that one is of a period (None: of all time)."""

    model: Any
    customer: Any
    amount: Any
    within: Callable[[Period | None], ColumnElement[bool]]
    #: How many orders a row stands for; None where rows and orders are not the same.
    orders: Any = None


def _in_days(column: Any) -> Callable[[Period | None], ColumnElement[bool]]:
    return lambda period: and_(column >= period.first, column < period.end) if period else true()


def _is_year(period: Period | None) -> ColumnElement[bool]:
    return CustomerYear.year == (period.year if period else ALL_YEARS)


YEARS = Source(CustomerYear, CustomerYear.customer_id, CustomerYear.amount, _is_year, CustomerYear.orders)
MONTHS = Source(CustomerMonth, CustomerMonth.customer_id, CustomerMonth.amount, _in_days(CustomerMonth.month))
ORDERS = Source(Order, Order.customer_id, Order.total, _in_days(Order.ordered_on), literal(1))
LINES = Source(OrderLine, Order.customer_id, OrderLine.amount, _in_days(Order.ordered_on))


def source_of(asked: Asked) -> Source:
    """Kept years where whole years are asked for, kept months for whole months; else orders, and lines for products."""
    periods = [one for one in (asked["period"], before(asked)) if one]
    if asked["by"] is By.PRODUCT:
        return LINES
    if asked["status"] or not all(one.is_of_months for one in periods):
        return ORDERS
    return YEARS if all(one.year for one in periods) else MONTHS


def before(asked: Asked) -> Period | None:
    """The period that is compared with; there is none before all time or before a period without a beginning or end."""
    period: Period | None = asked["period"]
    if (
        asked["compare"] is Compare.NONE
        or period is None
        or period.first.year == FIRST_YEAR
        or period.end.year == LAST_YEAR
    ):
        return None
    return period.before()


def is_ranked_already(asked: Asked) -> bool:
    """Whether the rows asked for stand in the index of the kept years, the largest first."""
    return asked["by"] is By.CUSTOMER and source_of(asked) is YEARS and before(asked) is None


# ---- statements -----------------------------------------------------------------------------------------


def amounts(asked: Asked) -> Statement:
    """What each group bought in the period and in the one before, and how many rows say so.

    The columns are key, amount, rows, previous and rows_before; the last two only with a comparison. The rows of
    a source that knows its orders are counted by these.
    """
    source = source_of(asked)
    key = _group(source, asked["by"])
    now, then, is_scanned = source.within(asked["period"]), before(asked), _is_scanned(source, asked)
    columns = [key.label("key"), *_sums(source, now if then or is_scanned else None, ("amount", "rows"))]
    columns += _sums(source, source.within(then), ("previous", "rows_before")) if then else []
    wanted = or_(now, source.within(then)) if then else now
    statement = _from(source, asked, *columns).group_by("key")
    return statement if is_scanned else statement.where(wanted)


def _is_scanned(source: Source, asked: Asked) -> bool:
    """Whether all orders are gone through in the order of their customers: a database would take the index on days.

    That one is quicker for few days alone. What lies in other days counts as nothing, with no row.
    """
    period = asked["period"]
    return source is ORDERS and period is not None and (period.end - period.first).days > MOST_DAYS_BY_INDEX


def _sums(source: Source, where: ColumnElement[bool] | None, names: tuple[str, str]) -> list[ColumnElement[int]]:
    amount: Any = source.amount
    one: Any = literal(1) if source.orders is None else source.orders
    if where is not None:
        amount, one = case((where, amount), else_=0), case((where, one), else_=0)
    return [sum_of(amount).label(names[0]), func.sum(one).label(names[1])]


def _group(source: Source, by: By) -> ColumnElement[int]:
    if by is By.CUSTOMER:
        return source.customer  # type: ignore[no-any-return]
    return func.coalesce(OrderLine.product_id, NONE) if by is By.PRODUCT else key_of(by)


def _from(source: Source, asked: Asked, *columns: Any) -> Statement:
    """A select from a source, narrowed by everything but the period; it joins what is needed and no more."""
    statement = select(*columns).select_from(source.model)
    if source is LINES:
        statement = statement.join(Order, OrderLine.order_id == Order.id)
    if source in (ORDERS, LINES):
        statement = statement.where(Order.customer_id.is_not(None))
    if asked["status"]:
        statement = statement.where(Order.status == asked["status"])
    if asked["name"] or asked["by"] not in (By.CUSTOMER, By.PRODUCT):
        statement = statement.join(Customer, source.customer == Customer.id)
    return statement.where(*found_by(Customer, asked["name"])) if asked["name"] else statement


def without_lines(asked: Asked) -> Statement:
    """The same of orders without lines, which count by their totals; of no product."""
    now, then = ORDERS.within(asked["period"]), before(asked)
    columns = [literal(NONE).label("key"), *_sums(ORDERS, now if then else None, ("amount", "rows"))]
    columns += _sums(ORDERS, ORDERS.within(then), ("previous", "rows_before")) if then else []
    wanted = or_(now, ORDERS.within(then)) if then else now
    return _from(ORDERS, asked, *columns).where(wanted, ~has_lines()).having(func.count() > 0)


def ranked(asked: Asked) -> Statement:
    """Key and amount of each customer from the kept years, the largest first, of equal ones the older."""
    columns = (CustomerYear.customer_id.label("key"), cents(CustomerYear.amount).label("amount"))
    statement = _from(YEARS, asked, *columns).where(_is_year(asked["period"]))
    return statement.order_by(CustomerYear.amount.desc(), CustomerYear.customer_id)


def head(asked: Asked) -> Statement:
    """Of the same: how many there are, what they bought in how many orders, and the least of it."""
    count, total = func.count().label("count"), sum_of(CustomerYear.amount).label("total")
    orders = func.coalesce(func.sum(CustomerYear.orders), 0).label("orders")
    least = func.coalesce(func.min(cents(CustomerYear.amount)), 0).label("least")
    return _from(YEARS, asked, count, total, orders, least).where(_is_year(asked["period"]))


def basis(asked: Asked) -> dict[str, Statement]:
    """The orders of nobody in the period, and customers: all, or where rows are no customers those without an order."""
    customers = select(func.count(Customer.id))
    if asked["by"] is not By.CUSTOMER:
        customers = customers.where(has_no_order(ORDERS.within(asked["period"]), asked["status"]))
    if asked["name"]:
        customers = customers.where(*found_by(Customer, asked["name"]))
    return {"unmatched": unmatched(asked, asked["period"]), "customers": customers}


def unmatched(asked: Asked, period: Period | None) -> Statement:
    """How many orders of a period are nobody's; of a name that is looked for none is.

    There are few, so the index on them shall serve, and not that on days: hence no condition on these.
    """
    is_meant = and_(ORDERS.within(period), literal(not asked["name"]))
    if asked["status"]:
        is_meant = and_(is_meant, Order.status == asked["status"])
    number = func.coalesce(func.sum(case((is_meant, 1), else_=0)), 0)
    return select(number.label("number")).where(Order.customer_id.is_(None))


def orders_in(asked: Asked, period: Period | None, *, lines: bool | None = None) -> Statement:
    """How many orders of customers there are in a period, of all or of those with or without lines."""
    narrowing = replace(asked, values={**asked.values, "by": By.CUSTOMER})
    statement = _from(ORDERS, narrowing, func.count(Order.id).label("number")).where(ORDERS.within(period))
    return statement if lines is None else statement.where(has_lines() if lines else ~has_lines())
