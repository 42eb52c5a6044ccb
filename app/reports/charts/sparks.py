"""The smallest chart: the course of a figure beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from app.reports.charts.style import PALETTE, figure
from app.reports.charts.vector import svg

if TYPE_CHECKING:
    from pandas import Series

CHARTS_KEPT = 512
#: Width and height in pixels.
SPARK = (96, 28)


def spark(
    values: Sequence[float | None] | Series[Any],
    title: str,
    colour: str = "accent",
    *,
    size: tuple[int, int] = SPARK,
) -> Markup:
    """The course of a figure in one line, its latest value as a dot; empty for fewer than two values.

    None and NaN are gaps. ``title`` says the values in words, ``colour`` is a token, ``size`` is in pixels.
    """
    known = tuple(None if value is None or math.isnan(value) else float(value) for value in values)
    if sum(value is not None for value in known) < 2:
        return Markup("")
    return _spark(known, title, PALETTE[colour], size)


@lru_cache(maxsize=CHARTS_KEPT)
def _spark(values: tuple[float | None, ...], title: str, colour: str, size: tuple[int, int]) -> Markup:
    drawing, axes = figure(*size, margins=(2, 5, 4, 4))
    axes.axis("off")
    heights = [math.nan if value is None else value for value in values]
    axes.plot(heights, color=colour, lw=1.5, solid_capstyle="round", solid_joinstyle="round", clip_on=False)
    last = max(place for place, value in enumerate(values) if value is not None)
    axes.plot([last], [heights[last]], "o", ms=5, color=colour, mec="none", clip_on=False)
    axes.margins(x=0.02, y=0.12)
    return svg(drawing, title)
