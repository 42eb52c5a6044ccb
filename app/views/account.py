"""My account: what is kept of oneself, where one is signed in, and one's own password."""

from typing import Any

from flask import flash, g, redirect, request
from flask_appbuilder.baseviews import BaseView
from wtforms import PasswordField
from wtforms.validators import EqualTo, InputRequired, Length

from app.actions.org import set_password
from app.actions.sessions import end_session, open_session
from app.clock import now
from app.errors import Invalid, OutOfSight, WrongState
from app.extensions import session
from app.i18n import Label, gettext
from app.models.org import Employee
from app.models.sessions import EndReason
from app.security.passwords import LONGEST
from app.views.edge import LARGEST_KEY, own_record, person, safe_path
from app.views.forms import REQUIRED, CrmForm
from app.views.guards import expose, signed_in
from app.views.presentation import Cell, Page, text_of
from app.views.saving import attempt, refuse_foreign_fields
from app.views.sessions import end_all, session_lines
from app.views.sign_in import prove

ACCOUNT, PASSWORD = Label("My account"), Label("Change password")
ADDRESS = "/account"


class PasswordForm(CrmForm):
    """The password one has, and a new one, twice."""

    old_password = PasswordField(Label("Current password"), [InputRequired(REQUIRED), Length(max=LONGEST)])
    password = PasswordField(Label("New password"), [InputRequired(REQUIRED)])
    repeated = PasswordField(
        Label("New password again"),
        [InputRequired(REQUIRED), EqualTo("password", Label("This is not the new password typed above."))],
    )


class Account(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """我的账号."""

    route_base = ADDRESS
    default_view = "index"

    @expose("")
    @signed_in
    def index(self) -> Any:
        """Who one is here, and where one is signed in."""
        lines = session_lines(person().id)
        return self.render_template(
            "crm/account.html", page=Page(ACCOUNT, ""), facts=_facts(own_record()), lines=lines, here=ADDRESS
        )

    @expose("/sessions/end/<int:pk>", methods=["POST"])
    @signed_in
    def end(self, pk: int) -> Any:
        """End another session of one's own."""
        found = open_session(session(), person().id, pk) if pk <= LARGEST_KEY else None
        if found is None:
            raise OutOfSight()
        if found.id == g.known.sign_in_id:
            raise WrongState(Label("You are working in this session: sign out instead."))
        end_session(session(), found, why=EndReason.BY_OWNER, at=now())
        session().commit()
        flash(gettext("The session is ended."), "success")
        return redirect(ADDRESS)

    @expose("/sessions/end", methods=["POST"])
    @signed_in
    def end_others(self) -> Any:
        """End every session of one's own but this one."""
        end_all(person().id, why=EndReason.BY_OWNER)
        return redirect(ADDRESS)

    @expose("/password", methods=["GET", "POST"])
    @signed_in
    def password(self) -> Any:
        """Change one's own password, which asks for the one that is held."""
        form, failure, is_first = PasswordForm(), None, person().must_change_password
        if request.method == "POST":
            refuse_foreign_fields(form)
            failure = attempt(form, lambda: change_password(own_record(), form))
            if failure is None:
                flash(gettext("Your password is changed. Your other sessions are ended."), "success")
                return redirect(safe_path(request.args.get("next", "/")) if is_first else ADDRESS)
        body = self.render_template(
            "crm/first_password.html" if is_first else "crm/password.html",
            page=Page(Label("Choose a new password") if is_first else PASSWORD, ACCOUNT, [(PASSWORD, "")]),
            form=form,
            notice=failure.notice if failure else "",
            **({"reader": None} if is_first else {}),
        )
        return body, failure.code if failure else 200


def change_password(who: Employee, form: CrmForm) -> None:
    """Give oneself another password; raises Invalid for a wrong old one and a weak new one, TooOften for a guesser."""
    old, new = form["old_password"].data, form["password"].data
    if prove(who.username, old) is None:
        raise Invalid({"old_password": Label("This is not your current password.")})
    if new == old:
        raise Invalid({"password": Label("This is the password you have. Choose another one.")})
    set_password(who, new, is_own=True)


def _facts(who: Employee) -> list[Cell]:
    given = (
        (Label("Full name"), who.full_name),
        (Label("User name"), who.username),
        (Label("Roles"), g.reader.roles),
        (Label("Department"), who.department and who.department.name),
        (Label("Phone"), who.phone),
        (Label("Email"), who.email),
    )
    return [Cell(text_of(value), label=label) for label, value in given]
