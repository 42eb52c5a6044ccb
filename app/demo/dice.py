"""Chance that can be repeated: every row has dice of its own, made of the seed and the row's number."""

from bisect import bisect
from collections.abc import Sequence
from random import Random
from typing import TypeVar

Item = TypeVar("Item")

#: Odd numbers that keep the dice of different rows, uses and seeds apart.
SEED_STRIDE = 0x9E3779B97F4A7C15
USE_STRIDE = 0xD1B54A32D192ED03


class Dice(Random):
    """The dice of one row for one use; the same arguments always give the same throws."""

    def __init__(self, seed: int, use: int, row: int) -> None:
        super().__init__(seed * SEED_STRIDE + use * USE_STRIDE + row)

    def pick(self, items: Sequence[Item]) -> Item:
        """One of ``items``, each as likely as the other."""
        return items[int(self.random() * len(items))]

    def weighted(self, items: Sequence[Item], cumulated: Sequence[float]) -> Item:
        """One of ``items`` by the running totals of their weights."""
        return items[bisect(cumulated, self.random() * cumulated[-1])]

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return self.random() < probability

    def between(self, least: float, most: float) -> float:
        """A number from ``least`` up to ``most``."""
        return least + (most - least) * self.random()

    def whole(self, least: int, most: int) -> int:
        """A whole number from ``least`` to ``most``, both included."""
        return least + int(self.random() * (most - least + 1))

    def digits(self, count: int) -> str:
        """``count`` digits."""
        return f"{int(self.random() * 10**count):0{count}d}"
