"""Two dimensions crossed: the more, the deeper the colour of the cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.i18n import gettext
from app.reports.charts.frame import fitting, spacing
from app.reports.charts.labels import known, number_words, shortened, told, width_of
from app.reports.charts.sheet import GAP, LINE, SIZE, Sheet, empty, linked

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW, CELL, WIDEST = 30, 44, 1100
NAMES, WIDEST_NAME = 0.3, 90
#: How deep the colour is, so that texts stand out from all of it in either theme.
NOTHING, PALEST, DEEPEST = 0.03, 0.06, 0.55
#: So many rows and columns at most.
MOST = 60
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
    if not len(row_labels) or not len(column_labels):
        return empty(size or SIZE)
    high, head = fitting(len(row_labels), "", MOST, least=1)
    broad, head = fitting(len(column_labels), head, MOST, least=1)
    downs, acrosses = [str(one) for one in row_labels[:high]], [str(one) for one in column_labels[:broad]]
    table = [[known(value) for value in row[:broad]] for row in values[:high]]
    finite = [value for row in table for value in row if math.isfinite(value)]
    words, largest = number_words(finite), max(map(abs, finite), default=0)
    grid = _Grid.of(downs, acrosses, [words(value) for value in finite], head=head, size=size)
    for down, row in enumerate(table):
        for across, value in enumerate(row):
            if math.isfinite(value):
                part = grid.cell(down, across, value=value, text=words(value), largest=largest)
                says = told(gettext("%(first)s, %(second)s", first=downs[down], second=acrosses[across]), value, "")
                linked(part, hrefs[down][across] if hrefs else "", says)
    return grid.sheet.figure


@dataclass(frozen=True)
class _Grid:
    """Where the cells are: right of ``left``, each as wide and as high as the others."""

    sheet: Sheet
    left: float
    width: float
    height: float

    @classmethod
    def of(
        cls,
        downs: Sequence[str],
        acrosses: Sequence[str],
        texts: Sequence[str],
        *,
        head: str,
        size: tuple[float, float] | None,
    ) -> _Grid:
        """A sheet with the names of rows and columns, as large as its numbers need."""
        room = min(max(map(width_of, downs)), SIZE[0] * NAMES)
        named = min(max(map(width_of, acrosses)), WIDEST_NAME)
        needed = max([CELL, named + GAP, *(width_of(text) + GAP for text in texts)])
        width = min(max(SIZE[0], room + GAP + len(acrosses) * needed), WIDEST)
        sheet = Sheet(*(size or (width, LINE + len(downs) * ROW + (LINE if head else 0))))
        sheet.head(head)
        left, top = room + GAP, sheet.top - LINE
        grid = cls(sheet, left, (sheet.width - left) / len(acrosses), top / len(downs))
        for place, name in enumerate(downs):
            sheet.text(room, top - (place + 0.5) * grid.height, shortened(name, room), align="right", colour="ink-2")
        every = spacing(acrosses, grid.width)
        for place in range(0, len(acrosses), every):
            x = left + (place + 0.5) * grid.width
            name = shortened(acrosses[place], min(every * grid.width - BETWEEN, 2 * (sheet.width - x)))
            sheet.text(x, top + LINE / 2, name, align="center")
        return grid

    def cell(self, down: int, across: int, *, value: float, text: str, largest: float) -> Any:
        """A cell with its number, if that has room; its text stands out in either theme."""
        depth = PALEST + (DEEPEST - PALEST) * abs(value) / largest if value else NOTHING
        x, y = self.left + across * self.width, self.sheet.top - LINE - (down + 1) * self.height
        width, height = max(self.width - BETWEEN, 1), max(self.height - BETWEEN, 1)
        part = self.sheet.box(x, y, width, height, colour="chart" if value >= 0 else "chart-down", alpha=depth)
        if width_of(text) <= width:
            tone = "ink" if value else "ink-3"
            self.sheet.text(x + width / 2, y + height / 2, text, align="center", colour=tone)
        return part
