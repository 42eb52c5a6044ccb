"""RFM 客户分层: how recently, how often and for how much each customer ordered, and the segment that makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from app.i18n import Choice, Label, LazyString, gettext, listed, ngettext
from app.reports import charts
from app.reports.analyses.rfm.statements import BEST, SCORES, Segment, is_of_customers, segment_of, select_customers
from app.reports.clientele import LIST, QUESTIONS, same_filters
from app.reports.engine import (
    Asked,
    Chart,
    Column,
    Fact,
    Kind,
    OptionFilter,
    Outcome,
    Report,
    Row,
    Statements,
    Table,
    percent,
    rows_at,
    shares,
    whole_numbers,
)
from app.security.rights import REPORT_RFM

if TYPE_CHECKING:
    from pandas import DataFrame


class Score(Choice):
    """A fifth of the customers, the best first."""

    FIFTH_5 = "5", LazyString(str, "5")
    FIFTH_4 = "4", LazyString(str, "4")
    FIFTH_3 = "3", LazyString(str, "3")
    FIFTH_2 = "2", LazyString(str, "2")
    FIFTH_1 = "1", LazyString(str, "1")


MEANINGS: Mapping[Segment, Label] = {
    Segment.VALUABLE: Label("ordered recently, often and for much"),
    Segment.DEVELOP: Label("ordered recently and for much, but seldom"),
    Segment.KEEP: Label("ordered often and for much, but not recently"),
    Segment.RETAIN: Label("ordered for much, but seldom and not recently"),
    Segment.PLAIN_VALUABLE: Label("ordered recently and often, but for little"),
    Segment.PLAIN_DEVELOP: Label("ordered recently, but seldom and for little"),
    Segment.PLAIN_KEEP: Label("ordered often, but for little and not recently"),
    Segment.PLAIN_RETAIN: Label("ordered seldom, for little and not recently"),
    Segment.NEVER: Label("has no order yet"),
}


def tidy(frames: Mapping[str, DataFrame], asked: Asked) -> Outcome:
    """The segments, or the customers of one."""
    scores = frames["scores"].astype("int64")
    keys = zip(*(scores[key] for key in SCORES), strict=True)
    scores = scores.assign(segment=[segment_of(*key).value for key in keys])
    if is_of_customers(asked):
        return Outcome(customer_table(scores, frames["customers"], asked))
    table = segment_table(scores, asked)
    if not scores["count"].sum():
        return Outcome(table)
    basis = (basis_of(scores, asked),)
    drawn = (segment_chart(table, asked, basis), score_chart(scores, asked, basis))
    return Outcome(table, drawn, tuple(explained(table, asked)))


# ---- segments -------------------------------------------------------------------------------------------


def segment_table(scores: DataFrame, asked: Asked) -> Table:
    """Every segment, those without a customer too."""
    sums = scores.groupby("segment")[["count", "orders", "amount"]].sum()
    frame = sums.reindex([one.value for one in Segment], fill_value=0).reset_index()
    frame["name"], frame["meaning"] = [str(one.label) for one in Segment], [str(MEANINGS[one]) for one in Segment]
    frame["share"], frame["amount_share"] = shares(frame["count"]), shares(frame["amount"])
    wholes = {key: None if frame[key].isna().any() else int(frame[key].sum()) for key in ("share", "amount_share")}
    return Table.summed(segment_columns(asked), frame, totals=wholes)


def segment_columns(asked: Asked) -> tuple[Column, ...]:
    """How many customers, and what they bought."""

    def customers(row: Row) -> str:
        return segment_at(row["segment"], asked) if "segment" in row else rows_at(LIST, same_filters(asked))

    def amounts(row: Row) -> str:
        return segment_at(row["segment"], asked) if "segment" in row else ""

    return (
        Column("number", Label("No."), Kind.NUMBER),
        Column("name", Label("Segment")),
        Column("meaning", Label("Meaning")),
        Column("count", Label("Number of customers"), Kind.COUNT, is_summed=True, href=customers),
        Column("share", Label("Share of customers"), Kind.SHARE),
        Column("orders", Label("Number of orders"), Kind.COUNT, is_summed=True, href=amounts),
        Column("amount", Label("Order amount (yuan)"), Kind.MONEY, is_summed=True, href=amounts),
        Column("amount_share", Label("Share of the amount"), Kind.SHARE),
    )


def segment_at(segment: str, asked: Asked) -> str:
    """The customers of a segment, on this very page."""
    return asked.address(REPORT_RFM.home, segment=segment, page=None)


# ---- the customers of a segment --------------------------------------------------------------------------


def customer_table(scores: DataFrame, frame: DataFrame, asked: Asked) -> Table:
    """Customers with their scores; how long ago is as of today."""
    segments = [segment_of(*(row[key] for key in SCORES)) for row in frame.to_dict("records")]
    frame = frame.assign(segment=[str(one.label) for one in segments])
    frame["days"] = _ages(frame["last_order_on"], asked)
    wanted = scores
    if asked["segment"]:
        wanted = wanted[wanted["segment"] == asked["segment"].value]
    for key in SCORES:
        wanted = wanted[wanted[key] == int(asked[key])] if asked[key] else wanted
    totals = {key: int(wanted[key].sum()) for key in ("orders", "amount")}
    start = asked.part.start if asked.part else 0
    return Table(customer_columns(), frame, totals, int(wanted["count"].sum()), start)


def _ages(days: Any, asked: Asked) -> Any:
    from pandas import isna

    ages = [None if isna(day) else (asked.today - day).days for day in days]
    return whole_numbers(ages, days.index)


def customer_columns() -> tuple[Column, ...]:
    """What the scores were made of, and the scores."""

    def customer(row: Row) -> str:
        return f"/customers/show/{row['id']}" if "id" in row else ""

    def orders(row: Row) -> str:
        return rows_at("/orders/list/", {"of": f"customer:{row['id']}"}) if "id" in row else ""

    return (
        Column("number", Label("No."), Kind.NUMBER),
        Column("name", Label("Customer name"), href=customer),
        Column("segment", Label("Segment")),
        Column("last_order_on", Label("Last order on"), Kind.DAY),
        Column("days", Label("Days since"), Kind.COUNT),
        # It leads nowhere: returns are no orders, but the list shows them.
        Column("orders", Label("Number of orders"), Kind.COUNT, is_summed=True),
        Column("amount", Label("Order amount (yuan)"), Kind.MONEY, is_summed=True, href=orders),
        Column("recency", Label("Recency (1–5)"), Kind.COUNT),
        Column("frequency", Label("Frequency (1–5)"), Kind.COUNT),
        Column("monetary", Label("Amount (1–5)"), Kind.COUNT),
    )


# ---- sentences and charts -------------------------------------------------------------------------------


def explained(table: Table, asked: Asked) -> Iterator[Fact]:
    """What the best are worth, and whom to look after first."""
    rows = {row["segment"]: row for row in table.rows()}
    best, lapsed = rows[Segment.VALUABLE.value], rows[Segment.KEEP.value]
    if best["amount_share"] is not None:
        told = customers(best["count"])
        sentence = gettext(
            "%(customers)s are important and of value: %(share)s %% of all, with %(amount)s %% of the amount.",
            customers=told,
            share=percent(best["share"]),
            amount=percent(best["amount_share"]),
        )
        yield Fact(sentence, {told: segment_at(Segment.VALUABLE.value, asked)}, is_head=True)
    told = customers(lapsed["count"])
    sentence = gettext("%(customers)s used to order often and for much, but not recently.", customers=told)
    yield Fact(sentence, {told: segment_at(Segment.KEEP.value, asked)})
    sentence = gettext(
        "Customers are ranked by last order, number of orders and amount and parted into fifths; 4 and 5 count as high."
    )
    yield Fact(sentence)


def customers(count: int) -> str:
    """So many of them."""
    return ngettext("%(count)s customer", "%(count)s customers", int(count), count=f"{int(count):,}")


def basis_of(scores: DataFrame, asked: Asked) -> Fact:
    """On how many customers it stands, and how many of them have no order."""
    is_never = scores["segment"] == Segment.NEVER.value
    records = customers(scores["count"].sum())
    missing = gettext("%(count)s without an order", count=f"{int(scores[is_never]['count'].sum()):,}")
    links = {records: rows_at(LIST, same_filters(asked)), missing: segment_at(Segment.NEVER.value, asked)}
    return Fact(gettext("Stands on %(records)s, %(missing)s.", records=records, missing=missing), links)


def segment_chart(table: Table, asked: Asked, basis: tuple[Fact, ...]) -> Chart:
    """How many customers each segment has."""
    rows = list(table.rows())
    labels, values = [row["name"] for row in rows], [row["count"] for row in rows]
    hrefs = [segment_at(row["segment"], asked) for row in rows]
    pairs = [gettext("%(name)s: %(value)s", name=row["name"], value=row["count"]) for row in rows]
    says = gettext("Customers of each segment: %(values)s.", values=listed(pairs))
    title = Label("Customers by segment")
    return Chart("segments", title, says, lambda: charts.rows(labels, values, hrefs=hrefs), basis)


def score_chart(scores: DataFrame, asked: Asked, basis: tuple[Fact, ...]) -> Chart:
    """How recently and how often: how many customers have both scores."""
    fifths = range(1, BEST + 1)
    counts = scores.groupby(["recency", "frequency"])["count"].sum()
    values = [[int(counts.get((recency, often), 0)) for often in fifths] for recency in reversed(fifths)]
    hrefs = [
        [asked.address(REPORT_RFM.home, recency=recency, frequency=often, page=None) for often in fifths]
        for recency in reversed(fifths)
    ]
    down = [gettext("Recency %(score)s", score=score) for score in reversed(fifths)]
    across = [gettext("Frequency %(score)s", score=score) for score in fifths]
    says = gettext("Customers by recency and frequency of their orders, 5 is the best.")
    title = Label("Recency and frequency")
    return Chart("scores", title, says, lambda: charts.heat_map(down, across, values, hrefs=hrefs), basis)


REPORT = Report(
    "rfm",
    REPORT_RFM,
    (
        OptionFilter("segment", Label("Segment"), options=tuple(Segment)),
        *QUESTIONS,
        OptionFilter("recency", Label("Recency (1–5)"), is_more=True, options=tuple(Score)),
        OptionFilter("frequency", Label("Frequency (1–5)"), is_more=True, options=tuple(Score)),
        OptionFilter("monetary", Label("Amount (1–5)"), is_more=True, options=tuple(Score)),
    ),
    Statements(select_customers),
    tidy,
)
