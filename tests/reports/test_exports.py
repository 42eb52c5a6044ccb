"""Every report in every format, read back by another library."""

import csv as csv_files
import io
import json as json_files
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from tempfile import TemporaryFile
from zoneinfo import ZoneInfo

import pytest
from flask_babel import force_locale
from pandas import DataFrame
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from app.reports.engine import Asked, Column, Fact, Filter, Kind, Outcome, PeriodFilter, Report, Table, ask
from app.reports.exports import FORMATS, Edition
from app.reports.exports.pdf import table_of
from app.security.rights import REPORT_CONTRIBUTION

ZONE = ZoneInfo("Asia/Shanghai")
MADE = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
FILTERS = (Filter("name", "Customer"), PeriodFilter("period", "Year"))
COLUMNS = (
    Column("number", "No.", Kind.NUMBER),
    Column("name", "Customer"),
    Column("amount", "Amount", Kind.MONEY, is_summed=True),
    Column("share", "Share", Kind.SHARE, is_summed=True),
    Column("change", "Change", Kind.CHANGE),
    Column("since", "Since", Kind.DAY),
    Column("took", "Took", Kind.MINUTES),
)
NAMES = ("=HYPERLINK(1)", "#strong[华强] $x$ *y*", "＋北方", "http://example.com")


def edition(rows: int = 4, **given: str) -> Edition:
    """A made-up report with some rows; every second amount is below zero."""
    frame = DataFrame(
        {
            "name": [NAMES[place % 4] for place in range(rows)],
            "amount": [(place + 1) * 150 * (-1) ** place for place in range(rows)],
            "share": [1000 // rows] * rows,
            "change": [None if place % 2 else -72 for place in range(rows)],
            "since": [date(2025, 12, 31)] * rows,
            "took": [90] * rows,
        },
        columns=[one.key for one in COLUMNS[1:]],
    )
    outcome = Outcome(Table.summed(COLUMNS, frame), facts=(Fact("More than before", is_head=True), Fact("A fact.")))
    report = Report("contribution", REPORT_CONTRIBUTION, FILTERS, lambda *_: {}, lambda *_: outcome)
    return Edition(report, asked(**given), outcome, MADE, "许安宁")


def asked(**given: str) -> Asked:
    return ask(FILTERS, given, today=date(2026, 3, 2), zone=ZONE)


def written(suffix: str, one: Edition) -> bytes:
    """The file of an edition."""
    file = io.BytesIO()
    FORMATS[suffix].write(one, file)
    return file.getvalue()


@pytest.fixture
def reading(app):
    """Somebody who reads English."""
    with app.test_request_context(), force_locale("en"):
        yield


pytestmark = [pytest.mark.one_database, pytest.mark.usefixtures("reading")]


def test_csv_has_labels_first_plain_amounts_and_totals_last():
    raw = written("csv", edition()).decode("utf-8")
    assert raw.startswith("\ufeffNo.,Customer,Amount")
    _, *rows, totals = csv_files.reader(io.StringIO(raw.removeprefix("\ufeff")))
    assert rows[1] == ["2", "#strong[华强] $x$ *y*", "-3.00", "25.0", "", "2025-12-31", "90"]
    assert totals == ["Total", "", "-3.00", "100.0", "", "", ""]
    assert sum(Decimal(row[2]) for row in rows) == Decimal(totals[2])


def test_csv_takes_no_name_for_a_formula_and_leaves_numbers_below_zero_alone():
    rows = list(csv_files.reader(io.StringIO(written("csv", edition()).decode("utf-8-sig"))))
    assert [row[1] for row in rows[1:4:2]] == ["'=HYPERLINK(1)", "'＋北方"]
    assert rows[2][2] == "-3.00"


def sheet(one: Edition, name: str | None = None) -> list[list]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(written("xlsx", one)))
    return book.get_sheet_by_name(name or book.sheet_names[0]).to_python()


