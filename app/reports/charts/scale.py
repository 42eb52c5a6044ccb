"""Where values stand along an axis, and at which round values its few lines are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

MOST_STEPS = 3
ROUND = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Scale:
    """The values from ``low`` to ``high``, laid between two pixels."""

    low: float
    high: float
    begin: float
    end: float
    step: float

    @classmethod
    def over(cls, values: Iterable[float], begin: float, end: float, *, floor: float = 0) -> Scale:
        """An axis that holds all values and its ``floor``; where there is nothing but the floor it goes up by one."""
        known = list(values)
        low, high = min(known, default=0), max(known, default=0)
        low, high = min(low, floor), max(high, floor)
        if low == high:
            high = low + max(1.0, abs(low))
        return cls(low, high, begin, end, step_of(high - low, is_whole=all(one == int(one) for one in known)))

    def at(self, value: float) -> float:
        """The pixel at which a value stands."""
        return self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin)

    @property
    def ticks(self) -> list[float]:
        """The round values within."""
        first, last = math.ceil(self.low / self.step), math.floor(self.high / self.step)
        return [place * self.step for place in range(first, last + 1)]


def step_of(extent: float, *, is_whole: bool) -> float:
    """The distance of the lines: a round number that makes few of them."""
    least = extent / MOST_STEPS
    power = 10.0 ** math.floor(math.log10(least))
    step = next(one * power for one in ROUND if one * power >= least * (1 - 1e-9))
    return max(1.0, math.ceil(step)) if is_whole and step < 10 else step
