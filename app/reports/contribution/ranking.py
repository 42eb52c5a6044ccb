"""The rows in their order: shares, what has come together down to a row, ABC classes, and the change of rank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.reports.engine import shares
from app.reports.engine.shares import WHOLE, exact

if TYPE_CHECKING:
    from pandas import DataFrame, Series

#: So many of the largest stand in the chart.
SHOWN_AT_TOP = 20


@dataclass(frozen=True)
class Cuts:
    """Where the classes end, in percent of all: A holds whoever the first ``a`` percent come from, B up to ``b``."""

    a: int
    b: int


@dataclass(frozen=True)
class Ranking:
    """The rows that are wanted, from ``start`` on, of ``count`` rows that come to ``total``.

    They stand on ``orders``, and those of the period before on ``orders_before``; None where it was not counted yet.
    ``rows`` and ``top``, the very largest, have key, amount, share, cumulative and abc; with a comparison ``rows`` have
    previous, change, change_share and rank_change too. ``totals`` are over all rows.
    """

    count: int
    start: int
    rows: DataFrame
    top: DataFrame
    totals: Mapping[str, Any]
    orders: int | None
    orders_before: int | None

    @property
    def total(self) -> int:
        """What all rows come to."""
        return int(self.totals["amount"])


def placed(rows: DataFrame, total: int, cuts: Cuts, *, ahead: int = 0) -> DataFrame:
    """Rows in their order with ``cumulative`` and ``abc``; those before them come to ``ahead``."""
    from pandas import Series

    amounts = exact(rows["amount"], ahead)
    sums = amounts.cumsum() + ahead
    ahead_of_each = (sums - amounts) * 100
    classes = Series("C", index=rows.index, dtype=object)
    classes[(ahead_of_each < total * cuts.b).astype(bool)] = "B"
    classes[(ahead_of_each < total * cuts.a).astype(bool)] = "A"
    return rows.assign(cumulative=rounded(sums * WHOLE, total), abc=classes)


def rounded(parts: Series[Any], whole: int) -> Series[Any]:
    """Quotients rounded half up; missing where there is nothing to divide by."""
    from pandas import Int64Dtype, Series

    if whole <= 0:
        return Series([None] * len(parts), index=parts.index, dtype=Int64Dtype())
    return ((parts * 2 + whole) // (2 * whole)).astype(Int64Dtype())


def in_order(amounts: DataFrame, cuts: Cuts, *, is_compared: bool) -> DataFrame:
    """All rows with an order in the period, the largest first, of equal ones the older; with everything of them."""
    rows = amounts[amounts["rows"] > 0].sort_values(["amount", "key"], ascending=[False, True], ignore_index=True)
    total = int(exact(rows["amount"]).sum())
    rows = placed(rows.assign(share=shares(rows["amount"])), total, cuts)
    return with_change(rows, amounts) if is_compared else rows


def with_change(rows: DataFrame, amounts: DataFrame) -> DataFrame:
    """The rows with what they were in the period before, and how many places they rose since."""
    from pandas import Int64Dtype

    earlier = amounts[amounts["rows_before"] > 0].sort_values(["previous", "key"], ascending=[False, True])
    ranks = dict(zip(earlier["key"], range(1, len(earlier) + 1), strict=True))
    places = rows["key"].map(ranks).astype(Int64Dtype())
    previous = rows["previous"].astype(Int64Dtype()).where(rows["rows_before"] > 0)
    change = rows["amount"] - rows["previous"]
    return rows.assign(
        previous=previous,
        change=change,
        change_share=_relative(change, rows["previous"]),
        rank_change=places - rows.index.to_numpy() - 1,
    )


def _relative(change: Series[Any], previous: Series[Any]) -> Series[Any]:
    """The change in tenths of a percent of what was; missing where that was nothing or less."""
    from pandas import Int64Dtype, Series

    found = [relative(int(more), int(was)) for more, was in zip(change, previous, strict=True)]
    return Series(found, index=change.index, dtype=Int64Dtype())


def relative(change: int, previous: int) -> int | None:
    """One change in tenths of a percent, rounded half up; None where there was nothing or less."""
    return (change * 2 * WHOLE + previous) // (2 * previous) if previous > 0 else None
