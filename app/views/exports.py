"""Files that leave the program: rows as CSV, sent while they are read."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import Response, stream_with_context

from app.extensions import session
from app.reports.exports.cells import MARK, csv_line, plain_cell
from app.security.scope import working_as
from app.views.edge import actor


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
    return csv_line([plain_cell(cell) for cell in cells])
