"""How a figure is measured: exact ones once, times in interleaved rounds.

A time is compared in rounds of a few shots, taken in turn; a round's figure is the ratio of the quickest shots. The
value is the median of the rounds. Only their least decides: with seven rounds the true ratio lies above it in 127 of
128 runs, so that a busy machine turns no row red.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from bench.browser import Answer
from bench.deeds import Deed
from bench.stage import Stage

ROUNDS = 7
SHOTS = 2
STARTS = 3

Shot = Callable[[Stage], Answer]


@dataclass(frozen=True)
class Measured:
    """A figure, the least it may be in truth, and what it was compared with."""

    value: float
    lower: float
    baseline: float | None = None
    baseline_unit: str = ""


Measure = Callable[[Stage], Measured]


def by(person: str, deed: Deed) -> Shot:
    """What one of the stage's people does."""
    return lambda stage: deed(stage.person(person))


def ours(deed: Deed) -> Shot:
    """Done in the product by somebody who sees everything."""
    return by("ours", deed)


def stock(deed: Deed) -> Shot:
    """Done in the plain application."""
    return by("stock", deed)


def exact(value: float, baseline: float | None, unit: str = "") -> Measured:
    """A figure without noise."""
    return Measured(value, value, baseline, unit)


def statements(one: Shot, beside: Shot) -> Measure:
    """The SQL statements of a request, once everything is warm."""
    return lambda stage: exact(_warm(one, stage).statements, _warm(beside, stage).statements)


def more_statements(one: Shot, than: Shot) -> Measure:
    """How many SQL statements a request takes more than another."""

    def measure(stage: Stage) -> Measured:
        fewer = _warm(than, stage).statements
        return exact(_warm(one, stage).statements - fewer, fewer)

    return measure


def kilobytes(one: Shot, beside: Shot) -> Measure:
    """The size of a page, in thousands of bytes."""
    return lambda stage: exact(_warm(one, stage).size / 1000, _warm(beside, stage).size / 1000)


def times(one: Shot, than: Shot, *, rounds: int = ROUNDS, shots: int = SHOTS) -> Measure:
    """How many times as long ``one`` takes as ``than``."""

    def measure(stage: Stage) -> Measured:
        _warm(one, stage), _warm(than, stage)
        return compared([_round(stage, one, than, shots) for _ in range(rounds)])

    return measure


def compared(rounds: list[tuple[float, float]]) -> Measured:
    """The figure of rounds that took so many seconds each."""
    ratios = [mine / other for mine, other in rounds]
    return Measured(median(ratios), min(ratios), 1000 * median(other for _, other in rounds), "ms")


def starting(application: str) -> Shot:
    """One more process of an application, started and ended."""
    return lambda stage: stage.start(application)


def start_times() -> Measure:
    """From nothing to the first answer, ours against the plain application's; both have been started before."""

    def measure(stage: Stage) -> Measured:
        stage.worker("ours"), stage.worker("stock")
        return compared([_round(stage, starting("ours"), starting("stock"), 1) for _ in range(STARTS)])

    return measure


def memory(stage: Stage) -> Measured:
    """The memory of our process as a multiple of the plain application's, after all that was done before."""
    mine, other = (stage.worker(name).resident_bytes() for name in ("ours", "stock"))
    return exact(mine / other, other / 1e6, "MB")


def _warm(shot: Shot, stage: Stage) -> Answer:
    shot(stage)
    return shot(stage)


def _round(stage: Stage, one: Shot, other: Shot, shots: int) -> tuple[float, float]:
    pairs = [(one(stage).seconds, other(stage).seconds) for _ in range(shots)]
    mine, others = zip(*pairs, strict=True)
    return min(mine), min(others)
