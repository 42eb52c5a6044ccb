"""The rows of the jobs: putting one down, taking it on, and writing what became of it.

Each step is one short transaction that says in its WHERE what it expects, so that of all the workers on all the
machines one takes a job on, and none writes about a job that was taken from him.
"""

import json
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from app.clock import now
from app.errors import WrongState
from app.extensions import db
from app.i18n import Label, Told
from app.jobs.frame.kinds import Kind
from app.models.audit import AuditKind
from app.models.base import rows_hit
from app.models.jobs import Job, JobState
from app.security.actor import SYSTEM, Actor
from app.security.audit import note
from app.security.rights import JOBS, Verb
from app.security.scope import system

#: Set when there may be something to do at once; a worker of another process finds it when it looks next.
WAKE = threading.Event()
#: How long to wait before the second try, the third, and each further one.
BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=25))
#: A job whose runner was not heard of for so long is taken up by another.
LOST_AFTER = timedelta(minutes=2)
#: More of a log is not kept.
LONGEST_LOG = 50_000


class Overtaken(Exception):
    """The job was taken up by somebody else meanwhile: nothing of this try may be kept."""


@dataclass
class Claim:
    """A job that is being run here: its row as it was taken on, and what it told since."""

    id: int
    kind: str
    arguments: dict[str, Any]
    person_id: int | None
    tries: int
    most_tries: int
    started_at: datetime
    untold: list[str] = field(default_factory=list)

    def tell(self, told: Told) -> None:
        """Add a sentence to the log, written with the next step."""
        line = json.dumps([now().isoformat(timespec="seconds"), told.message, told.values], ensure_ascii=False)
        self.untold.append(f"{line}\n")


@contextmanager
def short_transaction() -> Iterator[Session]:
    """A transaction of the frame's own, as the system; it needs the application's context."""
    with Session(db.engine) as session, session.begin():
        session.info["actor"] = SYSTEM
        yield session


def enqueue(
    session: Session, kind: Kind, arguments: Mapping[str, Any], *, for_person: int | None = None, at: datetime
) -> Job:
    """Put a job down in the running transaction, due ``at``; after the commit the workers of this process wake.

    ``arguments`` are kept as JSON. It is done with the rights and the sight that ``for_person`` has when it is run, or
    without him as the system.
    """
    job = Job(
        kind=kind.key,
        title=Told.of(kind.label),
        arguments=dict(arguments),
        person_id=for_person,
        due_at=at,
        most_tries=kind.most_tries,
    )
    session.flush()
    with system(session, "a job is put down for whoever it is done for"):
        session.add(job)
        session.flush()
    event.listen(session, "after_commit", lambda _: WAKE.set(), once=True)
    return job


def start_now(session: Session, kind: Kind, *, by: Actor, at: datetime) -> Job:
    """Have a kind of the schedule done at once; raises WrongState while it waits or runs already."""
    by.must(JOBS.right(Verb.RETRY))
    open_states = (JobState.WAITING, JobState.RUNNING)
    with system(session, "the schedule is the system's own"):
        is_open = (Job.kind == kind.key, Job.person_id.is_(None), Job.state.in_(open_states), Job.due_at <= at)
        if session.scalar(select(Job.id).where(*is_open).limit(1)) is not None:
            raise WrongState(Label("It waits or runs already."))
    job = enqueue(session, kind, {}, at=at)
    note(session, AuditKind.JOB, about=job, changes={"state": [None, JobState.WAITING]})
    return job


def due_jobs(at: datetime, most: int, without: Collection[int] = ()) -> Sequence[int]:
    """The keys of the jobs that are due, the longest due first."""
    is_due = (Job.state == JobState.WAITING, Job.due_at <= at, Job.id.not_in(without))
    with short_transaction() as session:
        return session.scalars(select(Job.id).where(*is_due).order_by(Job.due_at, Job.id).limit(most)).all()


