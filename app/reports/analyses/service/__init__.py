"""客户服务分析: how many requests there were of each kind, how long they took, and how many came back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, func, literal, select

from app.i18n import Choice, Label, gettext, ngettext
from app.models.basedata import Category
from app.models.services import ServiceRequest, ServiceStatus
from app.reports.analyses.service.durations import ASSIGN, CLOSE, PROCESS, STEPS, durations, percentiles
from app.reports.charts import lines
from app.reports.engine import (
    Asked,
    Chart,
    Column,
    Fact,
    Kind,
    OptionFilter,
    Outcome,
    PeriodFilter,
    Report,
    Statements,
    Table,
    part_of,
)
from app.reports.engine.frames import Statement
from app.reports.engine.grouped import (
    Asks,
    days_asked,
    in_months,
    in_percent,
    linked,
    list_address,
    months_of,
    says,
    share_table,
    value_chart,
)
from app.reports.engine.grouping import ByChoice, ByEntry, ByPerson, ByScore, Grouping, Value
from app.reports.engine.wording import duration
from app.reports.periods import Span, place_in
from app.security.rights import REPORT_SERVICE

if TYPE_CHECKING:
    from pandas import DataFrame

LIST = "/services/archive"
REQUESTS = Label("Request count")
#: How a request that the customer sent back is asked for.
CAME_BACK: Asks = {"round_from": "2"}
ARCHIVED: Asks = {"status": ServiceStatus.ARCHIVED.value}


class By(Choice):
    """What requests are counted by."""

    KIND = "kind", Label("By service kind")
    MANAGER = "manager", Label("By account manager")
    CUSTOMER = "customer", Label("By customer")
    STATUS = "status", Label("By status")
    SCORE = "score", Label("By score")


@dataclass(frozen=True)
class ByCustomer(Grouping):
    """By the customer, which each request names itself."""

    is_ranked = True
    may_be_none = False

    def values(self, asked: Asked, names: DataFrame | None, found: Collection[Any]) -> Iterator[Value]:
        """Those with requests."""
        assert names is not None  # noqa: S101  # for the type checker alone
        return (Value(row["key"], row["name"], {self.parameter: str(row["key"])}) for row in names.to_dict("records"))


GROUPINGS: Mapping[Choice, Grouping] = {
    one.choice: one
    for one in (
        ByEntry(By.KIND, Label("Item"), "kind", ServiceRequest.kind_id, Category.SERVICE_KIND),
        ByPerson(By.MANAGER, Label("Account manager"), "assignee", ServiceRequest.assignee_id),
        ByCustomer(By.CUSTOMER, Label("Customer"), "customer_id", ServiceRequest.customer_id),
        ByChoice(By.STATUS, Label("Status"), "status", ServiceRequest.status, tuple(ServiceStatus)),
        ByScore(By.SCORE, Label("Score"), "satisfaction", ServiceRequest.satisfaction),
    )
}


# ---- what is asked ------------------------------------------------------------------------------------


def select_requests(asked: Asked) -> Mapping[str, Statement]:
    """The counts by value and by month, the durations, and what the values are called."""
    grouping, created = GROUPINGS[asked["by"]], ServiceRequest.created_on
    key = grouping.column(asked)
    within = [asked["period"].holds(created, asked.zone)] if asked["period"] else []
    cells = select(key.label("key"), *counts(), *_names(grouping)).where(*within).group_by(key)
    spans = months_of(asked)
    place = place_in(created, spans, asked.zone).label("place")
    told = Span(spans[0].first, spans[-1].end).holds(created, asked.zone)
    # Of single customers there are too many to time each.
    timed = literal(0) if isinstance(grouping, ByCustomer) else key
    found = {
        "cells": cells.execution_options(in_no_order=True),
        "months": select(place, *counts()).where(told).group_by(place),
        "durations": durations(timed, within),
    }
    names = grouping.names()
    return found if names is None else {**found, "names": names}


def counts() -> tuple[ColumnElement[Any], ...]:
    """How many requests there are, how many of them came back, and how many are closed."""
    came_back = func.sum(case((ServiceRequest.round > 1, 1), else_=0))
    closed = func.sum(case((ServiceRequest.status == ServiceStatus.ARCHIVED, 1), else_=0))
    return func.count().label("count"), came_back.label("came_back"), closed.label("closed")


def _names(grouping: Grouping) -> list[ColumnElement[Any]]:
    return [func.max(ServiceRequest.customer_name).label("name")] if isinstance(grouping, ByCustomer) else []


# ---- what is found ------------------------------------------------------------------------------------


def tidy(frames: Mapping[str, DataFrame], asked: Asked) -> Outcome:
    """The items in the order of the dictionary, with those of which there is no request."""
    grouping = GROUPINGS[asked["by"]]
    if isinstance(grouping, ByCustomer):
        frames = {**frames, "names": frames["cells"][["key", "name"]]}
    values = grouping.table(asked, frames, "count", "came_back", "closed")
    times = percentiles(frames["durations"])
    title = gettext("Requests: %(grouping)s", grouping=grouping.choice.label)
    of_all = basis(asked, grouping, values)
    shared = share_table(grouping.label, values, Column("count", REQUESTS, Kind.COUNT, is_summed=True))
    is_timed = not isinstance(grouping, ByCustomer)
    return Outcome(
        value_table(grouping, values, asked),
        (
            value_chart(title, values, "count", href=partial(link, asked), basis=of_all),
            month_chart(frames["months"], asked),
        ),
        tuple(facts(values, times, asked)),
        (shared, duration_table(grouping, values, times, asked)) if is_timed else (shared,),
    )


def link(asked: Asked, *asks: Asks) -> str:
    """The requests behind a figure, in the archive."""
    return list_address(LIST, *asks, days_asked("created_on", asked["period"])) if all(asks) else ""


def value_table(grouping: Grouping, values: DataFrame, asked: Asked) -> Table:
    """编号, 条目, 服务数量."""
    columns = (
        Column("number", Label("No."), Kind.NUMBER),
        Column(grouping.choice.value, grouping.label),
        Column(
            "count",
            REQUESTS,
            Kind.COUNT,
            is_summed=True,
            href=lambda row: link(asked, *([row["asks"]] if "asks" in row else [])),
        ),
    )
    return Table.summed(columns, values.rename(columns={"value": grouping.choice.value}))


def duration_table(grouping: Grouping, values: DataFrame, times: Mapping[Any, Any], asked: Asked) -> Table:
    """Of each value how many came back, and how long half of them and nine of ten took to be allocated and so on."""
    figures = [(f"{step}_{which}", step, place) for step in STEPS for place, which in enumerate(("median", "slow"))]
    frame = values.assign(
        part=[part_of(*pair) for pair in zip(values["came_back"], values["count"], strict=True)],
        **{name: [times.get((step, key), NOTHING)[place] for key in values["key"]] for name, step, place in figures},
    )
    came_back, count = int(values["came_back"].sum()), int(values["count"].sum())
    return Table(
        (
            Column("value", grouping.label),
            Column(
                "came_back",
                Label("Came back"),
                Kind.COUNT,
                href=lambda row: link(asked, CAME_BACK, *([row["asks"]] if "asks" in row else [])),
            ),
            Column("part", Label("Share that came back"), Kind.SHARE),
            *(Column(name, LABELS[name], Kind.MINUTES) for name, _, _ in figures),
        ),
        frame,
        {
            "came_back": came_back,
            "part": part_of(came_back, count),
            **{name: times.get((step, "all"), NOTHING)[place] for name, step, place in figures},
        },
        title=Label("How long they took"),
    )


NOTHING = (None, None, 0)
LABELS = {
    f"{ASSIGN}_median": Label("Allocated, median"),
    f"{ASSIGN}_slow": Label("Allocated, 90 %"),
    f"{PROCESS}_median": Label("Handled, median"),
    f"{PROCESS}_slow": Label("Handled, 90 %"),
    f"{CLOSE}_median": Label("Closed, median"),
    f"{CLOSE}_slow": Label("Closed, 90 %"),
}


def month_chart(frame: DataFrame, asked: Asked) -> Chart:
    """How many came in each month, and how many of them came back."""
    spans = months_of(asked)
    whole = frame.set_index("place").reindex(range(len(spans)), fill_value=0)
    title, words = gettext("Requests by month"), in_months(spans)
    asks = [days_asked("created_on", span) for span in spans]
    series, hrefs = {}, {}
    for figure, name, more in (("count", gettext("Requests"), {}), ("came_back", gettext("Came back"), CAME_BACK)):
        series[name] = [int(number) for number in whole[figure]]
        hrefs[name] = [list_address(LIST, one, more) for one in asks]
    told = days_asked("created_on", Span(spans[0].first, spans[-1].end))
    basis = based_on(int(whole["count"].sum()), list_address(LIST, told))
    words_of_all = says(title, words, series[gettext("Requests")])
    return Chart("months", title, words_of_all, partial(lines, words, series, hrefs=hrefs), (basis,))


# ---- what explains it -----------------------------------------------------------------------------------


def based_on(count: int, href: str) -> Fact:
    """On how many requests something stands."""
    number = f"{count:,}"
    sentence = ngettext("Based on %(count)s request.", "Based on %(count)s requests.", count, count=number)
    return Fact(sentence, linked(number, href))


def basis(asked: Asked, grouping: Grouping, values: DataFrame) -> tuple[Fact, ...]:
    """How many requests a chart stands on, and how many of them lack a value."""
    found = [based_on(int(values["count"].sum()), link(asked))]
    if grouping.may_be_none:
        lacking = f"{int(values.loc[values['key'].isna(), 'count'].sum()):,}"
        sentence = gettext("%(field)s unspecified: %(count)s.", field=grouping.label, count=lacking)
        found.append(Fact(sentence, linked(lacking, link(asked, grouping.none().asks))))
    return tuple(found)


def facts(values: DataFrame, times: Mapping[Any, tuple[int, int, int]], asked: Asked) -> Iterator[Fact]:
    """How many came back, and how long it took."""
    count, came_back, closed = (int(values[name].sum()) for name in ("count", "came_back", "closed"))
    if not count:
        return
    number = f"{came_back:,}"
    sentence = gettext(
        "Came back to be handled again: %(count)s, %(share)s of all.", count=number, share=in_percent(came_back, count)
    )
    yield Fact(sentence, linked(number, link(asked, CAME_BACK)), is_head=True)
    if (CLOSE, "all") in times:
        median, slow, timed = times[CLOSE, "all"]
        yield Fact(
            gettext(
                "Half of the closed requests took no longer than %(median)s, nine of ten no longer than %(slow)s.",
                median=duration(median),
                slow=duration(slow),
            )
        )
        number = f"{closed:,}"
        yield Fact(gettext("Closed: %(count)s.", count=number), linked(number, link(asked, ARCHIVED)))
        if closed > timed:
            yield Fact(
                gettext(
                    "Closed without readable times, which the durations leave out: %(count)s.", count=closed - timed
                )
            )
    yield Fact(
        gettext(
            "Durations are of the calendar, nights and holidays included: allocated, from the creation to the first "
            "allocation; handled, from there to the first handling; closed, from the creation to the archive."
        )
    )


REPORT = Report(
    "service",
    REPORT_SERVICE,
    (
        PeriodFilter("period", Label("Calendar year")),
        OptionFilter("by", Label("Report by"), options=tuple(By), default=By.KIND),
    ),
    Statements(select_requests),
    tidy,
)
