"""The course of values over time: a line for each series, with its name where it ends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.i18n import gettext
from app.reports.charts.frame import BOTTOM, Frame
from app.reports.charts.labels import shortened, told, width_of
from app.reports.charts.sheet import GAP, LINE, SIZE, SWATCH, Sheet, address_at, empty, linked
from app.reports.charts.style import colour_of
from app.reports.charts.upright import NO_ADDRESSES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Series have marks of their own, so that colour alone does not tell them apart.
MARKS = ("o", "s", "^", "D", "v", "P")
#: So many points of a line are marked and can be clicked; of longer ones only those that stand alone.
MOST_MARKED = 36
NAMES = 0.28


def lines(
    labels: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    unit: str = "",
    hrefs: Mapping[str, Sequence[str]] = NO_ADDRESSES,
    size: tuple[float, float] = SIZE,
) -> Figure:
    """A line for each series; None leaves a gap."""
    known = {str(name): list(map(_known, values)) for name, values in series.items()}
    known = {name: values for name, values in known.items() if any(map(math.isfinite, values))}
    if not len(labels) or not known:
        return empty(size)
    sheet = Sheet(size[0], max(size[1], len(known) * LINE + BOTTOM + 3 * LINE))
    sheet.head(unit)
    room = min(max(map(width_of, known)) + GAP, sheet.width * NAMES)
    every = [value for values in known.values() for value in values if math.isfinite(value)]
    frame = Frame.around(sheet, every, len(labels), right=room + SWATCH + GAP)
    for place, (name, values) in enumerate(known.items()):
        _course(frame, values, place)
        _marks(frame, labels, (name, values, place), unit=unit, hrefs=hrefs.get(name, ()))
    frame.base()
    frame.label([str(label) for label in labels])
    _names(frame, known, room)
    return sheet.figure


def _known(value: float | None) -> float:
    return float(value) if value is not None and math.isfinite(value) else math.nan


def _course(frame: Frame, values: Sequence[float], number: int) -> None:
    points = [(frame.middle(place), frame.scale.at(value)) for place, value in enumerate(values)]
    frame.sheet.line(points, colour=colour_of(number), width=1.5, solid_capstyle="round", solid_joinstyle="round")


def _marks(
    frame: Frame,
    labels: Sequence[str],
    course: tuple[str, Sequence[float], int],
    *,
    unit: str,
    hrefs: Sequence[str],
) -> None:
    name, values, number = course
    for place, value in enumerate(values):
        if math.isfinite(value) and (len(values) <= MOST_MARKED or _is_alone(values, place)):
            mark = _mark(frame.sheet, frame.middle(place), frame.scale.at(value), number)
            says = told(gettext("%(first)s, %(second)s", first=str(labels[place]), second=name), value, unit)
            linked(mark, address_at(hrefs, place), says)


def _mark(sheet: Sheet, x: float, y: float, number: int) -> Any:
    mark = MARKS[number % len(MARKS)]
    return sheet.line([(x, y)], colour=colour_of(number), marker=mark, markersize=5, markeredgewidth=0)


def _is_alone(values: Sequence[float], place: int) -> bool:
    beside = [values[one] for one in (place - 1, place + 1) if 0 <= one < len(values)]
    return not any(map(math.isfinite, beside))


def _names(frame: Frame, known: Mapping[str, Sequence[float]], room: float) -> None:
    """Each name as near to the end of its line as the others allow."""
    ends = [frame.scale.at([value for value in values if math.isfinite(value)][-1]) for values in known.values()]
    order = sorted(range(len(ends)), key=lambda place: ends[place])
    names = list(known)
    for place, up in zip(order, _apart([ends[place] for place in order], frame.sheet.top), strict=True):
        _mark(frame.sheet, frame.sheet.width - room - SWATCH / 2, up, place)
        frame.sheet.text(
            frame.sheet.width - room + GAP / 2, up, shortened(names[place], room - GAP / 2), colour="ink-2"
        )


def _apart(heights: Sequence[float], top: float) -> list[float]:
    """Rising heights, each a line above the one before, and none above the top."""
    found: list[float] = []
    for place, height in enumerate(heights):
        highest = top - LINE / 2 - (len(heights) - 1 - place) * LINE
        least = found[-1] + LINE if found else LINE / 2
        found.append(min(max(height, least), highest))
    return found
