"""The plain Flask-AppBuilder application: ``ModelView`` with the documented defaults, over the same tables.

Columns, filters, page size and order are those of our screens. Relations to large tables are left out of its
search and forms, where it would load the whole table as choices and be no measure at all.
"""

# ruff: noqa: RUF012  (lists in classes are how the framework is configured)

import sqlite3
from typing import Any

import matplotlib  # noqa: F401  (as any application that draws reports)
import pandas  # noqa: F401  # likewise
from flask import Flask
from flask_appbuilder import AppBuilder, ModelView
from flask_appbuilder.models.sqla.base import SQLA
from flask_appbuilder.models.sqla.filters import FilterNotEqual
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bench.stock_models import Contact, Customer, Opportunity, Order, ServiceRequest

TYPED = [
    "source",
    "customer_name",
    "probability",
    "summary",
    "contact_name",
    "contact_phone",
    "description",
    "region",
    "industry",
    "expected_amount",
    "expected_close_on",
]


class Pipeline(ModelView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """What both screens over opportunities share."""

    datamodel = SQLAInterface(Opportunity)
    add_columns = TYPED
    edit_columns = TYPED
    base_order = ("created_on", "desc")
    search_columns = [
        "customer_name",
        "summary",
        "contact_name",
        "status",
        "assignee",
        "region",
        "industry",
        "created_on",
        "expected_amount",
    ]
    show_columns = [
        "summary",
        "probability",
        "expected_amount",
        "contact_name",
        "contact_phone",
        "source",
        "expected_close_on",
        "region",
        "industry",
        "assignee",
        "assigned_on",
        "created_by",
        "created_on",
        "customer",
        "close_reason",
        "description",
    ]


class Opportunities(Pipeline):
    """Every opportunity."""

    list_columns = [
        "id",
        "customer_name",
        "summary",
        "contact_name",
        "contact_phone",
        "expected_amount",
        "status",
        "created_on",
    ]


class Plans(Pipeline):
    """What is being developed."""

    list_columns = [
        "id",
        "customer_name",
        "summary",
        "contact_name",
        "contact_phone",
        "assignee",
        "status",
    ]
    base_filters = [["status", FilterNotEqual, "unassigned"]]


class Contacts(ModelView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """People at customers."""

    datamodel = SQLAInterface(Contact)
    list_columns = ["name", "customer", "position", "office_phone", "mobile"]
    show_columns = ["customer", "gender", "position", "office_phone", "mobile", "email", "memo"]
    add_columns = ["name", "gender", "position", "office_phone", "mobile", "email", "memo"]
    edit_columns = add_columns
    search_columns = ["name"]
    base_order = ("id", "desc")


class Orders(ModelView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """Orders of the sales system."""

    datamodel = SQLAInterface(Order)
    list_columns = ["number", "ordered_on", "address", "status", "total"]
    show_columns = list_columns
    add_columns = list_columns
    edit_columns = list_columns
    search_columns = ["number"]
    base_order = ("ordered_on", "desc")


class Customers(ModelView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """Customers, with their contacts and orders below."""

    datamodel = SQLAInterface(Customer)
    related_views = [Contacts, Orders]
    list_columns = ["number", "name", "region", "manager", "level", "status"]
    show_columns = [
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
    ]
    add_columns = ["number", "name", "region", "manager", "level"]
    edit_columns = add_columns
    search_columns = ["number", "name", "region", "manager", "level"]
    base_filters = [["status", FilterNotEqual, "deleted"]]
    base_order = ("id", "desc")


class Services(ModelView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """Everything that customers ask for."""

    datamodel = SQLAInterface(ServiceRequest)
    list_columns = ["id", "customer_name", "summary", "kind", "created_by", "created_on", "status"]
    show_columns = [*list_columns, "priority", "request", "assignee", "handling", "handled_by", "result"]
    add_columns = ["kind", "summary", "request", "priority"]
    edit_columns = add_columns
    search_columns = ["customer_name", "summary", "kind", "created_on", "status"]
    base_order = ("created_on", "desc")


def create_stock(url: str) -> Flask:
    """The application on the database at ``url``, which it fills up with its own permissions."""
    event.listen(Engine, "connect", _prepare_sqlite)
    app = Flask(__name__)
    app.config.update(SECRET_KEY="s" * 40, SQLALCHEMY_DATABASE_URI=url, CSRF_ENABLED=True, AUTH_TYPE=1)
    db = SQLA(app)
    with app.app_context():
        builder = AppBuilder(app, db.session)
        builder.add_view(Opportunities, "Sales opportunities", icon="fa-bullseye", category="Marketing")
        builder.add_view(Plans, "Development plans", icon="fa-list", category="Marketing")
        builder.add_view(Customers, "Customers", icon="fa-building", category="Customer management")
        builder.add_view(Contacts, "Contacts", icon="fa-user", category="Customer management")
        builder.add_view(Orders, "Orders", icon="fa-shopping-cart", category="Customer management")
        builder.add_view(Services, "Services", icon="fa-headphones", category="Service management")
    return app


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """The same as ours, so that the journal is no part of the comparison."""
    if isinstance(connection, sqlite3.Connection):
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=15000"):
            connection.execute(f"PRAGMA {pragma}")
