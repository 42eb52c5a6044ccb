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
    """The classes with a ``route_base`` of their own, module by module; a package names its own in ``__init__``."""
    for found in pkgutil.iter_modules(app.views.__path__, "app.views."):
        module = importlib.import_module(found.name)
        for one in list(vars(module).values()):
            if isinstance(one, type) and _is_of(one, found.name) and "route_base" in vars(one):
                yield one


def _is_of(view: type, module: str) -> bool:
    """Whether a class is of a module or package, and not only used there."""
    return f"{view.__module__}.".startswith(f"{module}.")
