"""What reports make of grouped figures: addresses of lists, shares, bars, and the sentences beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from app.i18n import Label, LazyString, gettext, listed
from app.reports.charts import bars, rows
from app.reports.charts.labels import width_of
from app.reports.engine.asking import FIRST_YEAR, LAST_YEAR, Asked
from app.reports.engine.outcome import Chart, Fact
from app.reports.engine.shares import part_of, shares
from app.reports.engine.table import Column, Kind, Table
from app.reports.engine.wording import shown
from app.reports.periods import Span, last_months, months_within

if TYPE_CHECKING:
    from pandas import DataFrame

#: What a list is asked, by parameter; empty where it cannot be asked for.
Asks = Mapping[str, str]
#: So many values are drawn, and so many stand in a table of shares; all others stand together as the last one.
MOST_DRAWN, MOST_SHARED = 12, 30
#: So many months are told at most of a period, and where none is asked for.
MOST_MONTHS, MONTHS_WITHOUT_PERIOD = 24, 12
#: Upright bars have room for so many values and so many pixels of names; others lie.
MOST_UPRIGHT, UPRIGHT_ROOM = 7, 480


def list_address(path: str, *asks: Asks) -> str:
    """The address of a list with its filters set; without any, one that no saved filter narrows."""
    asked = {name: value for one in asks for name, value in one.items() if value}
    return f"{path}?{urlencode(asked or {'view': 'all'})}"


def foremost(frame: DataFrame, most: int) -> DataFrame:
    """The first values, and where there are more than ``most``, all others as the last one, which asks for nothing."""
    from pandas import DataFrame, concat

    if len(frame) <= most:
        return frame
    rest = frame.iloc[most - 1 :].select_dtypes("int64").sum().to_dict()
    others = DataFrame([{"value": gettext("Others"), "asks": {}, **rest}])
    return concat([frame.iloc[: most - 1], others], ignore_index=True)


def share_table(label: LazyString, values: DataFrame, figure: Column) -> Table:
    """Which part of all each value is by a figure, and how much it makes together with those above it."""
    kept = foremost(values, MOST_SHARED)
    parts = shares(kept[figure.key])
    columns = (
        Column("value", label),
        figure,
        Column("share", Label("Share"), Kind.SHARE),
        Column("cumulative", Label("Cumulative share"), Kind.SHARE),
    )
    whole = {"share": int(parts.sum())} if parts.notna().any() else {}
    frame = kept.assign(share=parts, cumulative=parts.cumsum())
    return Table.summed(columns, frame, totals=whole, title=Label("Shares"))


def value_chart(
    title: str, values: DataFrame, figure: str, *, href: Callable[[Asks], str], basis: tuple[Fact, ...]
) -> Chart:
    """A bar for each value, the first ones of many."""
    drawn = foremost(values, MOST_DRAWN)
    words, numbers = list(drawn["value"]), [int(number) for number in drawn[figure]]
    has_room = len(words) <= MOST_UPRIGHT and max(map(width_of, words), default=0) * len(words) <= UPRIGHT_ROOM
    draw: Any = bars if has_room else rows
    hrefs = [href(asks) for asks in drawn["asks"]]
    return Chart("values", title, says(title, words, numbers), partial(draw, words, numbers, hrefs=hrefs), basis)


def says(title: str, words: Iterable[str], numbers: Sequence[int]) -> str:
    """What a chart shows, for who cannot see it."""
    told = (
        gettext("%(name)s %(number)s", name=word, number=f"{one:,}") for word, one in zip(words, numbers, strict=True)
    )
    return gettext("%(title)s: %(values)s", title=title, values=listed(told))


def linked(text: str, href: str) -> Mapping[str, str]:
    """The links of a fact whose one text leads somewhere, if anywhere."""
    return {text: href} if href else {}


def days_asked(parameter: str, period: Span | None) -> Asks:
    """The days of a period as a list is asked for them; nothing for all time, or where it is open to a side."""
    if period is None:
        return {}
    first = {f"{parameter}_from": period.first.isoformat()} if period.first.year > FIRST_YEAR else {}
    return {**first, **({f"{parameter}_to": period.last.isoformat()} if period.end.year < LAST_YEAR else {})}


def months_of(asked: Asked) -> list[Span]:
    """The months of the period that is asked for, until today; the last year's where none is."""
    period: Span | None = asked["period"]
    if period is None:
        return last_months(asked.today, MONTHS_WITHOUT_PERIOD)
    tomorrow = asked.today + timedelta(days=1)
    is_cut = period.first < tomorrow < period.end
    return months_within(Span(period.first, tomorrow) if is_cut else period, MOST_MONTHS)


def in_months(spans: Sequence[Span]) -> list[str]:
    """The months by their year and number."""
    return [f"{span.first:%Y-%m}" for span in spans]


def in_percent(count: int, total: int) -> str:
    """A part in percent, as it is shown."""
    return shown(Column("share", "", Kind.SHARE), part_of(count, total))
