"""Upright bars: one for each value, or several on each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from app.i18n import gettext
from app.reports.charts.frame import Frame, fitting
from app.reports.charts.labels import cleaned, number_words, told
from app.reports.charts.sheet import LINE, SIZE, Sheet, address_at, empty, head_height, linked
from app.reports.charts.style import PALETTE, colour_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: A bar lower than this is no place to click: its number leads where it would.
LOWEST_LINK = 4
NO_ADDRESSES: Mapping[str, Sequence[str]] = {}


def bars(
    labels: Sequence[str],
    values: Sequence[float | None],
    *,
    unit: str = "",
    hrefs: Sequence[str] = (),
    size: tuple[float, float] = SIZE,
) -> Figure:
    """A bar for each value; for a few short labels, or months in their order."""
    if not len(values):
        return empty(size)
    count, head = fitting(len(values), unit, size[0])
    names, known = [str(name) for name in labels[:count]], cleaned(values[:count])
    sheet = Sheet(*size)
    sheet.head(head)
    frame = Frame.around(sheet, known, count)
    words = number_words(known)
    is_numbered = frame.has_room(map(words, known))
    for place, (name, value) in enumerate(zip(names, known, strict=True)):
        part = frame.bar(place, (0, value), colour="chart")
        if is_numbered:
            number = frame.number(place, value, words(value))
            part = number if part.get_height() < LOWEST_LINK else part
        linked(part, address_at(hrefs, place), told(name, value, unit))
    frame.base()
    frame.label(names)
    return sheet.figure


def stacked(
    labels: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    unit: str = "",
    hrefs: Mapping[str, Sequence[str]] = NO_ADDRESSES,
    size: tuple[float, float] = SIZE,
) -> Figure:
    """A bar for each label with a part for each series, the first one lowest; negative parts grow downwards."""
    if not len(labels) or not series:
        return empty(size)
    count, head = fitting(len(labels), unit, size[0])
    names = [str(name) for name in labels[:count]]
    known = {str(name): cleaned(values[:count]) for name, values in series.items()}
    sheet = headed(size, head, list(known))
    columns = list(zip(*known.values(), strict=True))
    ups = [sum(value for value in one if value > 0) for one in columns]
    downs = [sum(value for value in one if value < 0) for one in columns]
    frame = Frame.around(sheet, [*ups, *downs], count)
    for place, (name, column) in enumerate(zip(names, columns, strict=True)):
        reached = [0.0, 0.0]
        for number, (one, value) in enumerate(zip(known, column, strict=True)):
            if value:
                start = reached[value > 0]
                reached[value > 0] += value
                part = frame.bar(place, (start, start + value), colour=colour_of(number), **PART)
                says = told(gettext("%(first)s, %(second)s", first=name, second=one), value, unit)
                linked(part, address_at(hrefs.get(one, ()), place), says)
    _sums(frame, columns, ups)
    frame.base()
    frame.label(names)
    return sheet.figure


#: The parts of one bar leave a fine line between them.
PART = {"edgecolor": PALETTE["bg"], "linewidth": 1}


def headed(size: tuple[float, float], unit: str, names: Sequence[str]) -> Sheet:
    """A sheet with the unit and what the colours mean, higher where that needs more than two lines."""
    sheet = Sheet(size[0], size[1] + max(0, head_height(unit, names, size[0]) - 2 * LINE))
    sheet.head(unit, [(name, colour_of(place)) for place, name in enumerate(names)])
    return sheet


def _sums(frame: Frame, columns: Sequence[Sequence[float]], tops: Sequence[float]) -> None:
    """The sums above the bars, where there is room for all of them."""
    sums = [sum(one) for one in columns]
    words: Callable[[float], str] = number_words(sums)
    if frame.has_room(map(words, sums)):
        for place, value in enumerate(sums):
            frame.number(place, tops[place], words(value))
