"""Which screen shows a record, and the address of its page for who may open it."""

from typing import Any

from app.extensions import appbuilder
from app.models.base import Model
from app.models.basedata import DictionaryEntry
from app.security.rights import Verb
from app.views.edge import actor


def view_for(model: Any) -> Any:
    """The first screen that shows single records of ``model``; None where there is none."""
    views = (one for one in appbuilder().baseviews if getattr(one, "model", None) is model and hasattr(one, "screen"))
    return next((one for one in views if hasattr(one, "show") and "show" not in one.exclude_route_methods), None)


def view_of(value: Any) -> Any:
    """The screen that shows ``value``; None for what is no record, and for a dictionary entry, which is a word."""
    is_record = isinstance(value, Model) and not isinstance(value, DictionaryEntry)
    return view_for(type(value)) if is_record else None


def may_open(model: Any) -> bool:
    """Whether the reader may open records of ``model`` that he sees."""
    view = view_for(model)
    return view is not None and actor().may(view.screen.right(Verb.SEE))


def page_of(row: Any) -> str:
    """The address of a record's page; empty where the reader may not open it."""
    return str(view_of(row).path(f"show/{row.id}")) if may_open(type(row)) else ""
