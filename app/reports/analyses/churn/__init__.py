"""客户流失分析: which customers were lost and why, what that costs, and what saved the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from app.i18n import Label, gettext
from app.models.org import written_name
from app.reports.analyses.churn.asking import (
    CONFIRMED,
    GROUPINGS,
    LOST,
    MOST_MEASURES,
    RECOVERED,
    By,
    select_cases,
    whole_of,
)
from app.reports.analyses.churn.months import event_link, month_chart, month_table, months_in
from app.reports.engine import (
    Asked,
    Chart,
    Column,
    Fact,
    Filter,
    Kind,
    OptionFilter,
    Outcome,
    Period,
    PeriodFilter,
    PersonFilter,
    Report,
    Statements,
    Table,
    shares,
)
from app.reports.engine.grouped import (
    MOST_SHARED,
    Asks,
    days_asked,
    foremost,
    in_percent,
    linked,
    list_address,
    months_of,
    value_chart,
)
from app.reports.engine.grouping import Grouping
from app.reports.engine.wording import shown
from app.security.rights import REPORT_CHURN

if TYPE_CHECKING:
    from pandas import DataFrame

LIST = "/churn/list/"
#: How the cases are asked for that ended so.
IS_LOST: Asks = {"status": CONFIRMED.value}
IS_SAVED: Asks = {"status": RECOVERED.value}
ENDS = {"lost": CONFIRMED, "saved": RECOVERED}


def tidy(frames: Mapping[str, DataFrame], asked: Asked) -> Outcome:
    """The confirmed cases, the values that they are counted by, the months, and the measures of the saved ones."""
    grouping = GROUPINGS[asked["by"]]
    values = values_of(grouping, frames, asked)
    link, months = partial(case_link, asked), months_in(frames, asked)
    return Outcome(
        case_table(frames["rows"], int(values["lost"].sum()), asked),
        (reason_chart(grouping, values, asked), month_chart(months, link, asked)),
        tuple(facts(frames["ended"], months, asked)),
        (
            value_table(grouping, values, asked),
            month_table(months, link, asked),
            measure_table(frames["measures"], asked),
        ),
    )


# ---- where figures lead -----------------------------------------------------------------------------------


def case_link(asked: Asked, *asks: Asks) -> str:
    """The cases behind a figure, of the customers and the account manager that are asked for."""
    of = {"customer": asked.texts.get("name", ""), "manager": asked.texts.get("manager", "")}
    return list_address(LIST, of, *asks)


def lost_link(asked: Asked, *asks: Asks) -> str:
    """The confirmed cases of the period."""
    return case_link(asked, *asks, IS_LOST, days_asked("confirmed_on", asked["period"])) if all(asks) else ""


def saved_link(asked: Asked, *asks: Asks) -> str:
    """The recovered cases of the period."""
    return case_link(asked, *asks, IS_SAVED, days_asked("recovered_on", asked["period"])) if all(asks) else ""


# ---- the confirmed cases ----------------------------------------------------------------------------------


def case_table(rows: DataFrame, count: int, asked: Asked) -> Table:
    """编号, 年份, 客户, 客户经理, 流失原因, the latest first; a year is that of the company's time zone."""
    moments = rows["confirmed_on"].astype(object).where(rows["confirmed_on"].notna(), None)
    years = [None if moment is None else moment.astimezone(asked.zone).year for moment in moments]
    frame = rows.assign(year=_whole(years), manager=_people(rows))
    columns = (
        Column("number", Label("No."), Kind.NUMBER, href=_case_page),
        Column("year", Label("Calendar year"), Kind.YEAR, href=lambda row: _year_link(asked, row)),
        Column("customer", Label("Customer"), href=_customer_link),
        Column("manager", Label("Account manager")),
        Column("reason", Label("Churn reason")),
    )
    start = asked.part.start if asked.part else 0
    return Table(columns, frame, count=count, start=start)


def _year_link(asked: Asked, row: Mapping[str, Any]) -> str:
    """The cases confirmed in that year."""
    if row.get("year") is None:
        return ""
    year = Period(date(row["year"], 1, 1), date(row["year"] + 1, 1, 1))
    return case_link(asked, IS_LOST, days_asked("confirmed_on", year))


def _case_page(row: Mapping[str, Any]) -> str:
    return f"/churn/show/{row['id']}" if "id" in row else ""


def _customer_link(row: Mapping[str, Any]) -> str:
    return f"/customers/show/{row['customer_id']}" if "customer_id" in row else ""


def _people(rows: DataFrame) -> list[str | None]:
    """Who the account managers are, by their names."""
    return [
        written_name(row["first_name"] or "", row["last_name"] or "") or row["username"] if row["username"] else None
        for row in rows.astype(object).where(rows.notna(), None).to_dict("records")
    ]


def _whole(numbers: list[int | None]) -> Any:
    from pandas import Int64Dtype, array

    return array(numbers, dtype=Int64Dtype())


# ---- by reason, region, level, account manager --------------------------------------------------------------


def values_of(grouping: Grouping, frames: Mapping[str, DataFrame], asked: Asked) -> DataFrame:
    """Of each value how many were lost and saved, and what they had bought in a year."""
    ended = frames["ended"].astype({"count": "int64", "revenue": "int64"})
    figures: dict[str, Any] = {}
    for name, status in ENDS.items():
        is_one = ended["status"] == status
        figures |= {name: ended["count"].where(is_one, 0), f"{name}_revenue": ended["revenue"].where(is_one, 0)}
    cells = ended.assign(**figures)
    if grouping.choice is By.REASON:  # only who is lost has a reason
        cells = cells[cells["status"] == CONFIRMED]
    return grouping.table(asked, {**frames, "cells": cells}, *figures)


