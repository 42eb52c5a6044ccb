"""The house style of charts: the colours, the font, and matplotlib loaded and dressed once in the life of a process."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: What matplotlib draws with, by the token that stands for it on the page. No two tokens may share a colour.
PALETTE = {
    "accent": "#3450c8",
    "accent-soft": "#c6d0f4",
    "ink": "#1b1f27",
    "ink-2": "#4d5665",
    "ink-3": "#626c7c",
    "line": "#e5e8ec",
    "line-2": "#8b94a3",
    "bg": "#ffffff",
    "ok": "#1a7447",
    "warn": "#8f5400",
    "bad": "#b92c26",
    "chart": "#3450c9",
    "chart-soft": "#c6d0f5",
    "chart-2": "#e0a33a",
    "chart-3": "#1f8f96",
    "chart-4": "#7a4b8f",
    "chart-up": "#2c8458",
    "chart-down": "#c4463f",
}
TOKENS = {colour: f"var(--zk-{name})" for name, colour in PALETTE.items()}
#: The colours of several series, in this order: they differ in lightness too, so that they do in every eye.
SERIES = ("chart", "chart-2", "chart-3", "chart-soft", "chart-4", "line-2")
INCH = 72
FONT_SIZE = 12
#: The font that is bundled, and one for the rare signs that it lacks.
FONTS = ["Noto Sans SC", "DejaVu Sans"]
_LOADING = Lock()


def colour_of(place: int) -> str:
    """The colour of the series of that place; after the last one they come again."""
    return SERIES[place % len(SERIES)]


def _style() -> dict[str, Any]:
    """The one style: no frame but a base line, few quiet lines behind, figures in the second ink."""
    ink, quiet, line = PALETTE["ink-2"], PALETTE["ink-3"], PALETTE["line"]
    hidden = {f"axes.spines.{side}": False for side in ("top", "right", "left")}
    ticks = {f"{axis}tick.{what}": value for axis in "xy" for what, value in (("major.size", 0), ("major.pad", 8))}
    return hidden | ticks | {
        "svg.fonttype": "none",
        "svg.hashsalt": "zk",
        "svg.id": None,
        "font.family": FONTS,
        "font.size": FONT_SIZE,
        "figure.dpi": INCH,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "axes.edgecolor": line,
        "axes.linewidth": 1,
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.labelcolor": quiet,
        "axes.unicode_minus": True,
        "grid.color": line,
        "grid.linewidth": 1,
        "legend.frameon": False,
        "patch.linewidth": 0,
        "text.color": ink,
        "text.parse_math": False,
        "xtick.color": quiet,
        "ytick.color": quiet,
    }  # fmt: skip


@cache
def _figure_class() -> type[Figure]:
    """matplotlib, loaded and dressed once in the life of a process."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.font_manager import fontManager
    from pylopdf_fonts_zh_cn import sans_path

    # A sign that neither font has is drawn as a box; that is no matter for the log of a server.
    warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
    fontManager.addfont(str(sans_path()))
    settings: Any = matplotlib.rcParams
    settings.update(_style())
    return Figure


def blank(width: float, height: float) -> Figure:
    """An empty figure of that many pixels."""
    with _LOADING:
        kind = _figure_class()
    return kind(figsize=(width / INCH, height / INCH), dpi=INCH)


def figure(width: int, height: int, *, margins: Sequence[float] = (0, 0, 0, 0)) -> tuple[Figure, Axes]:
    """An empty figure of that many pixels with its axes; ``margins`` are left, right, top and bottom."""
    left, right, top, bottom = margins
    drawing = blank(width, height)
    place = (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height)
    return drawing, drawing.add_axes(place)
