"""How the cells of a column become stored values, a whole column at a time, since there are millions of them.

What was read once is looked up afterwards, without a step of Python; a text is judged with all others of its batch.
Amounts are whole numbers of their last digit, as ``Exact`` stores them, dates are texts such as 2026-03-01.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.actions.imports.amounts import NOT_A_NUMBER, read_amount
from app.actions.imports.directory import plain_key
from app.actions.imports.mapping import Rule
from app.actions.imports.moments import read_moment
from app.actions.imports.tables import trimmed
from app.i18n import Label, Told

#: So many different cells of a column are remembered before it begins anew.
MOST_KNOWN = 100_000
#: Of texts and numbers that nobody would show, so much is quoted in a reason.
LONGEST_QUOTE = 50
BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
TOO_LARGE = Label("This amount is too large.")
TOO_LONG = Label("This is %(num)s characters long; at most %(most)s fit.")
NEGATIVE = Label("This cannot be negative.")


class Bad:
    """Stands where a cell could not be read, with the reason."""

    __slots__ = ("reason",)

    def __init__(self, reason: Told) -> None:
        self.reason = reason


class Cells(dict[Any, Any]):
    """The stored values of the cells of one column, by cell; ``met_bad`` tells that one could not be read."""

    met_bad = False

    def column(self, cells: Sequence[Any]) -> list[Any]:
        """The values of many cells, ``Bad`` where one cannot be read."""
        try:
            return list(map(self.__getitem__, cells))
        except TypeError:  # what a database gives may not be hashable
            return list(map(self.__getitem__, map(_hashable, cells)))

    def __missing__(self, cell: Any) -> Any:
        try:
            value = self.read(cell)
        except ValueError as error:
            self.met_bad = True
            return Bad(_told(error))
        if len(self) >= MOST_KNOWN:
            self.clear()
        self[cell] = value
        return value

    def read(self, cell: Any) -> Any:
        """The stored value of one cell; raises ValueError with a ``Told``."""
        text = text_of(cell)
        return self.read_text(text) if text else None

    def read_text(self, text: str) -> Any:
        """The stored value of a text that is not empty."""
        raise NotImplementedError


def _hashable(cell: Any) -> Any:
    return tuple(map(text_of, cell)) if isinstance(cell, tuple) else text_of(cell)


def _told(error: ValueError) -> Told:
    reason = error.args[0] if error.args else ""
    return reason if isinstance(reason, Told) else Told.of(str(reason))


def text_of(cell: Any) -> str:
    """A cell as a file would hold it, trimmed."""
    if isinstance(cell, str):
        return trimmed(cell)
    if cell is None:
        return ""
    if isinstance(cell, float):
        return format(Decimal(format(cell, ".15g")), "f")
    if isinstance(cell, Decimal):
        return format(cell, "f")
    return cell.isoformat(" ") if isinstance(cell, datetime) else str(cell)


def _quoted(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"


class TextCells(Cells):
    """A text of one line, of at most ``longest`` characters."""

    def __init__(self, longest: int) -> None:
        super().__init__()
        self.longest = longest

    def column(self, cells: Sequence[Any]) -> list[Any]:
        """Texts without anything special stay as they are."""
        try:
            joined = "".join(cells)
        except TypeError:
            return super().column(cells)
        if "'" in joined or not joined.isprintable() or not unicodedata.is_normalized("NFC", joined):
            return super().column(cells)
        texts = list(map(str.strip, cells)) if " " in joined else list(cells)
        if max(map(len, texts), default=0) > self.longest:
            return super().column(cells)
        return [text or None for text in texts] if "" in texts else texts

    def read_text(self, text: str) -> str:
        """Line breaks become spaces; raises ValueError for what cannot be stored."""
        text = unicodedata.normalize("NFC", BREAKS.sub(" ", text))
        if CONTROL.search(text):
            raise ValueError(Told.of(Label("This text holds characters that cannot be stored.")))
        if len(text) > self.longest:
            raise ValueError(Told.of(TOO_LONG, num=len(text), most=self.longest))
        return text


class NumberCells(Cells):
    """A decimal number of ``scale`` digits after the point.

    What a file or a text says is never rounded; what arithmetic gave or a database worked out is, half up.
    """

    def __init__(self, precision: int, scale: int, *, may_be_negative: bool) -> None:
        super().__init__()
        self.most = 10**precision
        self.scale = scale
        self.may_be_negative = may_be_negative

    def read(self, cell: Any) -> int | None:
        """The number of last digits. Raises ValueError."""
        if isinstance(cell, str):
            text = trimmed(cell)
            return self._fitting(self._digits(text)) if text else None
        if cell is None:
            return None
        number = Decimal(text_of(cell)) if isinstance(cell, int | float | Decimal) else Decimal("NaN")
        if not number.is_finite():
            raise ValueError(Told.of(NOT_A_NUMBER, text=_quoted(str(cell))))
        if abs(number) >= self.most:
            raise ValueError(Told.of(TOO_LARGE))
        return self._fitting(int(number.scaleb(self.scale).quantize(Decimal(1), ROUND_HALF_UP)))

    def _digits(self, text: str) -> int:
        whole, _, rest = text.partition(".")
        plain = whole.removeprefix("-") + rest
        if len(rest) <= self.scale and plain.isascii() and plain.isdigit():
            return int(whole + rest.ljust(self.scale, "0"))
        return self._uncommon(text)

    def _uncommon(self, text: str) -> int:
        """Thousands separators, full-width digits, a sign of money."""
        number = read_amount(text)
        if number is None:
            raise ValueError(Told.of(NOT_A_NUMBER, text=_quoted(text)))
        digits = number.scaleb(self.scale)
        if digits != digits.to_integral_value():
            raise ValueError(Told.of(Label("This amount has too many decimals.")))
        return int(digits)

    def _fitting(self, digits: int) -> int:
        if digits < 0 and not self.may_be_negative:
            raise ValueError(Told.of(NEGATIVE))
        if abs(digits) >= self.most:
            raise ValueError(Told.of(TOO_LARGE))
        return digits


class WholeCells(NumberCells):
    """A whole number that is not negative."""

    def __init__(self, digits: int) -> None:
        super().__init__(digits, 0, may_be_negative=False)


class DayCells(Cells):
    """A date; a moment with a zone becomes the day it is in the company's zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self.zone = zone

    def read(self, cell: Any) -> str | None:
        """The date as 2026-03-01. Raises ValueError."""
        if isinstance(cell, datetime):
            return (cell.astimezone(self.zone) if cell.tzinfo else cell).date().isoformat()
        if isinstance(cell, date):
            return cell.isoformat()
        text = text_of(cell)
        return read_moment(text, self.zone).date().isoformat() if text else None


class WordCells(Cells):
    """One of a few values, each said by certain words."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.values_by_word = {plain_key(word): value for value, said in words.items() for word in said}
        self.shown = "/".join(said[0] for said in words.values())

    def read_text(self, text: str) -> str:
        """Raises ValueError."""
        key = plain_key(unicodedata.normalize("NFKC", text))
        if key not in self.values_by_word:
            raise ValueError(
                Told.of(Label("“%(text)s” is not one of %(words)s."), text=_quoted(text), words=self.shown)
            )
        return self.values_by_word[key]


class RuleCells(Cells):
    """What a rule of a column map makes of the cells of its headers, which stand together in a tuple."""

    def __init__(self, rule: Rule, inner: Cells) -> None:
        super().__init__()
        self.rule = rule
        self.inner = inner

    def read(self, cell: tuple[Any, ...]) -> Any:
        """Raises ValueError."""
        row = dict(zip(self.rule.headers, map(text_of, cell), strict=True))
        return self.inner.read(self.rule.read(row))
