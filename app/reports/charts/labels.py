"""The texts of a chart: how wide they are, how they are shortened, and how numbers are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from unicodedata import east_asian_width

from app.i18n import gettext
from app.reports.charts.style import FONT_SIZE

MINUS = "\N{MINUS SIGN}"
CUT = "…"
#: From here on a number is told by its power of ten.
LONG = 1e15
BROAD = frozenset("mwMWOQGCD@%&—")


def width_of(text: str, size: float = FONT_SIZE) -> float:
    """How many pixels a text takes at most, whichever of the usual fonts the page has."""
    return size * sum(map(_width, text))


def _width(sign: str) -> float:
    if east_asian_width(sign) in "WFA" or sign > "\u02ff":
        return 1
    return 0.95 if sign in BROAD else 0.7 if sign.isupper() else 0.58


def shortened(text: str, width: float) -> str:
    """As much of a text as has room, with … for the rest; empty where that is nothing."""
    text = " ".join(text.split())
    if width_of(text) <= width:
        return text
    room, kept = width - width_of(CUT), 0
    while kept < len(text) and (room := room - width_of(text[kept])) >= 0:
        kept += 1
    return f"{text[:kept].rstrip()}{CUT}" if kept else ""


def number_words(values: Iterable[float], *, is_change: bool = False) -> Callable[[float], str]:
    """How the numbers of a chart are written: whole ones whole, else with the decimals that their size deserves."""
    known = [value for value in values if math.isfinite(value)]
    largest = max(map(abs, known), default=0)
    digits = 0 if all(value == int(value) for value in known) else 1 if largest >= 10 else 2
    return lambda value: _written(value, digits, is_change=is_change)


def exactly(value: float) -> str:
    """A number as it is told of one bar: whole, or with two decimals."""
    return _written(value, 0 if value == int(value) else 2)


def _written(value: float, digits: int, *, is_change: bool = False) -> str:
    text = f"{value:.3g}" if abs(value) >= LONG else f"{value:,.{digits}f}"
    if not float(text.replace(",", "")):
        return text.removeprefix("-")
    return f"{'+' if is_change and value > 0 else ''}{text}".replace("-", MINUS)


def told(label: str, value: float, unit: str) -> str:
    """What one bar is: its name, its value, the unit."""
    text = f"{exactly(value)} {unit}" if unit else exactly(value)
    return gettext("%(name)s: %(value)s", name=label, value=text)


def cleaned(values: Sequence[float | None]) -> list[float]:
    """The values as numbers; 0 for none, which leaves no bar."""
    return [float(value) if value is not None and math.isfinite(value) else 0.0 for value in values]
