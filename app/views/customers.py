"""Customers and contacts on the screen, to look at."""

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import select

from app.extensions import session
from app.i18n import Label
from app.models.basedata import Category
from app.models.customers import Contact, Customer, CustomerStatus
from app.security.rights import CONTACTS, CUSTOMERS, Verb
from app.views.edge import actor
from app.views.listing import EntryFilter, Filter, PersonFilter
from app.views.model_view import CrmModelView
from app.views.presentation import Column, Row, kind_of, label_of
from app.views.printing import PrintedTable

CONTACTS_SHOWN = 50


class Customers(CrmModelView):
    """客户."""

    route_base = "/customers"
    datamodel = SQLAInterface(Customer)
    screen = CUSTOMERS
    list_columns = ("number", "name", "region", "manager", "level", "status")
    more_columns = ("industry", "phone", "address", "website", "legal_representative", "created_on")
    show_columns = (
        "number",
        "status",
        "region",
        "industry",
        "manager",
        "level",
        "phone",
        "address",
        "website",
        "legal_representative",
        "created_on",
        "duplicate_reason",
    )
    order_columns = ("id", "number", "name", "created_on")
    filters = (
        Filter("number", Label("Customer number")),
        Filter("name", Label("Name")),
        EntryFilter("region", Label("Region"), category=Category.REGION),
        PersonFilter("manager", Label("Account manager")),
        EntryFilter("level", Label("Customer level"), category=Category.LEVEL),
    )
    empty_title = Label("No customer yet")
    empty_text = Label("A customer appears here when the development of a sales opportunity succeeds.")

    def base_conditions(self) -> Any:
        """A deleted customer disappears from the list."""
        return (Customer.status != CustomerStatus.DELETED,)

    def sections(self, row: Customer) -> list[Any]:
        """The contacts, for who may see contacts."""
        return [contact_section(row)] if actor().may(CONTACTS.right(Verb.SEE)) else []

    def printed_tables(self, row: Customer) -> list[PrintedTable]:
        """The contacts."""
        return [
            PrintedTable(section["title"], section["columns"], [one.cells for one in section["rows"]])
            for section in self.sections(row)
        ]


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
