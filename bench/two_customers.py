"""Two customers of one company: with one of them much happened, with the other next to nothing."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import Connection, Table, insert, literal, select

from app.clock import now
from app.models import (
    AuditEntry,
    AuditKind,
    Category,
    Contact,
    Customer,
    CustomerMonth,
    CustomerYear,
    DictionaryEntry,
    Interaction,
    Order,
    OrderLine,
    ServiceRequest,
    ServiceRound,
)
from app.models.base import mapper_of
from app.models.orders import ALL_YEARS

#: How many rows of each kind they have, by their external numbers.
BUSY, QUIET = "bench-busy", "bench-quiet"
ROWS = {BUSY: 5_000, QUIET: 5}
TODAY = date(2026, 3, 2)


def add_two_customers(connection: Connection, manager: int) -> None:
    """Both, with contacts, interactions, orders, services and what the audit log tells of each."""
    for place, (external_id, count) in enumerate(ROWS.items()):
        _add(connection, Customer, [_customer(place, external_id, manager)])
        key = connection.scalar(select(_table(Customer).c.id).where(_table(Customer).c.external_id == external_id))
        days = [TODAY - timedelta(days=number % 720) for number in range(count)]
        _relate(connection, int(key or 0), days)


def _customer(place: int, external_id: str, manager: int) -> dict[str, Any]:
    name = f"宁波拓屿自动化有限公司{place}"
    stated = {"number": f"KH00010100000{place}", "name": name, "name_key": name, "status": "active"}
    return {**stated, **_recorded(), "external_id": external_id, "manager_id": manager, "last_order_on": TODAY}


def _recorded() -> dict[str, Any]:
    return {"created_on": now(), "changed_on": now(), "version": 1}


def _relate(connection: Connection, key: int, days: list[date]) -> None:
    own = {"customer_id": key, **_recorded()}
    talk = {**own, "place": "客户现场", "summary": "年度框架价格复谈", "is_followed_up": False}
    _add(connection, Interaction, [{**talk, "happened_on": day} for day in days])
    person = {**own, "gender": "male", "is_first": False, "mobile": "13912345678"}
    _add(connection, Contact, [{**person, "name": f"顾工{place}"} for place, _ in enumerate(days)])
    told = {"kind": AuditKind.CHANGED, "table_name": "customers", "row_id": key, "row_name": "", "person_name": ""}
    told |= {"root_table": "customers", "root_id": key, "address": "", "request_id": "", "reason": ""}
    told |= {"changes": '{"satisfaction": [3, 4]}'}
    _add(connection, AuditEntry, [{**told, "at": datetime(day.year, day.month, day.day, tzinfo=UTC)} for day in days])
    _order(connection, key, days)
    _serve(connection, key, days)


def _order(connection: Connection, key: int, days: list[date]) -> None:
    order = {"customer_id": key, "status": "paid", "source": "bench", "total": Decimal("470000.00")}
    numbered = enumerate(days)
    _add(connection, Order, [{**order, "number": f"B{key}-{place}", "ordered_on": day} for place, day in numbered])
    orders, lines = _table(Order), _table(OrderLine)
    values = {
        "line_no": 1,
        "product_name": "伺服电机 ZK-S75",
        "quantity": 1000,
        "unit_price": 470_000_000,
        "amount": 47_000_000,
    }
    of_customer = select(orders.c.id, *map(literal, values.values())).where(orders.c.customer_id == key)
    connection.execute(insert(lines).from_select(["order_id", *values], of_customer))
    month = {"customer_id": key, "orders": 1, "amount": Decimal("470000.00")}
    firsts = sorted({day.replace(day=1) for day in days})
    _add(connection, CustomerMonth, [{**month, "month": first} for first in firsts])
    of_years = Counter([*(day.year for day in days), *(ALL_YEARS for _ in days)])
    kept = [{"year": year, "orders": count, "amount": Decimal(470_000) * count} for year, count in of_years.items()]
    _add(connection, CustomerYear, [{"customer_id": key, **one} for one in kept])


def _serve(connection: Connection, key: int, days: list[date]) -> None:
    """A request each day, handled and judged on it."""
    entries, requests = _table(DictionaryEntry), _table(ServiceRequest)
    kind = connection.scalar(select(entries.c.id).where(entries.c.category == Category.SERVICE_KIND).limit(1))
    asked = {"customer_id": key, "customer_name": "宁波拓屿自动化有限公司", "kind_id": kind, "summary": "传感器校准"}
    asked |= {"request": "请安排校准", "priority": "normal", "level": 0, "round": 1, "is_overdue_told": False}
    asked |= {"status": "archived", "handling": "已校准", "result": "满意", "satisfaction": 5, "version": 1}
    moments = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days)
    steps = ("created_on", "changed_on", "assigned_on", "handled_on", "archived_on")
    _add(connection, ServiceRequest, [{**asked, **dict.fromkeys(steps, moment)} for moment in moments])
    same = [requests.c[name] for name in ("id", "customer_id", "handling", "result", "satisfaction", "archived_on")]
    names = ["request_id", "customer_id", "handling", "result", "satisfaction", "judged_on", "number"]
    of_customer = select(*same, literal(1)).where(requests.c.customer_id == key)
    connection.execute(insert(_table(ServiceRound)).from_select(names, of_customer))


def _add(connection: Connection, model: type, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(_table(model)), rows)


def _table(model: type) -> Table:
    return cast(Table, mapper_of(model).local_table)
