"""``flask crm demo``: fills an empty database with the demo company."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from flask import current_app

from app.cli import crm
from app.database import upgrade
from app.demo import ACCOUNTS, MOST_CUSTOMERS, load, refuse_records
from app.i18n import gettext, listed
from config import Settings


@crm.command("demo")
@click.option("--customers", type=click.IntRange(1, MOST_CUSTOMERS), default=200, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed makes another company.")
def demo(customers: int, seed: int) -> None:
    """Fill an empty database with a believable company, made up from beginning to end."""
    settings: Settings = current_app.config["CRM_SETTINGS"]
    refuse_records(settings)
    upgrade(settings)
    with _progress_bar() as progress:
        load(settings, customers=customers, seed=seed, progress=progress)
    click.echo(gettext("The demo company has %(count)s customers.", count=customers))
    names = listed(ACCOUNTS)
    password = settings.demo_password
    click.echo(gettext("Accounts: %(names)s. Password: %(password)s", names=names, password=password))


@contextmanager
def _progress_bar() -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, if somebody is there to see it."""
    label = gettext("Loading the demo company")
    is_unseen = not sys.stderr.isatty()
    with click.progressbar(length=1, label=label, file=sys.stderr, hidden=is_unseen) as bar:

        def tell(written: int, in_all: int) -> None:
            bar.length = in_all
            bar.update(written - bar.pos)

        yield tell
