"""How a figure is measured: exact ones once, times in interleaved rounds.

A time is that of ``bench.work``. It is compared in rounds of a few shots, taken in turn; a round's figure is the ratio
of the quickest shots. The value is the median of the rounds. Only their least decides: with seven rounds the true ratio
lies above it in 127 of 128 runs, so that a busy machine turns no row red. A row over its limit gets more rounds.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.browser import Answer
from bench.deeds import Deed
from bench.stage import Stage

ROUNDS = 7
SHOTS = 2
STARTS = 3
#: Where a row isn't within its limit yet: so many times the rounds, but none that begins after so many seconds.
MOST_TIMES, LONGEST = 3, 60

Shot = Callable[[Stage], Answer]


@dataclass(frozen=True)
class Measured:
    """A figure, the least it may be in truth, and what it was compared with."""

    value: float
    lower: float
    baseline: float | None = None
    baseline_unit: str = ""


#: It is told the limit, since a figure that is plainly within it needs no more rounds.
Measure = Callable[[Stage, float], Measured]
#: The seconds of both sides.
Round = tuple[float, float]


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
    return lambda stage, _: exact(_warm(one, stage).statements, _warm(beside, stage).statements)


def more_statements(one: Shot, than: Shot) -> Measure:
    """How many SQL statements a request takes more than another."""

    def measure(stage: Stage, _: float) -> Measured:
        fewer = _warm(than, stage).statements
        return exact(_warm(one, stage).statements - fewer, fewer)

    return measure


def kilobytes(one: Shot, beside: Shot) -> Measure:
    """The size of a page, in thousands of bytes."""
    return lambda stage, _: exact(_warm(one, stage).size / 1000, _warm(beside, stage).size / 1000)


def times(one: Shot, than: Shot, *, shots: int = SHOTS) -> Measure:
    """How many times as long ``one`` takes as ``than``."""

    def measure(stage: Stage, limit: float) -> Measured:
        _warm(one, stage), _warm(than, stage)
        return in_rounds(lambda: _round(stage, one, than, shots), limit)

    return measure


def in_rounds(one: Callable[[], Round], limit: float, *, least: int = ROUNDS) -> Measured:
    """As many rounds as it takes to lie within ``limit``, no fewer than ``least`` and a bounded number at most."""
    began = time.monotonic()
    rounds = [one() for _ in range(least)]
    while compared(rounds).value > limit and len(rounds) < MOST_TIMES * least and time.monotonic() < began + LONGEST:
        rounds.append(one())
    return compared(rounds)


def compared(rounds: Sequence[Round]) -> Measured:
    """The figure of rounds that took so many seconds each."""
    ratios = [mine / other for mine, other in rounds]
    return Measured(median(ratios), min(ratios), 1000 * median(other for _, other in rounds), "ms")


def starting(application: str) -> Shot:
    """One more process of an application, started and ended."""
    return lambda stage: stage.start(application)


def start_times() -> Measure:
    """From nothing to the first answer, ours against the plain application's; both have been started before."""

    def measure(stage: Stage, limit: float) -> Measured:
        stage.worker("ours"), stage.worker("stock")
        return in_rounds(lambda: _round(stage, starting("ours"), starting("stock"), 1), limit, least=STARTS)

    return measure


def memory(stage: Stage, _: float) -> Measured:
    """The memory of our process as a multiple of the plain application's, after all that was done before."""
    mine, other = (stage.worker(name).resident_bytes() for name in ("ours", "stock"))
    return exact(mine / other, other / 1e6, "MB")


def _warm(shot: Shot, stage: Stage) -> Answer:
    shot(stage)
    return shot(stage)


def _round(stage: Stage, one: Shot, other: Shot, shots: int) -> Round:
    mine, others = zip(*(_pair(stage, one, other, number) for number in range(shots)), strict=True)
    return min(mine), min(others)


def _pair(stage: Stage, one: Shot, other: Shot, number: int) -> Round:
    """Both once; who comes second may find the processor warmer, so they take turns in that too."""
    if number % 2:
        theirs = other(stage).seconds
        return one(stage).seconds, theirs
    return one(stage).seconds, other(stage).seconds
