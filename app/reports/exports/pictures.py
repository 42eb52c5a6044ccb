"""One chart as a picture of its own, to be put into a text or a presentation."""

from __future__ import annotations

from io import BytesIO

from app.reports.engine import Chart

#: The kinds of pictures, by how their names end.
PICTURES = {"svg": "image/svg+xml", "png": "image/png"}


def picture(chart: Chart, suffix: str) -> bytes:
    """The chart as SVG or PNG."""
    found = BytesIO()
    chart.draw().savefig(found, format=suffix)
    return found.getvalue()
