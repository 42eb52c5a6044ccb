"""Customers: how they come to be, and what may be done with them."""

from app.actions.customers.births import (
    add_contact,
    contact_of,
    customers_named,
    exists_out_of_sight,
    make_customer,
    next_number,
)
from app.actions.customers.transfer import MANAGED

__all__ = [
    "MANAGED",
    "add_contact",
    "contact_of",
    "customers_named",
    "exists_out_of_sight",
    "make_customer",
    "next_number",
]
