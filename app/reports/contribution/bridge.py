"""The growth bridge: how new, grown, shrunk and lost customers make one period's total of the other's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame, Series

#: So many customers are named that made most of a change.
MOST_NAMED = 5


@dataclass(frozen=True)
class Part:
    """Customers who changed in one way: how many, by how much in all, and which of them by most."""

    count: int
    change: int
    first: int | None
    first_change: int


@dataclass(frozen=True)
class Bridge:
    """From one total to the other: ``previous`` and the changes of the four parts are exactly ``amount``."""

    previous: int
    amount: int
    customers_before: int
    new: Part
    grown: Part
    shrunk: Part
    lost: Part
    #: Who made most of it, with the changes, whichever way.
    most: Mapping[int, int]

    @property
    def change(self) -> int:
        """How much more it is."""
        return self.amount - self.previous

    @property
    def named(self) -> set[int]:
        """The customers whose names are told."""
        parts = (self.new, self.grown, self.shrunk, self.lost)
        return {part.first for part in parts if part.first is not None} | set(self.most)


def bridge_of(amounts: DataFrame) -> Bridge:
    """The bridge between two periods; who has no order in one of them is new or lost, whatever the amounts."""
    rows = amounts.assign(change=amounts["amount"].astype(object) - amounts["previous"])
    is_now, was = rows["rows"] > 0, rows["rows_before"] > 0
    most = rows.assign(size=rows["change"].abs()).sort_values(["size", "key"], ascending=[False, True])
    most = most[most["size"] > 0].head(MOST_NAMED)
    return Bridge(
        _sum(rows["previous"]),
        _sum(rows["amount"]),
        int(was.sum()),
        new=_part(rows[is_now & ~was]),
        grown=_part(rows[is_now & was & (rows["change"] > 0)]),
        shrunk=_part(rows[is_now & was & (rows["change"] < 0)]),
        lost=_part(rows[~is_now & was]),
        most={int(key): int(change) for key, change in zip(most["key"], most["change"], strict=True)},
    )


def _part(rows: DataFrame) -> Part:
    if rows.empty:
        return Part(0, 0, None, 0)
    ordered = rows.assign(size=rows["change"].abs()).sort_values(["size", "key"], ascending=[False, True])
    first = ordered.iloc[0]
    return Part(len(rows), _sum(rows["change"]), int(first["key"]), int(first["change"]))


def _sum(amounts: Series[Any]) -> int:
    return sum(int(amount) for amount in amounts)
