"""Shares that add up: rounded by the largest remainder (definition 09.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import Series

#: A share is a whole number of these parts of the total: tenths of a percent.
WHOLE = 1000


def shares(amounts: Series[Any]) -> Series[Any]:
    """The share of each amount in the sum of all, in tenths of a percent; together they are exactly 1000.

    Each is rounded down, and what is left goes to the largest remainders, of equal ones to the first. With a sum of
    zero or less there are no shares: all are missing.
    """
    from pandas import Int64Dtype, Series

    total = sum(int(amount) for amount in amounts)
    if total <= 0:
        return Series([None] * len(amounts), index=amounts.index, dtype=Int64Dtype())
    parts = [divmod(int(amount) * WHOLE, total) for amount in amounts]
    left = WHOLE - sum(whole for whole, _ in parts)
    larger = sorted(range(len(parts)), key=lambda place: -parts[place][1])[:left]
    found = [whole for whole, _ in parts]
    for place in larger:
        found[place] += 1
    return Series(found, index=amounts.index, dtype=Int64Dtype())


def part_of(part: int, whole: int) -> int | None:
    """One share alone, in tenths of a percent, rounded half up; None where there is no whole."""
    return (2 * part * WHOLE + whole) // (2 * whole) if whole > 0 else None
