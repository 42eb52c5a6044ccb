"""Shares that add up: rounded by the largest remainder (definition 09.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import Series

#: A share is a whole number of these parts of the total: tenths of a percent.
WHOLE = 1000
#: Sums below it can be multiplied by some thousands and still be whole numbers of 64 bits.
MOST_IN_64_BITS = 2**50


def exact(amounts: Series[Any], besides: int = 0) -> Series[Any]:
    """Whole numbers to calculate with, and one ``besides``: quick ones of 64 bits, Python's where those overflow."""
    ends = [int(amounts.min()), int(amounts.max())] if len(amounts) else []
    most = sum(abs(amount) for amount in ends) * len(amounts) + abs(besides)
    return amounts.astype("int64" if most < MOST_IN_64_BITS else object)


def shares(amounts: Series[Any], total: int | None = None) -> Series[Any]:
    """The share of each amount in the sum of all, in tenths of a percent; together they are exactly 1000.

    Each is rounded down, and what is left goes to the largest remainders, of equal ones to the first. With a sum of
    zero or less there are no shares: all are missing. With ``total`` the amounts are but a part of that sum, and those
    left out must have no share: ``candidates`` says how many can have one.
    """
    from pandas import Int64Dtype, Series

    amounts = exact(amounts)
    whole = int(amounts.sum()) if total is None else total
    if whole <= 0:
        return Series([None] * len(amounts), index=amounts.index, dtype=Int64Dtype())
    found = (amounts * WHOLE // whole).to_numpy(copy=True)
    remainders = (amounts * WHOLE % whole).to_numpy()
    larger = (-remainders).argsort(kind="stable")[: WHOLE - int(found.sum())]
    found[larger] += 1
    return Series(found, index=amounts.index, dtype=Int64Dtype())


def candidates(below: Series[Any], total: int) -> int:
    """How many of the largest amounts may have a share, beside the negative ones, which are all ``below`` zero.

    Rounded down, those of at least a thousandth of the total are given that many thousandths or more, and the negative
    ones take so many back; what is left is one each for the next largest.
    """
    return WHOLE - sum(int(amount) * WHOLE // total for amount in below)


def part_of(part: int, whole: int) -> int | None:
    """One share alone, in tenths of a percent, rounded half up; None where there is no whole."""
    return (2 * part * WHOLE + whole) // (2 * whole) if whole > 0 else None
