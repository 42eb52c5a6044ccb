"""Charts: shapes that every report draws with, in one house style, and what becomes of them on pages and in files.

A shape makes a matplotlib ``Figure`` of its own; nothing global changes, so that several may be drawn at once. Values
come in the unit that is shown (``app.reports.money.money_scale`` finds it), addresses as ``hrefs``, "" for none.
"""

from app.reports.charts.comparing import Step, bridge, pareto
from app.reports.charts.courses import lines
from app.reports.charts.crossed import heat_map
from app.reports.charts.lying import funnel, rows
from app.reports.charts.pixels import png
from app.reports.charts.sparks import spark
from app.reports.charts.style import PALETTE, figure
from app.reports.charts.upright import bars, stacked
from app.reports.charts.vector import in_light, standalone_svg, svg
from app.reports.money import money_scale

__all__ = [
    "PALETTE",
    "Step",
    "bars",
    "bridge",
    "figure",
    "funnel",
    "heat_map",
    "in_light",
    "lines",
    "money_scale",
    "pareto",
    "png",
    "rows",
    "spark",
    "stacked",
    "standalone_svg",
    "svg",
]
