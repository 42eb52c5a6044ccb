"""The link to the sales system as people see it: how old the copy of each source is."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models.sales_system import Refresh, RefreshState


@dataclass(frozen=True)
class Freshness:
    """Of one source: the refresh that brought its copy, and the one that failed since; either may be missing."""

    source: str
    success: Refresh | None
    failure: Refresh | None


def freshness(session: Session) -> Sequence[Freshness]:
    """How old the copy of every source is, by name."""
    ended = Refresh.state.in_((RefreshState.DONE, RefreshState.FAILED))
    latest = select(func.max(Refresh.id)).where(ended).group_by(Refresh.source, Refresh.state)
    last = {(row.source, row.state): row for row in session.scalars(select(Refresh).where(Refresh.id.in_(latest)))}
    found = []
    for source in sorted({source for source, _ in last}):
        success, failure = (last.get((source, state)) for state in (RefreshState.DONE, RefreshState.FAILED))
        is_old = success is not None and failure is not None and failure.id < success.id
        found.append(Freshness(source, success, None if is_old else failure))
    return found
