"""Churn month by month: warned, postponed, saved and lost, and which part of the active customers was lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from app.i18n import Label, gettext, listed
from app.reports.analyses.churn.asking import EVENTS, LOST, POSTPONED, SAVED, WARNED, whole_of
from app.reports.charts import lines
from app.reports.engine import Asked, Chart, Column, Fact, Kind, Table, part_of
from app.reports.engine.grouped import Asks, days_asked, in_months, months_of
from app.reports.engine.table import Row
from app.reports.periods import Span

if TYPE_CHECKING:
    from pandas import DataFrame

#: What each event is called, and by which days and state the list of cases asks for it.
LABELS = {
    WARNED: Label("Warned"),
    POSTPONED: Label("Postponed"),
    SAVED: Label("Recovered"),
    LOST: Label("Churn confirmed"),
}
PARAMETERS = {WARNED: "as_of", POSTPONED: "measured_on", SAVED: "recovered_on", LOST: "confirmed_on"}
STATES: Mapping[str, Asks] = {SAVED: {"status": SAVED}, LOST: {"status": LOST}}


def months_in(frames: Mapping[str, DataFrame], asked: Asked) -> DataFrame:
    """A row for each month: how many cases of each event, how many were ``active`` at its start, and the rate."""
    spans = months_of(asked)
    counted = frames["events"].astype({"count": "int64"}).set_index(["event", "place"])["count"].to_dict()
    rows = []
    for place, span in enumerate(spans):
        events = {event: counted.get((event, place), 0) for event in EVENTS}
        active = active_at(frames["births"], frames["moves"], place)
        rows.append({"month": f"{span.first:%Y-%m}", **events, "active": active, "rate": part_of(events[LOST], active)})
    from pandas import DataFrame, Int64Dtype

    return DataFrame(rows).astype({"rate": Int64Dtype()})


def active_at(births: DataFrame, moves: DataFrame, place: int) -> int:
    """How many customers were active at the start of a month, reckoned back from those that are active now.

    Time is numbered from 0, all that was before the first month; so the month number ``place`` is ``place + 1``.
    """
    now = int(births.loc[births["born"] <= place, "count"].sum())
    since = moves[(moves["born"] <= place) & (moves["place"] > place)]
    return now - int(since["change"].sum())


def event_link(event: str, span: Span, link: Callable[..., str]) -> str:
    """The cases of an event in some days."""
    return link(days_asked(PARAMETERS[event], span), STATES.get(event, {}))


def month_table(months: DataFrame, link: Callable[..., str], asked: Asked) -> Table:
    """The months, and all together: who was active at the start of the first, and which part of them was lost."""
    spans = dict(zip(months["month"], months_of(asked), strict=True))
    whole = whole_of(months_of(asked))

    def href(event: str) -> Callable[[Row], str]:
        # Who was postponed in two months counts in both, and so twice in all, but is one case of the list.
        is_told_once = event != POSTPONED
        return lambda row: (
            event_link(event, spans.get(row.get("month"), whole), link) if "month" in row or is_told_once else ""
        )

    columns = (
        Column("month", Label("Month")),
        *(Column(event, LABELS[event], Kind.COUNT, is_summed=True, href=href(event)) for event in EVENTS),
        Column("active", Label("Active at the start"), Kind.COUNT),
        Column("rate", Label("Churn rate"), Kind.SHARE),
    )
    active = int(months["active"].iloc[0])
    totals = {"active": active, "rate": part_of(int(months[LOST].sum()), active)}
    return Table.summed(columns, months, totals=totals, title=Label("Churn by month"))


def month_chart(months: DataFrame, link: Callable[..., str], asked: Asked) -> Chart:
    """A line for each event."""
    spans = months_of(asked)
    title = gettext("Churn by month")
    series = {str(LABELS[event]): [int(count) for count in months[event]] for event in EVENTS}
    hrefs = {str(LABELS[event]): [event_link(event, span, link) for span in spans] for event in EVENTS}
    sums = (gettext("%(name)s %(number)s", name=name, number=f"{sum(counts):,}") for name, counts in series.items())
    says = gettext("%(title)s: %(values)s", title=title, values=listed(sums))
    return Chart(
        "months", title, says, partial(lines, in_months(spans), series, hrefs=hrefs), basis(months, link, asked)
    )


def basis(months: DataFrame, link: Callable[..., str], asked: Asked) -> tuple[Fact, ...]:
    """On how many cases the chart stands."""
    whole = whole_of(months_of(asked))
    numbers = {event: f"{int(months[event].sum()):,}" for event in (WARNED, SAVED, LOST)}
    sentences = {
        WARNED: gettext("Based on cases warned of: %(count)s.", count=numbers[WARNED]),
        SAVED: gettext("Recovered: %(count)s.", count=numbers[SAVED]),
        LOST: gettext("Churn confirmed: %(count)s.", count=numbers[LOST]),
    }
    return tuple(
        Fact(sentence, {numbers[event]: event_link(event, whole, link)}) for event, sentence in sentences.items()
    )
