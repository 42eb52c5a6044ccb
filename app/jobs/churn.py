"""The churn scan by itself, every week at the time of the settings, and when somebody asks for it."""

from datetime import datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actions.churn.scan import scan_churn
from app.actions.settings import CHURN_HOUR, CHURN_WEEKDAY, values_of
from app.errors import WrongState
from app.i18n import Label, Told
from app.jobs.frame import Kind, Weekly, Work, enqueue
from app.models.jobs import Job, JobState
from app.security.actor import SYSTEM, Actor
from app.security.rights import CHURN, Verb
from app.security.scope import actor_of, system


def _scan(work: Work) -> Told:
    found = scan_churn(work.session, by=actor_of(work.session) or SYSTEM, at=work.at)
    sentence = Label(
        "Customers checked: %(checked)s, cases opened: %(opened)s, open already: %(already_open)s, "
        "recovered: %(recovered)s"
    )
    return Told.of(
        sentence,
        checked=found.checked,
        opened=found.opened,
        already_open=found.already_open,
        recovered=found.recovered,
    )


def _when(session: Session) -> Weekly:
    values = values_of(session, (CHURN_WEEKDAY, CHURN_HOUR))
    return Weekly(values[CHURN_WEEKDAY.key], time(values[CHURN_HOUR.key]))


SCAN_CHURN = Kind("scan_churn", Label("Churn scan"), _scan, every=_when)


def scan_now(session: Session, *, by: Actor, at: datetime) -> Job:
    """Have customers scanned as soon as a worker is free; raises WrongState while that waits or runs already."""
    by.must(CHURN.right(Verb.SCAN))
    with system(session, "whoever asked for the scan that waits, it is the same one"):
        is_open = Job.state.in_((JobState.WAITING, JobState.RUNNING))
        waiting = select(Job.id).where(Job.kind == SCAN_CHURN.key, is_open, Job.due_at <= at).limit(1)
        if session.scalar(waiting) is not None:
            raise WrongState(Label("It waits or runs already."))
    return enqueue(session, SCAN_CHURN, {}, for_person=by.person_id, at=at)
