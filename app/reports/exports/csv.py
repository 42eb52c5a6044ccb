"""csv: labels first, plain amounts, the totals last and nothing above (definition 09.22)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from app.i18n import gettext
from app.reports.engine import Column, Kind, Table
from app.reports.engine.table import Row
from app.reports.engine.wording import plain
from app.reports.exports.cells import MARK, csv_line, plain_cell
from app.reports.exports.edition import Edition


def write(edition: Edition, file: IO[bytes]) -> None:
    """Write the report's own table."""
    file.write(MARK.encode())
    for line in lines(edition.outcome.table):
        file.write(line.encode())


def lines(table: Table) -> Iterator[str]:
    """The file line by line."""
    yield csv_line([plain_cell(column.label) for column in table.columns])
    for row in table.rows():
        yield csv_line([_cell(column, row) for column in table.columns])
    totals = [_cell(column, table.totals) for column in table.columns[1:]]
    yield csv_line([gettext("Total"), *totals])


def _cell(column: Column, row: Row) -> str:
    """Only a text could be taken for a formula; an amount below zero is a number."""
    text = plain(column, row.get(column.key))
    return plain_cell(text) if column.kind is Kind.TEXT else text
