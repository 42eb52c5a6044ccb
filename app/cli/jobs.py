"""``flask crm worker``: runs jobs in a process of its own."""

import signal
import sys
import threading

import click
from flask import current_app

from app.cli import crm
from app.i18n import gettext, ngettext
from app.jobs.frame import run_due


@crm.command("worker")
@click.option("--once", is_flag=True, help="Run what is due and end, for a timer of the machine.")
def worker(once: bool) -> None:
    """Run jobs until Ctrl+C or SIGTERM; as many of these as you like may work at once."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # werkzeug's proxy does not declare it
    if once:
        click.echo(ngettext("%(num)d job was run.", "%(num)d jobs were run.", run_due(app)))
        return
    from app.jobs.frame.worker import working

    told_to_end = threading.Event()
    # Both by name: a process started in the background inherits that SIGINT is ignored.
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: told_to_end.set())
    with working(app):
        click.echo(gettext("Jobs are run. Ctrl+C ends it."))
        sys.stdout.flush()
        told_to_end.wait()
