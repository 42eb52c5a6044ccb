"""Customers: who has the same name, and how one is born from an opportunity."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import case, func, literal, select
from sqlalchemy.orm import Session, joinedload

from app.actions.customers.numbers import next_number
from app.actions.phones import read_phone
from app.errors import Invalid
from app.models.customers import Contact, Customer, CustomerStatus
from app.models.marketing import Opportunity
from app.models.names import name_key
from app.security.scope import system


def customers_named(session: Session, name: str) -> Sequence[Customer]:
    """The customers in sight whose name is equal to ``name`` (definition 09.12)."""
    statement = (
        select(Customer)
        .where(Customer.name_key == name_key(name), Customer.status != CustomerStatus.DELETED)
        .options(joinedload(Customer.manager))
        .order_by(Customer.id)
        .limit(20)
    )
    return session.scalars(statement).all()


def exists_out_of_sight(session: Session, name: str) -> bool:
    """Whether a customer of that name exists that the session's actor does not see."""
    statement = select(func.count(Customer.id)).where(
        Customer.name_key == name_key(name), Customer.status != CustomerStatus.DELETED
    )
    seen = session.scalar(statement)
    with system(session, "only whether there are more is told, not which"):
        return bool(session.scalar(statement) != seen)


def make_customer(session: Session, opportunity: Opportunity, day: date, reason: str | None) -> Customer:
    """The customer that a succeeded opportunity brings, with its first contact; not flushed."""
    customer = Customer(
        number=next_number(session, day),
        name=opportunity.customer_name,
        manager_id=opportunity.assignee_id,
        region_id=opportunity.region_id,
        industry_id=opportunity.industry_id,
        status=CustomerStatus.ACTIVE,
        duplicate_reason=reason,
    )
    session.add(customer)
    contact = contact_of(opportunity)
    if contact is not None:
        contact.is_first = True
        customer.contacts.append(contact)
        customer.phone_key = contact.phone_key
    return customer


def add_contact(session: Session, customer: Customer, opportunity: Opportunity) -> None:
    """Add the opportunity's contact to an existing customer unless it has one of that name and phone."""
    contact = contact_of(opportunity)
    if contact is None:
        return
    is_known = session.scalar(
        select(literal(1))
        .where(
            Contact.customer_id == customer.id,
            Contact.name == contact.name,
            case((Contact.phone_key.is_(None), ""), else_=Contact.phone_key) == (contact.phone_key or ""),
        )
        .limit(1)
    )
    if not is_known:
        customer.contacts.append(contact)


def contact_of(opportunity: Opportunity) -> Contact | None:
    """The contact an opportunity names; its phone is the mobile if it is one, else the office phone."""
    if not opportunity.contact_name:
        return None
    contact = Contact(name=opportunity.contact_name, phone_key=opportunity.phone_key)
    phone = opportunity.contact_phone
    if phone and _is_mobile(phone):
        contact.mobile = phone
    else:
        contact.office_phone = phone
    return contact


def _is_mobile(phone: str) -> bool:
    try:
        return read_phone(phone).is_mobile
    except Invalid:
        return False
