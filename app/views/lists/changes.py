"""Changing how one looks at a list: columns, page size, and the saved filter that it opens with."""

from collections.abc import Sequence
from typing import Any

from flask import abort, flash, redirect, request
from werkzeug.wrappers import Response

from app.actions import lists
from app.extensions import session
from app.i18n import gettext
from app.security.rights import Verb
from app.views import listing
from app.views.edge import LARGEST_KEY, actor, read_key
from app.views.guards import expose, needs
from app.views.lists.looks import ListLooks
from app.views.lists.saved import SavedFilters
from app.views.presentation import label_of

#: The fields of the form of columns.
COLUMN_FIELDS = {"csrf_token", "order", "column", "move", "reset"}


class ListChanges(SavedFilters, ListLooks):
    """A list whose look its reader may change."""

    @expose("/page-size", methods=["POST"])
    @needs(Verb.SEE)
    def choose_page_size(self) -> Response:
        """Remember how many rows a page has."""
        size = read_key(request.form.get("page_size", ""))
        if size not in listing.PAGE_SIZES or set(request.form) - {"csrf_token", "page_size"}:
            abort(400)
        query = self.query(self.look())
        lists.choose_page_size(session(), self.list_key, size, by=actor())
        session().commit()
        return redirect(self.address(query, "list/"))

    @expose("/columns", methods=["GET", "POST"])
    @needs(Verb.SEE)
    def choose_columns(self) -> Any:
        """Choose the columns and their order; without scripts each step up or down is a request that saves nothing."""
        look = self.look()
        query = self.query(look)
        if request.method == "GET":
            return self._columns_page(query, look.columns, self.possible_columns())
        if request.is_json or request.files or set(request.form) - COLUMN_FIELDS:
            abort(400)
        order = self._posted("order")
        if not order and "reset" not in request.form:
            abort(400)
        ticked = [name for name in order if name in (*self._posted("column"), self.name_column)]
        if "move" in request.form:
            return self._columns_page(query, ticked, _moved(order, request.form["move"]), is_ordered=True)
        chosen = [] if "reset" in request.form or ticked == list(self.list_columns) else ticked
        lists.choose_columns(session(), self.list_key, chosen, by=actor())
        session().commit()
        return redirect(self.address(query, "list/"))

    def _posted(self, field: str) -> list[str]:
        """The posted columns that the list can show, each once."""
        possible = self.possible_columns()
        return list(dict.fromkeys(name for name in request.form.getlist(field) if name in possible))

    def _columns_page(
        self, query: listing.Query, shown: Sequence[str], order: Sequence[str], *, is_ordered: bool = False
    ) -> str:
        names = order if is_ordered else list(dict.fromkeys((*shown, *order)))
        columns = [(name, label_of(self.model, name), name in shown, name == self.name_column) for name in names]
        return str(
            self.render_template(
                "crm/columns.html",
                page=self.list_page(gettext("Columns shown")),
                columns=columns,
                action_href=self.address(query, "columns"),
                cancel_href=self.address(query, "list/"),
            )
        )

    @expose("/filters/start/<int:pk>", methods=["POST"])
    @needs(Verb.SEE)
    def start_with_filter(self, pk: int) -> Response:
        """Open the list with a saved filter from now on, or with 0 as the screen does."""
        saved = lists.saved_filter(session(), self.list_key, min(pk, LARGEST_KEY), by=actor()) if pk else None
        query = self.query(self.look())
        lists.open_with(session(), self.list_key, saved, by=actor())
        session().commit()
        flash(gettext("Saved."), "success")
        return redirect(self.address(query, "list/"))


def _moved(order: Sequence[str], step: str) -> list[str]:
    """The order with one column a place up or down; ``step`` says which, as ``up:region``."""
    way, _, name = step.partition(":")
    names = list(order)
    if name in names:
        place = names.index(name)
        names.insert(max(0, place + (-1 if way == "up" else 1)), names.pop(place))
    return names
