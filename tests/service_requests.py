"""Service requests for tests, as somebody would have written them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.actions.basedata import find_entry
from app.models import Category, Customer, Employee, Priority, ServiceRequest, ServiceStatus

SHANGHAI = ZoneInfo("Asia/Shanghai")


def moment(text):
    """A moment of the company's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def person(session, username):
    """One of the cast."""
    return session.scalars(select(Employee).where(Employee.username == username)).one()


def request_of(session, *, created="2026-03-02 10:00", assigned=None, to="manager_a", kind="投诉", **more):
    """A request of the first customer; with ``assigned`` it is that person's."""
    customer = session.scalars(select(Customer).order_by(Customer.id)).first()
    values = {
        "kind": find_entry(session, Category.SERVICE_KIND, kind),
        "summary": "传感器批次漂移",
        "request": "十月到货的一批温度传感器读数漂移，要求换货。",
        "customer": customer,
        "customer_name": customer.name,
        "priority": Priority.NORMAL,
        "created_by": person(session, "supervisor"),
        "created_on": moment(created),
        "status": ServiceStatus.CREATED,
    }
    if assigned:
        values |= {"status": ServiceStatus.ASSIGNED, "assignee": person(session, to), "assigned_on": moment(assigned)}
    row = ServiceRequest(**{**values, **more})
    session.add(row)
    session.flush()
    return row
