"""The way from a figure to the records behind it: addresses of lists, and the conditions those stand for."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from app.models.customers import Customer
from app.models.orders import Order, OrderLine, OrderStatus
from app.reports.engine import Asked, Period, rows_at

#: What stands in the address of the customers' list for orders of either status.
ANY = "any"


def orders_href(asked: Asked, period: Period | None, key: int | None = None, **more: str) -> str:
    """The orders of a group in a period, of all groups without a key."""
    group = {} if key is None else {"of": f"{asked['by'].value}:{key}"}
    return rows_at("/orders/list/", {"customer": asked["name"], **group, **_days(period), **_status(asked), **more})


def unmatched_href(asked: Asked, period: Period | None) -> str:
    """The orders of a period that belong to no known customer."""
    return rows_at("/unmatched-orders/list/", {**_days(period), **_status(asked)})


def silent_href(asked: Asked) -> str:
    """The customers without an order in the period."""
    status = asked["status"].value if asked["status"] else ANY
    days = {f"without_{name}": value for name, value in _days(asked["period"]).items()}
    return rows_at("/customers/list/", {"name": asked["name"], "without_order": status, **days})


def _days(period: Period | None) -> dict[str, str]:
    if period is None:
        return {}
    return {"ordered_on_from": period.first.isoformat(), "ordered_on_to": period.last.isoformat()}


def _status(asked: Asked) -> dict[str, str]:
    return {"status": asked["status"].value} if asked["status"] else {}


# ---- what the lists understand by it ----------------------------------------------------------------------


def has_no_order(within: ColumnElement[bool], status: OrderStatus | None) -> ColumnElement[bool]:
    """The condition that a customer has no order of a period, or none of a status."""
    orders = select(Order.id).where(Order.customer_id == Customer.id, within).correlate(Customer)
    return ~(orders.where(Order.status == status) if status else orders).exists()


def has_lines() -> ColumnElement[bool]:
    """The condition that an order has lines, so that it does not count by what the source said."""
    return select(OrderLine.id).where(OrderLine.order_id == Order.id).correlate(Order).exists()
