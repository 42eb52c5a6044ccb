"""Which views the application has: every class of this package that names its own address."""

import importlib
import pkgutil
from collections.abc import Iterator

from flask import Flask
from flask_appbuilder.baseviews import BaseView
from sqlalchemy.orm import configure_mappers

import app.views
from app.extensions import appbuilder
from app.views.help import creations


def register(flask_app: Flask) -> None:
    """Make each view and its routes."""
    configure_mappers()
    for view in views():
        appbuilder().add_view_no_menu(view())
    flask_app.context_processor(creations)


def views() -> Iterator[type[BaseView]]:
    """The classes with a ``route_base`` of their own, module by module."""
    for found in pkgutil.iter_modules(app.views.__path__, "app.views."):
        module = importlib.import_module(found.name)
        for one in list(vars(module).values()):
            if isinstance(one, type) and one.__module__ == found.name and "route_base" in vars(one):
                yield one
