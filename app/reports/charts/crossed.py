"""Two dimensions crossed: the more, the deeper the colour of the cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.i18n import gettext
from app.reports.charts.labels import number_words, shortened, told, width_of
from app.reports.charts.sheet import GAP, LINE, SIZE, Sheet, empty, linked

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW, CELL, WIDEST = 30, 44, 1100
NAMES = 0.3
#: The text of a cell stands out from the palest and from the deepest colour, in either theme.
PALEST, DEEPEST = 0.06, 0.55
MOST_ROWS, MOST_COLUMNS = 60, 60
BETWEEN = 2


def heat_map(
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    values: Sequence[Sequence[float | None]],
    *,
    hrefs: Sequence[Sequence[str]] | None = None,
    size: tuple[float, float] | None = None,
) -> Figure:
    """A cell for each pair, with its number; None leaves it out."""
    downs, acrosses = [str(one) for one in row_labels[:MOST_ROWS]], [str(one) for one in column_labels[:MOST_COLUMNS]]
    if not downs or not acrosses:
        return empty(size or SIZE)
    known = [[_known(value) for value in row[: len(acrosses)]] for row in values[: len(downs)]]
    finite = [value for row in known for value in row if math.isfinite(value)]
    words, largest = number_words(finite), max(map(abs, finite), default=0)
    room = min(max(map(width_of, downs)), SIZE[0] * NAMES)
    needed = max([CELL, *(width_of(words(value)) + GAP for value in finite)])
    width, height = size or (
        min(max(SIZE[0], room + GAP + len(acrosses) * needed), WIDEST),
        LINE + len(downs) * ROW,
    )
    sheet = Sheet(width, height)
    cell = ((width - room - GAP) / len(acrosses), (height - LINE) / len(downs))
    _labels(sheet, downs, acrosses, room=room, cell=cell)
    for down, row in enumerate(known):
        for across, value in enumerate(row):
            if math.isfinite(value):
                corner = (room + GAP + across * cell[0], height - LINE - (down + 1) * cell[1])
                part = _cell(sheet, corner, cell, value=value, text=words(value), largest=largest)
                says = told(gettext("%(first)s, %(second)s", first=downs[down], second=acrosses[across]), value, "")
                linked(part, hrefs[down][across] if hrefs else "", says)
    return sheet.figure


def _known(value: float | None) -> float:
    return float(value) if value is not None and math.isfinite(value) else math.nan


def _labels(
    sheet: Sheet, downs: Sequence[str], acrosses: Sequence[str], *, room: float, cell: tuple[float, float]
) -> None:
    for place, name in enumerate(downs):
        y = sheet.height - LINE - (place + 0.5) * cell[1]
        sheet.text(room, y, shortened(name, room), align="right", colour="ink-2")
    for place, name in enumerate(acrosses):
        x = room + GAP + (place + 0.5) * cell[0]
        sheet.text(x, sheet.height - LINE / 2, shortened(name, cell[0] - BETWEEN), align="center")


def _cell(
    sheet: Sheet,
    corner: tuple[float, float],
    cell: tuple[float, float],
    *,
    value: float,
    text: str,
    largest: float,
) -> object:
    (x, y), (width, height) = corner, cell
    depth = PALEST + (DEEPEST - PALEST) * abs(value) / largest if value else PALEST / 2
    colour = "chart" if value >= 0 else "chart-down"
    part = sheet.box(x, y, width - BETWEEN, height - BETWEEN, colour=colour, alpha=depth)
    if width_of(text) <= width - BETWEEN:
        middle = (x + (width - BETWEEN) / 2, y + (height - BETWEEN) / 2)
        sheet.text(*middle, text, align="center", colour="ink" if value else "ink-3")
    return part
