"""The schedule: which moment each kind was last due at, and one job for it, however many machines look at the clock."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.i18n import Told
from app.jobs.frame.kinds import Every, Kind, Weekly, kinds
from app.jobs.frame.queue import short_transaction
from app.models.jobs import Job, JobState

#: Of each kind so many moments are kept that went well.
KEPT_TICKS = 50
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def latest_tick(every: Every, at: datetime, zone: ZoneInfo) -> datetime:
    """The last moment until ``at`` at which something was due; distances count from midnight UTC."""
    if isinstance(every, timedelta):
        return at - (at - BEGINNING) % every
    day = at.astimezone(zone).date()
    clock = every.at if isinstance(every, Weekly) else every
    if isinstance(every, Weekly):
        day -= timedelta(days=(day.weekday() - every.weekday) % 7)
    tick = datetime.combine(day, clock, zone)
    return tick if tick <= at else datetime.combine(day - distance_of(every), clock, zone)


def next_tick(every: Every, at: datetime, zone: ZoneInfo) -> datetime:
    """The first moment after ``at`` at which something is due."""
    latest = latest_tick(every, at, zone)
    if isinstance(every, timedelta):
        return latest + every
    # By the clock on the wall: a day may be an hour longer or shorter.
    there = latest.astimezone(zone)
    return datetime.combine(there.date() + distance_of(every), there.time(), zone)


def distance_of(every: Every) -> timedelta:
    """How far two moments at which something is due lie apart."""
    if isinstance(every, timedelta):
        return every
    return timedelta(weeks=1) if isinstance(every, Weekly) else timedelta(days=1)


def put_down_ticks(at: datetime, zone: ZoneInfo) -> None:
    """One job for the latest moment of each kind that has a schedule; what was missed before is not made up for."""
    for kind in kinds().values():
        if kind.every is not None:
            # Who comes second meets the unique key, and has nothing left to do.
            with suppress(IntegrityError), short_transaction() as session:
                _put_down(session, kind, at, zone)


def _put_down(session: Session, kind: Kind, at: datetime, zone: ZoneInfo) -> None:
    """Put the latest moment down, unless it is there or the one before is not ended yet."""
    every = kind.every_now(session)
    if every is None:
        return
    tick = latest_tick(every, at, zone)
    of_schedule = (Job.kind == kind.key, Job.tick.is_not(None))
    is_open = Job.state.in_((JobState.WAITING, JobState.RUNNING))
    if session.scalar(select(Job.id).where(*of_schedule, or_(Job.tick >= tick, is_open)).limit(1)) is not None:
        return
    session.add(Job(kind=kind.key, title=Told.of(kind.label), tick=tick, due_at=tick, most_tries=kind.most_tries))
    is_old = (Job.state == JobState.DONE, Job.tick < tick - KEPT_TICKS * distance_of(every))
    session.execute(delete(Job).where(*of_schedule, *is_old).execution_options(synchronize_session=False))
