"""What the cohorts ask the database: who ordered for the first time when, who again when, and after how many days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Integer, case, cast, distinct, extract, func, select

from app.models.customers import Customer
from app.models.orders import NO_RETURN, CustomerMonth, Order
from app.reports.clientele import narrowed
from app.reports.engine import Asked, seconds_of, sum_of
from app.reports.engine.frames import Statement
from app.reports.engine.quantiles import DAY
from app.reports.periods import month_start


def select_orders(asked: Asked) -> Mapping[str, Statement]:
    """The cohorts quarter by quarter, the days between orders, and how many customers have no order."""
    never = select(func.count().label("count")).select_from(Customer)
    return {
        "quarters": by_quarter(asked),
        "gaps": days_between(asked),
        "never": never.where(Customer.last_order_on.is_(None), *narrowed(asked)),
    }


def first_months(asked: Asked) -> Any:
    """The month of the first order of each customer, where that lies in the months of the period."""
    first, period = func.min(CustomerMonth.month), asked["period"]
    statement = (
        select(CustomerMonth.customer_id, first.label("first"))
        .where(CustomerMonth.orders > 0, CustomerMonth.customer_id.in_(select(Customer.id).where(*narrowed(asked))))
        .group_by(CustomerMonth.customer_id)
    )
    if period:
        statement = statement.having(first >= month_start(period.first), first < period.end)
    return statement.subquery()


def by_quarter(asked: Asked) -> Statement:
    """Of each cohort how many customers ordered in each quarter, and for how much; quarters are numbered through."""
    first = first_months(asked)
    cohort, quarter = quarter_of(first.c.first).label("cohort"), quarter_of(CustomerMonth.month).label("quarter")
    ordered = func.count(distinct(case((CustomerMonth.orders > 0, CustomerMonth.customer_id))))
    statement: Statement = select(
        cohort, quarter, ordered.label("customers"), sum_of(CustomerMonth.amount).label("amount")
    )
    return statement.join(first, first.c.customer_id == CustomerMonth.customer_id).group_by(cohort, quarter)


def quarter_of(month: Any) -> ColumnElement[int]:
    """The number of the quarter of a month, counted from year 0."""
    year, number = (cast(extract(part, month), Integer) for part in ("year", "month"))
    return year * 4 + (number - 1) // 3


def days_between(asked: Asked) -> Statement:
    """How often so many days lie between an order and the next one of the same customer; returns are no orders."""
    at = seconds_of(Order.ordered_on)
    before = func.lag(at).over(partition_by=Order.customer_id, order_by=(Order.ordered_on, Order.id))
    gap = (
        select(((at - before) // DAY).label("days"))
        .where(NO_RETURN, Order.customer_id.in_(select(first_months(asked).c.customer_id)))
        .subquery()
    )
    return select(gap.c.days, func.count().label("count")).where(gap.c.days.is_not(None)).group_by(gap.c.days)
