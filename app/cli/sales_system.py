"""``flask crm sync-sales`` and ``flask crm check-sales``: the link to the sales system by hand."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from flask import current_app

from app.actions.imports.report import MOST_TOLD, Unusable
from app.cli import REFUSED, crm
from app.cli.progress import progress_bar
from app.extensions import db
from app.i18n import gettext, listed
from app.integrations.sales_system import KINDS, Occasion, Refreshed, SalesSettings, check_settings, refresh

COUNTS = ("rows", "created", "updated", "skipped", "failed", "unmatched")
MOST_SHOWN = 20


def read_settings() -> SalesSettings:
    """The settings of the link; raises Unusable when there are none."""
    given = current_app.config["CRM_SETTINGS"].sales_config
    if given is None:
        raise Unusable(gettext("CRM_SALES_CONFIG is not set: there is no sales system to read from."))
    return SalesSettings(Path(given))


@crm.command("check-sales")
@click.pass_context
def check_sales(context: click.Context) -> None:
    """Check the settings of the link to the sales system against its sources: a line for each fault."""
    settings = read_settings()
    check_settings(settings, current_app.extensions["crm_zone"])
    for fault in settings.faults:
        click.echo(str(fault))
    if settings.faults:
        context.exit(REFUSED)
    for source in settings.sources.values():
        click.echo(gettext("%(name)s: %(kinds)s are in order.", name=source.name, kinds=listed(source.rules)))


@crm.command("sync-sales")
@click.option("--source", "name", metavar="NAME", help="Only this source.")
@click.option("--whole", "is_whole", is_flag=True, help="Read everything, whatever the stamps say.")
@click.option("--json", "as_json", is_flag=True, help="Tell the outcome as one JSON object.")
@click.pass_context
def sync_sales(context: click.Context, name: str | None, is_whole: bool, as_json: bool) -> None:
    """Refresh the copy of the sales system. docs/sales-system.md says how it is set up."""
    began = time.monotonic()
    settings = read_settings()
    settings.refuse_faults()
    if name is not None and name not in settings.sources:
        raise click.UsageError(gettext("There is no source “%(name)s”.", name=name))
    sources = [source for source in settings.sources.values() if name in {None, source.name}]
    with progress_bar(gettext("Refreshing")) as progress:
        occasion = Occasion(current_app.extensions["crm_zone"], is_whole=is_whole, progress=progress)
        outcomes = [refresh(db.engine, source, occasion) for source in sources]
    kinds = _by_kind(outcomes)
    if as_json:
        seconds = round(time.monotonic() - began, 3)
        click.echo(json.dumps({"kinds": kinds, "seconds": seconds}, ensure_ascii=False))
    else:
        _tell(kinds)
    failures = [outcome for outcome in outcomes if outcome.failure]
    for outcome in failures:
        click.echo(f"{outcome.source}: {' '.join(str(outcome.failure).split())}", err=True)
    if failures:
        context.exit(REFUSED)


def _by_kind(outcomes: Sequence[Refreshed]) -> dict[str, dict[str, Any]]:
    """The counts by kind, of all sources together."""
    kinds: dict[str, dict[str, Any]] = {}
    for outcome in outcomes:
        for key, report in outcome.reports.items():
            told = kinds.setdefault(key, dict.fromkeys((*COUNTS, "removed"), 0) | {"errors": []})
            for count in COUNTS:
                told[count] += getattr(report, count)
            told["removed"] += outcome.removed[key]
            room = MOST_TOLD - len(told["errors"])
            told["errors"] += [asdict(fault) for fault in report.errors[:room]]
    return {key: kinds[key] for key in KINDS if key in kinds}


def _tell(kinds: Mapping[str, Mapping[str, Any]]) -> None:
    for key, told in kinds.items():
        click.echo(
            gettext(
                "%(kind)s: %(rows)d rows: %(created)d created, %(updated)d updated, %(skipped)d unchanged, "
                "%(removed)d removed, %(failed)d set aside, %(unmatched)d without a customer.",
                kind=key,
                **{name: told[name] for name in (*COUNTS, "removed")},
            )
        )
        for line in _faults(told["errors"]):
            click.echo(line, err=True)


def _faults(errors: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for fault in errors[:MOST_SHOWN]:
        place = fault["column"] or gettext("whole row")
        yield gettext("Row %(row)d, %(column)s: %(reason)s", row=fault["row"], column=place, reason=fault["reason"])
