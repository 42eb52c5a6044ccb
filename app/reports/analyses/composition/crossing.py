"""Two ways to group crossed: a table of cells and a heat map of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from app.i18n import LazyString, gettext
from app.reports.charts import heat_map
from app.reports.engine import Chart, Column, Fact, Kind, Table
from app.reports.engine.grouped import Asks, foremost, says
from app.reports.engine.grouping import plain_key
from app.reports.engine.table import Row

if TYPE_CHECKING:
    from pandas import DataFrame

#: So many values are crossed each way; all others stand together as the last one.
MOST_CROSSED = 10


class Side(NamedTuple):
    """What stands beside or above: what it is, and its values with their words and what a list is asked."""

    label: LazyString
    values: DataFrame


@dataclass(frozen=True)
class Crossing:
    """Two sides and the count of each cell."""

    beside: Side
    above: Side
    counts: Sequence[Sequence[int]]

    @classmethod
    def of(cls, beside: Side, above: Side, cells: DataFrame) -> Self:
        """The crossing of ``cells``; what has no place of its own is with the others, which come last."""
        beside, above = (Side(side.label, foremost(side.values, MOST_CROSSED)) for side in (beside, above))
        rows, columns = _places(beside.values), _places(above.values)
        counts = [[0] * len(above.values) for _ in range(len(beside.values))]
        for cell in cells.to_dict("records"):
            row, column = rows.get(plain_key(cell["key"]), -1), columns.get(plain_key(cell["other"]), -1)
            counts[row][column] += int(cell["count"])
        return cls(beside, above, counts)

    @property
    def title(self) -> str:
        """What is crossed with what."""
        return gettext("%(first)s × %(second)s", first=self.beside.label, second=self.above.label)

    def table(self, href: Callable[..., str]) -> Table:
        """A row for each value of the first, a column for each of the second, and the sums of both ways."""
        from pandas import DataFrame

        names = [f"count_{place}" for place in range(len(self.above.values))]
        frame = DataFrame(self.counts, columns=names, dtype="int64")
        frame = frame.assign(
            value=self.beside.values["value"], asks=self.beside.values["asks"], count=frame.sum(axis=1)
        )
        columns = (
            Column("value", self.beside.label),
            *(
                Column(name, word, Kind.COUNT, is_summed=True, href=_cell_link(href, asks))
                for name, word, asks in zip(names, self.above.values["value"], self.above.values["asks"], strict=True)
            ),
            Column("count", gettext("Total"), Kind.COUNT, is_summed=True, href=_cell_link(href)),
        )
        return Table.summed(columns, frame, title=self.title)

    def chart(self, href: Callable[..., str], basis: tuple[Fact, ...]) -> Chart:
        """The darker, the more customers."""
        words = [
            gettext("%(first)s × %(second)s", first=one, second=other)
            for one in self.beside.values["value"]
            for other in self.above.values["value"]
        ]
        hrefs = [[href(one, other) for other in self.above.values["asks"]] for one in self.beside.values["asks"]]
        draw = partial(
            heat_map, list(self.beside.values["value"]), list(self.above.values["value"]), self.counts, hrefs=hrefs
        )
        counts = [count for row in self.counts for count in row]
        return Chart("crossing", self.title, says(self.title, words, counts), draw, basis)


def _cell_link(href: Callable[..., str], *asks: Asks) -> Callable[[Row], str]:
    """Of a row with what it asks, and of the totals without."""
    return lambda row: href(*([row["asks"]] if "asks" in row else []), *asks)


def _places(values: DataFrame) -> dict[Any, int]:
    return {plain_key(key): place for place, key in enumerate(values["key"])}