def test_xlsx_has_a_head_and_values_of_their_kinds():
    rows = sheet(edition(year="2025", name="华强"))
    assert rows[0][0] == "Customer contribution"
    assert rows[1][0] == "Customer: 华强, Year: 2025"
    assert rows[2][0] == "Made on 2026-03-02 09:30 by 许安宁"
    assert rows[4] == ["No.", "Customer", "Amount", "Share", "Change", "Since", "Took"]
    assert rows[5] == [1, "=HYPERLINK(1)", 1.5, 0.25, -0.072, date(2025, 12, 31), timedelta(minutes=90)]
    assert rows[-1][:4] == ["Total", "", -3.0, 1.0]
    assert len(rows) == 10


def test_xlsx_has_a_sheet_for_each_table():
    one = edition()
    more = tuple(Table(COLUMNS[:3], one.outcome.table.frame, title="A/B: " + "x" * 40) for _ in range(2))
    outcome = Outcome(one.outcome.table, more=more)
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(written("xlsx", Edition(one.report, one.asked, outcome, MADE, "")))
    )
    assert book.sheet_names == ["Customer contribution", "A B " + "x" * 27, "A B " + "x" * 23 + " 3"]


def test_json_has_money_as_strings():
    found = json_files.loads(written("json", edition(year="2025")))
    assert found["name"] == "contribution"
    assert found["filters"] == {"year": "2025"}
    assert found["columns"][2] == {"key": "amount", "label": "Amount"}
    assert found["rows"][1]["amount"] == "-3.00"
    assert found["rows"][1]["share"] == 25.0
    assert found["totals"] == {"amount": "-3.00", "share": 100.0}
    assert set(found) == {"name", "filters", "columns", "rows", "totals"}


def text_of_pdf(raw: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(raw)).pages)


def test_pdf_says_what_was_asked_and_takes_no_text_for_source():
    raw = written("pdf", edition(60, year="2025"))
    text = text_of_pdf(raw)
    assert "Customer contribution" in text
    assert "2025" in text
    assert "More than before" in text
    assert "华强" in text
    assert "$x$ *y*" in text
    assert "1 / 3" in text
    assert "−90.00" in text
    assert PdfReader(io.BytesIO(raw)).metadata.title == "Customer contribution"


def test_pdf_says_how_many_rows_it_leaves_out():
    found = table_of(edition(5).outcome.table, 3)
    assert len(found["rows"]) == 3
    assert found["totals"][2] == "4.50"
    assert found["note"].startswith("Here are the first 3 of 5 rows")


def test_text_stands_in_columns():
    lines = written("txt", edition()).decode().splitlines()
    assert lines[0].split() == ["No.", "Customer", "Amount", "Share", "Change", "Since", "Took"]
    assert lines[-1].split() == ["Total", "−3.00", "100.0", "%"]
    assert len(lines) == 8


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("rows", [0, 1, 50_000])
def test_every_format_takes_no_row_one_row_and_very_many(suffix, rows):
    one = edition(max(rows, 1))
    if rows == 0:
        table = Table.summed(COLUMNS, one.outcome.table.frame.head(0))
        one = Edition(one.report, one.asked, Outcome(table), MADE, "")
    assert written(suffix, one)


@pytest.mark.parametrize("suffix", ["csv", "json", "txt", "xlsx"])
def test_a_file_is_written_row_by_row(suffix):
    one = edition(20_000)
    with TemporaryFile() as file:
        tracemalloc.start()
        FORMATS[suffix].write(one, file)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        size = file.tell()
    print(f"\n{suffix}: {size:,} bytes, {peak:,} bytes of memory")
    assert peak < 8_000_000


def test_a_file_is_called_by_report_and_period():
    assert edition().file_name("csv") == "Customer_contribution-All.csv"
    assert edition(year="2025").file_name("svg", "A/B") == "Customer_contribution-A_B-2025.svg"
    name = edition(4, **{"from": "2025-01-01", "to": "2025-03-31"}).file_name("pdf")
    assert name == "Customer_contribution-2025-01-01_to_2025-03-31.pdf"
