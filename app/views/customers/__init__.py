"""Customers and what is kept of them, on the screen."""

from app.views.customers.contacts import Contacts
from app.views.customers.record import Customers

__all__ = ["Contacts", "Customers"]
