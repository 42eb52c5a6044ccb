"""``flask crm password``: gives a person a password."""

import os

import click
from flask import current_app
from sqlalchemy import func, select
from werkzeug.security import generate_password_hash

from app.cli import crm
from app.errors import Invalid
from app.extensions import session as session_of_request
from app.i18n import Label, gettext
from app.models.org import Employee

SHORTEST = 10


@crm.command("password")
@click.argument("user")
def set_password(user: str) -> None:
    """Set the password of USER: asked for twice, or taken from CRM_NEW_PASSWORD."""
    session = session_of_request()
    person = session.scalar(select(Employee).where(func.lower(Employee.username) == user.lower()))
    if person is None:
        raise click.UsageError(gettext("There is no user “%(text)s”.", text=user))
    password = os.environ.get("CRM_NEW_PASSWORD") or _asked_for()
    if len(password) < SHORTEST or password.casefold() == person.username.casefold():
        raise Invalid({"password": Label("A password has at least 10 characters and is not the user name.")})
    method = current_app.config.get("FAB_PASSWORD_HASH_METHOD", "scrypt")
    person.password = generate_password_hash(password, method=method)
    session.commit()
    click.echo(gettext("%(name)s has a new password.", name=person.username))


def _asked_for() -> str:
    return str(click.prompt(gettext("New password"), hide_input=True, confirmation_prompt=True))
