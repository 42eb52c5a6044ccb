"""Marketing in figures: what stands open, what was won and lost, what is planned, and how it came to be.

Numbers of a moment are plain aggregates. Series go three ways: a statement, its frame, and a pure function that
makes the series of it. ``of`` narrows to what one person develops; the session's wall holds besides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Select, case, cast, exists, func, or_, select
from sqlalchemy.orm import Session

from app.i18n import Choice
from app.models.history import StatusMove
from app.models.marketing import Opportunity, OpportunityStatus, PlanItem
from app.reports.periods import Planned, Span, by_day, midnight, place_in

if TYPE_CHECKING:
    from pandas import DataFrame, Series

UNASSIGNED, ASSIGNED = OpportunityStatus.UNASSIGNED, OpportunityStatus.ASSIGNED
SUCCEEDED, FAILED = OpportunityStatus.SUCCEEDED, OpportunityStatus.FAILED
CENTS = 100
#: Whole cents: sums of them are exact on SQLite too, which keeps amounts as binary fractions.
IN_CENTS = cast(func.round(Opportunity.expected_amount * CENTS), BigInteger)
Statement: TypeAlias = Select[*tuple[Any, ...]]


def of_person(of: int | None) -> list[ColumnElement[bool]]:
    """The condition that a person develops an opportunity; none for nobody in particular."""
    return [] if of is None else [Opportunity.assignee_id == of]


def _money(cents: Any, divisor: int = CENTS) -> Decimal:
    return Decimal(int(cents or 0)) / divisor


# ---- what stands open ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """How many opportunities are in one state, and their expected amount times their probability."""

    count: int = 0
    weighted: Decimal = Decimal(0)


def count_in(session: Session, status: OpportunityStatus) -> int:
    """How many opportunities are in a state now; read from an index alone."""
    return session.scalar(select(func.count()).select_from(Opportunity).where(Opportunity.status == status)) or 0


def standing(session: Session, status: OpportunityStatus, *, of: int | None = None) -> Standing:
    """The opportunities in a state now."""
    statement = select(func.count(), func.sum(IN_CENTS * Opportunity.probability)).where(
        Opportunity.status == status, *of_person(of)
    )
    count, weighted = session.execute(statement.select_from(Opportunity)).one()
    return Standing(count, _money(weighted, CENTS * 100))


def flow(session: Session, since: date, *, zone: ZoneInfo, of: int | None = None) -> dict[OpportunityStatus, int]:
    """How many more opportunities there are in each open state than at the beginning of ``since``."""
    came = {status: case((StatusMove.after == status.value, 1), else_=0) for status in (UNASSIGNED, ASSIGNED)}
    went = {status: case((StatusMove.before == status.value, 1), else_=0) for status in came}
    parts = [func.sum(came[status] - went[status]) for status in came]
    row = session.execute(_moves(select(*parts), since, zone, of)).one()
    return {status: int(number or 0) for status, number in zip(came, row, strict=True)}


def _moves(statement: Statement, since: date, zone: ZoneInfo, of: int | None) -> Statement:
    """The moves since a day; those of a deleted opportunity, which came and did not go, are left out."""
    kept = exists().where(Opportunity.id == StatusMove.row_id)
    conditions = [StatusMove.kind == Opportunity.__tablename__, StatusMove.at >= midnight(since, zone)]
    if of is None:  # only a new one can be deleted, so only beginnings are looked up
        conditions.append(or_(StatusMove.before.is_not(None), kept))
    else:
        conditions.append(kept.where(*of_person(of)))
    return statement.select_from(StatusMove).where(*conditions)


# ---- what was closed ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Closed:
    """What came to an end in a span: won and lost, and the expected amount of the won."""

    won: int
    lost: int
    amount: Decimal

    @property
    def count(self) -> int:
        """Both."""
        return self.won + self.lost

    @property
    def rate(self) -> float | None:
        """The share of the won, from 0 to 1; None where nothing was closed."""
        return self.won / self.count if self.count else None


def closings(session: Session, spans: Sequence[Span], *, zone: ZoneInfo, of: int | None = None) -> list[Closed]:
    """What was closed in each of the spans, in one statement."""
    insides = [span.holds(Opportunity.closed_on, zone) for span in spans]
    numbers = [func.sum(case((inside, 1), else_=0)) for inside in insides]
    cents = [func.sum(case((inside, IN_CENTS), else_=0)) for inside in insides]
    first = midnight(min(span.first for span in spans), zone)
    statement: Statement = select(Opportunity.status, *numbers, *cents)
    statement = statement.where(Opportunity.closed_on >= first, *of_person(of)).group_by(Opportunity.status)
    found = {status: row for status, *row in session.execute(statement)}
    won, lost = (found.get(status, [0] * 2 * len(spans)) for status in (SUCCEEDED, FAILED))
    return [Closed(won[place] or 0, lost[place] or 0, _money(won[place + len(spans)])) for place in range(len(spans))]


# ---- plan items ---------------------------------------------------------------------------------------


def open_items(of: int | None = None) -> list[ColumnElement[bool]]:
    """The conditions of plan items still to be carried out; the statement joins their opportunity."""
    return [PlanItem.done_on.is_(None), Opportunity.status == ASSIGNED, *of_person(of)]


def planned(session: Session, today: date, week: Span, *, of: int | None = None, cap: int) -> Planned:
    """The open plan items, counted up to one more than ``cap``, the earliest first."""
    days = select(PlanItem.planned_on.label("day")).join(PlanItem.opportunity).where(*open_items(of))
    return by_day(session, days.order_by(PlanItem.planned_on).limit(cap + 1), today, week)


# ---- series: select, frame, tidy ------------------------------------------------------------------------


def moves_by_span(spans: Sequence[Span], *, zone: ZoneInfo, of: int | None = None) -> Statement:
    """The moves from state to state in each span: place, before, after, count."""
    place = place_in(StatusMove.at, spans, zone).label("place")
    statement: Statement = select(place, StatusMove.before, StatusMove.after, func.count().label("count"))
    return _moves(statement, spans[0].first, zone, of).group_by(place, StatusMove.before, StatusMove.after)


def stock(moves: DataFrame, status: Choice, now: int, spans: int) -> Series[Any]:
    """How many records were in a state at the end of each span, reckoned back from how many are ``now``."""
    came = (moves["after"] == status.value).astype(int) - (moves["before"] == status.value).astype(int)
    by_place = (came * moves["count"]).groupby(moves["place"]).sum().reindex(range(spans), fill_value=0)
    return now - by_place[::-1].cumsum()[::-1].shift(-1, fill_value=0)


def closings_by_span(spans: Sequence[Span], *, zone: ZoneInfo, of: int | None = None) -> Statement:
    """What was closed in each span: place, status, count, cents."""
    place = place_in(Opportunity.closed_on, spans, zone).label("place")
    statement: Statement = select(
        place, Opportunity.status, func.count().label("count"), func.sum(IN_CENTS).label("cents")
    )
    since = midnight(spans[0].first, zone)
    return statement.where(Opportunity.closed_on >= since, *of_person(of)).group_by(place, Opportunity.status)


def success_rates(closed: DataFrame, spans: int, window: int) -> Series[Any]:
    """The success rate of ``window`` spans up to each one, in per cent; the first spans have none."""
    won, lost = (_by_place(closed, one, "count", spans).rolling(window).sum() for one in (SUCCEEDED, FAILED))
    in_all = won + lost
    return (won / in_all.where(in_all > 0) * 100)[window - 1 :]


def won_amounts(closed: DataFrame, spans: int) -> Series[Any]:
    """The expected amount won in each span, in yuan; exact until here, rounded by being drawn."""
    return _by_place(closed, SUCCEEDED, "cents", spans) / CENTS


def _by_place(closed: DataFrame, status: OpportunityStatus, column: str, spans: int) -> Series[Any]:
    chosen = closed[closed["status"] == status]
    return chosen.set_index("place")[column].fillna(0).astype("int64").reindex(range(spans), fill_value=0)


def items_by_span(spans: Sequence[Span], *, zone: ZoneInfo, of: int | None = None) -> Statement:
    """The plan items carried out in each span: place, count."""
    place = place_in(PlanItem.done_on, spans, zone).label("place")
    statement: Statement = select(place, func.count().label("count"))
    since = midnight(spans[0].first, zone)
    return statement.join(PlanItem.opportunity).where(PlanItem.done_on >= since, *of_person(of)).group_by(place)


def counts(frame: DataFrame, spans: int) -> Series[Any]:
    """The counts of each span."""
    return frame.set_index("place")["count"].reindex(range(spans), fill_value=0)


def done_late(spans: Sequence[Span], *, zone: ZoneInfo, of: int | None = None) -> Statement:
    """How many plan items were overdue at the end of each span and carried out later, a column for each.

    Their opportunity was developed until then, so that it need not be asked.
    """
    ends = [(span, midnight(span.end, zone)) for span in spans]
    parts = [(PlanItem.planned_on < span.last) & (PlanItem.done_on >= end) for span, end in ends]
    statement = _columns(parts).where(PlanItem.done_on >= ends[0][1], PlanItem.planned_on < spans[-1].last)
    return statement if of is None else statement.join(PlanItem.opportunity).where(*of_person(of))


def left_undone(spans: Sequence[Span], *, zone: ZoneInfo, of: int | None = None) -> Statement:
    """How many plan items that nobody carried out were overdue at the end of each span, a column for each."""
    ends = [(span, midnight(span.end, zone)) for span in spans]
    is_open = Opportunity.status == ASSIGNED
    parts = [(PlanItem.planned_on < span.last) & (is_open | (Opportunity.closed_on >= end)) for span, end in ends]
    return (
        _columns(parts)
        .join(PlanItem.opportunity)
        .where(PlanItem.done_on.is_(None), PlanItem.planned_on < spans[-1].last, *of_person(of))
    )


def _columns(parts: Sequence[ColumnElement[bool]]) -> Statement:
    sums = [func.sum(case((part, 1), else_=0)).label(f"at_{place}") for place, part in enumerate(parts)]
    return select(*sums).select_from(PlanItem)


def across(*frames: DataFrame) -> Series[Any]:
    """The one row of each frame, added up, as a series."""
    return sum(frame.iloc[0].fillna(0).astype("int64").reset_index(drop=True) for frame in frames)
