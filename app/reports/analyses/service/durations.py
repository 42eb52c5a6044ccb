"""How long requests took to be allocated, handled and closed: medians and 90th percentiles, found by the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, union_all

from app.models.services import ServiceRequest, ServiceRound
from app.reports.engine.frames import Statement
from app.reports.engine.grouping import plain_key
from app.reports.services import seconds_between

if TYPE_CHECKING:
    from pandas import DataFrame

#: The steps that are timed, in seconds of the calendar, nights and holidays included.
ASSIGN, PROCESS, CLOSE = STEPS = ("assign", "process", "close")
#: What is told of each step, in tenths of the way from the quickest to the slowest.
MEDIAN, SLOW = 5, 9


def durations(key: ColumnElement[Any], conditions: Iterable[ColumnElement[bool]]) -> Statement:
    """The requests between which the percentiles lie, of each step: those of each ``key``, and those of all.

    ``place`` and ``of`` are the place among those of a key and how many there are, from 0; ``place_in_all`` and
    ``of_all`` among all. To assign is from the creation to the first allocation, to process from there to the first
    handling, to close from the creation to the archive. A round that the customer judged keeps its moments, so the
    first ones are those of the first round. A step that has not ended, or ended before it began, is left out.
    """
    took = _timed(key, conditions)
    parts = [select(literal(step).label("step"), took.c.key, took.c[step].label("seconds")) for step in STEPS]
    steps = union_all(*(part.where(took.c[step] >= 0) for part, step in zip(parts, STEPS, strict=True))).subquery()
    by_key, by_step, order = (steps.c.step, steps.c.key), steps.c.step, steps.c.seconds
    found = select(
        steps,
        (func.row_number().over(partition_by=by_key, order_by=order) - 1).label("place"),
        func.count().over(partition_by=by_key).label("of"),
        (func.row_number().over(partition_by=by_step, order_by=order) - 1).label("place_in_all"),
        func.count().over(partition_by=by_step).label("of_all"),
    ).subquery()
    statement: Statement = select(found)
    is_one = (_is_beside(found.c.place, found.c.of), _is_beside(found.c.place_in_all, found.c.of_all))
    return statement.where(or_(*is_one))


def _timed(key: ColumnElement[Any], conditions: Iterable[ColumnElement[bool]]) -> Any:
    """Each request with its key and the seconds of its steps."""
    is_first = and_(ServiceRound.request_id == ServiceRequest.id, ServiceRound.number == 1)
    created = ServiceRequest.created_on
    assigned = func.coalesce(ServiceRound.assigned_on, ServiceRequest.assigned_on)
    handled = func.coalesce(ServiceRound.handled_on, ServiceRequest.handled_on)
    return (
        select(
            key.label("key"),
            seconds_between(created, assigned).label(ASSIGN),
            seconds_between(assigned, handled).label(PROCESS),
            seconds_between(created, ServiceRequest.archived_on).label(CLOSE),
        )
        .select_from(ServiceRequest)
        .outerjoin(ServiceRound, is_first)
        .where(*conditions)
        .cte()
    )


def _is_beside(place: Any, count: Any) -> ColumnElement[bool]:
    """Whether a place is one of the two between which a percentile lies."""
    lower = [(count - 1) * tenths // 10 for tenths in (MEDIAN, SLOW)]
    return or_(*(place.in_([one, one + 1]) for one in lower))


def percentiles(frame: DataFrame) -> Mapping[tuple[str, Any], tuple[int, int, int]]:
    """By step and key, and by step and ``all``: the median and the 90th percentile in minutes, and of how many."""
    found: dict[tuple[str, Any], tuple[int, int, int]] = {}
    for place, of, all_keys in (("place", "of", False), ("place_in_all", "of_all", True)):
        rows: dict[tuple[str, Any], dict[int, int]] = {}
        counts: dict[tuple[str, Any], int] = {}
        for row in frame.to_dict("records"):
            which = (row["step"], "all" if all_keys else plain_key(row["key"]))
            rows.setdefault(which, {})[int(row[place])] = int(row["seconds"])
            counts[which] = int(row[of])
        for which, count in counts.items():
            median, slow = (_between(rows[which], count, tenths) // 60 for tenths in (MEDIAN, SLOW))
            found[which] = (median, slow, count)
    return found


def _between(seconds: Mapping[int, int], count: int, tenths: int) -> int:
    """What lies so many tenths of the way from the quickest to the slowest, between two as their places say."""
    lower, rest = divmod((count - 1) * tenths, 10)
    return seconds[lower] + (seconds.get(lower + 1, seconds[lower]) - seconds[lower]) * rest // 10
