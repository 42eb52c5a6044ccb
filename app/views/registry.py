"""Which views the application has; a new one is added here and nowhere else."""

from typing import Any

from flask import Flask
from sqlalchemy.orm import configure_mappers

from app.extensions import appbuilder
from app.views.choices import Choices
from app.views.customers import Contacts, Customers
from app.views.health import Health
from app.views.marketing import Opportunities
from app.views.plans import PlanItems, Plans
from app.views.sign_in import SignIn
from app.views.start import Start

VIEWS: tuple[Any, ...] = (
    Start,
    SignIn,
    Health,
    Choices,
    Opportunities,
    Plans,
    PlanItems,
    Customers,
    Contacts,
)


def register(app: Flask) -> None:
    """Make each view and its routes."""
    configure_mappers()
    for view in VIEWS:
        appbuilder().add_view_no_menu(view())
    app.login_manager.login_view = "SignIn.login"  # type: ignore[attr-defined]
