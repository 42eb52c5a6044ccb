"""The tabs of a customer's page: a module of a feature names its own as ``CUSTOMER_TAB = CustomerTab(…)``."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlencode

import app.views
from app.i18n import Label
from app.models.customers import Customer
from app.security.actor import Actor

Declared = TypeVar("Declared")


@dataclass(frozen=True)
class CustomerTab:
    """What one feature keeps of a customer, for whoever holds ``right``.

    ``section`` reads it when the tab is chosen: what its ``template`` draws, in a bounded number of statements and
    rows. Low places come first: contacts 10, interactions 20, orders 30, opportunities 60, attachments 70.
    """

    key: str
    label: Label
    right: str
    section: Callable[[Customer], dict[str, Any]]
    place: int = 50


@cache
def declared(name: str, kind: type[Declared]) -> tuple[Declared, ...]:
    """What the modules of this package, and of those within it, hold under ``name``."""
    modules = sorted(found.name for found in pkgutil.walk_packages(app.views.__path__, "app.views."))
    found = (vars(importlib.import_module(module)).get(name) for module in modules)
    return tuple(one for one in found if isinstance(one, kind))


def tabs_for(by: Actor) -> list[CustomerTab]:
    """The tabs that somebody may open, in their order."""
    return sorted(_held(by), key=lambda tab: (tab.place, tab.key))


def _held(by: Actor) -> Iterator[CustomerTab]:
    return (tab for tab in declared("CUSTOMER_TAB", CustomerTab) if by.may(tab.right))


def tab_href(customer: Customer, key: str, **asked: str) -> str:
    """The address of a tab, at which the page stands where its tabs begin."""
    return f"/customers/show/{customer.id}?{urlencode({'tab': key, **asked})}#tabs"
