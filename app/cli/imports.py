"""``flask crm import``: takes a file of one kind in, in one transaction."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from flask import current_app
from sqlalchemy.orm import Session

from app.actions.imports import (
    KINDS,
    Directory,
    Intake,
    OnDuplicate,
    Report,
    Run,
    bad_rows_file,
    few_collections,
    open_table,
    read_map,
)
from app.cli import REFUSED, command_session, crm, working_for
from app.cli.progress import progress_bar
from app.clock import now
from app.extensions import db
from app.i18n import gettext, listed
from app.integrations.sales_system import KINDS as COPIED
from app.integrations.sales_system import import_file as copied_in
from app.models.audit import AuditKind
from app.security.actor import Actor
from app.security.audit import note
from app.security.rights import SALES_SYSTEM, Verb

#: What belongs to the sales system needs one right for all its kinds.
COPIED_RIGHT = SALES_SYSTEM.right(Verb.IMPORT)
MOST_SHOWN = 20
COUNTS = ("rows", "created", "updated", "skipped", "failed", "unmatched")
READABLE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
WRITABLE = click.Path(dir_okay=False, writable=True, path_type=Path)


@dataclass(frozen=True, kw_only=True)
class Choices:
    """The options of the command."""

    map_file: Path | None
    dry_run: bool
    all_or_nothing: bool
    on_duplicate: str
    errors_file: Path | None
    username: str | None
    as_json: bool


@crm.command("import")
@click.argument("kind", type=click.Choice([*KINDS, *COPIED]))
@click.argument("file", type=READABLE)
@click.option("--map", "map_file", type=READABLE, help="Where the fields come from (TOML).")
@click.option("--dry-run", is_flag=True, help="Do everything, keep nothing.")
@click.option("--all-or-nothing", is_flag=True, help="Keep nothing when a row fails.")
@click.option("--on-duplicate", type=click.Choice([choice.value for choice in OnDuplicate]), default="skip")
@click.option("--errors", "errors_file", type=WRITABLE, help="Write the bad rows there, with the reasons (csv).")
@click.option("--as", "username", metavar="USER", help="Work with the rights and the scope of this user.")
@click.option("--json", "as_json", is_flag=True, help="Tell the outcome as one JSON object.")
@click.pass_context
def import_file(context: click.Context, /, kind: str, file: Path, **options: Any) -> None:
    """Take the rows of FILE (csv or xlsx) in. docs/import.md says what it may hold."""
    choices = Choices(**options)
    sources = {path.resolve() for path in (file, choices.map_file) if path}
    if choices.errors_file and choices.errors_file.resolve() in sources:
        raise click.UsageError(gettext("--errors would overwrite the file that is taken in."))
    session = command_session()
    right = COPIED_RIGHT if kind in COPIED else KINDS[kind].right
    with working_for(session, choices.username, right) as by:
        if kind in COPIED:
            report = _copy_in(session, kind, file, choices)
        else:
            report = _take_in(session, KINDS[kind], file, choices=choices, by=by)
            _keep(session, file, report, choices)
    _tell(report, choices)
    if _is_refused(report, choices) or report.wrote_nothing:
        context.exit(REFUSED)


def _is_refused(report: Report, choices: Choices) -> bool:
    return choices.all_or_nothing and report.failed > 0


def _keep(session: Session, file: Path, report: Report, choices: Choices) -> None:
    """Keep what was taken in, or nothing of it."""
    if _is_refused(report, choices):
        report.take_back()
    if _is_refused(report, choices) or choices.dry_run:
        session.rollback()
    else:
        _note(session, file, report)
        session.commit()


def _copy_in(session: Session, kind: str, file: Path, choices: Choices) -> Report:
    """What belongs to the sales system goes in as a refresh does it."""
    names = [field.name for field in COPIED[kind].fields]
    rules = read_map(choices.map_file, names) if choices.map_file else {}
    zone, origin = current_app.extensions["crm_zone"], session.info["origin"]
    session.rollback()
    with (
        progress_bar(gettext("Taking in")) as progress,
        copied_in(
            db.engine,
            kind,
            file,
            rules=rules,
            zone=zone,
            origin=origin,
            errors_file=choices.errors_file,
            progress=progress,
        ) as (own_session, report),
    ):
        _keep(own_session, file, report, choices)
    return report


def _note(session: Session, file: Path, report: Report) -> None:
    """One entry for the whole file, beside those of its rows."""
    told = {"kind": report.kind, "file": file.name, **{name: getattr(report, name) for name in COUNTS}}
    note(session, AuditKind.IMPORTED, changes={name: [None, value] for name, value in told.items()})


def _take_in(session: Session, kind: type[Intake], file: Path, *, choices: Choices, by: Actor) -> Report:
    rules = read_map(choices.map_file, kind.schema.columns()) if choices.map_file else {}
    intake = kind(session, Directory(session, current_app.extensions["crm_zone"]), by=by, at=now())
    with open_table(file) as table, bad_rows_file(choices.errors_file, table.headers) as tell_bad:
        run = Run(
            intake,
            kind.plan(table.headers, rules),
            on_duplicate=OnDuplicate(choices.on_duplicate),
            tell_bad=tell_bad,
        )
        with few_collections():
            _watch(run.take_in(table.rows), table.expected)
    return run.report


def _watch(steps: Iterator[int], expected: int) -> None:
    """Go through the steps, with a bar for a person who looks on."""
    if not sys.stderr.isatty():
        for _ in steps:
            pass
        return
    with click.progressbar(length=max(expected, 1), file=sys.stderr) as bar:
        for rows in steps:
            bar.update(rows)


def _tell(report: Report, choices: Choices) -> None:
    if choices.as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False))
        return
    click.echo(
        gettext(
            "%(rows)d rows: %(created)d created, %(updated)d updated, %(skipped)d skipped, %(failed)d failed.",
            rows=report.rows,
            created=report.created,
            updated=report.updated,
            skipped=report.skipped,
            failed=report.failed,
        )
    )
    if report.unmatched and report.kind in COPIED:
        click.echo(gettext("%(num)d have no customer yet.", num=report.unmatched))
    elif report.unmatched:
        click.echo(gettext("%(num)d succeeded without a customer to link to.", num=report.unmatched))
    if report.ignored_columns:
        click.echo(gettext("Ignored columns: %(names)s", names=listed(report.ignored_columns)))
    if choices.dry_run:
        click.echo(gettext("This was a dry run: nothing was written."))
    elif choices.all_or_nothing and report.failed:
        click.echo(gettext("Nothing was written, because rows failed."))
    _tell_faults(report)


def _tell_faults(report: Report) -> None:
    for fault in report.errors[:MOST_SHOWN]:
        line = gettext(
            "Row %(row)d, %(column)s: %(reason)s",
            row=fault.row,
            column=fault.column or gettext("whole row"),
            reason=fault.reason,
        )
        click.echo(line, err=True)
    if len(report.errors) > MOST_SHOWN:
        click.echo(gettext("--errors FILE writes all rows that failed, with the reasons."), err=True)
