"""Turns the cells of a source into rows of the stage, and sets aside the rows that cannot be read."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any

from app.actions.imports import Unusable
from app.actions.imports.mapping import Rule, header_key, plan_for
from app.i18n import Label, Told
from app.integrations.sales_system.cells import TOO_LARGE, Bad, Cells, RuleCells, text_of
from app.integrations.sales_system.kinds import AMOUNT_DIGITS, ORDER_LINES, ORDERS, Field, Kind, Reader
from app.integrations.sales_system.sources import Batch
from app.models.names import name_key
from app.models.orders import OrderStatus

REQUIRED = Told.of(Label("This field is required."))
OVERLONG = Told.of(Label("This row has more cells than there are headers."))
CUSTOMER = ("customer_number", "customer_name")
#: Quantities are stored in thousandths and prices in millionths, amounts in cents.
PARTS_OF_CENT = 10**7
LONGEST_CELL = 1_000

#: The values of a batch by column of the stage.
Values = dict[str, list[Any]]
#: The reasons against rows, by their place in the batch: field and reason.
Reasons = dict[int, list[tuple[str, Told]]]
Fault = tuple[str, int, str, str, str]

known_name_key = lru_cache(100_000)(name_key)


class KindReader:
    """Reads the rows of one kind from a source with these headers. Raises Unusable when a needed one is missing.

    ``places`` are the columns that it needs, ``given`` the fields that the source has.
    """

    def __init__(
        self, kind: Kind, headers: Sequence[str], rules: Mapping[str, Rule], reader: Reader, *, stamp: str = ""
    ) -> None:
        plan = plan_for(headers, kind.names, rules, needed=kind.needed)
        by_field = {rule.field: rule for rule in plan.rules}
        if kind is ORDERS and not by_field.keys() & set(CUSTOMER):
            raise Unusable(Told.of(Label("One of these columns is needed: %(names)s"), names=", ".join(CUSTOMER)))
        if kind is ORDER_LINES and stamp and "line_no" not in by_field:
            raise Unusable(Told.of(Label("Lines that are read by a stamp need their line_no.")))
        self.kind = kind
        self.given = [field for field in kind.fields if field.name in by_field]
        self.ignored = plan.ignored
        self.rows = 0
        self.last_stamp: Any = None
        self._columns = [
            (field, by_field[field.name], _cells(field, by_field[field.name], reader)) for field in self.given
        ]
        used = dict.fromkeys(key for rule in plan.rules for key in rule.headers)
        self._stamp = header_key(stamp) if stamp else ""
        if stamp and self._stamp not in plan.headers:
            raise Unusable(Told.of(Label("There is no column “%(header)s” for the stamp."), header=stamp))
        self._used = list(dict.fromkeys([*used, *([self._stamp] if stamp else [])]))
        self.places = [plan.headers.index(key) for key in self._used]
        self.stamp_place = plan.headers.index(self._stamp) if stamp else None
        self._heads = [headers[place] for place in self.places]

    def read(self, batch: Batch) -> tuple[list[tuple[Any, ...]], list[Fault]]:
        """The rows for the stage, and the faults of those that are set aside; keys of bad rows are staged too."""
        cells = dict(zip(self._used, batch.columns, strict=True))
        size = len(batch.numbers)
        self.rows += size
        self._see_stamps(cells)
        reasons: Reasons = {place: [("", OVERLONG)] for place in batch.overlong}
        values: Values = {}
        for field, rule, known in self._columns:
            values[field.column] = _read_column(rule, known, cells, size)
            self._look_for_bad(field, known, values[field.column], reasons)
        self._complete(values, size, reasons)
        good, bad = self._parted(batch.numbers, values, reasons)
        return [*good, *bad], list(self._faults(batch, reasons))

    def _see_stamps(self, cells: Mapping[str, Sequence[Any]]) -> None:
        stamps = [stamp for stamp in cells[self._stamp] if stamp is not None] if self._stamp else []
        if stamps:
            latest = max(stamps)
            self.last_stamp = latest if self.last_stamp is None else max(self.last_stamp, latest)

    def _look_for_bad(self, field: Field, known: Cells, column: list[Any], reasons: Reasons) -> None:
        if known.met_bad:
            known.met_bad = False
            for place, value in enumerate(column):
                if value.__class__ is Bad:
                    reasons.setdefault(place, []).append((field.name, value.reason))
                    column[place] = None
        if field.is_needed and None in column:
            for place, value in enumerate(column):
                if value is None and not _is_told(reasons, place, field.name):
                    reasons.setdefault(place, []).append((field.name, REQUIRED))

    def _complete(self, values: Values, size: int, reasons: Reasons) -> None:
        """What no cell says by itself: the columns that are not there, and those that are worked out."""
        for field in self.kind.fields:
            values.setdefault(field.column, [None] * size)
        if self.kind is ORDERS:
            _complete_orders(values, reasons)
        elif self.kind is ORDER_LINES:
            _complete_lines(values, reasons)

    def _parted(self, numbers: Sequence[int], values: Values, reasons: Reasons) -> tuple[Iterable[Any], Iterable[Any]]:
        """The good rows whole, and of the bad ones those whose keys can be read, with their keys alone."""
        names = [column.name for column in self.kind.stage.columns][2:]
        if not reasons:
            return zip(numbers, repeat(False), *(values[name] for name in names)), ()
        rows = list(zip(numbers, *(values[name] for name in names), strict=True))
        good = ((row[0], False, *row[1:]) for place, row in enumerate(rows) if place not in reasons)
        keys = [name in self.kind.key_fields for name in names]
        bad = (
            (
                rows[place][0],
                True,
                *(value if is_key else None for value, is_key in zip(rows[place][1:], keys, strict=True)),
            )
            for place in reasons
            if all(values[name][place] is not None for name in self.kind.key_fields)
        )
        return good, bad

    def _faults(self, batch: Batch, reasons: Reasons) -> Iterator[Fault]:
        for place in sorted(reasons):
            texts = (text_of(column[place])[:LONGEST_CELL] for column in batch.columns)
            content = json.dumps(dict(zip(self._heads, texts, strict=True)), ensure_ascii=False, sort_keys=True)
            for field, reason in reasons[place]:
                yield self.kind.key, batch.numbers[place], field, told_as_json(reason), content


def told_as_json(told: Told) -> str:
    """A sentence as its column keeps it."""
    return json.dumps([told.message, told.values], ensure_ascii=False)


def told_from_json(text: str) -> Told:
    """A sentence as its column keeps it, read back."""
    return Told(*json.loads(text))


def _cells(field: Field, rule: Rule, reader: Reader) -> Cells:
    cells = field.cells(reader)
    return cells if rule.is_column else RuleCells(rule, cells)


def _read_column(rule: Rule, known: Cells, cells: Mapping[str, Sequence[Any]], size: int) -> list[Any]:
    if rule.is_column:
        return known.column(cells[rule.headers[0]])
    if not rule.headers:
        return known.column([()] * size)
    return known.column(list(zip(*(cells[header] for header in rule.headers), strict=True)))


def _is_told(reasons: Reasons, place: int, name: str) -> bool:
    return any(field == name for field, _ in reasons.get(place, ()))


def _complete_orders(values: Values, reasons: Reasons) -> None:
    numbers, names = (values[name] for name in CUSTOMER)
    if None in numbers and None in names:
        for place, both in enumerate(zip(numbers, names, strict=True)):
            if both == (None, None) and not any(_is_told(reasons, place, name) for name in CUSTOMER):
                reasons.setdefault(place, []).append((CUSTOMER[1], REQUIRED))
    values["customer_key"] = [name and known_name_key(name) for name in names]
    values["status"] = [status or OrderStatus.UNPAID.value for status in values["status"]]


def _complete_lines(values: Values, reasons: Reasons) -> None:
    """The amount of each line: quantity × price, rounded half up to the cent (definition 09.5)."""
    pairs: Iterable[tuple[Any, Any]] = zip(values["quantity"], values["unit_price"], strict=True)
    if reasons:
        pairs = ((0, 0) if None in pair else pair for pair in pairs)
    half = PARTS_OF_CENT // 2
    amounts = [
        (exact + half) // PARTS_OF_CENT if exact >= 0 else -((half - exact) // PARTS_OF_CENT)
        for exact in (quantity * price for quantity, price in pairs)
    ]
    values["amount"] = amounts
    if amounts and (max(amounts) >= 10**AMOUNT_DIGITS or min(amounts) <= -(10**AMOUNT_DIGITS)):
        for place, amount in enumerate(amounts):
            if abs(amount) >= 10**AMOUNT_DIGITS:
                reasons.setdefault(place, []).append(("unit_price", Told.of(TOO_LARGE)))
