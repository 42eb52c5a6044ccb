"""Signing in and out, and a person's own language and theme."""

import math
from dataclasses import replace
from typing import Any

from flask import current_app, g, redirect, request
from flask import session as cookie
from flask_appbuilder.baseviews import BaseView
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app.actions.sessions import Known, begin_session, end_session, open_session
from app.actions.sign_in import Proof, allowed_from, begin_try, judge_try, refuse_try
from app.clock import now
from app.errors import TooOften
from app.extensions import session
from app.i18n import Label, gettext, ngettext
from app.models.audit import AuditKind
from app.models.org import Employee
from app.models.sessions import EndReason
from app.security.audit import Origin, note
from app.views import devices
from app.views.edge import own_record, person, safe_path
from app.views.failures import split_address
from app.views.forms import REQUIRED, CrmForm, plain_text, storable
from app.views.guards import expose, public
from app.views.presentation import Page

THEMES = ("light", "dark", "auto")

#: What is told to somebody whose session ended without his doing.
SENTENCES = {
    EndReason.PASSWORD_CHANGED: Label("You were signed out because your password was changed."),
    EndReason.ROLES_CHANGED: Label("You were signed out because your roles were changed."),
    EndReason.DISABLED: Label("Your account is disabled. Ask your administrator."),
    EndReason.BY_OWNER: Label("This session was ended from another device of yours."),
    EndReason.BY_ADMINISTRATOR: Label("An administrator ended your session."),
}
SLOWED_DOWN = Label("Slowed down after too many wrong tries")


class SignInForm(CrmForm):
    """User name and password."""

    username = StringField(
        Label("User name"), [InputRequired(REQUIRED), Length(max=64), storable], filters=[plain_text]
    )
    password = PasswordField(Label("Password"), [InputRequired(REQUIRED), Length(max=200)])


class SignIn(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """The way in and out."""

    route_base = ""
    default_view = "login"

    @expose("/login/", methods=["GET", "POST"])
    @public
    def login(self) -> Any:
        """Show the form; let a person in who knows his password."""
        target = safe_path(request.args.get("next", "/"))
        if g.actor is not None:
            return redirect(target)
        form = SignInForm()
        if request.method != "POST" or not form.validate():
            return self._page(form, 422 if form.errors else 200)
        try:
            found = prove(form.username.data, form.password.data)
        except TooOften as refusal:
            return self._page(form, refusal.status, str(refusal))
        if found is None or not found.holds(session()):
            return self._page(form, 422, gettext("User name or password is wrong. Please try again."))
        return let_in(found.person, target)

    def _page(self, form: SignInForm, code: int, notice: str = "") -> tuple[str, int]:
        told = "" if request.method == "POST" else why_over(g.known)
        page = Page(Label("Sign in"), "")
        return self.render_template("crm/sign_in.html", page=page, form=form, notice=notice, told=told), code

    @expose("/logout/", methods=["POST"])
    @public
    def logout(self) -> Any:
        """End the session."""
        chosen = cookie.get("chosen_locale")
        sign_in = open_session(session(), person().id, g.known.sign_in_id) if g.actor is not None else None
        if sign_in is not None:
            end_session(session(), sign_in, why=EndReason.SIGNED_OUT, at=now())
            session().commit()
        cookie.clear()
        cookie["chosen_locale"] = chosen
        return redirect("/login/")

    @expose("/preferences", methods=["POST"])
    @public
    def preferences(self) -> Any:
        """Keep the language and theme a person chooses; before sign-in the language holds for the browser."""
        locale, theme = request.form.get("locale"), request.form.get("theme")
        if locale in current_app.config["LANGUAGES"]:
            cookie["chosen_locale"] = locale
        if g.actor is not None:
            who = own_record()
            who.locale = locale if locale in current_app.config["LANGUAGES"] else who.locale
            who.theme = theme if theme in THEMES else who.theme
            session().commit()
        came_from = split_address(request.referrer or "/")._replace(scheme="", netloc="").geturl()
        return redirect(safe_path(request.form.get("next") or came_from))


def prove(name: str, password: str) -> Proof | None:
    """Who has that name and knows the password; None for nobody. Raises TooOften without looking at the password.

    Commits before it looks, so that tries at the same moment count one another.
    """
    at, visit = now(), devices.visit()
    origin = session().info.get("origin") or Origin(None, name, visit.address, g.request_id)
    tried = begin_try(session(), name, network=visit.network, device=visit.device, at=at)
    session().commit()
    until = allowed_from(session(), tried)
    if until is not None:
        refuse_try(session(), tried, reason=SLOWED_DOWN.message, origin=origin)
        session().commit()
        g.retry_after = math.ceil((until - at).total_seconds())
        raise TooOften(_wait(math.ceil(g.retry_after / 60)))
    found = judge_try(session(), tried, name, password, origin=origin)
    proof = Proof(found, found.password) if found is not None else None
    session().commit()
    return proof


def _wait(minutes: int) -> str:
    return ngettext(
        "There were too many wrong tries. Please wait %(num)s minute, then try again.",
        "There were too many wrong tries. Please wait %(num)s minutes, then try again.",
        minutes,
    )


def let_in(found: Employee, target: str) -> Response:
    """Begin a session with a new token, whatever the browser had before, and lead to ``target``; commits."""
    chosen, visit = cookie.get("chosen_locale"), devices.visit()
    visit = replace(visit, device=visit.device or devices.new_device())
    token = begin_session(session(), found, visit, at=now())
    note(session(), AuditKind.SIGN_IN, origin=Origin(found.id, found.username, visit.address, g.request_id))
    locale = found.locale
    session().commit()
    cookie.clear()
    cookie["token"] = token
    if chosen and not locale:
        cookie["chosen_locale"] = chosen
    response: Response = redirect(target)
    devices.keep_device(response, visit.device)
    return response


def why_over(known: Known | None) -> str:
    """What to tell somebody whose session ended without his doing; empty for anybody else."""
    if known is None or known.ended_because is None:
        return ""
    if known.ended_because is EndReason.IDLE:
        return ngettext(
            "You were signed out after %(num)s minute without activity.",
            "You were signed out after %(num)s minutes without activity.",
            known.idle_minutes,
        )
    if known.ended_because is EndReason.TOO_OLD:
        return ngettext(
            "You were signed out because a session lasts %(num)s hour at most.",
            "You were signed out because a session lasts %(num)s hours at most.",
            known.longest_hours,
        )
    return str(SENTENCES.get(known.ended_because, ""))