def claim(job_id: int, at: datetime) -> Claim | None:
    """Take a job on; None when somebody else did."""
    statement = (
        update(Job)
        .where(Job.id == job_id, Job.state == JobState.WAITING, Job.due_at <= at)
        .values(state=JobState.RUNNING, tries=Job.tries + 1, started_at=at, beat_at=at, done=0, total=0)
        .values(ended_at=None, milliseconds=None)
        .returning(Job.id, Job.kind, Job.arguments, Job.person_id, Job.tries, Job.most_tries)
        .execution_options(synchronize_session=False)
    )
    with short_transaction() as session:
        row = session.execute(statement).one_or_none()
        return Claim(**row._mapping, started_at=at) if row else None


def write(session: Session, claimed: Claim, **values: Any) -> None:
    """Write about a job that is run here, in the running transaction; raises Overtaken when it is not any more."""
    session.flush()  # by the rules of whom the session works for
    with session.no_autoflush, system(session, "the frame writes about the job that it runs"):
        statement = (
            update(Job)
            .where(Job.id == claimed.id, Job.state == JobState.RUNNING, Job.tries == claimed.tries)
            .values(**values, **_log(session, claimed))
            .execution_options(synchronize_session=False)
        )
        if rows_hit(session, statement) == 0:
            raise Overtaken
    claimed.untold.clear()


def _log(session: Session, claimed: Claim) -> dict[str, str]:
    """The log with what was told since, cut at the start of a line when it grows too long."""
    if not claimed.untold:
        return {}
    log = (session.scalar(select(Job.log).where(Job.id == claimed.id)) or "") + "".join(claimed.untold)
    return {"log": log if len(log) <= LONGEST_LOG else log[-LONGEST_LOG:].partition("\n")[2]}


def ended(claimed: Claim, state: JobState, outcome: Told) -> dict[str, Any]:
    """What is written about a job that ends here."""
    at = now()
    took = (at - claimed.started_at) // timedelta(milliseconds=1)
    return {"state": state, "ended_at": at, "milliseconds": max(took, 0), "outcome": outcome}


def put_off(claimed: Claim, outcome: Told, *, wait: timedelta | None = None) -> None:
    """Have a job that broke tried again, after ``wait`` or a longer while each time; the last try fails it."""
    if claimed.tries >= claimed.most_tries:
        fail(claimed, outcome)
        return
    pause = BACK_OFF[min(claimed.tries, len(BACK_OFF)) - 1] if wait is None else wait
    with short_transaction() as session:
        write(session, claimed, **{**ended(claimed, JobState.WAITING, outcome), "due_at": now() + pause})


def fail(claimed: Claim, outcome: Told) -> None:
    """End a job for good, with an entry in the audit log."""
    with short_transaction() as session:
        write(session, claimed, **ended(claimed, JobState.FAILED, outcome))
        change = {"state": [JobState.RUNNING, JobState.FAILED]}
        note(session, AuditKind.JOB, about=session.get_one(Job, claimed.id), changes=change, reason=str(outcome))


def beat(job_ids: Collection[int], at: datetime) -> None:
    """Say that the runner of these jobs lives."""
    if job_ids:
        is_running = (Job.id.in_(job_ids), Job.state == JobState.RUNNING)
        with short_transaction() as session:
            session.execute(update(Job).where(*is_running).values(beat_at=at))


def take_up_lost(at: datetime) -> None:
    """Have the jobs tried again whose runner was not heard of for long: it was killed, or its machine is away."""
    columns = (Job.id, Job.kind, Job.arguments, Job.person_id, Job.tries, Job.most_tries, Job.started_at)
    is_lost = (Job.state == JobState.RUNNING, Job.beat_at < at - LOST_AFTER)
    with short_transaction() as session:
        lost = [Claim(**row._mapping) for row in session.execute(select(*columns).where(*is_lost))]
    for one in lost:
        outcome = Told.of(Label("The program ended while it did this."))
        one.tell(outcome)
        with suppress(Overtaken):
            put_off(one, outcome, wait=timedelta())
