"""客户同期群: who first ordered in the same quarter, who of them ordered again, and after how many days people do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from app.i18n import Label, gettext, listed, ngettext
from app.reports import charts
from app.reports.analyses.cohorts.quarters import (
    again_of_all,
    cohort_at,
    cohort_chart,
    cohort_frame,
    cohort_table,
)
from app.reports.analyses.cohorts.statements import select_orders
from app.reports.clientele import QUESTIONS, same_filters
from app.reports.engine import (
    Asked,
    Chart,
    Column,
    Fact,
    Kind,
    Outcome,
    PeriodFilter,
    Report,
    Statements,
    Table,
    percent,
    quantile,
    rows_at,
    shares,
)
from app.security.rights import REPORT_COHORTS, REPORT_RFM

if TYPE_CHECKING:
    from pandas import DataFrame

#: The longest interval of each row of the table of intervals; the last has none.
LIMITS = (0, 7, 30, 60, 90, 180, 365)


def tidy(frames: Mapping[str, DataFrame], asked: Asked) -> Outcome:
    """The cohorts, the oldest first, and below them the days between orders."""
    frame = cohort_frame(frames["quarters"], asked)
    table = cohort_table(frame, asked)
    if frame.empty:
        return Outcome(table)
    gaps, never = frames["gaps"].astype("int64"), int(frames["never"]["count"].iloc[0])
    intervals = interval_table(gaps)
    drawn = (
        cohort_chart(frame, asked, (cohort_basis(frame, never, asked),)),
        *interval_charts(intervals, frame, asked),
    )
    return Outcome(table, drawn, tuple(explained(frame, gaps)), (intervals,) if len(gaps) else ())


def explained(frame: DataFrame, gaps: DataFrame) -> Iterator[Fact]:
    """After how many days customers order again, and how many do so in the next quarter."""
    half, most = (quantile(gaps["days"].tolist(), gaps["count"].tolist(), part) for part in (0.5, 0.9))
    if half is not None and most is not None:
        sentence = gettext(
            "Between two orders of a customer lie %(half)s days in the median; nine of ten intervals are at most "
            "%(most)s days long.",
            half=f"{half:.1f}",
            most=f"{most:.1f}",
        )
        yield Fact(sentence, is_head=True)
    next_quarter = again_of_all(frame, 1)
    if next_quarter is not None:
        sentence = gettext(
            "Of the customers of each quarter %(share)s %% ordered again in the next one.", share=percent(next_quarter)
        )
        yield Fact(sentence)
    yield Fact(
        gettext("Q+1 is the quarter after that of the first order. A return is no order, but lowers the amount.")
    )


def cohort_basis(frame: DataFrame, never: int, asked: Asked) -> Fact:
    """On how many customers it stands, and how many stand in no cohort, because they never ordered."""
    count = int(frame["customers"].sum())
    records = ngettext("%(count)s customer", "%(count)s customers", count, count=f"{count:,}")
    missing = gettext("%(count)s without an order are in no cohort", count=f"{never:,}")
    of_never = rows_at(REPORT_RFM.home, {**same_filters(asked), "segment": "never"})
    links = {records: cohort_at({}, asked), missing: of_never}
    return Fact(gettext("Stands on %(records)s, %(missing)s.", records=records, missing=missing), links)


# ---- the days between orders ------------------------------------------------------------------------------


def interval_table(gaps: DataFrame) -> Table:
    """How many intervals are how long."""
    from pandas import DataFrame, cut

    edges = [-1, *LIMITS, float("inf")]
    found = cut(gaps["days"], edges, labels=False).rename("row")
    counts = gaps.groupby(found)["count"].sum().reindex(range(len(edges) - 1), fill_value=0)
    frame = DataFrame({"name": interval_names(), "count": counts.tolist()})
    frame["share"] = shares(frame["count"])
    columns = (
        Column("number", Label("No."), Kind.NUMBER),
        Column("name", Label("Days between two orders")),
        Column("count", Label("Intervals"), Kind.COUNT, is_summed=True),
        Column("share", Label("Share"), Kind.SHARE),
    )
    whole = None if frame["share"].isna().any() else int(frame["share"].sum())
    return Table.summed(columns, frame, totals={"share": whole}, title=Label("Days between two orders"))


def interval_names() -> list[str]:
    """The days of each row in words."""
    between = [f"{low + 1}–{high}" for low, high in pairwise(LIMITS)]
    return [gettext("The same day"), *between, gettext("More than %(days)s", days=LIMITS[-1])]


def interval_charts(table: Table, frame: DataFrame, asked: Asked) -> Iterator[Chart]:
    """The same, drawn; nothing where nobody ordered twice."""
    rows: list[dict[str, Any]] = list(table.rows())
    count = sum(row["count"] for row in rows)
    if not count:
        return
    labels, values = [row["name"] for row in rows], [row["count"] for row in rows]
    pairs = [gettext("%(name)s: %(value)s", name=row["name"], value=row["count"]) for row in rows]
    says = gettext("Days between two orders: %(values)s.", values=listed(pairs))
    buyers = int(frame["customers"].sum())
    people = ngettext("%(count)s customer", "%(count)s customers", buyers, count=f"{buyers:,}")
    told = ngettext(
        "Stands on %(count)s interval between orders of %(customers)s.",
        "Stands on %(count)s intervals between orders of %(customers)s.",
        count,
        count=f"{count:,}",
        customers=people,
    )
    basis = (Fact(told, {people: cohort_at({}, asked)}),)
    title = Label("Days between two orders")
    yield Chart("intervals", title, says, lambda: charts.rows(labels, values), basis)


REPORT = Report(
    "cohorts",
    REPORT_COHORTS,
    (PeriodFilter("period", Label("Year of the first order")), *QUESTIONS),
    Statements(select_orders),
    tidy,
)
