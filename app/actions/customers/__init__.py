"""Customers: how they come to be, and what may be done with them."""

from app.actions.customers.births import (
    add_contact,
    contact_of,
    customers_named,
    exists_out_of_sight,
    make_customer,
)
from app.actions.customers.contacts import create_contact, delete_contact, edit_contact, fill_contact
from app.actions.customers.keeping import check_keeper, keeping, may_keep
from app.actions.customers.numbers import next_number
from app.actions.customers.transfer import MANAGED

__all__ = [
    "MANAGED",
    "add_contact",
    "check_keeper",
    "contact_of",
    "create_contact",
    "customers_named",
    "delete_contact",
    "edit_contact",
    "exists_out_of_sight",
    "fill_contact",
    "keeping",
    "make_customer",
    "may_keep",
    "next_number",
]
