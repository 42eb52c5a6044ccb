"""A small trade of a few customers, for the tests of what reports say of it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.actions.orders import follow
from app.models import Customer, CustomerMonth, CustomerYear, Employee, Order, OrderLine, OrderStatus, Product
from app.security.scope import copying

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 2, 9, tzinfo=ZONE)
#: A product, how many of it, and the amount in yuan.
Line = tuple[Product | None, str, str]


def empty(session: Session) -> None:
    """Nobody ordered anything."""
    with copying(session):
        for model in (OrderLine, Order, CustomerMonth, CustomerYear):
            session.execute(delete(model))


def customers(session: Session, names: Iterable[str], manager: str = "manager_a") -> dict[str, Customer]:
    """New customers of a manager by name."""
    person = session.scalars(select(Employee).where(Employee.username == manager)).one()
    last = len(session.scalars(select(Customer.id)).all())
    found = {
        name: Customer(number=f"KH9901010{place:05}", name=name, manager=person)
        for place, name in enumerate(names, last + 1)
    }
    session.add_all(found.values())
    session.flush()
    return found


def sell(
    session: Session, customer: Customer | None, day: str, total: str = "0", *, lines: Sequence[Line] = (), **more: Any
) -> Order:
    """An order of a day; with lines it comes to these. What is kept of it follows by ``settle``."""
    number = f"T{len(session.scalars(select(Order.id)).all()):06}"
    comes_to = sum((Decimal(amount) for *_, amount in lines), Decimal(0)) if lines else Decimal(total)
    order = Order(number=number, ordered_on=date.fromisoformat(day), total=comes_to, source="test", **more)
    order.customer = customer
    order.status = more.get("status", OrderStatus.PAID)
    for place, (product, quantity, amount) in enumerate(lines, 1):
        values = {"quantity": Decimal(quantity), "unit_price": Decimal(1), "amount": Decimal(amount)}
        order.lines.append(OrderLine(line_no=place, product=product, **values))
    with copying(session):
        session.add(order)
        session.flush()
    return order


def settle(session: Session) -> None:
    """What follows from the orders of everybody."""
    with copying(session):
        follow(session, select(Customer.id), NOW)
    session.flush()
