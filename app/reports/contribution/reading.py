"""Reading the rows of the contribution: a page out of the kept years, or all of them, put in order here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.reports.contribution import sources
from app.reports.contribution.groups import By
from app.reports.contribution.ranking import SHOWN_AT_TOP, Cuts, Ranking, in_order, placed
from app.reports.engine import Asked, Slice, frame_of, shares, sum_of
from app.reports.engine.frames import Statement
from app.reports.engine.shares import WHOLE, candidates, exact

if TYPE_CHECKING:
    from pandas import DataFrame


def read_amounts(session: Session, asked: Asked) -> DataFrame:
    """What every group bought in the period and in the one before."""
    from pandas import concat

    amounts = frame_of(session, sources.amounts(asked))
    if asked["by"] is not By.PRODUCT:
        return amounts
    both = concat([amounts, frame_of(session, sources.without_lines(asked))])
    return both.groupby("key", as_index=False).sum()


def ranking_of(amounts: DataFrame, asked: Asked, cuts: Cuts) -> Ranking:
    """The rows that are wanted of all that were read."""
    is_compared = sources.before(asked) is not None
    rows = in_order(amounts, cuts, is_compared=is_compared)
    summed = ("amount", *(("previous", "change") if is_compared else ()))
    totals = {name: int(exact(rows[name].dropna()).sum()) for name in summed}
    if totals["amount"] > 0:
        totals["share"] = WHOLE
    part = asked.part or Slice(0, len(rows))
    shown = rows.iloc[part.start : part.start + part.size].reset_index(drop=True)
    is_counted = sources.source_of(asked).orders is not None
    orders = int(amounts["rows"].sum()) if is_counted else None
    before = int(amounts["rows_before"].sum()) if is_counted and is_compared else None
    return Ranking(len(rows), part.start, shown, rows.head(SHOWN_AT_TOP), totals, orders, before)


def read_page(session: Session, asked: Asked, part: Slice, cuts: Cuts) -> Ranking:
    """One page from the kept years, which stand in the order that is wanted; no more is read than it takes."""
    head = frame_of(session, sources.head(asked)).iloc[0]
    count, total = int(head["count"]), int(head["total"])
    top, share = _read_shares(session, asked, total, has_negative=bool(head["least"] < 0))
    rows = frame_of(session, sources.ranked(asked).offset(part.start).limit(part.size))
    ahead = _read_sum(session, sources.ranked(asked).limit(part.start)) if part.start else 0
    totals = {"amount": total, **({"share": WHOLE} if share is not None else {})}
    return Ranking(
        count,
        part.start,
        placed(_with_share(rows, share), total, cuts, ahead=ahead),
        placed(_with_share(top.head(SHOWN_AT_TOP), share), total, cuts),
        totals,
        int(head["orders"]),
        None,
    )


def _read_shares(
    session: Session, asked: Asked, total: int, *, has_negative: bool
) -> tuple[DataFrame, Mapping[int, int] | None]:
    """The largest, and by key the share of whoever can have one: they and the negative ones; None where none has."""
    from pandas import concat

    ranked = sources.ranked(asked)
    if total <= 0:
        return frame_of(session, ranked.limit(SHOWN_AT_TOP)), None
    negative = ranked.where(sources.YEARS.amount < 0).limit(None if has_negative else 0)
    below = frame_of(session, negative)
    most = candidates(below["amount"], total)
    top = frame_of(session, ranked.limit(most))
    both = concat([top, below]).drop_duplicates("key", ignore_index=True)
    return top, dict(zip(both["key"], shares(both["amount"], total), strict=True))


def _with_share(rows: DataFrame, share: Mapping[int, int] | None) -> DataFrame:
    from pandas import Int64Dtype, Series

    found = [None if share is None else share.get(key, 0) for key in rows["key"]]
    return rows.assign(share=Series(found, index=rows.index, dtype=Int64Dtype()))


def _read_sum(session: Session, rows: Statement) -> int:
    amounts = rows.subquery()
    return int(frame_of(session, select(sum_of(amounts.c.amount).label("amount"))).iloc[0]["amount"])