def value_table(grouping: Grouping, values: DataFrame, asked: Asked) -> Table:
    """Lost and saved customers with their revenue, and the shares of those that are lost."""
    kept = foremost(values, MOST_SHARED)
    parts = shares(kept["lost"])
    columns = [
        Column("value", grouping.label),
        Column("lost", Label("Lost customers"), Kind.COUNT, is_summed=True, href=_of_row(lost_link, asked)),
        Column("share", Label("Share"), Kind.SHARE),
        Column("lost_revenue", Label("Revenue lost (yuan)"), Kind.MONEY, is_summed=True),
    ]
    if grouping.choice is not By.REASON:
        columns += [
            Column("saved", Label("Saved customers"), Kind.COUNT, is_summed=True, href=_of_row(saved_link, asked)),
            Column("saved_revenue", Label("Revenue saved (yuan)"), Kind.MONEY, is_summed=True),
        ]
    whole = {"share": int(parts.sum())} if parts.notna().any() else {}
    return Table.summed(tuple(columns), kept.assign(share=parts), totals=whole, title=grouping.choice.label)


def _of_row(link: Callable[..., str], asked: Asked) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: link(asked, *([row["asks"]] if "asks" in row else []))


def reason_chart(grouping: Grouping, values: DataFrame, asked: Asked) -> Chart:
    """A bar for each value."""
    count, lacking = (f"{int(part.sum()):,}" for part in (values["lost"], values.loc[values["key"].isna(), "lost"]))
    basis = (
        Fact(gettext("Based on confirmed cases: %(count)s.", count=count), linked(count, lost_link(asked))),
        Fact(
            gettext("%(field)s unspecified: %(count)s.", field=grouping.label, count=lacking),
            linked(lacking, lost_link(asked, grouping.none().asks)),
        ),
    )
    title = gettext("Lost customers: %(grouping)s", grouping=grouping.choice.label)
    return value_chart(title, values, "lost", href=partial(lost_link, asked), basis=basis)


# ---- what saved the others --------------------------------------------------------------------------------


def measure_table(rows: DataFrame, asked: Asked) -> Table:
    """What was done in the saved cases, the latest saved first."""
    days = {
        name: [moment.astimezone(asked.zone).date() for moment in rows[name]]
        for name in ("recovered_on", "measured_on")
    }
    columns = (
        Column("customer", Label("Customer"), href=_customer_link),
        Column("manager", Label("Account manager")),
        Column("recovered_on", Label("Recovered on"), Kind.DAY, href=_case_page),
        Column("measured_on", Label("Date"), Kind.DAY),
        Column("measure", Label("Measure")),
    )
    return Table(columns, rows.assign(manager=_people(rows), **days), title=Label("Measures in the saved cases"))


# ---- what explains it ---------------------------------------------------------------------------------------


def facts(ended: DataFrame, months: DataFrame, asked: Asked) -> Iterator[Fact]:
    """The churn rate of the months, and the revenue that was lost and saved."""
    span = whole_of(months_of(asked))
    lost, active = int(months[LOST].sum()), int(months["active"].iloc[0])
    if active:
        number = f"{lost:,}"
        sentence = gettext(
            "Lost: %(count)s, or %(rate)s of the %(active)s customers that were active on %(day)s; "
            "counted to %(last)s.",
            count=number,
            rate=in_percent(lost, active),
            active=f"{active:,}",
            day=span.first.isoformat(),
            last=span.last.isoformat(),
        )
        yield Fact(sentence, {number: event_link(LOST, span, partial(case_link, asked))}, is_head=True)
    if len(ended):
        yield from facts_of_revenue(ended, asked)


def facts_of_revenue(ended: DataFrame, asked: Asked) -> Iterator[Fact]:
    """What the cases that ended were worth, and how many were saved after a measure."""
    for status, words, link in (
        (CONFIRMED, Label("%(count)s lost customers had ordered for %(money)s yuan a year."), lost_link),
        (RECOVERED, Label("%(count)s saved customers had ordered for %(money)s yuan a year."), saved_link),
    ):
        rows = ended[ended["status"] == status]
        count = f"{_sum(rows, 'count'):,}"
        money = shown(Column("revenue", "", Kind.MONEY), _sum(rows, "revenue"))
        yield Fact(gettext(words.message, money=money, count=count), linked(count, link(asked)))
    saved = ended[ended["status"] == RECOVERED]
    yield Fact(
        gettext(
            "Saved with a measure before: %(measured)s of %(count)s; the latest %(most)s measures stand below.",
            measured=f"{_sum(saved, 'measured'):,}",
            count=f"{_sum(saved, 'count'):,}",
            most=MOST_MEASURES,
        )
    )
    yield Fact(
        gettext("Revenue is what a customer ordered in the twelve months up to its last order before the warning.")
    )


def _sum(rows: DataFrame, name: str) -> int:
    return sum(int(number) for number in rows[name])


REPORT = Report(
    "churn",
    REPORT_CHURN,
    (
        Filter("name", Label("Customer name")),
        PersonFilter("manager", Label("Account manager")),
        PeriodFilter("period", Label("Calendar year"), is_more=True),
        OptionFilter("by", Label("Report by"), is_more=True, options=tuple(By), default=By.REASON),
    ),
    Statements(select_cases),
    tidy,
)
