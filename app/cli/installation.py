"""``flask crm init``: brings the database up to date and makes the first administrator."""

import click
from flask import current_app

from app.actions.org import has_administrator, make_administrator
from app.cli import command_session, crm
from app.database import upgrade
from app.i18n import gettext
from config import Settings


@crm.command("init")
def init() -> None:
    """Create or upgrade the database, its roles and dictionary, and make the first administrator."""
    settings: Settings = current_app.config["CRM_SETTINGS"]
    is_new = upgrade(settings)
    click.echo(gettext("The database was made.") if is_new else gettext("The database is up to date."))
    session = command_session()
    if has_administrator(session):
        return
    username, password = _credentials(settings)
    make_administrator(session, username, password)
    session.commit()
    click.echo(gettext("The administrator %(name)s can sign in now.", name=username))


def _credentials(settings: Settings) -> tuple[str, str]:
    """From CRM_ADMIN_USER and CRM_ADMIN_PASSWORD, else asked for."""
    username = settings.admin_user or click.prompt(gettext("User name of the first administrator"))
    password = settings.admin_password or click.prompt(gettext("Password"), hide_input=True, confirmation_prompt=True)
    return str(username), str(password)
