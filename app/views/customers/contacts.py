"""Contacts: the people at a customer."""

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import select

from app.extensions import session
from app.i18n import Label
from app.models.customers import Contact, Customer
from app.security.rights import CONTACTS, Verb
from app.views.customers.tabs import CustomerTab
from app.views.listing import Filter
from app.views.model_view import CrmModelView
from app.views.presentation import Column, Row, kind_of, label_of

CONTACTS_SHOWN = 50


class Contacts(CrmModelView):
    """联系人."""

    route_base = "/contacts"
    datamodel = SQLAInterface(Contact)
    screen = CONTACTS
    list_columns = ("name", "customer", "position", "office_phone", "mobile")
    more_columns = ("gender", "email", "memo")
    needed_relations = ("customer",)
    show_columns = ("customer", "gender", "position", "office_phone", "mobile", "email", "memo")
    order_columns = ("id", "name")
    filters = (Filter("name", Label("Name")),)
    empty_title = Label("No contact yet")

    def responsible_of(self, row: Contact) -> int | None:
        """The customer's."""
        return row.customer.responsible_id


def contact_section(customer: Customer) -> dict[str, Any]:
    """The contacts below a customer, the first fifty."""
    names = ("name", "gender", "position", "office_phone", "mobile")
    view = Contacts.of_application()
    contacts = session().scalars(
        select(Contact).where(Contact.customer_id == customer.id).order_by(Contact.id).limit(CONTACTS_SHOWN)
    )
    rows = [
        Row(
            one.id,
            one.version,
            one.name,
            [view.cell(one, name) for name in names],
            [],
            f"/contacts/show/{one.id}",
        )
        for one in contacts
    ]
    return {
        "template": "crm/related.html",
        "title": Label("Contacts"),
        "columns": [
            Column(name, label_of(Contact, name), kind_of(Contact, name), is_name=name == "name") for name in names
        ],
        "rows": rows,
        "empty": Label("No contact yet"),
    }


CUSTOMER_TAB = CustomerTab("contacts", Label("Contacts"), CONTACTS.right(Verb.SEE), contact_section, place=10)
