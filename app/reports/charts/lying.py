"""Lying bars, which leave room for long names; and the funnel, whose bars stand under each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.reports.charts.frame import fitting
from app.reports.charts.labels import cleaned, number_words, shortened, told, width_of
from app.reports.charts.scale import Scale
from app.reports.charts.sheet import GAP, LINE, SIZE, Sheet, address_at, empty, linked

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW, BAR = 26, 16
STAGE, STAGE_BAR = 42, 28
#: The part of the width that names may take.
NAMES = 0.4
#: More rows than this are no picture any more.
HIGHEST = 60 * ROW
#: A bar shorter than this is no place to click: its number leads where it would.
SHORTEST_LINK = 4


def rows(
    labels: Sequence[str],
    values: Sequence[float | None],
    *,
    unit: str = "",
    hrefs: Sequence[str] = (),
    size: tuple[float, float] | None = None,
) -> Figure:
    """A lying bar for each value, the first one on top, negative ones to the left; as high as its rows need."""
    if not len(values):
        return empty(size or SIZE)
    count, head = fitting(len(values), unit, HIGHEST if size is None else size[1], least=ROW if size is None else LINE)
    names, known = [str(name) for name in labels[:count]], cleaned(values[:count])
    width, height = size or (SIZE[0], count * ROW + (LINE if head else 0))
    sheet = Sheet(width, height)
    sheet.head(head)
    words = number_words(known)
    left = _names(sheet, names, sheet.top / count)
    scale = Scale.over(known, left + _room(words, known, up=False), width - _room(words, known, up=True))
    for place, value in enumerate(known):
        y = sheet.top - (place + 0.5) * sheet.top / count
        start, end = sorted((scale.at(0), scale.at(value)))
        part = sheet.box(start, y - BAR / 2, end - start, BAR, colour="chart")
        x, align = (end + GAP / 2, "left") if value >= 0 else (start - GAP / 2, "right")
        number = sheet.text(x, y, words(value), align=align, colour="ink")
        part = part if end - start >= SHORTEST_LINK else number
        linked(part, address_at(hrefs, place), told(names[place], value, unit))
    sheet.line([(scale.at(0), 0), (scale.at(0), sheet.top)], colour="line-2")
    return sheet.figure


def _names(sheet: Sheet, names: Sequence[str], row: float) -> float:
    """The names of rows at the left; where they end."""
    room = min(max(map(width_of, names)), sheet.width * NAMES)
    for place, name in enumerate(names):
        sheet.text(room, sheet.top - (place + 0.5) * row, shortened(name, room), align="right", colour="ink-2")
    return room + GAP


def _room(words: Any, values: Sequence[float], *, up: bool) -> float:
    """How much the numbers take beyond the bars of one direction."""
    return max((width_of(words(value)) + GAP for value in values if (value >= 0) == up), default=0)


@dataclass(frozen=True)
class _Columns:
    """From where to where a funnel's bars reach, and where its numbers and its notes are."""

    begin: float
    end: float
    number: float
    note: float


def funnel(
    labels: Sequence[str],
    values: Sequence[float | None],
    *,
    notes: Sequence[str] = (),
    hrefs: Sequence[str] = (),
    size: tuple[float, float] | None = None,
) -> Figure:
    """What is left at each stage, from the first one down; a note stands behind the number of its stage."""
    if not len(values):
        return empty(size or SIZE)
    count = min(len(values), int(HIGHEST // STAGE))
    names, known = [str(name) for name in labels[:count]], cleaned(values[:count])
    sheet = Sheet(*(size or (SIZE[0], count * STAGE)))
    words = number_words(known)
    columns = _columns(sheet, names, [words(value) for value in known], notes)
    row = sheet.top / count
    halves = [_half(value, known, columns) for value in known]
    middle = (columns.begin + columns.end) / 2
    for place, value in enumerate(known):
        y = sheet.top - (place + 0.5) * row
        half, bar = halves[place], min(STAGE_BAR, row * 0.7)
        if place + 1 < count:
            low = y - row + bar / 2
            corners = [(middle - half, y - bar / 2), (middle + half, y - bar / 2)]
            corners += [(middle + halves[place + 1], low), (middle - halves[place + 1], low)]
            sheet.area(corners, colour="chart-soft")
        part = sheet.box(middle - half, y - bar / 2, 2 * half, bar, colour="chart")
        number = sheet.text(columns.number, y, words(value), align="right", colour="ink")
        sheet.text(columns.note, y, shortened(address_at(notes, place), sheet.width - columns.note))
        part = part if 2 * half >= SHORTEST_LINK else number
        linked(part, address_at(hrefs, place), told(names[place], value, address_at(notes, place)))
    return sheet.figure


def _columns(sheet: Sheet, names: Sequence[str], numbers: Sequence[str], notes: Sequence[str]) -> _Columns:
    left = _names(sheet, names, sheet.top / len(names))
    noted = min(max(map(width_of, notes), default=0), sheet.width * 0.25)
    note = sheet.width - noted
    number = note - (GAP if noted else 0)
    return _Columns(left, number - max(map(width_of, numbers)) - GAP, number, note)


def _half(value: float, values: Sequence[float], columns: _Columns) -> float:
    """Half of the width of a bar; a negative number has none."""
    largest = max(*values, 0) or 1
    return max(value, 0) / largest * max(columns.end - columns.begin, 1) / 2
