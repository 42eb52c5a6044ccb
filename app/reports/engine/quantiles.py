"""Medians and percentiles: by the database where there are many groups, of counted values where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, extract, func, select

from app.reports.engine.frames import Statement

DAY = 24 * 60 * 60


def seconds_of(moment: Any) -> ColumnElement[int]:
    """A day or moment as whole seconds, of which every database tells the difference."""
    return cast(extract("epoch", moment), BigInteger)


def medians(rows: Any, keys: Sequence[str], value: str) -> Statement:
    """The median of a column of a subquery for each group of ``keys``, and how many values it is of."""
    groups = [rows.c[key] for key in keys]
    place = func.row_number().over(partition_by=groups, order_by=rows.c[value]).label("place")
    among = func.count().over(partition_by=groups).label("among")
    ranked = select(*groups, rows.c[value], place, among).where(rows.c[value].is_not(None)).subquery()
    # The one in the middle, or the two around it.
    is_middle = (ranked.c.place * 2).between(ranked.c.among, ranked.c.among + 2)
    middle, count = func.avg(ranked.c[value]).label("median"), func.max(ranked.c.among).label("count")
    kept = [ranked.c[key] for key in keys]
    return select(*kept, middle, count).where(is_middle).group_by(*kept)


def quantile(values: Sequence[int], counts: Sequence[int], part: float) -> float | None:
    """The value that a part of all lies below, each value counted as often as ``counts`` says; None for no value.

    Between two values it lies as far as the part does, as PERCENTILE_CONT has it.
    """
    pairs = sorted(zip(values, counts, strict=True))
    place = part * (sum(counts) - 1)
    low, high = (_at(pairs, whole) for whole in (int(place), -int(-place // 1)))
    return None if low is None or high is None else low + (high - low) * (place - int(place))


def _at(pairs: Sequence[tuple[int, int]], place: int) -> int | None:
    seen = 0
    for value, count in pairs:
        seen += count
        if place < seen:
            return value
    return None
