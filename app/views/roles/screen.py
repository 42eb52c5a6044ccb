"""What the pages of roles share, their list, and making, naming and deleting them."""

from collections.abc import Callable
from typing import Any, TypeAlias

from flask import flash, redirect, request
from flask_appbuilder.baseviews import BaseView
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from app.actions import roles
from app.clock import now
from app.extensions import session
from app.i18n import Label, LazyString, format_moment, gettext
from app.models.org import Role
from app.reports.roles import Held, role_lines
from app.security.rights import ROLES, Verb, module_of
from app.security.roles import RoleState, name_of_role
from app.views.edge import actor, load
from app.views.forms import REQUIRED, CrmForm, a_name, plain_text, storable
from app.views.guards import expose, needs
from app.views.presentation import Button, Page
from app.views.roles.words import scope_text
from app.views.saving import attempt, refuse_foreign_fields

#: Within the class ``list`` is the route of that name.
Buttons: TypeAlias = list[Button]


class NameForm(CrmForm):
    """What a role is called."""

    name = StringField(
        Label("Name"),
        [DataRequired(REQUIRED), Length(max=roles.LONGEST_NAME), storable, a_name],
        filters=[plain_text],
        render_kw={"maxlength": roles.LONGEST_NAME, "autofocus": True, "autocomplete": "off"},
    )


class RoleScreen(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """The list of roles and what is done with a role as a whole."""

    screen = ROLES

    def path(self, rest: str) -> str:
        """An address of this view."""
        return f"{self.route_base}/{rest}"

    def load(self, pk: int) -> Role:
        """The role of that key; raises OutOfSight."""
        return load(Role, pk)

    def page(self, title: str | LazyString = "", role: Role | None = None) -> Page:
        """Title and crumbs of the list, of one role, or of a page that belongs to either."""
        names = [(ROLES.label, self.path("list/"))]
        if role is not None:
            names.append((name_of_role(role.name), self.path(f"show/{role.id}")))
        if title:
            names.append((title, ""))
        last = names[-1][0]
        return Page(last, module_of(ROLES).label, [*names[:-1], (last, "")])

    # ---- list -------------------------------------------------------------------------------------------

    @expose("/list/")
    @needs(Verb.SEE)
    def list(self) -> Any:
        """Every role with its people, rights and scope."""
        return self.render_template(
            "crm/roles.html",
            page=self.page(),
            lines=[
                (line, name_of_role(line.role.name), self.buttons(line.role, line.held, line.state))
                for line in role_lines(session())
            ],
            scope_text=scope_text,
            moment=format_moment,
            new=self._new_button(),
            path=self.path,
        )

    def _new_button(self) -> Button | None:
        button = Button(Label("New role"), self.path("add"), "new", "plus", is_primary=True)
        return button if actor().may(ROLES.right(Verb.CREATE)) else None

    def buttons(self, role: Role, held: Held, state: RoleState) -> Buttons:
        """What this person may do with a role as a whole; one that is held is not deleted."""
        question = gettext("Delete the role “%(name)s”?", name=name_of_role(role.name))
        delete = Button(
            Label("Delete"),
            self.path(f"delete/{role.id}"),
            "delete",
            "trash",
            is_post=True,
            is_danger=True,
            question=question,
        )
        every = {
            Verb.CREATE: Button(Label("Copy"), self.path(f"copy/{role.id}"), "copy", "copy"),
            Verb.EDIT: Button(Label("Rename"), self.path(f"rename/{role.id}"), "rename", "pencil"),
            Verb.DELETE: delete,
        }
        if held.every:
            del every[Verb.DELETE]
        if not roles.may_rename(state, actor()):
            del every[Verb.EDIT]
        return [button for verb, button in every.items() if actor().may(ROLES.right(verb))]

    # ---- making, naming, deleting -----------------------------------------------------------------------

    @expose("/add", methods=["GET", "POST"])
    @needs(Verb.CREATE)
    def add(self) -> Any:
        """A new role without rights."""
        return self._ask_name(self.page(Label("New role")), "", self._make)

    @expose("/copy/<int:pk>", methods=["GET", "POST"])
    @needs(Verb.CREATE)
    def copy(self, pk: int) -> Any:
        """A new role that can do what this one can; nobody holds it yet."""
        role = self.load(pk)
        suggested = gettext("%(name)s (copy)", name=name_of_role(role.name))
        return self._ask_name(self.page(Label("Copy role"), role), suggested, lambda name: self._make(name, role))

    def _make(self, name: str, like: Role | None = None) -> Role:
        return roles.create_role(session(), name, by=actor(), at=now(), like=like)

    @expose("/rename/<int:pk>", methods=["GET", "POST"])
    @needs(Verb.EDIT)
    def rename(self, pk: int) -> Any:
        """Give a role another name."""
        role = self.load(pk)
        page, suggested = self.page(Label("Rename"), role), name_of_role(role.name)
        return self._ask_name(page, suggested, lambda name: roles.rename_role(session(), role, name, by=actor()))

    def _ask_name(self, page: Page, suggested: str, act: Callable[[str], Role]) -> Any:
        """A page that asks for a name, with which ``act`` makes or changes a role."""
        form, done, notice, code = NameForm(), [], "", 200
        if request.method == "GET":
            form["name"].data = suggested
        else:
            refuse_foreign_fields(form)
            failure = attempt(form, lambda: done.append(act(form["name"].data).id))
            if failure is None:
                flash(gettext("Saved."), "success")
                return redirect(self.path(f"show/{done[0]}"))
            notice, code = str(failure.notice), failure.code
        body = self.render_template(
            "crm/form_page.html",
            page=page,
            form=form,
            groups=[("", ("name",))],
            notice=notice,
            alike_href="",
            action_href=request.path,
            cancel_href=page.crumbs[-2][1],
            submit_label=gettext("Save"),
        )
        return body, code

    @expose("/delete/<int:pk>", methods=["POST"])
    @needs(Verb.DELETE)
    def delete(self, pk: int) -> Response:
        """Delete a role that nobody holds."""
        roles.delete_role(session(), self.load(pk), by=actor())
        session().commit()
        flash(gettext("Deleted."), "success")
        return redirect(self.path("list/"))
