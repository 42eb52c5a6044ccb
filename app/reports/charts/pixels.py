"""A figure as pixels, for who pastes it into a letter."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from app.reports.charts.style import INCH, MARGIN, PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def png(drawing: Figure, *, scale: float = 2) -> bytes:
    """The figure on white, with ``scale`` dots for each of its pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.transforms import Bbox

    raw = BytesIO()
    around = Bbox.from_bounds(0, 0, *drawing.get_size_inches()).padded(MARGIN / INCH)
    white = PALETTE["bg"]
    FigureCanvasAgg(drawing).print_figure(raw, format="png", dpi=INCH * scale, facecolor=white, bbox_inches=around)
    return raw.getvalue()
