"""A table of a report: typed columns, rows, and totals that are the sums over all rows, not over a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from app.i18n import LazyString

if TYPE_CHECKING:
    from pandas import DataFrame

Row: TypeAlias = Mapping[str, Any]
#: So many rows leave the frame at once.
BATCH = 1_000


class Kind(StrEnum):
    """What the values of a column are, by which every page and file writes them."""

    #: The running number.
    NUMBER = "number"
    TEXT = "text"
    COUNT = "count"
    #: Whole cents, shown in yuan.
    MONEY = "money"
    #: Whole tenths of a percent.
    SHARE = "share"
    #: The same with its sign: how much more or less.
    CHANGE = "change"
    #: Whole cents with their sign.
    MONEY_CHANGE = "money_change"
    #: Places gained or lost in a ranking.
    RANK_CHANGE = "rank_change"
    #: A float, shown with one decimal.
    DECIMAL = "decimal"
    DAY = "day"
    YEAR = "year"
    #: Whole minutes, shown as days, hours and minutes.
    MINUTES = "minutes"


@dataclass(frozen=True)
class Column:
    """One column; ``href`` makes of a row (or of the totals) the address of the records behind its figure."""

    key: str
    label: LazyString | str
    kind: Kind = Kind.TEXT
    is_summed: bool = False
    href: Callable[[Row], str] | None = None


@dataclass(frozen=True)
class Table:
    """Rows of a frame under typed columns. Missing values are None, NaN or NA.

    ``frame`` holds all rows, or where ``count`` is given those from ``start`` on alone. ``totals`` has a value for each
    column that has a total; the key of the first text column may hold the word beside them.
    """

    columns: Sequence[Column]
    frame: DataFrame
    totals: Mapping[str, Any] = field(default_factory=dict)
    count: int | None = None
    start: int = 0
    title: LazyString | str = ""

    @classmethod
    def summed(cls, columns: Sequence[Column], frame: DataFrame, **more: Any) -> Table:
        """A table with the exact sums of the columns that are summed, over all rows of the frame."""
        totals = {one.key: sum(int(value) for value in frame[one.key]) for one in columns if one.is_summed}
        return cls(columns, frame, {**totals, **more.pop("totals", {})}, **more)

    @property
    def rows_in_all(self) -> int:
        """How many rows there are on all pages."""
        return len(self.frame) if self.count is None else self.count

    def rows(self, start: int = 0, size: int | None = None) -> Iterator[dict[str, Any]]:
        """The rows from one on, each with its running number and missing values as None."""
        first = start - self.start if self.count is not None else start
        end = len(self.frame) if size is None else min(first + size, len(self.frame))
        for begin in range(first, end, BATCH):
            part = self.frame.iloc[begin : min(begin + BATCH, end)]
            part = part.astype(object).where(part.notna(), None)
            for place, row in enumerate(part.to_dict("records"), start + begin - first + 1):
                yield {"number": place, **row}
