"""员工工作: what each employee did in each day, week or month, made of what everybody wrote down anyway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.i18n import Label, gettext, listed
from app.models.org import written_name
from app.reports import charts
from app.reports.analyses.work.statements import KINDS, By, Work, in_sight, select_work, spans_of
from app.reports.engine import (
    Asked,
    Chart,
    Column,
    Fact,
    Kind,
    OptionFilter,
    Outcome,
    PeriodFilter,
    PersonFilter,
    Report,
    Row,
    Statements,
    Table,
    rows_at,
    within,
)
from app.reports.periods import Span
from app.security.rights import REPORT_WORK

if TYPE_CHECKING:
    from pandas import DataFrame

COUNTS = [work.key for work in KINDS]
#: A chart shows the latest so many spans, or so many people who did most.
MOST_DRAWN, MOST_PEOPLE = 12, 20
#: The key of what nobody is named for.
NOBODY = 0


def tidy(frames: Mapping[str, DataFrame], asked: Asked) -> Outcome:
    """The latest first, and within a span who did most."""
    spans = spans_of(asked)
    frame = counted(frames)
    called = {NOBODY: (gettext("Unspecified"), ""), **people_of(frames["people"])}
    frame["all"] = frame[COUNTS].sum(axis=1)
    frame["name"], frame["username"] = ([called[key][part] for key in frame["person"]] for part in (0, 1))
    frame["span"] = [named(spans[place], asked["by"]) for place in frame["place"]]
    frame = frame.sort_values(["place", "all", "name"], ascending=[False, False, True])
    table = Table.summed(columns_of(asked, spans), frame)
    if frame.empty:
        return Outcome(table)
    basis = (basis_of(frame, asked, spans),)
    drawn = (span_chart(frame, asked, spans, basis=basis), person_chart(frame, asked, basis))
    return Outcome(table, drawn, tuple(explained(frame, asked, spans)))


def counted(frames: Mapping[str, DataFrame]) -> DataFrame:
    """A row for each span and person with any work, and a column for each kind of it."""
    from pandas import concat

    every = [frames[work.key].assign(kind=work.key) for work in KINDS]
    long = concat([one for one in every if len(one)] or every[:1])
    long["person"] = long["person"].fillna(NOBODY).astype("int64")
    long["place"], long["count"] = long["place"].astype("int64"), long["count"].astype("int64")
    wide = long.pivot_table(index=["place", "person"], columns="kind", values="count", aggfunc="sum", fill_value=0)
    return wide.reindex(columns=COUNTS, fill_value=0).astype("int64").reset_index()


def people_of(found: DataFrame) -> dict[int, tuple[str, str]]:
    """By key what a person is called, and the user name."""
    people = ((row, written_name(row["first_name"] or "", row["last_name"] or "")) for row in found.to_dict("records"))
    return {row["id"]: (name or row["username"], row["username"]) for row, name in people}


def named(span: Span, by: By) -> str:
    """A month by its number, a day by its date, a week by its first and last day."""
    if by is By.MONTH:
        return f"{span.first:%Y-%m}"
    return span.first.isoformat() if by is By.DAY else f"{span.first.isoformat()} – {span.last:%m-%d}"


# ---- the table ------------------------------------------------------------------------------------------


def columns_of(asked: Asked, spans: Sequence[Span]) -> tuple[Column, ...]:
    """Who did how much of each kind, and of all."""

    def of_kind(work: Work) -> Column:
        def done(row: Row) -> str:
            return done_at(work, row, asked, spans)

        return Column(work.key, work.label, Kind.COUNT, is_summed=True, href=done)

    return (
        Column("number", Label("No."), Kind.NUMBER),
        Column("span", Label("Days of work")),
        Column("name", Label("Employee")),
        *(of_kind(work) for work in KINDS),
        Column("all", Label("All work"), Kind.COUNT, is_summed=True),
    )


def done_at(work: Work, row: Row, asked: Asked, spans: Sequence[Span]) -> str:
    """The list of the work of a row; of a row without a person that of all within its span, without a span of all.

    Lists show the work of others too that came to people in the reader's sight: of all together there is none then.
    """
    if not (row.get("username") or asked["person"]) and in_sight(work, asked.reader):
        return ""
    span = spans[int(row["place"])] if "place" in row else Span(spans[0].first, spans[-1].end) if spans else None
    person = {work.person_filter: row.get("username", asked["person"])}
    is_nobody = row.get("username") == ""
    if is_nobody and work.key == "items":  # what was carried out was somebody's
        return ""
    nobody = {"missing": work.person_filter} if is_nobody else {}
    return rows_at(work.path, {**person, **nobody, **within(work.day_filter, span)})


# ---- sentences and charts -------------------------------------------------------------------------------


def explained(frame: DataFrame, asked: Asked, spans: Sequence[Span]) -> Iterator[Fact]:
    """How much was done by how many, and who did most."""
    sums = frame[frame["person"] != NOBODY].groupby(["name", "person"])["all"].sum()
    people = sums.sort_values(ascending=False, kind="stable")
    days = gettext("%(first)s to %(last)s", first=spans[0].first.isoformat(), last=spans[-1].last.isoformat())
    sentence = gettext(
        "%(days)s: %(people)s people did %(count)s pieces of work.",
        days=days,
        people=len(people),
        count=f"{int(frame['all'].sum()):,}",
    )
    yield Fact(sentence, is_head=True)
    if len(people) > 1:
        told = gettext("%(name)s did most: %(count)s.", name=people.index[0][0], count=f"{int(people.iloc[0]):,}")
        yield Fact(told)
    yield Fact(gettext("Who did nothing in a day, week or month has no row there."))


def basis_of(frame: DataFrame, asked: Asked, spans: Sequence[Span]) -> Fact:
    """On how much of each kind it stands, and how much of it names nobody."""
    links = {}
    for work in KINDS:
        told = gettext("%(name)s: %(value)s", name=work.label, value=f"{int(frame[work.key].sum()):,}")
        links[told] = done_at(work, {}, asked, spans)
    nobody = int(frame[frame["person"] == NOBODY]["all"].sum())
    if not nobody:
        sentence = gettext("Stands on %(records)s, each with a name.", records=listed(links))
    else:
        sentence = gettext("Stands on %(records)s. %(count)s of them name nobody.", records=listed(links), count=nobody)
    return Fact(sentence, {told: href for told, href in links.items() if href})


def span_chart(frame: DataFrame, asked: Asked, spans: Sequence[Span], *, basis: tuple[Fact, ...]) -> Chart:
    """How much of each kind was done in each of the latest spans."""
    first = max(0, len(spans) - MOST_DRAWN)
    sums = frame.groupby("place")[COUNTS].sum().reindex(range(first, len(spans)), fill_value=0)
    pattern = "%Y-%m" if asked["by"] is By.MONTH else "%m-%d"
    labels = [spans[place].first.strftime(pattern) for place in sums.index]
    series = {str(work.label): [int(count) for count in sums[work.key]] for work in KINDS}
    hrefs = {str(work.label): [done_at(work, {"place": at}, asked, spans) for at in sums.index] for work in KINDS}
    pairs = [gettext("%(name)s: %(value)s", name=work.label, value=int(frame[work.key].sum())) for work in KINDS]
    says = gettext("Work over time. %(values)s.", values=listed(pairs))
    title = Label("Work over time")
    return Chart("spans", title, says, lambda: charts.stacked(labels, series, hrefs=hrefs), basis)


def person_chart(frame: DataFrame, asked: Asked, basis: tuple[Fact, ...]) -> Chart:
    """Who did how much of all; each bar leads to the report of that person."""
    people = frame.groupby(["name", "username"], as_index=False)["all"].sum()
    rows: list[dict[str, Any]] = people.sort_values("all", ascending=False, kind="stable").to_dict("records")
    rows = rows[:MOST_PEOPLE]
    labels, values = [row["name"] for row in rows], [int(row["all"]) for row in rows]
    hrefs = [asked.address(REPORT_WORK.home, person=row["username"]) if row["username"] else "" for row in rows]
    pairs = [gettext("%(name)s: %(value)s", name=row["name"], value=int(row["all"])) for row in rows]
    says = gettext("Work by employee. %(values)s.", values=listed(pairs))
    title = Label("Work by employee")
    return Chart("people", title, says, lambda: charts.rows(labels, values, hrefs=hrefs), basis)


REPORT = Report(
    "work",
    REPORT_WORK,
    (
        OptionFilter("by", Label("Grouped by"), options=tuple(By), default=By.MONTH),
        PeriodFilter("period", Label("Calendar year")),
        PersonFilter("person", Label("Employee")),
    ),
    Statements(select_work),
    tidy,
)
