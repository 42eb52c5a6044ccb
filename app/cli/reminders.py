"""``flask crm remind``: tells people what is due, for a timer of the machine."""

import json

import click
from flask import current_app

from app.actions.reminders import remind_of_what_is_due
from app.cli import crm
from app.clock import now
from app.extensions import session as session_of_request
from app.i18n import ngettext


@crm.command("remind")
@click.option("--json", "as_json", is_flag=True, help="Tell the outcome as one JSON object.")
def remind(as_json: bool) -> None:
    """Remind everybody of the plan items and next contacts that are due; each is told once, however often this runs."""
    session = session_of_request()
    today = now(current_app.extensions["crm_zone"]).date()
    told = remind_of_what_is_due(session, today=today, at=now())
    session.commit()
    if as_json:
        click.echo(json.dumps({"told": told}))
    else:
        click.echo(ngettext("%(num)d reminder was written.", "%(num)d reminders were written.", told))
