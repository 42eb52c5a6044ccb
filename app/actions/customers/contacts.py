"""Contacts of a customer: what is checked of them, and who writes them."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from marshmallow import ValidationError, validate
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.actions.customers.keeping import keeping
from app.actions.phones import phone_key, read_phone
from app.actions.workflow import refuse_stale
from app.errors import Invalid
from app.i18n import Label
from app.models.customers import Contact, Customer
from app.models.interactions import Interaction
from app.security.actor import Actor
from app.security.rights import CONTACTS, Verb
from app.security.scope import system

#: What a person types, in the order of the form.
TYPED_FIELDS = ("name", "gender", "position", "office_phone", "mobile", "email", "birthday", "memo")
#: What the form asks for beyond what the table does.
REQUIRED_FIELDS = ("position", "office_phone")


def create_contact(
    session: Session, customer: Customer, values: Mapping[str, Any], *, by: Actor, today: date
) -> Contact:
    """A new contact of the typed ``values``."""
    with keeping(session, customer, CONTACTS.right(Verb.CREATE), by=by):
        contact = Contact(customer=customer)
        fill_contact(contact, values, today=today)
        session.add(contact)
    return contact


def edit_contact(
    session: Session, contact: Contact, values: Mapping[str, Any], *, by: Actor, today: date, version: int | None
) -> None:
    """Change what may be typed."""
    with keeping(session, contact.customer, CONTACTS.right(Verb.EDIT), by=by):
        refuse_stale(session, contact, version)
        fill_contact(contact, values, today=today)


def delete_contact(session: Session, contact: Contact, *, by: Actor) -> None:
    """Delete a contact. Its interactions stay, without a contact."""
    with keeping(session, contact.customer, CONTACTS.right(Verb.DELETE), by=by):
        with system(session, "the interactions of this one contact are left without it, by one statement"):
            session.execute(
                update(Interaction)
                .where(Interaction.contact_id == contact.id)
                .values(contact_id=None, version=Interaction.version + 1)
                .execution_options(synchronize_session=False)
            )
        session.delete(contact)


# ---- checks -------------------------------------------------------------------------------------------


def fill_contact(contact: Contact, values: Mapping[str, Any], *, today: date) -> None:
    """Write the typed ``values``, phone numbers in their normal form; raises Invalid with every fault."""
    faults: dict[str, Any] = {}
    for name in TYPED_FIELDS:
        value = values.get(name)
        try:
            checked = CHECKS[name](value, today) if value and name in CHECKS else value
        except Invalid as refusal:
            faults |= refusal.fields
        else:
            if name in values:
                setattr(contact, name, checked)
    if faults:
        raise Invalid(faults)
    contact.phone_key = phone_key(contact.mobile or contact.office_phone)


def _office_phone(text: str, _today: date) -> str:
    return read_phone(text, "office_phone").text


def _mobile(text: str, _today: date) -> str:
    phone = read_phone(text, "mobile")
    if not phone.is_mobile:
        raise Invalid(
            {"mobile": Label("This is a landline, not a mobile number: please write it as the office phone.")}
        )
    return phone.text


def _email(text: str, _today: date) -> str:
    try:
        validate.Email()(text)
    except ValidationError:
        raise Invalid({"email": Label("This is not a mail address.")}) from None
    return text


def _birthday(day: date, today: date) -> date:
    if day > today:
        raise Invalid({"birthday": Label("A birthday cannot lie in the future.")})
    return day


#: What is asked of the fields beyond their type; each returns what is kept.
CHECKS: Mapping[str, Callable[[Any, date], Any]] = {
    "office_phone": _office_phone,
    "mobile": _mobile,
    "email": _email,
    "birthday": _birthday,
}
