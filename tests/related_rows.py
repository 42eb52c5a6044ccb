"""A customer with as many related rows as a test wants: talks, orders, services, contacts, and what the log tells."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from app.models import (
    AuditEntry,
    AuditKind,
    Category,
    Contact,
    Customer,
    CustomerMonth,
    DictionaryEntry,
    Employee,
    Interaction,
    Order,
    OrderLine,
    ServiceRequest,
    ServiceRound,
)
from app.models.base import mapper_of

FIRST_DAY = date(2026, 3, 2)


def add_rows(session: Session, model: type, rows: list[dict[str, Any]]) -> None:
    """Straight into the table, as copies of the sales system come in."""
    if rows:
        session.connection().execute(insert(cast(Table, mapper_of(model).local_table)), rows)


def new_customer(session: Session) -> Customer:
    """A customer of manager_a with one contact and nothing else."""
    manager = session.scalars(select(Employee).where(Employee.username == "manager_a")).one()
    customer = Customer(number="KH260302000099", name="湖州远澜轴承有限公司", manager=manager)
    customer.contacts.append(Contact(name="骆经理", mobile="13800138000", phone_key="+8613800138000"))
    session.add(customer)
    session.flush()
    return customer


def relate(session: Session, customer: Customer, count: int) -> None:
    """``count`` rows of each kind, a day apart going back, and the kept totals of 24 months."""
    moment, key = datetime(2026, 3, 2, 1, tzinfo=UTC), customer.id
    days = [FIRST_DAY - timedelta(days=number) for number in range(count)]
    recorded = {"customer_id": key, "created_on": moment, "changed_on": moment, "version": 1}
    spoken = {**recorded, "place": "客户现场", "is_followed_up": False}
    add_rows(session, Interaction, [{**spoken, "happened_on": day, "summary": f"交往{day}"} for day in days])
    known = {**recorded, "gender": "male", "is_first": False}
    add_rows(session, Contact, [{**known, "name": f"联系人{number}"} for number in range(count)])
    _order(session, key, days)
    _serve(session, key, days)
    changes = '{"region_id": [1, 2], "manager_id": [1, 2], "parent_id": [1, 2]}'
    told = {**told_of(key), "changes": changes}
    add_rows(session, AuditEntry, [{**told, "at": moment - timedelta(days=number)} for number in range(count)])
    others = [{**told_of(key + 1 + number % 400), "at": moment} for number in range(2 * count)]
    add_rows(session, AuditEntry, others)
    session.connection().exec_driver_sql("ANALYZE")


def told_of(key: int) -> dict[str, Any]:
    """What the log tells of a change of a customer, but for when."""
    told = {"kind": AuditKind.CHANGED, "table_name": "customers", "row_id": key, "row_name": ""}
    told |= {"root_table": "customers", "root_id": key, "changes": "{}"}
    return told | {"person_name": "", "address": "", "request_id": "", "reason": ""}


def _order(session: Session, key: int, days: list[date]) -> None:
    bought = {"customer_id": key, "status": "paid", "source": "test", "total": Decimal("12.50")}
    orders = [{**bought, "number": f"SO{key}-{day}", "ordered_on": day} for day in days]
    add_rows(session, Order, orders)
    line = {"product_name": "伺服电机", "quantity": Decimal(1), "unit_price": Decimal(5), "amount": Decimal(5)}
    keys = session.scalars(select(Order.id).where(Order.customer_id == key))
    add_rows(session, OrderLine, [{**line, "order_id": order, "line_no": no} for order in keys for no in (1, 2)])
    months = sorted({day.replace(day=1) for day in days}, reverse=True)[:24]
    month = {"customer_id": key, "orders": 1, "amount": Decimal("1000.25")}
    add_rows(session, CustomerMonth, [{**month, "month": first} for first in months])


def _serve(session: Session, key: int, days: list[date]) -> None:
    """An archived request each day, handled after two hours and judged after three."""
    moments = [datetime(day.year, day.month, day.day, 1, tzinfo=UTC) for day in days]
    kind = session.scalars(select(DictionaryEntry.id).where(DictionaryEntry.category == Category.SERVICE_KIND)).first()
    asked = {"customer_id": key, "customer_name": "x", "kind_id": kind, "request": "请回电", "status": "archived"}
    asked |= {"handling": "已回电", "result": "满意", "satisfaction": 5, "version": 1, "changed_on": moments[0]}
    add_rows(session, ServiceRequest, [{**asked, "summary": f"请求{one.date()}", **_times(one)} for one in moments])
    statement = select(ServiceRequest.id, ServiceRequest.archived_on).where(ServiceRequest.customer_id == key)
    judged = {"customer_id": key, "number": 1, "handling": "已回电", "result": "满意", "satisfaction": 5}
    found = session.execute(statement.where(~ServiceRequest.rounds.any()))
    add_rows(session, ServiceRound, [{**judged, "request_id": request, "judged_on": at} for request, at in found])


def _times(created: datetime) -> dict[str, datetime]:
    hours = {"created_on": 0, "handled_on": 2, "archived_on": 3}
    return {name: created + timedelta(hours=count) for name, count in hours.items()}
