"""Tables from files, row by row with the sheet's own numbers: csv in UTF-8 or GB18030, and xlsx."""

import codecs
import csv
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from app.actions.imports.report import BadRow, Unusable
from app.i18n import Label, Told, gettext

SEPARATORS = ",;\t"
ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
CHUNK = 1 << 20
#: Beyond these the reading library, which holds a whole sheet, would need more than about 300 MB.
MOST_UNPACKED = 150_000_000
MOST_CELLS = 2_500_000
PLACE = re.compile(rb"<(?:\w+:)?(?:row|c)\s[^>]*?\br=[\"']([A-Z]*)([0-9]+)[\"']")
#: What a spreadsheet would take for a formula; a plain number such as -5 or +86 10 is none.
FORMULA = re.compile(r"(?=[=+\-@\t\r])(?![+-][\d\s.,]+\Z)")
GUARDED = re.compile(r"'[=+\-@\t\r]")

Rows = Iterator[tuple[int, list[str]]]


@dataclass(frozen=True)
class Table:
    """A file's header, its rows with their numbers, and about how many there are."""

    headers: tuple[str, ...]
    rows: Rows
    expected: int


@contextmanager
def open_table(path: Path, *, as_it_stands: bool = False) -> Iterator[Table]:
    """The table in ``path``; what it is, its content says and not its name. Raises Unusable.

    The cells of the rows are trimmed, unless they are asked for ``as_it_stands``.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
        opened = _open_xlsx(path) if start == ZIP else _open_csv(path, start)
        with opened as (rows, expected):
            table = _with_header(rows, expected)
            yield table if as_it_stands else replace(table, rows=_trimmed(table.rows))
    except OSError as error:
        raise Unusable(
            Told.of(Label("%(name)s cannot be read: %(why)s"), name=path.name, why=error.strerror or str(error))
        ) from None


def _with_header(rows: Rows, expected: int) -> Table:
    number, cells = next(rows, (0, []))
    headers = tuple(cell.lstrip("\ufeff").strip() for cell in cells)
    while headers and not headers[-1]:
        headers = headers[:-1]
    if number != 1 or not headers:
        raise Unusable(Told.of(Label("The first row of the file must hold the headers.")))
    return Table(headers, (row for row in rows if any(row[1])), expected)


def _trimmed(rows: Rows) -> Rows:
    for number, cells in rows:
        plain = [trimmed(cell) for cell in cells]
        if any(plain):
            yield number, plain


def trimmed(cell: str) -> str:
    """A cell without blanks around it, and without the apostrophe that a file of bad rows puts before a formula."""
    cell = cell.strip()
    return cell[1:].strip() if GUARDED.match(cell) else cell


# ---- csv ----------------------------------------------------------------------------------------------


@contextmanager
def _open_csv(path: Path, start: bytes) -> Iterator[tuple[Rows, int]]:
    if start == OLD_EXCEL:
        raise Unusable(Told.of(Label("%(name)s is a file of an old Excel: save it as xlsx or csv."), name=path.name))
    encoding, lines = _encoding_of(path)
    with path.open(encoding=encoding, newline="") as file:
        separator = _separator_of(file)
        yield _csv_rows(file, separator), max(lines - 1, 0)


def _encoding_of(path: Path) -> tuple[str, int]:
    """The encoding in which the whole file can be read, strictly, and its number of lines."""
    for encoding in ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            return encoding, _count_lines(path, encoding)
    raise Unusable(Told.of(Label("%(name)s is text in neither UTF-8 nor GB18030."), name=path.name))


def _count_lines(path: Path, encoding: str) -> int:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    lines = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            decoder.decode(chunk)
            lines += chunk.count(b"\n")
    decoder.decode(b"", final=True)
    return lines


def _separator_of(file: IO[str]) -> str:
    """Which of the separators splits the first row into most cells."""
    widths = dict.fromkeys(SEPARATORS, 0)
    for separator in SEPARATORS:
        file.seek(0)
        with suppress(csv.Error):
            widths[separator] = len(next(csv.reader(file, delimiter=separator), []))
    file.seek(0)
    return max(SEPARATORS, key=widths.__getitem__)


def _csv_rows(file: IO[str], separator: str) -> Rows:
    reader = csv.reader(file, delimiter=separator, strict=True)
    try:
        yield from enumerate(reader, start=1)
    except csv.Error as error:
        raise Unusable(
            Told.of(
                Label("The file cannot be read from line %(line)d on: %(why)s"), line=reader.line_num, why=str(error)
            )
        ) from None


# ---- xlsx ---------------------------------------------------------------------------------------------


@contextmanager
def _open_xlsx(path: Path) -> Iterator[tuple[Rows, int]]:
    # Not at the top: only whoever reads such a file needs the library.
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    _refuse_bomb(path)
    try:
        with closing(CalamineWorkbook.from_path(str(path))) as book:
            kinds = {sheet.name: (sheet.typ, sheet.visible) for sheet in book.sheets_metadata}
            shown = [
                name for name, kind in kinds.items() if kind == (SheetTypeEnum.WorkSheet, SheetVisibleEnum.Visible)
            ]
            if not shown:
                raise Unusable(Told.of(Label("%(name)s has no sheet to read."), name=path.name))
            sheet = book.get_sheet_by_name(shown[0])
            rows = (list(map(_text_of, row)) for row in sheet.iter_rows())
            yield enumerate(rows, start=1), max(sheet.total_height - 1, 0)
    except CalamineError as error:
        raise Unusable(Told.of(Label("%(name)s cannot be read: %(why)s"), name=path.name, why=str(error))) from None


def _refuse_bomb(path: Path) -> None:
    """Refuse a workbook that would not fit into memory, before the library unpacks it."""
    try:
        with zipfile.ZipFile(path) as parcel:
            sheets = [part for part in parcel.infolist() if part.filename.startswith("xl/worksheets/")]
            too_large = sum(part.file_size for part in parcel.infolist()) > MOST_UNPACKED
            if too_large or any(_area(parcel, part) > MOST_CELLS for part in sheets if not part.is_dir()):
                raise Unusable(
                    Told.of(Label("%(name)s is too large for a workbook: save the sheet as csv."), name=path.name)
                )
    # What the library raises for a file that is damaged, of an unknown compression, encrypted or cut off.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise Unusable(Told.of(Label("%(name)s cannot be read: %(why)s"), name=path.name, why=str(error))) from None


def _area(parcel: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """Rows times columns up to the farthest cell of a sheet: so much the library will hold."""
    rows = columns = 0
    rest = b""
    with parcel.open(part) as file:
        while chunk := file.read(CHUNK):
            rest += chunk
            for letters, digits in PLACE.findall(rest):
                rows = max(rows, int(digits[:9]))
                columns = max(columns, _column_number(letters))
            rest = rest[max(rest.rfind(b">"), len(rest) - 1000) + 1 :]
    return rows * columns


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters[:4]:
        number = number * 26 + letter - 64
    return number


def _text_of(value: Any) -> str:
    """A cell as text: whole numbers without a point, dates as YYYY-MM-DD, fifteen digits as a sheet keeps."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(format(value, ".15g")), "f")
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip()


