"""Cells of files: what no program takes for a formula, how wide a text stands, and the row of totals."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from typing import Any

from app.i18n import gettext
from app.reports.engine import Table
from app.reports.engine.table import Row
from app.reports.engine.wording import shown

#: Programs for tables know by it that a file is UTF-8.
MARK = "\ufeff"
#: What such a program takes for the beginning of a formula, in a Chinese one in full width too.
BEGINS_A_FORMULA = (*"=+-@＝＋－＠", "\t", "\r", "\n")


def plain_cell(value: Any) -> str:
    """A cell that no program takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(BEGINS_A_FORMULA) else text


def csv_line(cells: Sequence[str]) -> str:
    """Cells as one line of a csv file."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def width_of(text: str) -> int:
    """How many letters wide a text stands where Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def totals_of(table: Table) -> dict[str, Any]:
    """The row of totals with the word for it in the first column; empty for a table without totals."""
    return {**table.totals, table.columns[0].key: gettext("Total")} if table.totals else {}


def texts_of(table: Table, row: Row) -> list[str]:
    """A row as people read it."""
    return [shown(column, row.get(column.key)) for column in table.columns]


def totals_in_words(table: Table) -> list[str]:
    """The row of totals as people read it, empty where a column has none; no cells for a table without totals."""
    if not table.totals:
        return []
    sums = [
        shown(column, table.totals[column.key]) if table.totals.get(column.key) is not None else ""
        for column in table.columns[1:]
    ]
    return [gettext("Total"), *sums]
