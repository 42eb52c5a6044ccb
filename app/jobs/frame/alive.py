"""Whether anybody works: the workers write now and then that one of them lives."""

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.jobs.frame.queue import short_transaction
from app.models.installation import WORKER_MARK, Installation

#: How often it is written, and after how long somebody should be told that nobody works.
WRITTEN_EVERY, SILENT_AFTER = timedelta(minutes=1), timedelta(minutes=5)


def say_alive(at: datetime) -> None:
    """Write that a worker lives; several who do it write the same."""
    with suppress(IntegrityError), short_transaction() as session:
        last = heard_of(session)
        if last is None:
            session.execute(insert(Installation), [{"key": WORKER_MARK, "value": at.isoformat()}])
        elif last < at - WRITTEN_EVERY:
            session.execute(update(Installation).where(Installation.key == WORKER_MARK).values(value=at.isoformat()))


def heard_of(session: Session) -> datetime | None:
    """When a worker was last known to live; None when there never was one."""
    mark = session.get(Installation, WORKER_MARK)
    return None if mark is None else datetime.fromisoformat(mark.value)


def is_silent(session: Session, at: datetime) -> bool:
    """Whether no worker was heard of for some minutes, so that jobs only wait."""
    last = heard_of(session)
    return last is None or last < at - SILENT_AFTER
