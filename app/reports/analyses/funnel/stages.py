"""The funnel by stage: every stage in the order of life, and the way down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.i18n import Label, gettext, listed
from app.models.marketing import OpportunityStatus
from app.reports import charts
from app.reports.analyses.funnel.statements import listed_at
from app.reports.engine import Asked, Chart, Column, Fact, Kind, Row, Table, shares
from app.reports.engine.quantiles import DAY
from app.reports.marketing import SUCCEEDED, UNASSIGNED
from app.reports.pipeline import PLANS

if TYPE_CHECKING:
    from pandas import DataFrame

STAGES = tuple(OpportunityStatus)


def in_days(seconds: Any) -> float | None:
    """A median of seconds as days."""
    return None if seconds is None else float(seconds) / DAY


def stage_table(of_stage: DataFrame, stays: DataFrame, asked: Asked) -> Table:
    """The stages, those without an opportunity too; the shares of nothing are missing."""
    took = dict(zip(stays["status"], stays["median"], strict=True))
    frame = of_stage.reset_index(names="status")
    frame["stage"] = [str(stage.label) for stage in STAGES]
    frame["share"] = shares(frame["count"])
    frame["days"] = [in_days(took.get(stage)) for stage in frame["status"]]
    whole = None if frame["share"].isna().any() else int(frame["share"].sum())
    return Table.summed(stage_columns(asked), frame, totals={"share": whole})


def stage_columns(asked: Asked) -> tuple[Column, ...]:
    """How many, what they are worth, and how long it takes."""

    def stands(row: Row) -> str:
        return listed_at(asked, status=row.get("status"))

    return (
        Column("number", Label("No."), Kind.NUMBER),
        Column("stage", Label("Stage")),
        Column("count", Label("Number of opportunities"), Kind.COUNT, is_summed=True, href=stands),
        Column("share", Label("Share"), Kind.SHARE),
        Column("amount", Label("Expected amount (yuan)"), Kind.MONEY, is_summed=True, href=stands),
        Column("weighted", Label("Weighted amount (yuan)"), Kind.MONEY, is_summed=True, href=stands),
        Column("days", Label("Median days in the stage"), Kind.DECIMAL),
    )


def stage_charts(of_stage: DataFrame, table: Table, asked: Asked, basis: tuple[Fact, ...]) -> tuple[Chart, ...]:
    """The way down the funnel, and how long each stage takes."""
    return funnel_chart(of_stage["count"], asked, basis), stay_chart(table, asked, basis)


def funnel_chart(count: Any, asked: Asked, basis: tuple[Fact, ...]) -> Chart:
    """All that came in, those of them that were assigned, and those that were won."""
    came, won = int(count.sum()), int(count[SUCCEEDED.value])
    values = [came, came - int(count[UNASSIGNED.value]), won]
    labels = [gettext("Created"), gettext("Assigned so far"), str(SUCCEEDED.label)]
    parts = ["", *(f"{100 * value / came:.1f} %" for value in values[1:])]
    hrefs = [listed_at(asked, status=None), listed_at(asked, PLANS), listed_at(asked, status=SUCCEEDED.value)]
    says = gettext(
        "%(created)s opportunities came in, %(assigned)s of them were assigned, %(won)s were won.",
        created=values[0],
        assigned=values[1],
        won=won,
    )
    title = Label("From the first contact to success")
    return Chart("funnel", title, says, lambda: charts.funnel(labels, values, notes=parts, hrefs=hrefs), basis)


def stay_chart(table: Table, asked: Asked, basis: tuple[Fact, ...]) -> Chart:
    """How long the stages take that something has left."""
    rows = [row for row in table.rows() if row["days"] is not None]
    labels, days = [row["stage"] for row in rows], [round(row["days"], 1) for row in rows]
    hrefs = [listed_at(asked, status=row["status"]) for row in rows]
    pairs = [gettext("%(name)s: %(value)s", name=row["stage"], value=f"{row['days']:.1f}") for row in rows]
    says = gettext("Median days in each stage: %(values)s.", values=listed(pairs) or "—")
    title = Label("Median days in the stage")
    return Chart("stays", title, says, lambda: charts.bars(labels, days, hrefs=hrefs), basis)
