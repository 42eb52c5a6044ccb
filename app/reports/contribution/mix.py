"""Of customers who bought more or less: how much came from volume, price and mix (definition 09.11)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, case, cast, func, literal, or_, select, type_coerce

from app.models.orders import Order, OrderLine
from app.reports.contribution.addresses import has_lines
from app.reports.contribution.groups import NONE
from app.reports.contribution.sources import ORDERS
from app.reports.engine import Asked, Period, sum_of
from app.reports.engine.frames import Statement

if TYPE_CHECKING:
    from pandas import DataFrame

#: Of more customers the lines of a page would take too long to read.
MOST_CUSTOMERS = 5_000


@dataclass(frozen=True)
class Effects:
    """How much of a change came from what; together they are exactly the change."""

    volume: int = 0
    price: int = 0
    mix: int = 0

    @property
    def change(self) -> int:
        """All of it."""
        return self.volume + self.price + self.mix


def bought_products(asked: Asked, then: Period, customers: Collection[int]) -> Statement:
    """Amount and quantity of each customer and product now and then, by the key NONE for lines of no product."""
    product = func.coalesce(OrderLine.product_id, NONE).label("product")
    now, before = ORDERS.within(asked["period"]), ORDERS.within(then)
    quantity = type_coerce(OrderLine.quantity, BigInteger)
    columns = [
        expression
        for place, within in ((1, now), (0, before))
        for expression in (
            sum_of(case((within, OrderLine.amount), else_=0)).label(f"amount_{place}"),
            cast(func.sum(case((within, quantity), else_=0)), BigInteger).label(f"quantity_{place}"),
        )
    ]
    statement = select(Order.customer_id.label("customer"), product, *columns).select_from(OrderLine)
    statement = statement.join(Order, OrderLine.order_id == Order.id)
    statement = statement.where(Order.customer_id.in_(customers), or_(now, before))
    statement = statement.where(Order.status == asked["status"]) if asked["status"] else statement
    return statement.group_by(Order.customer_id, "product")


def bought_without_lines(asked: Asked, then: Period, customers: Collection[int]) -> Statement:
    """The same of orders without lines, which have no quantity."""
    now, before = ORDERS.within(asked["period"]), ORDERS.within(then)
    amounts = [
        sum_of(case((within, Order.total), else_=0)).label(f"amount_{place}")
        for place, within in ((1, now), (0, before))
    ]
    nothing = [literal(0).label(name) for name in ("product", "quantity_1", "quantity_0")]
    statement = select(Order.customer_id.label("customer"), *nothing, *amounts)
    statement = statement.where(Order.customer_id.in_(customers), or_(now, before), ~has_lines())
    statement = statement.where(Order.status == asked["status"]) if asked["status"] else statement
    return statement.group_by(Order.customer_id)


def effects_of(bought: DataFrame) -> dict[int, Effects]:
    """The effects of each customer, over what they bought of each product.

    Only a product that was bought in both periods tells volume from price: what its price was times what is bought now.
    Everything else is mix.
    """
    found: dict[int, Effects] = {}
    for row in bought.to_dict("records"):
        customer = int(row["customer"])
        found[customer] = _sum(found.get(customer, Effects()), _of_product(row))
    return found


def _of_product(row: Any) -> Effects:
    before, now = int(row["amount_0"]), int(row["amount_1"])
    quantity_before, quantity_now = int(row["quantity_0"]), int(row["quantity_1"])
    if int(row["product"]) == NONE or quantity_before <= 0 or quantity_now <= 0:
        return Effects(mix=now - before)
    at_old_price = half_up(before * quantity_now, quantity_before)
    return Effects(volume=at_old_price - before, price=now - at_old_price)


def half_up(number: int, divisor: int) -> int:
    """A quotient by a positive number, rounded as amounts are: half a cent away from zero."""
    whole, rest = divmod(abs(number), divisor)
    found = whole + (2 * rest >= divisor)
    return found if number >= 0 else -found


def _sum(one: Effects, other: Effects) -> Effects:
    return Effects(one.volume + other.volume, one.price + other.price, one.mix + other.mix)
