"""``flask crm password``: gives a person a password."""

import os

import click
from sqlalchemy import func, select

from app.actions.org import set_password
from app.cli import command_session, crm
from app.i18n import gettext
from app.models.org import Employee


@crm.command("password")
@click.argument("user")
def password(user: str) -> None:
    """Set the password of USER: asked for twice, or taken from CRM_NEW_PASSWORD."""
    session = command_session()
    person = session.scalar(select(Employee).where(func.lower(Employee.username) == user.lower()))
    if person is None:
        raise click.UsageError(gettext("There is no user “%(text)s”.", text=user))
    set_password(person, os.environ.get("CRM_NEW_PASSWORD") or _asked_for())
    session.commit()
    click.echo(gettext("%(name)s has a new password.", name=person.username))


def _asked_for() -> str:
    return str(click.prompt(gettext("New password"), hide_input=True, confirmation_prompt=True))
