"""Reports as files: one module for each format, and each writes the same edition of a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from app.i18n import Label, LazyString
from app.reports.exports import csv, json, pdf, text, xlsx
from app.reports.exports.edition import Edition, note_taken
from app.reports.exports.pictures import PICTURES, picture


@dataclass(frozen=True)
class Format:
    """A kind of file: how its name ends, what it is called, and how an edition is written into it."""

    suffix: str
    label: str | LazyString
    mimetype: str
    write: Callable[[Edition, IO[bytes]], None]
    #: Whether a person reads it where a command prints it.
    is_readable: bool = False


FORMATS = {
    one.suffix: one
    for one in (
        Format("xlsx", "Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx.write),
        Format("csv", "CSV", "text/csv", csv.write, is_readable=True),
        Format("pdf", "PDF", "application/pdf", pdf.write),
        Format("json", "JSON", "application/json", json.write, is_readable=True),
        Format("txt", Label("Text"), "text/plain", text.write, is_readable=True),
    )
}

__all__ = ["FORMATS", "PICTURES", "Edition", "Format", "note_taken", "picture"]
