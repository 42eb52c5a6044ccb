"""The months of the forecast: what is expected in each, and what was won, with what is overdue or undated apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from app.i18n import Label, gettext
from app.reports.analyses.forecast.statements import ENDED, MOST_MONTHS, past_months
from app.reports.engine import Asked, Column, Kind, Row, Table, part_of, rows_at, whole_numbers, within
from app.reports.marketing import SUCCEEDED
from app.reports.periods import Span, month_start
from app.reports.pipeline import ARCHIVED, GOING_ON, OPPORTUNITIES, same_filters

if TYPE_CHECKING:
    from pandas import DataFrame

SUMS = ("count", "priced", "amount", "weighted")
#: The last month that lists can be asked for; it takes in what is expected even later.
FARTHEST = date(2199, 12, 1)
#: What stands apart from the months.
OVERDUE, UNDATED = "overdue", "undated"


def slot_of(day: Any, today: date) -> Any:
    """Where an open opportunity belongs: the first of the month in which it is expected, or apart."""
    from pandas import isna

    if isna(day):
        return UNDATED
    return OVERDUE if day < today else min(month_start(day), FARTHEST)


def month_frame(frames: Mapping[str, DataFrame], asked: Asked) -> DataFrame:
    """A row for what is overdue, one for each month, one for what has no date."""
    expected, ended = open_by_slot(frames["open"], asked.today), ended_by_month(frames["ended"], past_months(asked))
    frame = expected.join(ended, how="outer").fillna(0).astype("int64")
    months = [slot for slot in frame.index if isinstance(slot, date)]
    apart = [slot for slot in (OVERDUE, UNDATED) if slot in frame.index]
    order = [*apart[: OVERDUE in apart], *without_gaps(sorted(months)), *apart[OVERDUE in apart :]]
    frame = frame.reindex(order, fill_value=0)
    frame["attained"] = _shares_of(frame)
    frame["month"] = [_word_of(slot) for slot in order]
    frame["slot"] = order
    return frame.reset_index(drop=True)


def open_by_slot(found: DataFrame, today: date) -> DataFrame:
    """The sums of what is open, each where it belongs."""
    slots = [slot_of(day, today) for day in found["day"]]
    return found.assign(slot=slots).groupby("slot", sort=False)[list(SUMS)].sum()


def ended_by_month(found: DataFrame, months: Sequence[Span]) -> DataFrame:
    """What ended in each of the months, and what of it was won."""
    from pandas import Index

    firsts = Index([month_start(month.first) for month in months], dtype=object)
    is_won = found["status"] == SUCCEEDED.value
    all_of_it = found.groupby("place")[list(SUMS)].sum().add_prefix("ended_")
    won = found[is_won].groupby("place")[list(SUMS)].sum().add_prefix("won_")
    return all_of_it.join(won).reindex(range(len(months)), fill_value=0).fillna(0).set_index(firsts)


def without_gaps(months: Sequence[date]) -> Sequence[date]:
    """The months between the first and the last too, unless they lie so far apart that a date must be wrong."""
    if not months:
        return months
    count = (months[-1].year - months[0].year) * 12 + months[-1].month - months[0].month + 1
    return [month_start(months[0], ahead) for ahead in range(count)] if count <= MOST_MONTHS else months


def _shares_of(frame: DataFrame) -> Any:
    pairs = zip(frame["won_amount"], frame["ended_weighted"], strict=True)
    return whole_numbers([part_of(int(won), int(weighted)) for won, weighted in pairs], frame.index)


def _word_of(slot: Any) -> str:
    if slot == FARTHEST:
        return gettext("%(month)s and later", month=f"{slot:%Y-%m}")
    if isinstance(slot, date):
        return f"{slot:%Y-%m}"
    return gettext("Overdue") if slot == OVERDUE else gettext("Undated")


# ---- the table ------------------------------------------------------------------------------------------


def month_table(frame: DataFrame, asked: Asked) -> Table:
    """What is expected, and beside it what became of what ended."""
    won, weighted = int(frame["won_amount"].sum()), int(frame["ended_weighted"].sum())
    return Table.summed(month_columns(asked), frame, totals={"attained": part_of(won, weighted)})


def month_columns(asked: Asked) -> tuple[Column, ...]:
    """Left what is open, right what has ended."""

    def is_open(row: Row) -> str:
        return open_at(row, asked)

    def has_ended(row: Row) -> str:
        return ended_at(row, asked, str(ARCHIVED))

    def was_won(row: Row) -> str:
        return ended_at(row, asked, SUCCEEDED.value)

    def money(key: str, label: Label, href: Any) -> Column:
        return Column(key, label, Kind.MONEY, is_summed=True, href=href)

    return (
        Column("number", Label("No."), Kind.NUMBER),
        Column("month", Label("Month")),
        Column("count", Label("Expected"), Kind.COUNT, is_summed=True, href=is_open),
        money("amount", Label("Expected amount (yuan)"), is_open),
        money("weighted", Label("Weighted amount (yuan)"), is_open),
        Column("ended_count", Label("Ended opportunities"), Kind.COUNT, is_summed=True, href=has_ended),
        money("ended_weighted", Label("Weighted amount of the ended (yuan)"), has_ended),
        Column("won_count", Label("Won"), Kind.COUNT, is_summed=True, href=was_won),
        money("won_amount", Label("Amount won (yuan)"), was_won),
        Column("attained", Label("Won of weighted"), Kind.SHARE, href=has_ended),
    )


def open_at(row: Row, asked: Asked) -> str:
    """The open opportunities of a row, or of all rows."""
    slot, asked_for = row.get("slot"), {**same_filters(asked), "status": str(GOING_ON)}
    if slot == UNDATED:
        return rows_at(OPPORTUNITIES, {**asked_for, "missing": "expected_close_on"})
    if slot is None:  # what has no date belongs to every period, which no list can ask for
        return "" if asked["period"] else rows_at(OPPORTUNITIES, asked_for)
    days = expected_days(slot, asked)
    return rows_at(OPPORTUNITIES, {**asked_for, **days})


def expected_days(slot: Any, asked: Asked) -> dict[str, str]:
    """The days on which the opportunities of a month, or the overdue ones, are expected."""
    period, today = asked["period"], asked.today
    if slot == OVERDUE:
        end = min(period.end, today) if period else today
        last = {"expected_close_on_to": (end - timedelta(days=1)).isoformat()}
        return {**({"expected_close_on_from": period.first.isoformat()} if period else {}), **last}
    if slot == FARTHEST:
        return {"expected_close_on_from": max(slot, today).isoformat()}
    first, end = max(slot, today), month_start(slot, 1)
    span = Span(max(first, period.first), min(end, period.end)) if period else Span(first, end)
    return within("expected_close_on", span)


def ended_at(row: Row, asked: Asked, status: str) -> str:
    """The opportunities that ended in the month of a row, or in all of them."""
    slot, months = row.get("slot"), past_months(asked)
    told = [month for month in months if slot in {None, month_start(month.first)}]
    if not told:
        return ""
    days = within("closed_on", Span(told[0].first, told[-1].end))
    return rows_at(OPPORTUNITIES, {**same_filters(asked), **days, "status": status})


__all__ = ["ENDED", "OVERDUE", "UNDATED", "ended_at", "month_frame", "month_table", "open_at"]
