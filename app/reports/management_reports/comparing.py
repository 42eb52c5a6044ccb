"""Figures of two moments side by side: what they were, what they are, and the difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.i18n import Label, gettext
from app.reports.engine import Column, Kind, Table
from app.reports.engine.wording import EMPTY, NUMBERS, shown
from app.reports.management_reports.analyses import Analysis

#: How a difference of values of a kind is shown; durations have no sign of their own.
SIGNED = {
    Kind.MONEY: Kind.MONEY_CHANGE,
    Kind.SHARE: Kind.CHANGE,
    Kind.COUNT: Kind.RANK_CHANGE,
}
#: Totals that tell of a period before: beside those of another report they would tell of a third one.
RELATIVE = frozenset({"previous", "change"})
#: What rows are compared by: shares and ranks follow from these.
COMPARED = frozenset({Kind.MONEY, Kind.COUNT, Kind.MINUTES, Kind.DECIMAL})
ROWS = Column("rows", Label("Rows"), Kind.COUNT)


@dataclass(frozen=True)
class Line:
    """One figure at two moments; ``change`` is a dash where there is none to tell."""

    label: str
    then: str
    now: str
    change: str
    name: str = ""


@dataclass(frozen=True)
class Compared:
    """An analysis at two moments: its totals, the rows that differ, how many do not, and the records behind."""

    totals: Sequence[Line]
    rows: Sequence[Line]
    unchanged: int
    came: int
    went: int


def compare(then: Analysis, now: Analysis) -> Compared:
    """What became of an analysis since."""
    lines, unchanged = _rows(then.table, now.table)
    before, after = set(then.records), set(now.records)
    totals = change_of_totals(then.table, totals_of(then.table), totals_of(now.table))
    return Compared(totals, lines, unchanged, len(after - before), len(before - after))


def totals_of(table: Table) -> dict[str, Any]:
    """The totals of a table, with how many rows it has."""
    return {**table.totals, "rows": table.rows_in_all}


def change_of_totals(table: Table, then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Line]:
    """Each total of a table at two moments; a share of all is always whole and says nothing."""
    columns = (*(one for one in table.columns if one.kind in NUMBERS - {Kind.SHARE, Kind.NUMBER}), ROWS)
    return [line_of(one, then.get(one.key), now.get(one.key)) for one in columns if one.key in {*then, *now}]


def change_since(table: Table, before: Mapping[str, Any]) -> list[Line]:
    """The totals of a table beside those of the report ``before``, as far as both have them; nothing without one."""
    now = totals_of(table)
    both = (before.keys() & now.keys()) - RELATIVE
    return change_of_totals(table, {key: before[key] for key in both}, {key: now[key] for key in both})


def line_of(column: Column, then: Any, now: Any, name: str = "") -> Line:
    """A figure at two moments."""
    return Line(str(column.label), shown(column, then), shown(column, now), difference(column, then, now), name)


def difference(column: Column, then: Any, now: Any) -> str:
    """How much more or less it is; nothing counts as zero where there is one of the two."""
    if then is None and now is None:
        return EMPTY
    more = (now or 0) - (then or 0)
    if column.kind is Kind.MINUTES:
        return f"{'+' if more > 0 else '−' if more < 0 else ''}{shown(column, abs(more))}"
    if column.kind is Kind.DECIMAL:
        return f"{'+' if more > 0 else ''}{shown(column, more)}"
    return shown(replace(column, kind=SIGNED.get(column.kind, column.kind)), more)


def _rows(then: Table, now: Table) -> tuple[list[Line], int]:
    """The rows that differ, in the order of then, and what came since at the end; how many are the same."""
    columns = [one for one in then.columns if one.kind in COMPARED]
    has_keys = not then.rows_in_all or any(row.get("id") is not None for row in then.rows())
    before, after = (_by_key(table, has_keys=has_keys) for table in (then, now))
    lines, unchanged = [], 0
    for key in {**before, **after}:
        found = list(_differing(columns, before.get(key), after.get(key), _name(then, before.get(key) or after[key])))
        lines += found
        unchanged += not found
    return lines, unchanged


def _by_key(table: Table, *, has_keys: bool) -> dict[Any, Mapping[str, Any]]:
    """The rows by what each stands for, or by its words where it stands for nothing, or then's rows have no keys."""
    texts = [one.key for one in table.columns if one.kind in {Kind.TEXT, Kind.YEAR, Kind.DAY}]
    return {
        row["id"] if has_keys and row.get("id") is not None else tuple(row.get(key) for key in texts): row
        for row in table.rows()
    }


def _name(table: Table, row: Mapping[str, Any]) -> str:
    column = next((one for one in table.columns if one.kind is Kind.TEXT), table.columns[0])
    return shown(column, row.get(column.key))


def _differing(
    columns: Sequence[Column], then: Mapping[str, Any] | None, now: Mapping[str, Any] | None, name: str
) -> Iterator[Line]:
    if not columns and (then is None or now is None):
        there = gettext("in the list")
        yield Line("", there if then else EMPTY, there if now else EMPTY, EMPTY, name)
    for column in columns:
        before, after = (row.get(column.key) if row else None for row in (then, now))
        if before != after or then is None or now is None:
            yield line_of(column, before, after, name)