# ---- the rows that did not go in ------------------------------------------------------------------------


@contextmanager
def bad_rows_file(path: Path | None, headers: Sequence[str]) -> Iterator[Any]:
    """A function that writes a bad row, its reasons in a last column, into a csv at ``path``.

    The file takes its place when the block ends well, so that nobody finds half of it.
    """
    if path is None:
        yield lambda _row: None
        return
    with _draft_of(path) as file:
        writer = csv.writer(file)
        writer.writerow([_guarded(header) for header in (*headers, gettext("Reason"))])
        yield lambda row: writer.writerow(_bad_cells(row, len(headers)))


@contextmanager
def _draft_of(path: Path) -> Iterator[IO[str]]:
    try:
        file = NamedTemporaryFile(  # noqa: SIM115  # closed by who reads it
            "w", encoding="utf-8-sig", newline="", dir=path.parent, delete=False
        )
    except OSError as error:
        raise Unusable(
            Told.of(Label("%(name)s cannot be written: %(why)s"), name=str(path), why=error.strerror or str(error))
        ) from None
    try:
        with file:
            yield file
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    finally:
        Path(file.name).unlink(missing_ok=True)


def _bad_cells(row: BadRow, width: int) -> list[str]:
    reasons = [f"{fault.column}: {fault.reason}" if fault.column else fault.reason for fault in row.faults]
    cells = [*row.cells, *[""] * (width - len(row.cells))]
    return [_guarded(cell) for cell in (*cells, " ".join(reasons))]


def _guarded(cell: str) -> str:
    return f"'{cell}" if FORMULA.match(cell) else cell
