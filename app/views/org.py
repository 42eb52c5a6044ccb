"""People on the screen: who works here, with which roles, and whether they may sign in."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any, ClassVar

from flask import current_app, flash, redirect, request
from flask_appbuilder.models.sqla.interface import SQLAInterface

from app.actions import org
from app.actions.hand_over import count_held
from app.clock import now
from app.extensions import session
from app.i18n import Label, format_moment, gettext
from app.models.basedata import Category
from app.models.org import Employee
from app.security.granting import may_give
from app.security.rights import USERS, Verb
from app.views.edge import actor, zone
from app.views.forms import CrmForm
from app.views.guards import expose, needs
from app.views.hand_over import hand_over_section
from app.views.listing import Filter
from app.views.model_view import CrmModelView
from app.views.people_filters import (
    DepartmentFilter,
    EnabledFilter,
    NameFilter,
    PersonState,
    RegionFilter,
    RoleFilter,
    roles_here,
)
from app.views.presentation import Button, Cell, Column


class People(CrmModelView):
    """用户."""

    route_base = "/users"
    datamodel = SQLAInterface(Employee)
    screen = USERS
    record_label = Label("person")
    is_named_openly = True
    name_column = "full_name"
    list_columns = ("full_name", "username", "department", "roles", "phone", "active", "last_login")
    more_columns = ("email",)
    needed_relations = ("roles",)
    show_columns = (
        "username",
        "department",
        "roles",
        "email",
        "phone",
        "regions",
        "industries",
        "locale",
        "last_login",
    )
    order_columns = ("id", "full_name", "username", "last_login")
    default_sort = "username"
    filters: ClassVar[tuple[Filter, ...]] = (
        NameFilter("full_name", Label("Full name")),
        Filter("username", Label("User name")),
        DepartmentFilter("department", Label("Department")),
        RoleFilter("role", Label("Role")),
        EnabledFilter("active", Label("Status")),
        RegionFilter("region", Label("Region"), is_more=True, category=Category.REGION),
    )
    add_columns = edit_columns = org.TYPED_FIELDS
    form_groups = (
        (Label("Account"), ("username", "roles", "active", "locale")),
        (Label("Person"), ("last_name", "first_name", "email", "phone")),
        (Label("Work"), ("department", "regions", "industries")),
    )
    new_label = Label("New person")
    empty_title = Label("Nobody here yet")

    # ---- who may what -------------------------------------------------------------------------------------

    def may_edit(self, row: Employee) -> bool:
        """Nobody edits somebody who holds more than himself."""
        return super().may_edit(row) and may_give(row.roles, roles_here())

    def check_edit(self, row: Employee) -> None:
        """Says why, before the form is shown."""
        org.check_person(row, roles_here(), by=actor())

    def create(self, values: Mapping[str, Any]) -> org.FirstPassword:
        """A person with a first password."""
        return org.create_person(session(), values, by=actor())

    def update(self, row: Employee, values: Mapping[str, Any], version: int | None) -> None:
        """Change a person."""
        org.edit_person(session(), row, values, by=actor(), at=now(zone()), version=version)

    def saved(self, row: Any) -> Any:
        """After the first saving comes the only page with the password, which stands in no cookie and no address."""
        if isinstance(row, org.FirstPassword):
            return self.password_page(row, gettext("Saved."))
        return super().saved(row)

    # ---- buttons ------------------------------------------------------------------------------------------

    def buttons(self, row: Employee) -> list[Button]:
        """Editing first, since it is done most."""
        return sorted(super().buttons(row), key=lambda button: button.key != "edit")

    def more_buttons(self, row: Employee) -> list[Button]:
        """What else is done with a person."""
        found = []
        if actor().may(USERS.right(Verb.HAND_OVER)):
            href = self.path(f"{row.id}/hand-over")
            found.append(Button(Label("Hand over"), href, "hand_over", "arrows-exchange"))
        if self.may_edit(row) and row.id != actor().person_id:
            found += [self._password_button(row), self._active_button(row)]
        return [*self._looks(row), *found] if request.endpoint == "People.show" else found

    def _looks(self, row: Employee) -> list[Button]:
        """The ways to look at where a person is signed in and at what he sees."""
        found = []
        if row.active and row.id != actor().person_id and actor().may(USERS.right(Verb.SEE_AS)):
            found.append(Button(Label("See as"), f"/see-as/{row.id}", "see_as", "eye", is_post=True))
        if actor().may(USERS.right(Verb.END_SESSIONS)):
            href = self.path(f"{row.id}/sessions")
            found.append(Button(Label("Sessions"), href, "sessions", "device-desktop"))
        return found

    def _password_button(self, row: Employee) -> Button:
        question = gettext("Make a new first password for “%(name)s”? The present one ends at once.", name=row)
        href = self.path(f"{row.id}/password")
        return Button(Label("Reset password"), href, "password", "lock", is_post=True, question=question)

    def _active_button(self, row: Employee) -> Button:
        if not row.active:
            return Button(Label("Enable"), self.path(f"{row.id}/enable"), "enable", "user-check", is_post=True)
        question = gettext("Disable “%(name)s”? Signing in and new work end at once; old records stay.", name=row)
        href = self.path(f"{row.id}/disable")
        return Button(Label("Disable"), href, "disable", "x", is_post=True, is_danger=True, question=question)

    # ---- what is shown ------------------------------------------------------------------------------------

    def cell(self, row: Employee, name: str, *, is_wide: bool = False) -> Cell:
        """The state as a word with its look, the last sign-in as a moment, a language by its own name."""
        cell = super().cell(row, name, is_wide=is_wide)
        if name == "active":
            state, look = (PersonState.ENABLED, "done") if row.active else (PersonState.DISABLED, "fail")
            return replace(cell, text=str(state.label), kind="state", look=look)
        if name == "last_login" and row.last_login:
            moment = format_moment(row.last_login.astimezone(UTC))  # the framework writes it in the machine's own time
            return replace(cell, text=moment[:10], title=moment, kind="moment")
        known = current_app.config["LANGUAGES"]
        return replace(cell, text=known[row.locale]["name"]) if name == "locale" and row.locale in known else cell

    def column(self, name: str, query: Any) -> Column:
        """The kinds that the framework's own columns do not tell."""
        column = super().column(name, query)
        return replace(column, kind={"active": "state", "last_login": "moment"}.get(name, column.kind))

    def record(self, row: Employee) -> dict[str, Any]:
        """With the state beside the name."""
        return {**super().record(row), "state": self.cell(row, "active")}

    def sections(self, row: Employee) -> list[Any]:
        """What a disabled person still holds, and what was handed over before."""
        held = 0 if row.active else count_held(session(), row)
        href = self.path(f"{row.id}/hand-over") if actor().may(USERS.right(Verb.HAND_OVER)) else ""
        hint = [{"template": "crm/still_holds.html", "count": held, "href": href}] if held else []
        return [*hint, *hand_over_section(row)]

    def form(self, kind: type[CrmForm], row: Any) -> CrmForm:
        """The tick says what it means."""
        form = super().form(kind, row)
        form["active"].label.text = gettext("Enabled: may sign in and gets work")
        return form

    # ---- password, in and out -----------------------------------------------------------------------------

    @expose("/<int:pk>/password", methods=["POST"])
    @needs(Verb.EDIT)
    def password(self, pk: int) -> Any:
        """Another first password, shown once."""
        made = org.reset_password(session(), self.load(pk), by=actor(), at=now(zone()))
        session().commit()
        return self.password_page(made, gettext("The old password does not work any more."))

    def password_page(self, made: org.FirstPassword, told: str) -> str:
        """The page with a first password."""
        page = self.record_page(made.person, gettext("First password"))
        href = self.path(f"show/{made.person.id}")
        context = {"person": made.person, "password": made.password, "told": told, "done_href": href}
        return str(self.render_template("crm/given_password.html", page=page, **context))

    @expose("/<int:pk>/disable", methods=["POST"])
    @needs(Verb.EDIT)
    def disable(self, pk: int) -> Any:
        """Let somebody in no more."""
        return self._changed(pk, org.disable_person, gettext("Disabled."))

    @expose("/<int:pk>/enable", methods=["POST"])
    @needs(Verb.EDIT)
    def enable(self, pk: int) -> Any:
        """Let somebody in again."""
        return self._changed(pk, org.enable_person, gettext("Enabled."))

    def _changed(self, pk: int, act: Callable[..., None], told: str) -> Any:
        act(session(), self.load(pk), by=actor(), at=now(zone()))
        session().commit()
        flash(told, "success")
        return redirect(self.path(f"show/{pk}"))
