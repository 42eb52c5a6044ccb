"""Changing how one looks at a list: columns, page size and saved filters; only one's own is changed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import abort, flash, redirect, request
from werkzeug.wrappers import Response
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import DataRequired, Length

from app.actions import lists
from app.extensions import session
from app.i18n import Label, gettext
from app.models.lists import ListView
from app.security.rights import Verb
from app.views import listing
from app.views.edge import LARGEST_KEY, actor, person, read_key
from app.views.forms import REQUIRED, CrmForm, a_name, plain_text, storable
from app.views.guards import expose, needs
from app.views.lists.looks import ListLooks
from app.views.presentation import label_of
from app.views.saving import attempt, refuse_foreign_fields

#: The fields of the form of columns.
COLUMN_FIELDS = {"csrf_token", "order", "column", "move", "reset"}


class FilterForm(CrmForm):
    """What a saved filter is called and who opens with it; ``replaces`` names the one that may be overwritten."""

    name = StringField(
        Label("Name"),
        [DataRequired(REQUIRED), Length(max=lists.LONGEST_NAME), storable, a_name],
        filters=[plain_text],
        render_kw={"maxlength": lists.LONGEST_NAME, "autofocus": True, "autocomplete": "off"},
    )
    is_default = BooleanField(Label("Open the list with it"))
    is_shared = BooleanField(
        Label("Share with my department"),
        description=Label("Everybody in it can use this filter, only you can change it."),
    )
    replaces = HiddenField()


class ListChanges(ListLooks):
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

    @expose("/filters/add", methods=["GET", "POST"])
    @needs(Verb.SEE)
    def add_filter(self) -> Any:
        """Save the conditions and the order of the address under a name."""
        look = self.look()
        query = self.query(look)
        form, title = self._filter_form(), gettext("Save this filter")
        made: list[str] = []
        if request.method == "GET":
            opened = look.own(key=query.view)
            form["name"].data = form["replaces"].data = opened.name if opened else ""
            form["is_default"].data = opened is not None and opened == look.start
            _tick_shared(form, opened is not None and opened.is_shared)
            return self._filter_page(form, title, query)
        refuse_foreign_fields(form)
        failure = attempt(form, lambda: made.append(self._save_filter(form, query)))
        if failure is None:
            flash(gettext("Saved."), "success")
            return redirect(self.address(replace(query, view=made[0]), "list/"))
        form["replaces"].data = form["name"].data if look.own(name=form["name"].data) else ""
        return self._filter_page(form, title, query, failure.notice), failure.code

    def _save_filter(self, form: CrmForm, query: listing.Query) -> str:
        name = form["name"].data
        saved = lists.save_filter(
            session(),
            self.list_key,
            name,
            by=actor(),
            conditions={key: value for key, value in query.values.items() if value},
            sort=query.sort,
            replaces=form["replaces"].data == name,
        )
        self._settle(saved, form)
        return str(saved.id)

    def _settle(self, saved: ListView, form: CrmForm) -> None:
        """Share the filter and open with it, or no longer, as the form says."""
        if "is_shared" in form:
            lists.share_filter(session(), saved, by=actor(), is_shared=form["is_shared"].data)
        start = self.look().start
        is_start = start is not None and start.key == str(saved.id)
        if form["is_default"].data != is_start:
            lists.open_with(session(), self.list_key, saved if form["is_default"].data else None, by=actor())

    @expose("/filters/edit/<int:pk>", methods=["GET", "POST"])
    @needs(Verb.SEE)
    def edit_filter(self, pk: int) -> Any:
        """Rename and share one's own saved filter."""
        saved = lists.own_filter(session(), self.list_key, min(pk, LARGEST_KEY), by=actor())
        look = self.look()
        query, form, title = self.query(look), self._filter_form(), gettext("Saved filter")
        if request.method == "GET":
            form["name"].data = saved.name
            form["is_default"].data = look.start is not None and look.start.key == str(pk)
            _tick_shared(form, saved.department_id is not None)
            return self._filter_page(form, title, query, pk=pk)
        refuse_foreign_fields(form)
        failure = attempt(form, lambda: self._change_filter(saved, form))
        if failure is None:
            flash(gettext("Saved."), "success")
            return redirect(self.address(query, "list/"))
        return self._filter_page(form, title, query, failure.notice, pk=pk), failure.code

    def _change_filter(self, saved: ListView, form: CrmForm) -> None:
        lists.rename_filter(session(), saved, form["name"].data, by=actor())
        self._settle(saved, form)

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

    @expose("/filters/delete/<int:pk>", methods=["POST"])
    @needs(Verb.SEE)
    def delete_filter(self, pk: int) -> Response:
        """Delete one's own saved filter."""
        saved = lists.own_filter(session(), self.list_key, min(pk, LARGEST_KEY), by=actor())
        lists.delete_filter(session(), saved, by=actor())
        session().commit()
        flash(gettext("Deleted."), "success")
        return redirect(self.path("list/"))

    def _filter_form(self) -> CrmForm:
        form = FilterForm()
        if person().department_id is None:
            del form["is_shared"]
        return form

    def _filter_page(
        self, form: CrmForm, title: str, query: listing.Query, notice: Any = "", *, pk: int | None = None
    ) -> str:
        rest = "filters/add" if pk is None else f"filters/edit/{pk}"
        return str(
            self.render_template(
                "crm/filter_form.html",
                page=self.list_page(title),
                form=form,
                notice=notice,
                conditions=self.conditions_in_words(query) if pk is None else "",
                order=self.order_in_words(query) if pk is None else "",
                action_href=self.address(query, rest),
                cancel_href=self.address(query, "list/"),
            )
        )


def _tick_shared(form: CrmForm, is_shared: bool) -> None:
    if "is_shared" in form:
        form["is_shared"].data = is_shared


def _moved(order: Sequence[str], step: str) -> list[str]:
    """The order with one column a place up or down; ``step`` says which, as ``up:region``."""
    way, _, name = step.partition(":")
    names = list(order)
    if name in names:
        place = names.index(name)
        names.insert(max(0, place + (-1 if way == "up" else 1)), names.pop(place))
    return names
