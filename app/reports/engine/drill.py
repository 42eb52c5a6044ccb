"""The way from a figure to the records behind it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from app.reports.periods import Span


def rows_at(path: str, asked: Mapping[str, str | int | None]) -> str:
    """The address of a list that is narrowed by these filters alone, whichever its reader opens it with."""
    given = {key: value for key, value in asked.items() if value not in {None, ""}}
    return f"{path}?{urlencode({**given, 'view': 'all'})}"


def within(name: str, span: Span | None) -> dict[str, str]:
    """The filter of a list for the days of a span."""
    return {} if span is None else {f"{name}_from": span.first.isoformat(), f"{name}_to": span.last.isoformat()}
