"""Excel: numbers as numbers and days as dates, below a head that says what was asked, when and by whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from app.errors import WrongState
from app.i18n import Label
from app.reports.engine import Column, Kind, Table
from app.reports.engine.table import Row
from app.reports.engine.wording import NUMBERS, SHARES, exact, shown
from app.reports.exports.cells import totals_of, width_of
from app.reports.exports.edition import Edition

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: What the program itself holds in one sheet.
MOST_ROWS = 1_048_576
#: Cells are written in the order of their rows and go to disk at once; no text becomes a formula or a link.
OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
NUMBER_FORMATS = {
    Kind.NUMBER: "0",
    Kind.COUNT: "#,##0",
    Kind.MONEY: "#,##0.00",
    Kind.SHARE: "0.0%",
    Kind.CHANGE: "+0.0%;-0.0%;0.0%",
    Kind.MONEY_CHANGE: "+#,##0.00;-#,##0.00;0.00",
    Kind.RANK_CHANGE: "+0;-0;0",
    Kind.DECIMAL: "#,##0.0",
    Kind.DAY: "yyyy-mm-dd",
    Kind.YEAR: "0",
    Kind.MINUTES: "[h]:mm",
}
NOT_IN_SHEET_NAMES = re.compile(r"[\s\[\]:*?/\\\x00-\x1f]+")
LONGEST_SHEET_NAME = 31
A4 = 9
NARROWEST, WIDEST = 6, 48
#: So many rows tell how wide a column is.
ROWS_MEASURED = 200


def write(edition: Edition, file: IO[bytes]) -> None:
    """Write each table into a sheet of its own; raises WrongState for more rows than a sheet holds."""
    from xlsxwriter import Workbook

    if any(table.rows_in_all > MOST_ROWS - len(_head(edition)) - 3 for table in edition.tables()):
        raise WrongState(Label("An Excel sheet holds 1,048,576 rows. Ask for less, or take the csv file."))
    with Workbook(file, OPTIONS) as book:
        book.set_properties({"title": edition.title, "author": edition.made_by})
        looks = _Looks(book)
        names = _sheet_names(edition)
        for table, name in zip(edition.tables(), names, strict=True):
            _Sheet(book.add_worksheet(name), table, looks).write(_head(edition, table))


def _head(edition: Edition, table: Table | None = None) -> list[str]:
    """The lines above a table: the report and perhaps the table, what was asked, when it was made and by whom."""
    title = f"{edition.title} · {table.title}" if table is not None and table.title else edition.title
    return [line for line in (title, edition.conditions_in_words(), edition.made()) if line]


def _sheet_names(edition: Edition) -> Iterator[str]:
    """A name for each table that the program takes: short, without some signs, and no two alike."""
    taken: set[str] = set()
    for place, table in enumerate(edition.tables(), 1):
        name = NOT_IN_SHEET_NAMES.sub(" ", str(table.title) or edition.title).strip("' ")[:LONGEST_SHEET_NAME]
        if not name or name.casefold() in taken:
            name = f"{name[: LONGEST_SHEET_NAME - 4]} {place}".strip()
        taken.add(name.casefold())
        yield name


class _Looks:
    """The formats of one workbook, each made once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}

    def of(self, **settings: Any) -> Format:
        """The format of these settings."""
        key = tuple(sorted(settings.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(settings)
        return self._made[key]

    def of_column(self, column: Column, **more: Any) -> Format:
        """The format of a column's values."""
        number = NUMBER_FORMATS.get(column.kind)
        return self.of(**({"num_format": number} if number else {}), **more)

    @cached_property
    def title(self) -> Format:
        """That of the first line."""
        return self.of(bold=True, font_size=14)

    @cached_property
    def quiet(self) -> Format:
        """That of what was asked and when."""
        return self.of(font_color="#4D5665")


class _Sheet:
    """One table in one sheet, written from the top to the bottom."""

    def __init__(self, sheet: Worksheet, table: Table, looks: _Looks) -> None:
        self._sheet, self._table, self._looks = sheet, table, looks

    def write(self, head: list[str]) -> None:
        """Write the lines above, an empty one, the labels, the rows and the totals; the labels stay in sight."""
        self._set_widths()
        for place, line in enumerate(head):
            self._sheet.write_string(place, 0, line, self._looks.quiet if place else self._looks.title)
        first = len(head) + 2
        self._write_labels(first - 1)
        for place, row in enumerate(self._table.rows(), first):
            self._write_row(place, row)
        if self._table.totals:
            self._write_row(first + self._table.rows_in_all, totals_of(self._table), bold=True, top=1)

    def _write_labels(self, place: int) -> None:
        for number, column in enumerate(self._table.columns):
            side = "right" if column.kind in NUMBERS and column.key != "number" else "left"
            look = self._looks.of(bold=True, bottom=1, bg_color="#F2F4F7", align=side)
            self._sheet.write_string(place, number, str(column.label), look)
        self._sheet.freeze_panes(place + 1, 0)
        self._sheet.repeat_rows(place)

    def _write_row(self, place: int, row: Row, **more: Any) -> None:
        for number, column in enumerate(self._table.columns):
            value, look = row.get(column.key), self._looks.of_column(column, **more)
            if value is None:
                self._sheet.write_blank(place, number, None, look)
            elif isinstance(value, str) and column.kind is not Kind.DAY:
                self._sheet.write_string(place, number, value, look)
            elif column.kind is Kind.DAY:
                self._sheet.write_datetime(place, number, exact(column, value), look)
            elif column.kind is Kind.TEXT:
                self._sheet.write_string(place, number, str(value), look)
            else:
                self._sheet.write_number(place, number, _number(column, value), look)

    def _set_widths(self) -> None:
        """How wide the columns are, and how the sheet is printed."""
        self._sheet.set_landscape()
        self._sheet.set_paper(A4)
        self._sheet.fit_to_pages(1, 0)
        rows = list(islice(self._table.rows(0, ROWS_MEASURED), ROWS_MEASURED))
        for number, column in enumerate(self._table.columns):
            texts = [str(column.label), *(shown(column, row.get(column.key)) for row in (*rows, self._table.totals))]
            width = min(WIDEST, max(NARROWEST, *map(width_of, texts)) + 2)
            self._sheet.set_column(number, number, width)


def _number(column: Column, value: Any) -> float:
    """The number as the sheet counts: percents as parts of one, times as parts of a day."""
    if column.kind in SHARES:
        return int(value) / 1000
    if column.kind is Kind.MINUTES:
        return int(value) / (24 * 60)
    return float(exact(column, value))
