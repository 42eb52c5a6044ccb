"""The schedule: which moment each kind was last due at, and one job for it, however many machines look at the clock."""

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError

from app.i18n import Told
from app.jobs.frame.kinds import Kind, kinds
from app.jobs.frame.queue import short_transaction
from app.models.jobs import Job, JobState

#: Of each kind so many moments are kept that went well.
KEPT_TICKS = 50
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def latest_tick(every: timedelta | time, at: datetime, zone: ZoneInfo) -> datetime:
    """The last moment until ``at`` at which something was due; distances count from midnight UTC."""
    if isinstance(every, timedelta):
        return at - (at - BEGINNING) % every
    day = at.astimezone(zone).date()
    today = datetime.combine(day, every, zone)
    return today if today <= at else datetime.combine(day - timedelta(days=1), every, zone)


def next_tick(every: timedelta | time, at: datetime, zone: ZoneInfo) -> datetime:
    """The first moment after ``at`` at which something is due."""
    if isinstance(every, timedelta):
        return latest_tick(every, at, zone) + every
    day = latest_tick(every, at, zone).astimezone(zone).date()
    return datetime.combine(day + timedelta(days=1), every, zone)


def put_down_ticks(at: datetime, zone: ZoneInfo) -> None:
    """One job for the latest moment of each kind that has a schedule; what was missed before is not made up for."""
    for kind in kinds().values():
        if kind.every is not None:
            # Who comes second meets the unique key, and has nothing left to do.
            with suppress(IntegrityError):
                _put_down(kind, latest_tick(kind.every, at, zone))


def _put_down(kind: Kind, tick: datetime) -> None:
    """Put the moment down, unless it is there or the one before is not ended yet."""
    of_schedule = (Job.kind == kind.key, Job.tick.is_not(None))
    is_open = Job.state.in_((JobState.WAITING, JobState.RUNNING))
    with short_transaction() as session:
        if session.scalar(select(Job.id).where(*of_schedule, or_(Job.tick >= tick, is_open)).limit(1)) is not None:
            return
        session.add(Job(kind=kind.key, title=Told.of(kind.label), tick=tick, due_at=tick, most_tries=kind.most_tries))
        distance = kind.every if isinstance(kind.every, timedelta) else timedelta(days=1)
        is_old = (Job.state == JobState.DONE, Job.tick < tick - KEPT_TICKS * distance)
        session.execute(delete(Job).where(*of_schedule, *is_old).execution_options(synchronize_session=False))
