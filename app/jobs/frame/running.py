"""Running jobs: what a job is given to work with, one job from beginning to end, and everything that is due."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask, current_app
from flask_babel import force_locale
from sqlalchemy.orm import Session

from app.clock import now
from app.errors import DomainError, Forbidden
from app.extensions import session as session_here
from app.i18n import Label, LazyString, Told
from app.jobs.frame import queue, schedule
from app.jobs.frame.alive import say_alive
from app.jobs.frame.kinds import Kind, kinds
from app.jobs.frame.queue import Claim, Overtaken
from app.models.jobs import JobState
from app.models.org import Employee
from app.security.actor import SYSTEM, load_actor
from app.security.audit import Origin

log = logging.getLogger(__name__)
#: How many jobs are looked for at once.
BATCH = 100


class Work:
    """What a job is given: its session, which works for whom the job is done for, its arguments, and the moment.

    ``at`` is in the company's time zone, so that ``at.date()`` is its day. Everything the job writes is kept in one
    transaction when it ends, and nothing when it breaks.
    """

    def __init__(self, session: Session, claimed: Claim, at: datetime) -> None:
        self.session, self.arguments, self.at = session, claimed.arguments, at
        self._claimed = claimed

    def log(self, sentence: str | LazyString, **values: str | int) -> None:
        """Tell something on the way; ``sentence`` is a ``Label`` whose ``%(name)s`` the values fill."""
        self._claimed.tell(Told.of(sentence, **values))

    def progress(self, done: int, total: int) -> None:
        """Show how far it is, and keep everything done so far.

        So a job that calls this may be begun anew after a part of it was kept: it must find out by itself what is
        left. One that is quick, or must be whole or not at all, does not call it.
        """
        queue.write(self.session, self._claimed, done=done, total=total, beat_at=now())
        self.session.commit()


def run_due(app: Flask) -> int:
    """Run everything that is due, here and now, until nothing is; returns how many were run."""
    count = 0
    while jobs := look_round(app):
        count += sum(run_job(app, job_id) for job_id in jobs)
    return count


def look_round(app: Flask, *, without: frozenset[int] = frozenset()) -> list[int]:
    """Say that a worker lives, put down what the schedule asks, take up what was lost, and tell which jobs are due.

    ``without`` those it has in hand already.
    """
    with app.app_context():
        at = now()
        say_alive(at)
        schedule.put_down_ticks(at, zone())
        queue.take_up_lost(at)
        return list(queue.due_jobs(now(), BATCH, without))


def run_job(app: Flask, job_id: int) -> bool:
    """Run one job if it is still to be taken on; whatever becomes of it is written in its row."""
    with app.app_context():
        claimed = queue.claim(job_id, now())
        if claimed is None:
            return False
        try:
            _run(claimed)
        except Overtaken:
            log.warning("job %s, try %s, was taken up by somebody else", claimed.id, claimed.tries)
        return True


def _run(claimed: Claim) -> None:
    """Do the work in one transaction together with its end; what breaks is rolled back and told."""
    session = session_here()
    try:
        with _in_the_name_of(session, claimed):
            work = Work(session, claimed, now(zone()))
            outcome = _kind_of(claimed).run(work)
        queue.write(session, claimed, **queue.ended(claimed, JobState.DONE, outcome))
        session.commit()
    except Overtaken:
        session.rollback()
        raise
    except DomainError as refusal:
        session.rollback()
        queue.fail(claimed, Told.of(refusal.sentence))
    except (Exception, SystemExit):
        session.rollback()
        log.exception("job %s (%s), try %s, broke", claimed.id, claimed.kind, claimed.tries)
        _tell_defect(claimed)


def _kind_of(claimed: Claim) -> Kind:
    kind = kinds().get(claimed.kind)
    if kind is None:
        raise DomainError(Label("This version of the program does not know this kind of job."))
    return kind


def _tell_defect(claimed: Claim) -> None:
    outcome = Told.of(
        Label("Something went wrong. The log of the program tells more: job %(number)s, try %(tries)s."),
        number=claimed.id,
        tries=claimed.tries,
    )
    claimed.tell(outcome)
    queue.put_off(claimed, outcome)


@contextmanager
def _in_the_name_of(session: Session, claimed: Claim) -> Iterator[None]:
    """The session works for the person the job is done for, with his rights as of now, else as the system."""
    name, locale = "", current_app.config["BABEL_DEFAULT_LOCALE"]
    session.info["actor"] = SYSTEM
    if claimed.person_id is not None:
        person = session.get_one(Employee, claimed.person_id)
        if not person.active:
            raise Forbidden(Label("The account that this was to be done for is disabled."))
        name, locale = person.username, person.locale or locale
        session.info["actor"] = load_actor(session, person)
    session.info["origin"] = Origin(claimed.person_id, name, request_id=f"job {claimed.id}")
    with force_locale(locale):
        yield


def zone() -> ZoneInfo:
    """The company's time zone."""
    found: ZoneInfo = current_app.extensions["crm_zone"]
    return found
