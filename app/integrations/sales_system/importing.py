"""A single file taken in by hand, on the way that a refresh goes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.actions.imports import Fault, Report, bad_rows_file, open_table
from app.actions.imports.mapping import Rule
from app.actions.imports.report import BadRow
from app.clock import now
from app.integrations.sales_system.folders import FileSource
from app.integrations.sales_system.kinds import FAULTS
from app.integrations.sales_system.loading import Progress, read, take_over
from app.integrations.sales_system.reading import told_from_json
from app.integrations.sales_system.settings import IMPORT, SourceSettings
from app.integrations.sales_system.staging import be_alone, staged
from app.security.audit import Origin


@contextmanager
def import_file(
    engine: Engine,
    kind: str,
    file: Path,
    *,
    rules: Mapping[str, Rule],
    zone: ZoneInfo,
    origin: Origin,
    errors_file: Path | None,
    progress: Progress,
) -> Iterator[tuple[Session, Report]]:
    """Take a file of one kind in; what came of it is kept when the session is committed, else nothing is.

    Rows that are there already are changed, whatever their source, and none is removed. Raises Unusable.
    """
    source = SourceSettings(IMPORT, FileSource({kind: file}), {kind: rules})
    with staged(engine, origin) as session:
        loaded = read(session, source, zone=zone, since={}, progress=progress)
        _write_bad_rows(session, file, errors_file)
        be_alone(session)
        take_over(session, loaded, at=now(zone))
        yield session, loaded.reports[kind]


def _write_bad_rows(session: Session, file: Path, errors_file: Path | None) -> None:
    """The rows that failed as they stand in the file, each with its reasons."""
    if errors_file is None:
        return
    faults: dict[int, list[Fault]] = {}
    for fault in session.execute(select(FAULTS).order_by(FAULTS.c.row)):
        told = Fault(fault.row, fault.column, str(told_from_json(fault.reason)))
        faults.setdefault(fault.row, []).append(told)
    with open_table(file) as table, bad_rows_file(errors_file, table.headers) as tell_bad:
        for number, cells in table.rows:
            if number in faults:
                tell_bad(BadRow(cells, faults[number]))
