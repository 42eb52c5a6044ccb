"""Churn cases in figures: how many are open and how it came to be; and what happened to those of one customer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, String, and_, case, func, literal, or_, select, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.sql.functions import GenericFunction

from app.models.churn import ChurnCase, ChurnMeasure, ChurnStatus
from app.models.customers import Customer
from app.models.history import StatusMove
from app.reports.periods import Span, midnight, place_in
from app.reports.timeline import Statement
from app.security.scope import ONE_BY_ONE

if TYPE_CHECKING:
    from pandas import DataFrame, Series

WARNED, POSTPONED = ChurnStatus.WARNED, ChurnStatus.POSTPONED
#: The states of a case that is open, as the history keeps them.
OPEN = (WARNED.value, POSTPONED.value)


class year_before(GenericFunction[date]):  # the name of a function of SQL
    """The same day of the year before, to be compared by: after 28 February stands for after a 29th that it had not."""

    type = Date()
    inherit_cache = True


@compiles(year_before, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    day = compiler.process(element.clauses, **more)
    return f"((CAST(substr({day}, 1, 4) AS INTEGER) - 1) || substr({day}, 5))"


@compiles(year_before, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **more: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **more)} - INTERVAL '1 year' AS date)"


# ---- what is open -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OpenCases:
    """How many cases are open, of which nobody has done anything about the warned ones."""

    warned: int = 0
    postponed: int = 0

    @property
    def count(self) -> int:
        """Both."""
        return self.warned + self.postponed


def open_cases(*states: ChurnStatus, of: int | None = None) -> list[ColumnElement[bool]]:
    """The conditions of the cases in those states, or of all open ones; ``of`` narrows to one account manager."""
    mine = [] if of is None else [ChurnCase.manager_id == of]
    return [*mine, ChurnCase.status.in_(states or (WARNED, POSTPONED))]


def count_open(session: Session, *, of: int | None = None, cap: int) -> OpenCases:
    """The open cases, counted up to one more than ``cap``, those with a warning alone first."""
    first = select(ChurnCase.status).where(*open_cases(of=of)).order_by(ChurnCase.status.desc()).limit(cap + 1)
    status = first.subquery().c.status
    warned, postponed = (func.sum(case((status == one, 1), else_=0)) for one in (WARNED, POSTPONED))
    warned, postponed = session.execute(select(warned, postponed)).one()
    return OpenCases(int(warned or 0), int(postponed or 0))


def changes_by_span(spans: Sequence[Span], *, zone: ZoneInfo, of: int | None = None) -> Statement:
    """By how much the open cases became more in each span: place, change."""
    place = place_in(StatusMove.at, spans, zone).label("place")
    came, went = (case((column.in_(OPEN), 1), else_=0) for column in (StatusMove.after, StatusMove.before))
    mine = [] if of is None else [ChurnCase.manager_id == of]
    since = (StatusMove.kind == ChurnCase.__tablename__, StatusMove.at >= midnight(spans[0].first, zone))
    statement: Statement = select(place, func.sum(came - went).label("change"))
    return statement.join(ChurnCase, ChurnCase.id == StatusMove.row_id).where(*since, *mine).group_by(place)


def stock(changes: DataFrame, now: int, spans: int) -> Series[Any]:
    """How many cases were open at the end of each span, reckoned back from how many are ``now``."""
    by_place = changes.set_index("place")["change"].astype("int64").reindex(range(spans), fill_value=0)
    return now - by_place[::-1].cumsum()[::-1].shift(-1, fill_value=0)


# ---- one customer -------------------------------------------------------------------------------------


def latest_case_of(session: Session, customer: Customer) -> ChurnCase | None:
    """The open one, else the last that was."""
    of_customer = select(ChurnCase).where(ChurnCase.customer_id == customer.id)
    return session.scalar(of_customer.order_by(ChurnCase.id.desc()).limit(1), execution_options=ONE_BY_ONE)


def moves_of(customer: Customer) -> Statement:
    """What happened to the cases of a customer, each with the case, and its returns from being lost; in no order."""
    kinds = (ChurnCase.__tablename__, Customer.__tablename__)
    cases = select(literal(kinds[0], String).label("kind"), ChurnCase.id.label("row_id"))
    its = union_all(
        cases.where(ChurnCase.customer_id == customer.id), select(literal(kinds[1], String), literal(customer.id))
    ).subquery()
    return (
        select(StatusMove, ChurnCase)
        .join(its, and_(StatusMove.kind == its.c.kind, StatusMove.row_id == its.c.row_id))
        .outerjoin(ChurnCase, and_(StatusMove.kind == kinds[0], ChurnCase.id == StatusMove.row_id))
        .where(or_(StatusMove.kind == kinds[0], StatusMove.move == "win_back"))
        .options(joinedload(StatusMove.by), joinedload(ChurnCase.reason_kind))
    )


def measures_at(session: Session, places: Collection[tuple[int, datetime]]) -> Mapping[tuple[int, datetime], str]:
    """The measures written at some moments and between them, by the key of their case and the moment."""
    keys, moments = {key for key, _ in places}, {moment for _, moment in places}
    # SQLite compares moments as texts, of which a moment may have more than one.
    first, last = min(moments) - timedelta(seconds=1), max(moments) + timedelta(seconds=1)
    written = select(ChurnMeasure).where(ChurnMeasure.case_id.in_(keys), ChurnMeasure.created_on.between(first, last))
    found = session.scalars(written, execution_options=ONE_BY_ONE)
    return {(one.case_id, one.created_on): one.text for one in found}
