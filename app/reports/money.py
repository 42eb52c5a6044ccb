"""Amounts in the unit that keeps them short."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal

from app.i18n import Label, LazyString, is_english

#: From the largest: an amount from which it is said in a unit, and the unit. People count by ten thousands in Chinese.
UNITS = {
    True: ((10**6, Label("m yuan")), (10**3, Label("k yuan"))),
    False: ((10**8, Label("hundred million yuan")), (10**4, Label("ten thousand yuan"))),
}
YUAN = Label("yuan")
NO_BREAK = "\u00a0"
CENTS = 100


def short_money(amount: Decimal) -> tuple[str, LazyString]:
    """An amount in a unit that keeps it short, rounded half up to two decimals, and the unit."""
    for size, unit in UNITS[is_english()]:
        if abs(amount) >= size:
            return _decimals(amount / size), unit
    return _decimals(amount), YUAN


def money_in_words(amount: Decimal) -> str:
    """An amount with its unit, which stay on one line."""
    number, unit = short_money(amount)
    return f"{number} {unit}".replace(" ", NO_BREAK)


def money_scale(cents: Iterable[float | None]) -> tuple[int, LazyString]:
    """What amounts in whole cents are divided by so that one unit is right for all of a chart, and that unit.

    The largest has two digits before the point at least, so that the small ones beside it keep some of theirs.
    """
    largest = max((abs(one) for one in cents if one is not None and math.isfinite(one)), default=0)
    for size, unit in UNITS[is_english()]:
        if largest >= 10 * size * CENTS:
            return size * CENTS, unit
    return CENTS, YUAN


def _decimals(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal('0.01'), rounding='ROUND_HALF_UP'):,}"
