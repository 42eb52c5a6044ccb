"""客户构成分析: how many customers there are of each level, credit, satisfaction and more, today or on a past day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.i18n import Label, gettext, ngettext
from app.models.customers import Customer, CustomerStatus
from app.reports.analyses.composition.crossing import Crossing, Side
from app.reports.analyses.composition.groupings import GROUPINGS, By, day_of, fields_of, past_day
from app.reports.engine import (
    Asked,
    Column,
    DayFilter,
    Fact,
    Kind,
    OptionFilter,
    Outcome,
    Report,
    Statements,
    Table,
    shares,
)
from app.reports.engine.frames import Statement
from app.reports.engine.grouped import Asks, linked, list_address, share_table, value_chart
from app.reports.engine.grouping import ByScore, Grouping
from app.reports.engine.wording import shown
from app.reports.past import changed_since, moved_since, taken_back
from app.reports.periods import midnight
from app.security.rights import REPORT_COMPOSITION

if TYPE_CHECKING:
    from pandas import DataFrame

LIST = "/customers/list/"
KEYS = ("key", "other")


def groupings(asked: Asked) -> list[Grouping]:
    """The one that is asked for, and another one that it is crossed with."""
    others = [asked["cross"]] if asked["cross"] not in {None, asked["by"]} else []
    return [GROUPINGS[one] for one in (asked["by"], *others)]


def select_customers(asked: Asked) -> Mapping[str, Statement]:
    """The count of each cell, what its values are called, and for a past day what has changed since."""
    wanted, day = groupings(asked), past_day(asked)
    keys = [one.column(asked).label(name) for one, name in zip(wanted, KEYS, strict=False)]
    cells = select(*keys, func.count().label("count")).where(Customer.status != CustomerStatus.DELETED)
    found: dict[str, Statement] = {}
    for one, name in zip(wanted, ("names", "other_names"), strict=False):
        names = one.names()
        found |= {} if names is None else {name: names}
    if day:
        end = midnight(day + timedelta(days=1), asked.zone)
        cells = cells.where(Customer.created_on < end)
        found["moves"] = moved_since(end, keys)
        found["changes"] = changed_since(end, keys, fields_of(wanted))
    return {"cells": cells.group_by(*keys).execution_options(in_no_order=True), **found}


def tidy(frames: Mapping[str, DataFrame], asked: Asked) -> Outcome:
    """The values in their order, with every value that there may be."""
    first, *others = wanted = groupings(asked)
    if past_day(asked):
        cells = taken_back(frames, KEYS[: len(wanted)], fields_of(wanted))
        frames = {**frames, "cells": cells}
    values = first.table(asked, frames, "count")
    href = partial(link, asked)
    title = gettext("Customers: %(grouping)s", grouping=first.choice.label)
    charts = [value_chart(title, values, "count", href=href, basis=basis(asked, (first, values)))]
    more = [share_table(first.label, values, Column("count", CUSTOMERS, Kind.COUNT, is_summed=True))]
    for second in others:
        turned = {"cells": frames["cells"].assign(key=frames["cells"]["other"]), "names": frames.get("other_names")}
        crossed = second.table(asked, turned, "count")
        crossing = Crossing.of(Side(first.label, values), Side(second.label, crossed), frames["cells"])
        charts.append(crossing.chart(href, basis(asked, (first, values), (second, crossed))))
        more.append(crossing.table(href))
    return Outcome(value_table(first, values, asked), tuple(charts), tuple(facts(first, values, asked)), tuple(more))


def link(asked: Asked, *asks: Asks) -> str:
    """The list of the customers behind a figure of today; it knows no past days, and no others beside the values."""
    return "" if past_day(asked) or not all(asks) else list_address(LIST, *asks)


CUSTOMERS = Label("Customer count")


def value_table(first: Grouping, values: DataFrame, asked: Asked) -> Table:
    """编号, what is counted by, 客户数量."""
    columns = (
        Column("number", Label("No."), Kind.NUMBER),
        Column(first.choice.value, first.label),
        Column(
            "count",
            CUSTOMERS,
            Kind.COUNT,
            is_summed=True,
            href=lambda row: link(asked, *([row["asks"]] if "asks" in row else [])),
        ),
    )
    return Table.summed(columns, values.rename(columns={"value": first.choice.value}))


# ---- what explains it -----------------------------------------------------------------------------------


def basis(asked: Asked, *counted: tuple[Grouping, DataFrame]) -> tuple[Fact, ...]:
    """How many customers a chart stands on, and how many of them lack a value."""
    count = int(counted[0][1]["count"].sum())
    number = f"{count:,}"
    sentence = ngettext("Based on %(count)s customer.", "Based on %(count)s customers.", count, count=number)
    found = [Fact(sentence, linked(number, link(asked)))]
    for grouping, values in counted:
        if not grouping.may_be_none:
            continue
        lacking = int(values.loc[values["key"].isna(), "count"].sum())
        number = f"{lacking:,}"
        sentence = gettext("%(field)s unspecified: %(count)s.", field=grouping.label, count=number)
        found.append(Fact(sentence, linked(number, link(asked, grouping.none().asks))))
    return tuple(found)


def facts(first: Grouping, values: DataFrame, asked: Asked) -> Iterator[Fact]:
    """What stands out, and for a past day what the figures are."""
    if values["count"].sum():
        largest = values.iloc[int(values["count"].argmax())]
        share = int(shares(values["count"]).iloc[int(values["count"].argmax())])
        number = f"{int(largest['count']):,}"
        sentence = gettext(
            "The largest group, %(count)s customers or %(share)s: %(value)s.",
            value=largest["value"],
            count=number,
            share=shown(Column("share", "", Kind.SHARE), share),
        )
        yield Fact(sentence, linked(number, link(asked, largest["asks"])), is_head=True)
    scored = values[values["key"].notna()]
    if isinstance(first, ByScore) and scored["count"].sum():
        average = sum(scored["key"] * scored["count"]) / scored["count"].sum()
        yield Fact(gettext("Those with a score have %(points)s of 5 points on average.", points=f"{average:.2f}"))
    if past_day(asked):
        yield from facts_of_the_past(asked)


def facts_of_the_past(asked: Asked) -> Iterator[Fact]:
    """How far a past day can be told."""
    day = day_of(asked).isoformat()
    yield Fact(
        gettext(
            "As of the end of %(day)s: the customers that had been entered by then, with each change since taken back "
            "by the history of states and the audit log.",
            day=day,
        )
    )
    yield Fact(gettext("Customers that were deleted since cannot be told any more and are not counted."))
    yield Fact(gettext("Whose customers you see and what the values are called is as of today."))
    yield Fact(gettext("Lists show customers as they are today, so no figure of a past day leads to one."))


REPORT = Report(
    "composition",
    REPORT_COMPOSITION,
    (
        OptionFilter("by", Label("Report by"), options=tuple(By), default=By.LEVEL),
        OptionFilter("cross", Label("Crossed with"), options=tuple(By)),
        DayFilter("as_of", Label("As of"), is_more=True),
    ),
    Statements(select_customers),
    tidy,
)
