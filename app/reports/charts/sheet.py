"""A figure to draw on in pixels, from the lower left corner: boxes, lines, dots and texts in the colours of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.i18n import gettext
from app.reports.charts.labels import shortened, width_of
from app.reports.charts.style import FONT_SIZE, PALETTE, blank

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Width and height of a chart, in pixels.
SIZE = (544, 232)
LINE = 18
GAP = 8
SWATCH = 10
#: What a text's base line is below its middle.
TO_BASE = 0.37 * FONT_SIZE


class Sheet:
    """The figure of a chart; its head has left what is below ``top`` and, in its last line, right of ``free``."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.transforms import Affine2D

        self.width, self.height = width, height
        self.top, self.free = height, 0.0
        self.figure: Figure = blank(width, height)
        self._pixels: Any = Affine2D().scale(1 / width, 1 / height) + self.figure.transFigure

    def box(self, x: float, y: float, width: float, height: float, *, colour: str, **more: Any) -> Any:
        """A filled box; ``more`` is what matplotlib can, as ``alpha``."""
        from matplotlib.patches import Rectangle

        patch = Rectangle((x, y), width, height, facecolor=PALETTE[colour], transform=self._pixels, **more)
        return self.figure.add_artist(patch)

    def area(self, points: Sequence[tuple[float, float]], *, colour: str) -> None:
        """A filled shape."""
        from matplotlib.patches import Polygon

        self.figure.add_artist(Polygon(points, facecolor=PALETTE[colour], transform=self._pixels))

    def line(self, points: Sequence[tuple[float, float]], *, colour: str, width: float = 1, **more: Any) -> Any:
        """A line through points, or with ``marker`` the dots at them."""
        from matplotlib.lines import Line2D

        across, up = zip(*points, strict=True)
        line = Line2D(across, up, color=PALETTE[colour], linewidth=width, transform=self._pixels, **more)
        return self.figure.add_artist(line)

    def text(self, x: float, y: float, words: str, *, align: str = "left", colour: str = "ink-3") -> Any:
        """A text whose middle is ``y`` high."""
        return self.figure.text(
            x / self.width,
            (y - TO_BASE) / self.height,
            words,
            ha=align,
            va="baseline",
            color=PALETTE[colour],
        )

    def head(self, unit: str, legend: Sequence[tuple[str, str]] = ()) -> None:
        """The unit at the top left and behind it what the colours mean, in as many lines as they need."""
        x, y, limit = 0.0, self.height - LINE / 2, self.width
        if unit:
            words = shortened(unit, limit)
            self.text(0, y, words)
            x = width_of(words) + 2 * GAP
        for name, colour in legend:
            words = shortened(name, limit - SWATCH - GAP)
            needed = SWATCH + GAP / 2 + width_of(words)
            if x and x + needed > limit:
                x, y = 0.0, y - LINE
            self.box(x, y - SWATCH / 2, SWATCH, SWATCH, colour=colour)
            self.text(x + SWATCH + GAP / 2, y, words, colour="ink-2")
            x += needed + 2 * GAP
        self.top, self.free = y - LINE / 2 if unit or legend else self.height, x


def head_height(unit: str, names: Sequence[str], width: float) -> float:
    """How high a head is at most: a line for the unit and as many as the names need."""
    taken = sum(SWATCH + 3 * GAP + min(width, width_of(name)) for name in (unit, *names) if name)
    return LINE * (2 * int(taken // width) + 1) if taken else 0


def linked(artist: Any, href: str, says: str) -> None:
    """Let a part of the chart lead somewhere, if anywhere, and tell what it is; the SVG takes both from its url."""
    artist.set_url(f"{href.replace(' ', '%20')} {says}")


def address_at(hrefs: Sequence[str], place: int) -> str:
    """The address of that place; empty where there is none."""
    return hrefs[place] if place < len(hrefs) else ""


def empty(size: tuple[float, float]) -> Figure:
    """A chart of nothing says so."""
    sheet = Sheet(*size)
    words = shortened(gettext("Nothing to draw here"), sheet.width)
    sheet.text(sheet.width / 2, sheet.height / 2, words, align="center")
    return sheet.figure
