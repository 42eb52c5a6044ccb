"""Help: the ways of the keyboard, and what may be begun anew from every page."""

from dataclasses import dataclass
from typing import Any

from flask import g
from flask_appbuilder.baseviews import BaseView

from app.extensions import appbuilder
from app.i18n import Label, LazyString
from app.views.edge import menu
from app.views.guards import expose, signed_in
from app.views.model_view import CrmModelView
from app.views.presentation import Page
from app.views.shortcuts import LETTERS, WORKBENCH


@dataclass(frozen=True)
class Way:
    """What some keys do; several keys are pressed one after the other, unless ``together``."""

    keys: tuple[str, ...]
    does: LazyString
    together: bool = False


ANYWHERE = (
    Way(("/",), Label("To the first condition of a list")),
    Way(("n",), Label("Begin something new")),
    Way(("?",), Label("Show this help")),
    Way(("Esc",), Label("Close what is open")),
)
IN_FORMS = (
    Way(("Ctrl", "S"), Label("Save"), together=True),
    Way(("Enter",), Label("In the last line of a plan: add it")),
)


class Help(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """What a person can look up."""

    route_base = "/help"
    default_view = "keys"

    @expose("/keys")
    @signed_in
    def keys(self) -> Any:
        """Every way of the keyboard; a dialog over the page for a script, else a page."""
        screens = [Way(("g", LETTERS[WORKBENCH]), Label("Workbench"))]
        screens += [Way(("g", one.letter), one.label) for module in menu() for one in module.screens if one.letter]
        groups = [(Label("Anywhere"), ANYWHERE), (Label("Go to a screen"), screens), (Label("In forms"), IN_FORMS)]
        return self.render_template("crm/keys.html", page=Page(Label("Keyboard"), ""), groups=groups)


def creations() -> dict[str, Any]:
    """What the top bar offers to begin: the new record of every screen on which this person may make one."""
    if g.get("actor") is None:
        return {"creations": []}
    views = [view for view in appbuilder().baseviews if isinstance(view, CrmModelView) and view.may_create()]
    return {"creations": [view.new_button() for view in views]}
