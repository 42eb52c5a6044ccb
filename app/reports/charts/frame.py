"""What upright charts stand in: lines at round values, a base line, and a slot with its label for each place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.i18n import gettext
from app.reports.charts.labels import number_words, shortened, width_of
from app.reports.charts.scale import Scale
from app.reports.charts.sheet import GAP, LINE, Sheet

#: Below this width of a slot labels are left out rather than shortened.
READABLE = 48
#: A bar that is no wider than this and its gap cannot be seen any more.
LEAST_SLOT = 3
BOTTOM = 24
WIDEST_BAR = 56
BAR_PART = 0.64


@dataclass(frozen=True)
class Frame:
    """The place of each bar and point."""

    sheet: Sheet
    scale: Scale
    left: float
    slot: float
    end: float
    values: Sequence[float]

    @classmethod
    def around(cls, sheet: Sheet, known: Sequence[float], count: int, *, right: float = 0, floor: float = 0) -> Frame:
        """A frame of ``count`` slots, with room for a number above the bars and below those that hang."""
        words = number_words([*known, floor])
        below = LINE if any(value < floor for value in known) else 0
        scale = Scale.over(known, BOTTOM + below, sheet.top - LINE, floor=floor)
        ticks = [(tick, words(tick)) for tick in scale.ticks]
        left = max((width_of(text) for _, text in ticks), default=0) + GAP
        frame = cls(sheet, scale, left, (sheet.width - right - left) / count, sheet.width - right, known)
        frame._draw(ticks)
        return frame

    def _draw(self, ticks: Sequence[tuple[float, str]]) -> None:
        for tick, text in ticks:
            up = self.scale.at(tick)
            self.sheet.line([(self.left, up), (self.end, up)], colour="line", zorder=0)
            self.sheet.text(self.left - GAP, up, text, align="right")

    def middle(self, place: int) -> float:
        """Where the slot of that place has its middle."""
        return self.left + (place + 0.5) * self.slot

    def bar(self, place: int, reach: tuple[float, float], **look: Any) -> Any:
        """A bar between two values; ``look`` is its colour and what else a box takes."""
        low, high = sorted(map(self.scale.at, reach))
        width = min(self.slot * BAR_PART, WIDEST_BAR)
        return self.sheet.box(self.middle(place) - width / 2, low, width, high - low, **look)

    def number(self, place: int, value: float, text: str) -> Any:
        """A number above what reaches up to a value, or below what reaches down to it."""
        off = LINE / 2 if value >= 0 else -LINE / 2
        return self.sheet.text(self.middle(place), self.scale.at(value) + off, text, align="center", colour="ink")

    def base(self, value: float = 0) -> None:
        """The line on which the bars stand."""
        up = self.scale.at(value)
        self.sheet.line([(self.left, up), (self.end, up)], colour="line-2")

    def has_room(self, texts: Iterable[str]) -> bool:
        """Whether each of the texts fits in a slot."""
        return max(map(width_of, texts), default=0) + 2 <= self.slot

    def label(self, labels: Sequence[str]) -> None:
        """The labels below: all of them, shortened where that leaves enough of them, else some."""
        widest = max(map(width_of, labels), default=0) + GAP
        every = 1 if widest <= self.slot or self.slot >= READABLE else math.ceil(widest / self.slot)
        for place in range(0, len(labels), every):
            x = self.middle(place)
            room = min(every * self.slot - GAP / 2, 2 * min(x, self.sheet.width - x))
            if every == 1 or width_of(labels[place]) <= room:
                self.under(place, shortened(labels[place], room))

    def under(self, place: int, words: str) -> None:
        """A text under a slot."""
        self.sheet.text(self.middle(place), BOTTOM / 2 - 2, words, align="center")

    def bind(self, place: int, value: float) -> None:
        """A fine line from a bar to the next one."""
        begin, off, up = self.middle(place), min(self.slot * BAR_PART, WIDEST_BAR) / 2, self.scale.at(value)
        self.sheet.line([(begin + off, up), (begin + self.slot - off, up)], colour="line-2")


def fitting(count: int, unit: str, room: float, least: float = LEAST_SLOT) -> tuple[int, str]:
    """How many of many values a chart can show, and the unit, which says so where these are not all."""
    most = max(1, int(room // least))
    if count <= most:
        return count, unit
    cut = gettext("the first %(shown)s of %(count)s", shown=f"{most:,}", count=f"{count:,}")
    return most, gettext("%(unit)s (%(note)s)", unit=unit, note=cut) if unit else cut
