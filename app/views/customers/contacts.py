"""Contacts: the people at a customer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import select

from app.actions.customers import contacts
from app.clock import now
from app.extensions import session
from app.i18n import Label, gettext
from app.models.customers import Contact, Customer
from app.security.rights import CONTACTS, Verb
from app.views.customers.parts import CustomerPart, table_section
from app.views.customers.tabs import CustomerTab
from app.views.edge import actor, zone
from app.views.listing import Filter
from app.views.presentation import Button
from app.views.search_filters import CustomerFilter


class Contacts(CustomerPart):
    """联系人."""

    route_base = "/contacts"
    datamodel = SQLAInterface(Contact)
    screen = CONTACTS
    tab = "contacts"
    record_label = Label("contact")
    list_columns = ("name", "customer", "position", "office_phone", "mobile")
    more_columns = ("gender", "email", "birthday", "memo")
    show_columns = ("customer", "gender", "position", "office_phone", "mobile", "email", "birthday", "memo")
    order_columns = ("id", "name")
    filters = (Filter("name", Label("Full name")), CustomerFilter("customer", Label("Customer")))
    add_columns = edit_columns = contacts.TYPED_FIELDS
    required_columns = contacts.REQUIRED_FIELDS
    new_label = Label("New contact")
    empty_title = Label("No contact yet")
    empty_text = Label("Contacts are the people at a customer. Open a customer and write down whom to talk to there.")

    def buttons(self, row: Contact) -> list[Button]:
        """The question before deleting says what becomes of the interactions."""
        question = gettext(
            "Delete the contact “%(name)s”? Interactions with this person stay, without naming a contact.", name=row
        )
        return [replace(one, question=question) if one.key == "delete" else one for one in super().buttons(row)]

    def create_for(self, customer: Customer, values: Mapping[str, Any]) -> Contact:
        """A new contact."""
        return contacts.create_contact(session(), customer, values, by=actor(), today=now(zone()).date())

    def update(self, row: Contact, values: Mapping[str, Any], version: int | None) -> None:
        """Change what may be typed."""
        today = now(zone()).date()
        contacts.edit_contact(session(), row, values, by=actor(), today=today, version=version)

    def take_away(self, row: Contact) -> Sequence[str]:
        """Delete one."""
        contacts.delete_contact(session(), row, by=actor())
        return ()


def contact_section(customer: Customer) -> dict[str, Any]:
    """The contacts below a customer, with what their reader may do."""
    statement = select(Contact).where(Contact.customer_id == customer.id).order_by(Contact.id)
    names = ("name", "gender", "position", "office_phone", "mobile", "email")
    return table_section(Contacts.of_application(), customer, statement, names)


CUSTOMER_TAB = CustomerTab("contacts", Label("Contacts"), CONTACTS.right(Verb.SEE), contact_section, place=10)
