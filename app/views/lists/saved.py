"""Keeping the conditions of a page under a name, renaming, sharing and deleting them; only one's own are changed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import flash, redirect, request
from werkzeug.wrappers import Response
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import DataRequired, Length

from app.actions import lists
from app.extensions import session
from app.i18n import Label, gettext
from app.models.lists import ListView
from app.security.rights import Verb, module_of
from app.views import listing
from app.views.edge import LARGEST_KEY, actor, person
from app.views.forms import REQUIRED, CrmForm, a_name, plain_text, storable
from app.views.guards import expose, needs
from app.views.lists.looks import Looks
from app.views.presentation import Page
from app.views.saving import attempt, refuse_foreign_fields


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


class SavedFilters(Looks):
    """A page whose conditions are kept under names."""

    list_title: Any
    #: The framework's.
    render_template: Callable[..., Any]

    def list_page(self, title: str = "") -> Page:
        """Title and crumbs of the list, or of a page that belongs to it."""
        crumbs = [(self.list_title, self.path("list/")), (title, "")] if title else [(self.list_title, "")]
        return Page(title or self.list_title, module_of(self.screen).label, crumbs)

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
            _tick(form, "is_default", opened is not None and opened == look.start)
            _tick(form, "is_shared", opened is not None and opened.is_shared)
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
        if "is_default" not in form:
            return
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
            _tick(form, "is_default", look.start is not None and look.start.key == str(pk))
            _tick(form, "is_shared", saved.department_id is not None)
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
        if not self.may_start_filtered:
            del form["is_default"]
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
                conditions=(self.conditions_in_words(query) or gettext("All")) if pk is None else "",
                order=self.order_in_words(query) if pk is None else "",
                action_href=self.address(query, rest),
                cancel_href=self.address(query, "list/"),
            )
        )


def _tick(form: CrmForm, name: str, is_ticked: bool) -> None:
    if name in form:
        form[name].data = is_ticked
