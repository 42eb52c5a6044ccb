"""The business settings on the screen: one page of numbers, grouped as the registry groups them."""

import json
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from flask import flash, redirect
from flask_appbuilder.baseviews import BaseView
from wtforms import Field, HiddenField, IntegerField, SelectField
from wtforms.validators import InputRequired

from app.actions.settings import SETTINGS, ClockSetting, Setting, change_settings, values_of
from app.extensions import session
from app.i18n import gettext
from app.security.rights import SETTINGS as SCREEN
from app.security.rights import Verb, module_of
from app.views.clock_field import ClockField
from app.views.edge import actor
from app.views.forms import REQUIRED, CrmForm
from app.views.guards import expose, needs
from app.views.presentation import Page
from app.views.saving import Failure, attempt, refuse_foreign_fields

#: More of what a browser says it has seen is not read.
LONGEST_MEMORY = 10_000


class Settings(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """系统设置."""

    route_base = "/settings"
    default_view = "show"
    screen = SCREEN

    @expose("")
    @needs(Verb.SEE)
    def show(self) -> Any:
        """The values now."""
        values = values_of(session(), SETTINGS)
        form = settings_form()(data=dict(values))
        form["seen"].data = json.dumps(values)
        return self.page(form)

    @expose("", methods=["POST"])
    @needs(Verb.EDIT)
    def save(self) -> Any:
        """Keep what was changed."""
        form = settings_form()()
        refuse_foreign_fields(form)
        seen = remembered(form["seen"].data)
        typed = {one.key: form[one.key].data for one in SETTINGS}
        failure = attempt(form, lambda: change_settings(session(), typed, by=actor(), seen=seen))
        if failure is None:
            flash(gettext("Saved."), "success")
            return redirect(self.route_base)
        if failure.code == 409 and form.errors:  # who only met another at the same instant was told of no value yet
            take_over(form, seen)
        return self.page(form, failure), failure.code

    def page(self, form: CrmForm, failure: Failure | None = None) -> str:
        """The page with its groups."""
        groups = [(label, list(group)) for label, group in groupby(SETTINGS, lambda one: one.group)]
        return str(
            self.render_template(
                "crm/settings.html",
                page=Page(SCREEN.label, module_of(SCREEN).label, [(SCREEN.label, "")]),
                form=form,
                groups=groups,
                may_edit=actor().may(SCREEN.right(Verb.EDIT)),
                notice=failure.notice if failure else "",
            )
        )


def settings_form() -> type[CrmForm]:
    """The form with a number for every setting, and what the page was opened with."""
    fields: dict[str, Any] = {one.key: _field(one) for one in SETTINGS}
    return type("SettingsForm", (CrmForm,), {**fields, "seen": HiddenField()})


def _field(one: Setting) -> Field:
    limits = gettext("%(least)s to %(most)s", least=one.shown(one.least), most=one.shown(one.most))
    if isinstance(one, ClockSetting):
        return ClockField(one.label, [InputRequired(REQUIRED)], description=limits, render_kw={"maxlength": 5})
    if one.words:
        choices = [(one.least + place, str(word)) for place, word in enumerate(one.words)]
        return SelectField(one.label, [InputRequired(REQUIRED)], coerce=int, choices=choices)
    more = {"min": one.least, "max": one.most, "step": 1}
    return IntegerField(one.label, [InputRequired(REQUIRED)], description=limits, render_kw=more)


def remembered(text: str | None) -> Mapping[str, int]:
    """The values that the page was opened with; none when the browser does not say, or says nonsense."""
    try:
        found = json.loads(text if text and len(text) <= LONGEST_MEMORY else "{}")
    except (ValueError, RecursionError):
        return {}
    known = found.items() if isinstance(found, dict) else ()
    return {key: value for key, value in known if isinstance(value, int)}


def take_over(form: CrmForm, seen: Mapping[str, int]) -> None:
    """Show what stands now where nothing was typed here, and go on from there."""
    values = values_of(session(), SETTINGS)
    for key, value in values.items():
        if form[key].data == seen.get(key):
            form[key].data, form[key].raw_data = value, None
    form["seen"].data = json.dumps(values)
    form["seen"].raw_data = None
