"""Reads numbers as people write them, and the arithmetic of a column map; decimal throughout.

What a row does to a formula is told as a ``Told`` in the ValueError, so that it can be kept for readers of any
language.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Never

from app.i18n import Label, Told, gettext

NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|\{(?P<header>[^{}]+)\}|(?P<name>[^\W\d]\w*)|(?P<sign>[-+*/()×÷−－＋（）]))"
)
SIGNS = str.maketrans("×÷−－＋（）", "*/--+()")
NOT_A_NUMBER = Label("“%(text)s” is not a number.")
LONGEST = 300
DEEPEST = 20

Row = Mapping[str, str]
Part = Callable[[Row], Decimal]


class Empty(Exception):
    """A header the arithmetic needs is empty in this row, so there is no result."""


def read_amount(text: str) -> Decimal | None:
    """The number in ``text``, with thousands separators and full-width digits read; None when it is none."""
    plain = unicodedata.normalize("NFKC", text).strip().removeprefix("¥").removesuffix("元").strip()
    return Decimal(plain.replace(",", "")) if NUMBER.fullmatch(plain) else None


@dataclass(frozen=True)
class Formula:
    """Arithmetic on headers and numbers."""

    headers: tuple[str, ...]
    part: Part

    def value(self, row: Row) -> Decimal | None:
        """The result for one row, None where a header is empty; raises ValueError with the reason."""
        try:
            return self.part(row)
        except Empty:
            return None
        except ZeroDivisionError:
            raise ValueError(Told.of(Label("This would divide by zero."))) from None
        except ArithmeticError:
            raise ValueError(Told.of(Label("This cannot be worked out."))) from None


def read_formula(text: str, name_of: Callable[[str], str], *, has_bare_names: bool = False) -> Formula:
    """The formula in ``text``; ``name_of`` gives a header its key in the rows. Raises ValueError.

    With ``has_bare_names`` a header of one word may stand without its braces.
    """
    if len(text) > LONGEST:
        raise ValueError(gettext("The arithmetic is longer than %(num)d characters.", num=LONGEST))
    return _Reader(list(_tokens(text, has_bare_names)), name_of).formula()


class _Reader:
    """Descends through sums, products and single parts, one function each."""

    def __init__(self, tokens: Sequence[tuple[str, str]], name_of: Callable[[str], str]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0
        self._headers: list[str] = []
        self._name_of = name_of

    def formula(self) -> Formula:
        part = self._sum()
        if self._sign() is not None or self._place < len(self._tokens):
            self._fail()
        return Formula(tuple(self._headers), part)

    def _sum(self) -> Part:
        part = self._product()
        while (sign := self._sign()) in {"+", "-"}:
            self._place += 1
            part = (_added if sign == "+" else _subtracted)(part, self._product())
        return part

    def _product(self) -> Part:
        part = self._single()
        while (sign := self._sign()) in {"*", "/"}:
            self._place += 1
            part = (_multiplied if sign == "*" else _divided)(part, self._single())
        return part

    def _single(self) -> Part:
        if self._place >= len(self._tokens):
            self._fail()
        kind, text = self._tokens[self._place]
        self._place += 1
        if kind == "number":
            return _constant(Decimal(text))
        if kind in {"header", "name"}:
            self._headers.append(self._name_of(text))
            return _cell(self._headers[-1])
        if text == "-":
            return _subtracted(_constant(Decimal(0)), self._single())
        return self._bracket() if text == "(" else self._fail()

    def _bracket(self) -> Part:
        self._depth += 1
        part = self._sum() if self._depth <= DEEPEST else self._fail()
        if self._sign() != ")":
            self._fail()
        self._place += 1
        self._depth -= 1
        return part

    def _sign(self) -> str | None:
        kind, text = self._tokens[self._place] if self._place < len(self._tokens) else ("end", "")
        return text if kind == "sign" else None

    def _fail(self) -> Never:
        raise ValueError(
            gettext("The arithmetic needs numbers and {headers} with + - * / between them, and closed brackets.")
        )


def _tokens(text: str, has_bare_names: bool) -> Iterator[tuple[str, str]]:
    place = 0
    rest = text.rstrip()
    while place < len(rest):
        found = TOKEN.match(rest, place)
        if found is None or found.lastgroup is None or (found.lastgroup == "name" and not has_bare_names):
            raise ValueError(gettext("The arithmetic cannot be read from “%(text)s” on.", text=rest[place:].strip()))
        kind, token = found.lastgroup, found.group(found.lastgroup)
        yield kind, token.translate(SIGNS) if kind == "sign" else token
        place = found.end()


def _constant(number: Decimal) -> Part:
    return lambda _row: number


def _cell(header: str) -> Part:
    def read(row: Row) -> Decimal:
        text = row[header]
        if not text:
            raise Empty
        number = read_amount(text)
        if number is None:
            raise ValueError(Told.of(NOT_A_NUMBER, text=text))
        return number

    return read


def _added(left: Part, right: Part) -> Part:
    return lambda row: left(row) + right(row)


def _subtracted(left: Part, right: Part) -> Part:
    return lambda row: left(row) - right(row)


def _multiplied(left: Part, right: Part) -> Part:
    return lambda row: left(row) * right(row)


def _divided(left: Part, right: Part) -> Part:
    return lambda row: left(row) / right(row)
