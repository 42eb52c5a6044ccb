"""``flask crm verify``: tells whether the database is what it should be, the audit log first of all."""

import json

import click
from flask import current_app

from app.actions.audit import last_seal, seal
from app.actions.verify import CHECKS, files_in
from app.cli import REFUSED, command_session, crm
from app.clock import now
from app.i18n import gettext
from app.security.scope import system


@crm.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Tell the outcome as one JSON object.")
@click.pass_context
def verify(context: click.Context, as_json: bool) -> None:
    """Check the database: 0 and one line when all is right, else 1 and a line for each fault.

    What was written since the last seal is sealed afterwards.
    """
    session, at = command_session(), now()
    folder = current_app.config["CRM_SETTINGS"].files_dir
    with system(session, "the command looks at everything"):
        faults = [(check.key, sentence) for check in (*CHECKS, files_in(folder)) for sentence in check.run(session, at)]
        seal(session, at=at)
        session.commit()
        last = last_seal(session)
    place, digest = (last.position, last.hash) if last else (0, "")
    if as_json:
        listed = [{"check": key, "fault": sentence} for key, sentence in faults]
        click.echo(json.dumps({"faults": listed, "sealed": place, "last_seal": digest}, ensure_ascii=False))
    else:
        for _, sentence in faults:
            click.echo(sentence)
        if not faults and last is None:
            click.echo(gettext("All is right. The audit log is empty."))
        elif not faults:
            click.echo(
                gettext("All is right. %(num)d entries are sealed, the last by %(hash)s.", num=place, hash=digest)
            )
    if faults:
        context.exit(REFUSED)
