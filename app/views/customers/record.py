"""The customer on the screen."""

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface

from app.i18n import Label
from app.models.basedata import Category
from app.models.customers import Customer, CustomerStatus
from app.security.rights import CONTACTS, CUSTOMERS, Verb
from app.views.customers.contacts import contact_section
from app.views.customers.page import CustomerPage
from app.views.edge import actor
from app.views.listing import EntryFilter, Filter, PersonFilter
from app.views.printing import PrintedTable


class Customers(CustomerPage):
    """客户."""

    route_base = "/customers"
    datamodel = SQLAInterface(Customer)
    screen = CUSTOMERS
    list_columns = ("number", "name", "region", "manager", "level", "status")
    more_columns = ("industry", "phone", "address", "website", "legal_representative", "created_on")
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

    def printed_tables(self, row: Customer) -> list[PrintedTable]:
        """The contacts, for who may see contacts."""
        if not actor().may(CONTACTS.right(Verb.SEE)):
            return []
        section = contact_section(row)
        return [PrintedTable(section["title"], section["columns"], [one.cells for one in section["rows"]])]
