"""What makes up a whole: the largest and their part of it, and the steps from one amount to another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from app.i18n import LazyString, gettext
from app.reports.charts.frame import Frame, fitting
from app.reports.charts.labels import cleaned, exactly, number_words, shortened, told, width_of
from app.reports.charts.scale import Scale, step_of
from app.reports.charts.sheet import GAP, LINE, SIZE, Sheet, address_at, empty, linked

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Places between the ranks that are named.
RANKS = 5
#: The room at the right for the axis in per cent.
PERCENT = 48
LEAST_PARETO_SLOT = 8
Point = tuple[float, float]
#: Where all levels of a bridge lie above this part of the highest one, the axis begins below the lowest of them.
CUT_FROM = 0.5


def pareto(
    values: Sequence[float | None],
    cumulative_percent: Sequence[float | None],
    *,
    unit: str = "",
    note: str = "",
    highlighted: int = 0,
    hrefs: Sequence[str] = (),
    size: tuple[float, float] = SIZE,
) -> Figure:
    """The largest values, and above them how much of the whole they make together, in per cent.

    The first ``highlighted`` ones stand out; ``note`` says what they are.
    """
    if not len(values):
        return empty(size)
    count, head = fitting(len(values), unit, size[0], LEAST_PARETO_SLOT)
    known, shares = cleaned(values[:count]), cleaned(cumulative_percent[:count])
    sheet = Sheet(*size)
    sheet.head(head)
    frame = Frame.around(sheet, known, count, right=PERCENT)
    for place, value in enumerate(known):
        bar = frame.bar(place, (0, value), colour="chart" if place < highlighted else "chart-soft")
        share = gettext("cumulative %(share)s %%", share=f"{shares[place]:,.1f}") if place < len(shares) else ""
        says = told(gettext("No. %(number)s", number=place + 1), value, unit)
        linked(
            bar, address_at(hrefs, place), gettext("%(first)s; %(second)s", first=says, second=share) if share else says
        )
    frame.base()
    for place in (0, *range(RANKS - 1, count, RANKS)):
        frame.under(place, str(place + 1) if place else gettext("No. %(number)s", number=1))
    _shares(frame, shares, note=note, at=highlighted - 1)
    return sheet.figure


def _shares(frame: Frame, shares: Sequence[float], *, note: str, at: int) -> None:
    """The line, its axis at the right, and the note where it meets neither bars nor line."""
    scale = Scale.over([*shares, 100.0], frame.scale.at(0), frame.scale.end)
    for tick in (0, 40, 80):
        words = f"{tick} %" if tick else "0"
        frame.sheet.text(frame.end + GAP, scale.at(tick), words)
    points = [(frame.middle(place), scale.at(share)) for place, share in enumerate(shares)]
    if points:
        frame.sheet.line(points, colour="bg", width=4)
        frame.sheet.line(points, colour="ink", width=1.5, marker="o", markersize=4, markeredgewidth=0)
    if note:
        _note(frame, note, points, at)


def _note(frame: Frame, note: str, points: Sequence[Point], at: int) -> None:
    """Above its point or below at its right, wherever it meets neither bars nor line; else in the head."""
    sheet, width = frame.sheet, width_of(note)
    if 0 <= at < len(points):
        x, y = points[at]
        for left, middle in ((x - width / 2, y + LINE * 0.75), (x + GAP, y - LINE), (x - width, y + LINE)):
            if frame.left <= left <= sheet.width - PERCENT - width and _is_free(frame, points, (left, width, middle)):
                sheet.text(left, middle, note, colour="ink")
                return
    room = sheet.width - sheet.free
    sheet.text(sheet.width, sheet.height - LINE / 2, shortened(note, room), align="right", colour="ink")


def _is_free(frame: Frame, points: Sequence[Point], place: tuple[float, float, float]) -> bool:
    """Whether a text of that left end, width and middle would meet nothing."""
    left, width, middle = place
    if middle + LINE / 2 > frame.sheet.top:
        return False
    beside = [number for number, (x, _) in enumerate(points) if left - frame.slot <= x <= left + width + frame.slot]
    bars = [frame.scale.at(max(frame.values[number], 0)) for number in beside]
    is_above = all(top < middle - LINE / 2 for top in bars)
    return is_above and all(abs(points[number][1] - middle) > LINE / 2 for number in beside)


@dataclass(frozen=True)
class Step:
    """One bar of a bridge: an amount to begin or end with, or what it changed by."""

    label: LazyString | str
    value: float
    is_total: bool = False
    href: str = ""


def bridge(steps: Sequence[Step], *, unit: str = "", size: tuple[float, float] = SIZE) -> Figure:
    """From one amount to another: each change begins where the one before it has led."""
    if not steps:
        return empty(size)
    values = cleaned([step.value for step in steps])
    reaches = _reaches(steps, values)
    levels = [level for step, reach in zip(steps, reaches, strict=True) for level in reach[step.is_total :]]
    floor = floor_of(levels)
    sheet = Sheet(*size)
    sheet.head(_cut(unit, floor))
    frame = Frame.around(sheet, levels, len(steps), floor=floor)
    total, change = number_words(values), number_words(values, is_change=True)
    texts = [(total if step.is_total else change)(value) for step, value in zip(steps, values, strict=True)]
    is_numbered = frame.has_room(texts)
    for place, (step, (start, end)) in enumerate(zip(steps, reaches, strict=True)):
        tone = "chart" if step.is_total else "chart-up" if step.value >= 0 else "chart-down"
        part = frame.bar(place, (floor if step.is_total else start, end), colour=tone)
        if is_numbered:
            number = frame.number(place, max(start, end) if max(start, end) > 0 else min(start, end), texts[place])
            part = number if part.get_height() < 4 else part
        linked(part, step.href, told(str(step.label), values[place], unit))
        if place + 1 < len(steps):
            frame.bind(place, end)
    frame.base(floor)
    frame.label([str(step.label) for step in steps])
    return sheet.figure


def _reaches(steps: Sequence[Step], values: Sequence[float]) -> list[tuple[float, float]]:
    """From which level to which each bar goes."""
    ends = list(accumulate(zip(steps, values, strict=True), _level, initial=0.0))
    return [(0.0 if step.is_total else start, end) for step, start, end in zip(steps, ends[:-1], ends[1:], strict=True)]


def _level(before: float, one: tuple[Step, float]) -> float:
    step, value = one
    return value if step.is_total else before + value


def floor_of(levels: Sequence[float]) -> float:
    """Where the axis begins: at 0, or where all levels are far from it at a round value below them."""
    low, high = min(levels), max(levels)
    if not 0 < high * CUT_FROM < low < high:
        return 0
    step = step_of(high - low, is_whole=False)
    return max(0.0, (math.ceil(low / step) - 1) * step)


def _cut(unit: str, floor: float) -> str:
    if not floor:
        return unit
    note = gettext("axis from %(value)s", value=exactly(floor))
    return gettext("%(unit)s (%(note)s)", unit=unit, note=note) if unit else note
