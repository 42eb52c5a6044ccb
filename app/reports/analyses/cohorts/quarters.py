"""The cohorts as a table and a heat map: how many of those who came in a quarter ordered again in later ones."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from app.i18n import Label, gettext, listed
from app.reports import charts
from app.reports.clientele import LIST, same_filters
from app.reports.engine import (
    Asked,
    Chart,
    Column,
    Fact,
    Kind,
    Row,
    Table,
    part_of,
    percent,
    rows_at,
    whole_numbers,
    within,
)
from app.reports.periods import Span, month_start

if TYPE_CHECKING:
    from pandas import DataFrame

#: So many later quarters are told, and so many cohorts are drawn.
MOST_LATER, MOST_DRAWN = 8, 12


def number_of(day: date) -> int:
    """The number of the quarter of a day, as the statement counts them."""
    return day.year * 4 + (day.month - 1) // 3


def span_of(quarter: int) -> Span:
    """The days of a quarter."""
    first = date(quarter // 4, quarter % 4 * 3 + 1, 1)
    return Span(first, month_start(first, 3))


def name_of(quarter: int) -> str:
    """The year and the number in it."""
    return f"{quarter // 4} Q{quarter % 4 + 1}"


def cohort_frame(quarters: DataFrame, asked: Asked) -> DataFrame:
    """A row for each quarter in which somebody ordered for the first time: how many, how many again, how much."""
    found = quarters.astype("int64")
    frame = found[found["cohort"] == found["quarter"]].set_index("cohort")[["customers"]].sort_index()
    frame["amount"] = found.groupby("cohort")["amount"].sum()
    ordered = found.set_index(["cohort", "quarter"])["customers"]
    now = number_of(asked.today)
    for later in range(1, MOST_LATER + 1):
        again = [_again(ordered, cohort, cohort + later, now) for cohort in frame.index]
        pairs = zip(again, frame["customers"], strict=True)
        shares = [None if those is None else part_of(those, int(everybody)) for those, everybody in pairs]
        frame[f"again_{later}"], frame[f"share_{later}"] = (whole_numbers(one, frame.index) for one in (again, shares))
    frame["name"] = [name_of(cohort) for cohort in frame.index]
    return frame.reset_index()


def _again(ordered: Any, cohort: int, quarter: int, now: int) -> int | None:
    """How many of a cohort ordered in a quarter; None for one that has not begun."""
    return None if quarter > now else int(ordered.get((cohort, quarter), 0))


# ---- the table ------------------------------------------------------------------------------------------


def cohort_table(frame: DataFrame, asked: Asked) -> Table:
    """The shares of the totals are those of all cohorts that are old enough."""
    totals = {f"share_{later}": again_of_all(frame, later) for later in range(1, MOST_LATER + 1)}
    return Table.summed(cohort_columns(asked), frame, totals=totals)


def again_of_all(frame: DataFrame, later: int) -> int | None:
    """Which share of the customers of all cohorts that are old enough ordered so many quarters later."""
    old = frame[frame[f"again_{later}"].notna()]
    return part_of(int(old[f"again_{later}"].sum()), int(old["customers"].sum()))


def cohort_columns(asked: Asked) -> tuple[Column, ...]:
    """The cohort, what it bought until today, and who of it ordered again."""

    def members(row: Row) -> str:
        return cohort_at(row, asked)

    def again(later: int) -> Column:
        def those(row: Row) -> str:
            return again_at(row, later, asked) if "cohort" in row else ""

        return Column(f"share_{later}", gettext("Q+%(later)s", later=later), Kind.SHARE, href=those)

    return (
        Column("number", Label("No."), Kind.NUMBER),
        Column("name", Label("First order in")),
        Column("customers", Label("Number of customers"), Kind.COUNT, is_summed=True, href=members),
        Column("amount", Label("Order amount (yuan)"), Kind.MONEY, is_summed=True, href=members),
        *(again(later) for later in range(1, MOST_LATER + 1)),
    )


def cohort_at(row: Row, asked: Asked) -> str:
    """The customers of a cohort, or of all."""
    return rows_at(LIST, {**same_filters(asked), **first_order_in(row, asked)})


def again_at(row: Row, later: int, asked: Asked) -> str:
    """Those of a cohort that ordered so many quarters later."""
    ordered = within("ordered", span_of(int(row["cohort"]) + later))
    return rows_at(LIST, {**same_filters(asked), **first_order_in(row, asked), **ordered})


def first_order_in(row: Row, asked: Asked) -> dict[str, str]:
    """The days of the first order: those of the quarter, as far as their months lie in the period."""
    span, period = span_of(int(row["cohort"])) if "cohort" in row else None, asked["period"]
    if period:
        months = Span(month_start(period.first), month_start(period.last, 1))
        span = Span(max(span.first, months.first), min(span.end, months.end)) if span else months
    return within("first_order", span or Span(date(1900, 1, 1), month_start(asked.today, 12)))


# ---- the heat map ---------------------------------------------------------------------------------------


def cohort_chart(frame: DataFrame, asked: Asked, basis: tuple[Fact, ...]) -> Chart:
    """The shares of the latest cohorts, the darker the more of them ordered again."""
    old = frame[frame["share_1"].notna()].tail(MOST_DRAWN)
    rows = old.astype(object).where(old.notna(), None).to_dict("records")
    laters = [later for later in range(1, MOST_LATER + 1) if any(row[f"share_{later}"] is not None for row in rows)]
    values = [[_percent(row[f"share_{later}"]) for later in laters] for row in rows]
    hrefs = [
        [again_at(row, later, asked) if row[f"share_{later}"] is not None else "" for later in laters] for row in rows
    ]
    down, across = [row["name"] for row in rows], [gettext("Q+%(later)s", later=later) for later in laters]
    pairs = [gettext("%(name)s: %(value)s", name=row["name"], value=f"{percent(row['share_1'])} %") for row in rows]
    says = gettext(
        "Share of each cohort that ordered again in the next quarter: %(values)s.", values=listed(pairs) or "—"
    )
    title = Label("Share that ordered again, in percent")
    return Chart("cohorts", title, says, lambda: charts.heat_map(down, across, values, hrefs=hrefs), basis)


def _percent(tenths: Any) -> float | None:
    return None if tenths is None else tenths / 10
