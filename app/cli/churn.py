"""``flask crm scan-churn``: finds customers about to be lost, and those who ordered again."""

import json
from dataclasses import asdict
from datetime import datetime

import click
from flask import current_app

from app.actions.churn.scan import scan_churn
from app.cli import command_session, crm
from app.clock import now
from app.i18n import gettext
from app.security.actor import SYSTEM


@crm.command("scan-churn")
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day that counts as today; orders after it do not."
)
@click.option("--json", "as_json", is_flag=True, help="Tell the outcome as one JSON object.")
def scan(as_of: datetime | None, as_json: bool) -> None:
    """Open a case for every customer that has been silent for too long; each is made once, however often this runs."""
    session = command_session()
    day = as_of.date() if as_of else None
    found = scan_churn(session, by=SYSTEM, at=now(current_app.extensions["crm_zone"]), as_of=day)
    session.commit()
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        click.echo(
            gettext(
                "%(checked)d customers checked: %(opened)d cases opened, %(already_open)d open already, "
                "%(recovered)d recovered.",
                **asdict(found),
            )
        )
