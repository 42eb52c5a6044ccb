"""Plain text for a person at a command: columns that stand below each other, Chinese characters two wide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import IO

from app.reports.engine import Table
from app.reports.engine.wording import NUMBERS
from app.reports.exports.cells import texts_of, totals_in_words, width_of
from app.reports.exports.edition import Edition

BETWEEN = "  "


def write(edition: Edition, file: IO[bytes]) -> None:
    """Write every table, each further one below its title."""
    for table in edition.tables():
        if table is not edition.outcome.table:
            file.write(f"\n{table.title}\n".encode())
        for line in _lines(table):
            file.write(f"{line.rstrip()}\n".encode())


def _lines(table: Table) -> Iterator[str]:
    """The labels, the rows and the totals, with rules between; the rows are gone through twice, and never kept."""
    head, totals = [str(column.label) for column in table.columns], totals_in_words(table)
    foot = [totals] if totals else []
    widths = [width_of(label) for label in head]
    for texts in chain(_body(table), foot):
        widths = [max(width, width_of(text)) for width, text in zip(widths, texts, strict=True)]
    rule = BETWEEN.join("-" * width for width in widths)
    yield from (_line(table, head, widths), rule)
    yield from (_line(table, texts, widths) for texts in _body(table))
    yield from (line for texts in foot for line in (rule, _line(table, texts, widths)))


def _body(table: Table) -> Iterator[list[str]]:
    return (texts_of(table, row) for row in table.rows())


def _line(table: Table, texts: Sequence[str], widths: Sequence[int]) -> str:
    found = []
    for column, text, width in zip(table.columns, texts, widths, strict=True):
        blank = " " * (width - width_of(text))
        found.append(f"{blank}{text}" if column.kind in NUMBERS and column.key != "number" else f"{text}{blank}")
    return BETWEEN.join(found)
