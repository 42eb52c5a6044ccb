"""Who works on the same company already: customers and open opportunities of an equal name or phone."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from app.actions.marketing import ASSIGNED, UNASSIGNED
from app.actions.phones import phone_key
from app.models.customers import Contact, Customer, CustomerStatus
from app.models.marketing import Opportunity
from app.models.names import name_key
from app.models.org import Employee


@dataclass(frozen=True)
class Alike:
    """Something like what is being typed: what it is, whose, and in which way it is alike."""

    row: Customer | Opportunity
    holder: Employee | None
    same_name: bool


def alike(session: Session, name: str, phone: str | None, *, besides: int | None = None) -> list[Alike]:
    """Customers and open opportunities in sight with an equal name or phone, ten at most of each."""
    key, number = name_key(name), phone_key(phone)
    if not key and not number:
        return []
    customers = session.scalars(
        select(Customer)
        .where(_same_customer(key, number), Customer.status != CustomerStatus.DELETED)
        .options(joinedload(Customer.manager))
        .order_by(Customer.id.desc())
        .limit(10)
    )
    opportunities = session.scalars(
        select(Opportunity)
        .where(
            _equal(Opportunity, key, number),
            Opportunity.status.in_((UNASSIGNED, ASSIGNED)),
            Opportunity.id != (besides or 0),
        )
        .options(joinedload(Opportunity.assignee), joinedload(Opportunity.created_by))
        .order_by(Opportunity.id.desc())
        .limit(10)
    )
    found = [Alike(row, row.manager, row.name_key == key) for row in customers]
    return found + [Alike(row, row.assignee or row.created_by, row.name_key == key) for row in opportunities]


def _same_customer(key: str, number: str | None) -> Any:
    of_contact = select(Contact.customer_id).where(Contact.phone_key == number)
    return or_(_equal(Customer, key, number), Customer.id.in_(of_contact)) if number else _equal(Customer, key, number)


def _equal(model: Any, key: str, number: str | None) -> Any:
    conditions = [model.name_key == key] if key else []
    return or_(*conditions, *([model.phone_key == number] if number else []))
