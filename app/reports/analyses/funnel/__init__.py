"""销售漏斗: how many opportunities stand in each stage, what they are worth, how they end, and how long it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from app.i18n import Label, gettext, ngettext
from app.reports.analyses.funnel.groups import group_charts, group_table
from app.reports.analyses.funnel.stages import STAGES, stage_charts, stage_table
from app.reports.analyses.funnel.statements import Grouping, listed_at, select_opportunities
from app.reports.engine import (
    Asked,
    Fact,
    OptionFilter,
    Outcome,
    PeriodFilter,
    Report,
    Statements,
    part_of,
    percent,
    yuan,
)
from app.reports.marketing import ASSIGNED, FAILED, SUCCEEDED, UNASSIGNED
from app.reports.pipeline import ARCHIVED, GOING_ON, QUESTIONS
from app.security.rights import REPORT_FUNNEL

if TYPE_CHECKING:
    from pandas import DataFrame


def tidy(frames: Mapping[str, DataFrame], asked: Asked) -> Outcome:
    """By stage the way down the funnel, by anything else the groups side by side."""
    sums = frames["stages"].groupby("status")[["count", "priced", "amount", "weighted"]].sum()
    of_stage = sums.reindex([stage.value for stage in STAGES], fill_value=0).astype("int64")
    by_stage = asked["by"] is Grouping.STAGE
    table = stage_table(of_stage, frames["stays"], asked) if by_stage else group_table(frames, asked)
    if not of_stage["count"].sum():
        return Outcome(table)
    basis = (basis_of(of_stage, asked),)
    charts = stage_charts(of_stage, table, asked, basis) if by_stage else group_charts(table, asked, basis)
    return Outcome(table, charts, tuple(explained(of_stage, asked)))


def explained(of_stage: DataFrame, asked: Asked) -> Iterator[Fact]:
    """How many were won, and what is still to be won."""
    won, lost = (int(of_stage["count"][stage.value]) for stage in (SUCCEEDED, FAILED))
    rate = part_of(won, won + lost)
    if rate is None:
        yield Fact(gettext("No opportunity has ended yet, so there is no success rate."), is_head=True)
    else:
        ended = ngettext("%(count)s ended opportunity", "%(count)s ended opportunities", won + lost, count=won + lost)
        sentence = gettext("Of %(ended)s %(rate)s %% were won.", ended=ended, rate=percent(rate))
        yield Fact(sentence, {ended: listed_at(asked, status=str(ARCHIVED))}, is_head=True)
    going = of_stage.loc[[UNASSIGNED.value, ASSIGNED.value]].sum()
    count = int(going["count"])
    open_ones = ngettext("%(count)s open opportunity", "%(count)s open opportunities", count, count=count)
    sentence = gettext(
        "%(open)s: expected %(amount)s yuan, weighted by probability %(weighted)s yuan.",
        open=open_ones,
        amount=yuan(going["amount"]),
        weighted=yuan(going["weighted"]),
    )
    yield Fact(sentence, {open_ones: listed_at(asked, status=str(GOING_ON))})


def basis_of(of_stage: DataFrame, asked: Asked) -> Fact:
    """On how many opportunities it stands, and how many of them have no amount."""
    count, priced = int(of_stage["count"].sum()), int(of_stage["priced"].sum())
    all_of_them = ngettext("%(count)s opportunity", "%(count)s opportunities", count, count=count)
    links = {all_of_them: listed_at(asked, status=None)}
    if count == priced:
        return Fact(gettext("Stands on %(records)s, each with an expected amount.", records=all_of_them), links)
    unpriced = gettext("%(count)s without an expected amount", count=count - priced)
    links[unpriced] = listed_at(asked, missing="expected_amount")
    return Fact(gettext("Stands on %(records)s, %(missing)s.", records=all_of_them, missing=unpriced), links)


REPORT = Report(
    "funnel",
    REPORT_FUNNEL,
    (
        OptionFilter("by", Label("Grouped by"), options=tuple(Grouping), default=Grouping.STAGE),
        PeriodFilter("period", Label("Year of creation")),
        *QUESTIONS,
    ),
    Statements(select_opportunities),
    tidy,
)
