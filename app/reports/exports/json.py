"""JSON for other programs: money as strings, so that nobody rounds it (definition 09.22)."""

from __future__ import annotations

import json
from typing import IO, Any

from app.reports.engine import Column, Kind, Table
from app.reports.engine.table import Row
from app.reports.engine.wording import MONEY, SHARES, exact
from app.reports.exports.edition import Edition


def write(edition: Edition, file: IO[bytes]) -> None:
    """Write the report's own table row by row, however many there are."""
    table = edition.outcome.table
    head = {
        "name": edition.report.name,
        "filters": dict(edition.asked.texts),
        "columns": [{"key": column.key, "label": str(column.label)} for column in table.columns],
    }
    file.write(f'{_told(head)[:-1]}, "rows": ['.encode())
    for place, row in enumerate(table.rows()):
        file.write(f"{',' if place else ''}\n{_told(_values(table, row))}".encode())
    totals = {key: value for key, value in _values(table, table.totals).items() if key in table.totals}
    file.write(f'], "totals": {_told(totals)}}}\n'.encode())


def _told(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _values(table: Table, row: Row) -> dict[str, Any]:
    return {column.key: _value(column, row.get(column.key)) for column in table.columns}


def _value(column: Column, value: Any) -> Any:
    """Amounts and days as strings, everything else as the number or the text that it is."""
    found = exact(column, value)
    if found is None:
        return None
    if column.kind in MONEY or column.kind is Kind.DAY:
        return str(found)
    return float(found) if column.kind in SHARES else found
