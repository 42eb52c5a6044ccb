"""Files that leave the program: rows as CSV, sent while they are read."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import Response, stream_with_context

from app.extensions import session
from app.security.scope import working_as
from app.views.edge import actor

#: Programs for tables know by it that the file is UTF-8.
MARK = "\ufeff"
#: What such a program takes for the beginning of a formula, in a Chinese one in full width too.
BEGINS_A_FORMULA = (*"=+-@＝＋－＠", "\t", "\r", "\n")


def csv_answer(name: str, head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Response:
    """An answer that sends the rows as a file of that name."""
    lines = stream_with_context(csv_lines(head, rows))
    answer = Response(lines, mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def csv_lines(head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The file line by line; the request has ended by then and its session with it, so a new one reads the rows."""
    with working_as(session(), actor()):
        yield MARK + _line(head)
        for row in rows:
            yield _line(row)


def _line(cells: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([plain_cell(cell) for cell in cells])
    return text.getvalue()


def plain_cell(value: Any) -> str:
    """A cell that no program takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(BEGINS_A_FORMULA) else text
