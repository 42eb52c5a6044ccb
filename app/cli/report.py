"""``flask crm report``: any report, printed or written into a file; its flags are the parameters of its address."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import click
from flask import current_app

from app.cli import REFUSED, command_session, complain, crm, working_for
from app.clock import now
from app.errors import WrongState
from app.i18n import Label, gettext, listed
from app.reports.engine import Asked, Chart, Report, Unreadable, ask, reports
from app.reports.exports import FORMATS, PICTURES, Edition, note_taken, picture
from app.security.rights import Verb

#: What each format is called here, by how its files end.
SUFFIXES = {"table": "txt", "csv": "csv", "xlsx": "xlsx", "pdf": "pdf", "svg": "svg", "png": "png", "json": "json"}
#: What a terminal shows.
SHOWN = {"txt", "csv", "json", "svg"}
#: So many bytes are printed at once.
PART = 65_536
WRITABLE = click.Path(dir_okay=False, writable=True, path_type=Path)


def _flags() -> Iterator[click.Option]:
    """A flag for each parameter of an address, with the reports that read it."""
    readers: dict[str, list[str]] = {}
    for name, report in sorted(reports().items()):
        for parameter in _parameters(report):
            readers.setdefault(parameter, []).append(name)
    for parameter, names in sorted(readers.items()):
        # Named by more than the flag, since ``from`` and ``as`` are words of Python.
        flags = [f"--{parameter.replace('_', '-')}", f"asked_{parameter}"]
        yield click.Option(flags, metavar="VALUE", help=f"Of {', '.join(names)}.")


def _parameters(report: Report) -> list[str]:
    return [parameter for one in report.filters for parameter in one.parameters()]


@crm.command("report")
@click.argument("name", type=click.Choice(sorted(reports())))
@click.option("--format", "form", type=click.Choice(list(SUFFIXES)), default="table", show_default=True)
@click.option("-o", "--output", type=WRITABLE, metavar="FILE", help="Write it there instead of printing it.")
@click.option("--chart", metavar="KEY", help="Which chart svg and png show; the first unless said.")
@click.option("--as", "username", metavar="USER", help="With the rights and the scope of this user.")
def report(name: str, form: str, output: Path | None, **more: Any) -> None:
    """Make the report NAME: of all years and of everything, unless flags ask for less."""
    suffix, username, chart = SUFFIXES[form], more.pop("username"), more.pop("chart")
    if output is None and suffix not in SHOWN and sys.stdout.isatty():
        raise click.UsageError(gettext("This format is no text: name a file with -o."))
    one = reports()[name]
    asked = _asked(one, {flag.removeprefix("asked_"): value for flag, value in more.items() if value is not None})
    session = command_session()
    with working_for(session, username, one.screen.right(Verb.EXPORT)) as by, TemporaryFile() as file:
        edition = Edition(one, asked, one.find(session, asked), now(), by.name)
        note_taken(session, edition, _write(edition, suffix, chart, file))
        session.commit()  # before anything leaves
        file.seek(0)
        _send(file, output)


def _write(edition: Edition, suffix: str, chart: str | None, file: IO[bytes]) -> dict[str, Any]:
    """Write what is asked for; what it is, as the audit log tells it."""
    if suffix in PICTURES:
        drawn = _chart(edition, chart)
        file.write(picture(drawn, suffix))
        return {"file": suffix.upper(), "chart": str(drawn.title)}
    FORMATS[suffix].write(edition, file)
    return {"file": str(FORMATS[suffix].label), "rows": edition.outcome.table.rows_in_all}


def _asked(one: Report, given: Mapping[str, str]) -> Asked:
    """What the flags ask; one that this report does not read is wrong usage, and so is what cannot be read."""
    foreign = [f"--{flag}" for flag in given if flag not in _parameters(one)]
    if foreign:
        raise click.UsageError(gettext("This report has no %(flags)s.", flags=listed(foreign)))
    zone = current_app.extensions["crm_zone"]
    try:
        return ask(one.filters, given, today=now(zone).date(), zone=zone)
    except Unreadable as refusal:
        raise click.UsageError(str(refusal)) from None


def _chart(edition: Edition, key: str | None) -> Chart:
    charts = {chart.key: chart for chart in edition.outcome.charts}
    if not charts:
        raise WrongState(Label("This report has no chart for what is asked."))
    if key is not None and key not in charts:
        raise click.UsageError(gettext("The charts of this report are: %(names)s", names=listed(charts)))
    return charts[key or next(iter(charts))]


def _send(file: IO[bytes], output: Path | None) -> None:
    """Print the whole file, or put it where it belongs."""
    if output is None:
        while part := file.read(PART):
            click.echo(part, nl=False)
        return
    try:
        with output.open("wb") as target:
            shutil.copyfileobj(file, target)
    except OSError as error:
        complain(gettext("%(file)s cannot be written: %(why)s", file=output, why=error.strerror), REFUSED)


report.params.extend(_flags())
