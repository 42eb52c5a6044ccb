"""A figure as pixels, for who pastes it into a letter."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from app.reports.charts.style import INCH, PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def png(drawing: Figure, *, scale: float = 2) -> bytes:
    """The figure on white, with ``scale`` dots for each of its pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    raw = BytesIO()
    FigureCanvasAgg(drawing).print_figure(raw, format="png", dpi=INCH * scale, facecolor=PALETTE["bg"])
    return raw.getvalue()
