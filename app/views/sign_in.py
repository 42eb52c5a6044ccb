"""Signing in and out, and a person's own language and theme."""

from typing import Any

from flask import current_app, redirect, request
from flask import session as cookie
from flask_appbuilder.baseviews import BaseView
from flask_login import current_user, login_user, logout_user
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app.extensions import appbuilder, session
from app.i18n import Label, gettext
from app.models.org import Employee
from app.views.edge import safe_path
from app.views.failures import split_address
from app.views.forms import REQUIRED, CrmForm
from app.views.guards import expose, public
from app.views.presentation import Page

THEMES = ("light", "dark", "auto")


class SignInForm(CrmForm):
    """User name and password."""

    username = StringField(Label("User name"), [InputRequired(REQUIRED), Length(max=64)])
    password = PasswordField(Label("Password"), [InputRequired(REQUIRED), Length(max=200)])


class SignIn(BaseView):  # type: ignore[misc]
    """The way in and out."""

    route_base = ""
    default_view = "login"

    @expose("/login/", methods=["GET", "POST"])
    @public
    def login(self) -> Any:
        """Show the form; let a person in who knows his password."""
        target = safe_path(request.args.get("next", "/"))
        if current_user.is_authenticated:
            return redirect(target)
        form, notice = SignInForm(), ""
        if request.method == "POST" and form.validate():
            person = appbuilder().sm.auth_user_db(form.username.data, form.password.data)
            if person is not None:
                self._let_in(person)
                return redirect(target)
            notice = gettext("User name or password is wrong. Please try again.")
        page = Page(Label("Sign in"), "")
        body = self.render_template("crm/sign_in.html", page=page, form=form, notice=notice, next=target)
        return body, 422 if form.errors or notice else 200

    def _let_in(self, person: Employee) -> None:
        chosen = cookie.get("chosen_locale")
        cookie.clear()
        login_user(person, remember=False)
        if chosen and not person.locale:
            cookie["chosen_locale"] = chosen

    @expose("/logout/", methods=["POST"])
    @public
    def logout(self) -> Any:
        """End the session."""
        chosen = cookie.get("chosen_locale")
        logout_user()
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
        if current_user.is_authenticated:
            person = session().get_one(Employee, current_user.id)
            person.locale = locale if locale in current_app.config["LANGUAGES"] else person.locale
            person.theme = theme if theme in THEMES else person.theme
            session().commit()
        return redirect(safe_path(request.form.get("next") or split_address(request.referrer or "/").path))
