"""The funnel by account manager, region or source: the groups side by side, and how their opportunities ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.i18n import Label, gettext, listed
from app.models.org import written_name
from app.reports import charts
from app.reports.analyses.funnel.stages import STAGES, in_days
from app.reports.analyses.funnel.statements import Grouping, listed_at
from app.reports.engine import Asked, Chart, Column, Fact, Kind, Row, Table, part_of, percent, whole_numbers, word_of
from app.reports.marketing import ASSIGNED, FAILED, SUCCEEDED
from app.reports.pipeline import ARCHIVED

if TYPE_CHECKING:
    from pandas import DataFrame

#: A chart shows the largest so many.
MOST_DRAWN = 8
#: What the lists of opportunities call a group.
LISTED_BY = {Grouping.MANAGER: "assignee", Grouping.REGION: "region", Grouping.SOURCE: "source"}
#: The key of the opportunities that belong to no group.
NONE = ""


def group_table(frames: Mapping[str, DataFrame], asked: Asked) -> Table:
    """The groups with the most opportunities first."""
    frame = grouped(frames["stages"])
    took = developed(frames["stays"])
    called = {NONE: (gettext("Unspecified"), NONE), **names_of(frames["names"], asked["by"])}
    frame["name"], frame["listed"] = ([called.get(key, (key, key))[part] for key in frame["key"]] for part in (0, 1))
    frame["days"] = [in_days(took.get(key)) for key in frame["key"]]
    won, lost = (int(frame[stage.value].sum()) for stage in (SUCCEEDED, FAILED))
    frame = frame.sort_values(["count", "name"], ascending=[False, True])
    return Table.summed(group_columns(asked), frame, totals={"rate": part_of(won, won + lost)})


def grouped(stages: DataFrame) -> DataFrame:
    """A row for each group: its sums, its count in each stage, and its success rate."""
    stages = stages.assign(key=_without_gaps(stages["key"]))
    sums = stages.groupby("key")[["count", "amount", "weighted"]].sum()
    counts = stages.pivot_table(index="key", columns="status", values="count", aggfunc="sum", fill_value=0)
    frame = sums.join(counts.reindex(columns=[stage.value for stage in STAGES], fill_value=0)).astype("int64")
    ended = zip(frame[SUCCEEDED.value], frame[FAILED.value], strict=True)
    rates = [part_of(int(won), int(won + lost)) for won, lost in ended]
    frame["rate"] = whole_numbers(rates, frame.index)
    return frame.reset_index()


def developed(stays: DataFrame) -> dict[Any, Any]:
    """The median of the days of development, by group."""
    of_stage = stays[stays["status"] == ASSIGNED.value]
    return dict(zip(_without_gaps(of_stage["key"]), of_stage["median"], strict=True))


def _without_gaps(keys: Any) -> list[Any]:
    """The keys as they are told apart: whole numbers or texts."""
    from pandas import isna

    return [NONE if isna(key) else key if isinstance(key, str) else int(key) for key in keys]


def names_of(found: DataFrame, by: Grouping) -> dict[Any, tuple[str, str]]:
    """By its key what a group is called, and what the lists call it."""
    rows = found.to_dict("records")
    if by is Grouping.MANAGER:
        people = ((row, written_name(row["first_name"] or "", row["last_name"] or "")) for row in rows)
        return {row["id"]: (name or row["username"], row["username"]) for row, name in people}
    words = ((row["id"], word_of(row["item"], row["item_en"]) or "") for row in rows)
    return {key: (word, word) for key, word in words}


def group_columns(asked: Asked) -> tuple[Column, ...]:
    """How many in which stage, how they ended, and what they are worth."""

    def of_group(row: Row) -> str:
        return group_at(row, asked, status=None)

    def in_stage(stage: Any) -> Column:
        def stands(row: Row) -> str:
            return group_at(row, asked, status=stage.value)

        return Column(stage.value, stage.label, Kind.COUNT, is_summed=True, href=stands)

    return (
        Column("number", Label("No."), Kind.NUMBER),
        Column("name", asked["by"].label),
        Column("count", Label("Number of opportunities"), Kind.COUNT, is_summed=True, href=of_group),
        *(in_stage(stage) for stage in STAGES),
        Column("rate", Label("Success rate"), Kind.SHARE, href=lambda row: ended_at(row, asked)),
        Column("amount", Label("Expected amount (yuan)"), Kind.MONEY, is_summed=True, href=of_group),
        Column("weighted", Label("Weighted amount (yuan)"), Kind.MONEY, is_summed=True, href=of_group),
        Column("days", Label("Median days of development"), Kind.DECIMAL),
    )


def group_at(row: Row, asked: Asked, **more: str | None) -> str:
    """The list of the opportunities of a group; the totals are of every group."""
    if "listed" not in row:
        return listed_at(asked, **more)
    name = LISTED_BY[asked["by"]]
    return listed_at(asked, **({name: row["listed"]} if row["listed"] else {"missing": name}), **more)


def ended_at(row: Row, asked: Asked) -> str:
    """Those of a group that have ended, by which its success rate is reckoned."""
    return group_at(row, asked, status=str(ARCHIVED))


def group_charts(table: Table, asked: Asked, basis: tuple[Fact, ...]) -> tuple[Chart, ...]:
    """Which group has how many in which stage, and which of them wins most."""
    return count_chart(table, asked, basis), rate_chart(table, asked, basis)


def count_chart(table: Table, asked: Asked, basis: tuple[Fact, ...]) -> Chart:
    """The stages of each group on top of each other."""
    rows = list(table.rows(0, MOST_DRAWN))
    labels = [row["name"] for row in rows]
    series = {str(stage.label): [row[stage.value] for row in rows] for stage in STAGES}
    hrefs = {str(stage.label): [group_at(row, asked, status=stage.value) for row in rows] for stage in STAGES}
    pairs = [gettext("%(name)s: %(value)s", name=row["name"], value=row["count"]) for row in rows]
    says = gettext("Opportunities of each group: %(values)s.", values=listed(pairs))
    title = Label("The largest groups by stage")
    return Chart("groups", title, says, lambda: charts.stacked(labels, series, hrefs=hrefs), basis)


def rate_chart(table: Table, asked: Asked, basis: tuple[Fact, ...]) -> Chart:
    """The success rates of the same groups, as far as something has ended there."""
    rows = [row for row in table.rows(0, MOST_DRAWN) if row["rate"] is not None]
    labels, rates = [row["name"] for row in rows], [row["rate"] / 10 for row in rows]
    hrefs = [ended_at(row, asked) for row in rows]
    pairs = [gettext("%(name)s: %(value)s", name=row["name"], value=f"{percent(row['rate'])} %") for row in rows]
    says = gettext("Success rate of each group: %(values)s.", values=listed(pairs) or "—")
    title = Label("Success rate of the largest groups")
    return Chart("rates", title, says, lambda: charts.rows(labels, rates, unit="%", hrefs=hrefs), basis)
