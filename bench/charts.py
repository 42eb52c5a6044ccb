"""Charts as they stand on a page, each beside a bare ``Figure`` of matplotlib with the same values and labels.

Both write text as text in the bundled font, which is what makes the bare one quickest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import StringIO
from itertools import accumulate
from typing import Any

from app.reports import charts
from bench.measures import Measure, Measured, in_rounds
from bench.stage import Stage
from bench.work import worked

SHOTS = 5
NAMES = [f"苏州砺川精密机械 {number:02d}" for number in range(20)]
VALUES = [round(628.4 * 0.9**number, 1) for number in range(20)]
SHARES = [100 * value / sum(VALUES) for value in accumulate(VALUES)]
MONTHS = [f"2026-{month:02d}" for month in range(1, 13)]
SERIES = {
    "咨询": [3, 5, 12, 8, 4, 6, 17, 3, 2, 15, 6, 4],
    "投诉": [1, 10, 2, 3, 1, 1, 2, 10, 1, 3, 2, 11],
    "建议": [2, 2, 1, 9, 3, 1, 12, 4, 1, 8, 2, 2],
}
STEPS = (("2024 年", 4662.2), ("新增", 717.7), ("增长", 413.7), ("下降", -184.3), ("流失", -247.3), ("2025 年", 5362.0))
TABLE = [[(row * column * 7) % 50 for column in range(12)] for row in range(8)]
LINKS = ["/orders/list/?customer_id=1"] * 20

Draw = Callable[[], Any]
Bare = Callable[[Any], Any]


def _bars(axes: Any, labels: Sequence[str], values: Sequence[float]) -> None:
    axes.bar(range(len(values)), values)
    axes.set_xticks(range(len(labels)), labels)


def _rows(axes: Any) -> None:
    axes.barh(NAMES, VALUES)


def _stacked(axes: Any) -> None:
    reached = [0.0] * 12
    for name, values in SERIES.items():
        axes.bar(MONTHS, values, bottom=reached, label=name)
        reached = [low + value for low, value in zip(reached, values, strict=True)]
    axes.legend()


def _lines(axes: Any) -> None:
    for name, values in SERIES.items():
        axes.plot(MONTHS, values, marker="o", label=name)
    axes.legend()


def _pareto(axes: Any) -> None:
    axes.bar(range(20), VALUES)
    axes.twinx().plot(range(20), SHARES, marker="o")


def _heat_map(axes: Any) -> None:
    axes.pcolormesh(TABLE)
    axes.set_xticks(range(12), MONTHS)
    axes.set_yticks(range(8), NAMES[:8])
    for row, values in enumerate(TABLE):
        for column, value in enumerate(values):
            axes.text(column + 0.5, row + 0.5, str(value), ha="center")


def _steps() -> list[charts.Step]:
    return [charts.Step(name, value, is_total=name.endswith("年"), href=LINKS[0]) for name, value in STEPS]


#: Each shape as a report draws it, and what the bare figure holds.
SHAPES: dict[str, tuple[Draw, Bare]] = {
    "bars": (
        lambda: charts.bars(MONTHS, VALUES[:12], unit="万元", hrefs=LINKS),
        lambda axes: _bars(axes, MONTHS, VALUES[:12]),
    ),
    "rows": (lambda: charts.rows(NAMES, VALUES, unit="万元", hrefs=LINKS), _rows),
    "stacked": (lambda: charts.stacked(MONTHS, SERIES, unit="件", hrefs=dict.fromkeys(SERIES, LINKS)), _stacked),
    "lines": (lambda: charts.lines(MONTHS, SERIES, unit="件", hrefs=dict.fromkeys(SERIES, LINKS)), _lines),
    "pareto": (lambda: charts.pareto(VALUES, SHARES, note="前 11 名占 78.1 %", highlighted=11, hrefs=LINKS), _pareto),
    "bridge": (
        lambda: charts.bridge(_steps(), unit="万元"),
        lambda axes: _bars(axes, [name for name, _ in STEPS], [value for _, value in STEPS]),
    ),
    "heat map": (lambda: charts.heat_map(NAMES[:8], MONTHS, TABLE, hrefs=[LINKS] * 8), _heat_map),
    "funnel": (
        lambda: charts.funnel(NAMES[:5], VALUES[:5], hrefs=LINKS),
        lambda axes: axes.barh(NAMES[:5], VALUES[:5]),
    ),
}


def beside_bare(shape: str) -> Measure:
    """How many times as long a shape takes as its bare figure."""
    draw, fill = SHAPES[shape]

    def ours() -> None:
        charts.svg(draw(), shape)

    def bare() -> None:
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        figure = Figure(figsize=(544 / 72, 232 / 72), dpi=72)
        fill(figure.add_subplot())
        FigureCanvasSVG(figure).print_svg(StringIO())

    def measure(_: Stage, limit: float) -> Measured:
        _seconds(ours), _seconds(bare)
        return in_rounds(lambda: (_least(ours), _least(bare)), limit)

    return measure


def _least(one: Callable[[], None]) -> float:
    return min(_seconds(one) for _ in range(SHOTS))


def _seconds(one: Callable[[], None]) -> float:
    began = worked()
    one()
    return worked() - began
