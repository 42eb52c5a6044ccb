"""PDF by typst, in the house style of ``house.typ``: what it says is data, never source."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import IO, Any

from app.i18n import gettext, is_english
from app.reports.engine import Chart, Fact, Kind, Table
from app.reports.engine.wording import NUMBERS
from app.reports.exports.cells import texts_of, totals_in_words
from app.reports.exports.edition import Edition
from app.reports.exports.pictures import picture

#: Where the templates stand, each ``<name>.typ``.
TEMPLATES = Path(__file__).parent
TYPESETTING = TEMPLATES / "typesetting.py"
#: After so many seconds the process is given up.
LONGEST = 120
#: The most rows of one table on paper; the other files have all.
MOST_ROWS = 1_000
#: With more columns the paper is turned.
UPRIGHT_COLUMNS = 6


def write(edition: Edition, file: IO[bytes]) -> None:
    """Write the whole report: what was asked, the sentences, the charts and the tables."""
    charts = edition.outcome.charts
    data = {
        "title": edition.title,
        "made": edition.made(),
        "conditions": list(edition.conditions()),
        "is_turned": is_turned(edition.outcome.table),
        "facts": facts_of(edition.outcome.facts),
        "charts": charts_of(charts),
        "tables": [table_of(table) for table in edition.tables()],
    }
    file.write(compile_pdf("report", data, pictures_of(charts)))


def is_turned(*tables: Table) -> bool:
    """Whether tables need the paper turned."""
    return any(len(table.columns) > UPRIGHT_COLUMNS for table in tables)


def compile_pdf(template: str, data: Mapping[str, Any], pictures: Mapping[str, bytes]) -> bytes:
    """The template of that name with its data (what JSON holds) and its pictures, SVG by key, as a PDF.

    It is set by a process of its own, which keeps this one small.
    """
    language = {"lang": "en", "region": "gb"} if is_english() else {"lang": "zh", "region": "cn"}
    job = {
        "template": str(TEMPLATES / f"{template}.typ"),
        "root": str(TEMPLATES),
        "fonts": _font_folder(),
        "data": {**language, **data},
        "pictures": {key: svg.decode() for key, svg in pictures.items()},
    }
    command = [sys.executable, "-I", str(TYPESETTING)]
    made = subprocess.run(command, input=json.dumps(job).encode(), capture_output=True, timeout=LONGEST, check=False)  # noqa: S603  # our own program
    if made.returncode:
        raise RuntimeError(made.stderr.decode(errors="replace"))
    return made.stdout


def _font_folder() -> str:
    """Where the bundled Chinese fonts stand; no others are used, so that every machine makes the same file."""
    found = find_spec("pylopdf_fonts_zh_cn")
    if found is None or found.origin is None:
        raise RuntimeError("the package pylopdf-fonts-zh-cn is missing")
    return str(Path(found.origin).parent)


# ---- what the house style draws -------------------------------------------------------------------------


def facts_of(facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """The sentences for ``facts``."""
    return [{"sentence": one.sentence, "is_head": one.is_head} for one in facts]


def charts_of(charts: Sequence[Chart]) -> list[dict[str, Any]]:
    """What stands around each picture, for ``charts``."""
    return [
        {"key": one.key, "title": str(one.title), "says": one.says, "basis": [each.sentence for each in one.basis]}
        for one in charts
    ]


def pictures_of(charts: Sequence[Chart]) -> dict[str, bytes]:
    """The pictures of the charts by their keys."""
    return {one.key: picture(one, "svg") for one in charts}


def table_of(table: Table, most: int = MOST_ROWS) -> dict[str, Any]:
    """A table for ``figures``: at most so many rows, and then a note that says so."""
    return {
        "title": str(table.title),
        "columns": _columns(table),
        "rows": [texts_of(table, row) for row in islice(table.rows(0, most), most)],
        "totals": totals_in_words(table),
        "nothing": gettext("Nothing in this period"),
        "note": _note(table, most),
    }


def _columns(table: Table) -> list[dict[str, Any]]:
    """The labels; the first column of texts is as wide as there is room."""
    wide = next((column.key for column in table.columns if column.kind is Kind.TEXT), None)
    return [
        {
            "label": str(column.label),
            "is_number": column.kind in NUMBERS and column.key != "number",
            "is_wide": column.key == wide,
        }
        for column in table.columns
    ]


def _note(table: Table, most: int) -> str:
    if table.rows_in_all <= most:
        return ""
    return gettext(
        "Here are the first %(most)s of %(count)s rows; the totals are of all. The files for Excel and csv hold all.",
        most=f"{most:,}",
        count=f"{table.rows_in_all:,}",
    )
