"""销售预测: amount × probability in the month in which an opportunity is expected, beside what was won.

How far probabilities can be trusted is seen in what has ended: its weighted amount beside the amount that was won.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from app.i18n import Label, gettext, listed, ngettext
from app.reports import charts
from app.reports.analyses.forecast.months import OVERDUE, UNDATED, ended_at, month_frame, month_table, open_at
from app.reports.analyses.forecast.statements import select_opportunities
from app.reports.engine import (
    Asked,
    Chart,
    Fact,
    Outcome,
    PeriodFilter,
    Report,
    Statements,
    part_of,
    percent,
    rows_at,
    yuan,
)
from app.reports.periods import month_start
from app.reports.pipeline import ARCHIVED, GOING_ON, OPPORTUNITIES, QUESTIONS, same_filters
from app.security.rights import REPORT_FORECAST

if TYPE_CHECKING:
    from pandas import DataFrame

#: A chart shows so many months.
MOST_DRAWN = 12


def tidy(frames: Mapping[str, DataFrame], asked: Asked) -> Outcome:
    """The months with their charts; these are left out where nothing is open and nothing ended."""
    frame = month_frame(frames, asked)
    table = month_table(frame, asked)
    if not (frame["count"].sum() or frame["ended_count"].sum()):
        return Outcome(table)
    sums = frame.drop(columns=["month", "slot", "attained"]).sum()
    unknown = int(frames["undated"]["count"].iloc[0])
    drawn = (expected_chart(frame, sums, asked), won_chart(frame, sums, unknown, asked))
    return Outcome(table, drawn, tuple(explained(frame, sums, asked)))


# ---- sentences ------------------------------------------------------------------------------------------


def explained(frame: DataFrame, sums: Any, asked: Asked) -> Iterator[Fact]:
    """What is expected, what stands in the way, and what expectations were worth."""
    ahead = frame[[slot not in {OVERDUE, UNDATED} for slot in frame["slot"]]]
    sentence = gettext(
        "From today on %(amount)s yuan are expected, weighted by probability %(weighted)s yuan.",
        amount=yuan(ahead["amount"].sum()),
        weighted=yuan(ahead["weighted"].sum()),
    )
    yield Fact(sentence, is_head=True)
    for row in frame.to_dict("records"):
        if row["slot"] == OVERDUE:
            late = opportunities(row["count"])
            told = gettext(
                "%(records)s are overdue: the expected day has passed, but nothing was decided.", records=late
            )
            yield Fact(told, {late: open_at(row, asked)})
        elif row["slot"] == UNDATED:
            undated = opportunities(row["count"])
            told = gettext("%(records)s have no expected close date and stand in no month.", records=undated)
            yield Fact(told, {undated: open_at(row, asked)})
    attained = part_of(int(sums["won_amount"]), int(sums["ended_weighted"]))
    if attained is not None:
        yield Fact(
            gettext(
                "What ended was worth %(weighted)s yuan by its probabilities; %(won)s yuan were won: %(share)s %%.",
                weighted=yuan(sums["ended_weighted"]),
                won=yuan(sums["won_amount"]),
                share=percent(attained),
            )
        )


def opportunities(count: int) -> str:
    """So many of them."""
    return ngettext("%(count)s opportunity", "%(count)s opportunities", int(count), count=int(count))


# ---- charts ---------------------------------------------------------------------------------------------


def expected_chart(frame: DataFrame, sums: Any, asked: Asked) -> Chart:
    """What is expected in the next months: what probability leaves of it, and the rest."""
    rows = drawn_ahead(frame.to_dict("records"), asked)
    labels = [row["month"] for row in rows]
    weighted, rest = gettext("Weighted amount"), gettext("Rest of the expected amount")
    divisor, unit = charts.money_scale(row["amount"] for row in rows)
    series = {
        weighted: [row["weighted"] / divisor for row in rows],
        rest: [(row["amount"] - row["weighted"]) / divisor for row in rows],
    }
    hrefs = {name: [open_at(row, asked) for row in rows] for name in series}
    pairs = [gettext("%(name)s: %(value)s", name=row["month"], value=yuan(row["weighted"])) for row in rows]
    says = gettext("Weighted amount by month in yuan: %(values)s.", values=listed(pairs) or "—")
    basis = (open_basis(sums, asked),)
    title = Label("Expected by month")
    return Chart("expected", title, says, lambda: charts.stacked(labels, series, unit=str(unit), hrefs=hrefs), basis)


def drawn_ahead(rows: list[dict[Any, Any]], asked: Asked) -> list[dict[Any, Any]]:
    """What is overdue, the next months from this one on, and what has no date."""
    this_month = month_start(asked.today)
    months = [row for row in rows if row["slot"] not in {OVERDUE, UNDATED} and row["slot"] >= this_month]
    late, undated = ([row for row in rows if row["slot"] == apart] for apart in (OVERDUE, UNDATED))
    return [*late, *months[:MOST_DRAWN], *undated]


def won_chart(frame: DataFrame, sums: Any, unknown: int, asked: Asked) -> Chart:
    """What ended in each of the last months: by its probabilities, and in truth."""
    rows = [row for row in frame.to_dict("records") if ended_at(row, asked, "")][-MOST_DRAWN:]
    labels = [row["month"] for row in rows]
    expected, won = gettext("Weighted amount"), gettext("Amount won")
    divisor, unit = charts.money_scale(row[key] for row in rows for key in ("ended_weighted", "won_amount"))
    series = {
        expected: [row["ended_weighted"] / divisor for row in rows],
        won: [row["won_amount"] / divisor for row in rows],
    }
    hrefs = {name: [ended_at(row, asked, str(ARCHIVED)) for row in rows] for name in series}
    pairs = [gettext("%(name)s: %(value)s", name=row["month"], value=yuan(row["won_amount"])) for row in rows]
    says = gettext("Amount won by month in yuan: %(values)s.", values=listed(pairs) or "—")
    basis = (ended_basis(sums, unknown, asked),)
    title = Label("Expected and won")
    return Chart("won", title, says, lambda: charts.lines(labels, series, unit=str(unit), hrefs=hrefs), basis)


def open_basis(sums: Any, asked: Asked) -> Fact:
    """On how many open opportunities it stands, and how many of them have no amount."""
    count, unpriced = int(sums["count"]), int(sums["count"] - sums["priced"])
    records = ngettext("%(count)s open opportunity", "%(count)s open opportunities", count, count=count)
    if not unpriced:
        links = {} if asked["period"] else {records: open_at({}, asked)}
        return Fact(gettext("Stands on %(records)s, each with an expected amount.", records=records), links)
    missing = gettext("%(count)s without an expected amount", count=unpriced)
    open_ones = {**same_filters(asked), "status": str(GOING_ON)}
    links = {records: open_at({}, asked), missing: rows_at(OPPORTUNITIES, {**open_ones, "missing": "expected_amount"})}
    if asked["period"]:  # what has no date belongs to every period, which no list can ask for
        links = {}
    return Fact(gettext("Stands on %(records)s, %(missing)s.", records=records, missing=missing), links)


def ended_basis(sums: Any, unknown: int, asked: Asked) -> Fact:
    """On how many it stands that have ended, and of how many nobody knows when."""
    count = int(sums["ended_count"])
    records = ngettext("%(count)s ended opportunity", "%(count)s ended opportunities", count, count=count)
    if not unknown:
        sentence = gettext("Stands on %(records)s, each with the day on which it ended.", records=records)
        return Fact(sentence, {records: ended_at({}, asked, str(ARCHIVED))})
    missing = gettext("%(count)s more without the day on which they ended", count=unknown)
    undated = {**same_filters(asked), "status": str(ARCHIVED), "missing": "closed_on"}
    links = {records: ended_at({}, asked, str(ARCHIVED)), missing: rows_at(OPPORTUNITIES, undated)}
    return Fact(gettext("Stands on %(records)s, %(missing)s.", records=records, missing=missing), links)


REPORT = Report(
    "forecast",
    REPORT_FORECAST,
    (PeriodFilter("period", Label("Year of the expected close")), *QUESTIONS),
    Statements(select_opportunities),
    tidy,
)
