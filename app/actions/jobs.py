"""Jobs as people see them: having one tried again, what the schedule did last, and which are forgotten."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.errors import Forbidden, WrongState
from app.i18n import Label
from app.models.audit import AuditKind
from app.models.base import rows_hit
from app.models.jobs import Job, JobState
from app.security.actor import Actor
from app.security.audit import note
from app.security.rights import JOBS, Verb
from app.security.scope import system

ENDED = (JobState.DONE, JobState.FAILED)


def may_retry(job: Job, by: Actor) -> bool:
    """Whether ``by`` may have ``job`` tried again: his own, or anybody's with the right."""
    return by.may(JOBS.right(Verb.RETRY)) or (job.person_id is not None and job.person_id == by.person_id)


def retry(session: Session, job: Job, *, by: Actor, at: datetime) -> None:
    """Have a failed job done once more from the start; raises WrongState for any other."""
    if not may_retry(job, by):
        raise Forbidden(Label("You do not have the right to do this."))
    again = (
        update(Job)
        .where(Job.id == job.id, Job.state == JobState.FAILED)
        .values(state=JobState.WAITING, due_at=at, most_tries=Job.tries + 1)
        .execution_options(synchronize_session=False)
    )
    with system(session, "the state of a job is the system's own"):
        if rows_hit(session, again) == 0:
            raise WrongState(Label("Only a failed job can be tried again."))
    note(session, AuditKind.JOB, about=job, changes={"state": [JobState.FAILED, JobState.WAITING]})


def latest_jobs(session: Session, kinds: Iterable[str]) -> Mapping[str, Job]:
    """The newest job of each of the kinds that the system did by itself."""
    newest = select(func.max(Job.id)).where(Job.kind.in_(list(kinds)), Job.person_id.is_(None)).group_by(Job.kind)
    return {job.kind: job for job in session.scalars(select(Job).where(Job.id.in_(newest)))}


def forget_jobs(session: Session, before: datetime) -> int:
    """Delete the jobs that ended before that moment; returns how many."""
    is_old = (Job.state.in_(ENDED), Job.ended_at < before)
    return rows_hit(session, delete(Job).where(*is_old).execution_options(synchronize_session=False))
