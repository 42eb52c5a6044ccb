"""The copy of the sales system by itself: every quarter of an hour, and when somebody asks for it."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import WrongState
from app.extensions import db
from app.i18n import Label, Told
from app.integrations.sales_system import Occasion, Refreshed, SalesSettings, refresh
from app.jobs.frame import Kind, Work, enqueue
from app.models.jobs import Job, JobState
from app.security.actor import Actor
from app.security.rights import SALES_SYSTEM, Verb
from app.security.scope import system

#: How often a refresh tells how far it is, in seconds.
TOLD_EVERY = 2


def _refresh(work: Work) -> Told:
    given = current_app.config["CRM_SETTINGS"].sales_config
    if given is None:
        return Told.of(Label("No sales system is set up."))
    settings = SalesSettings(Path(given))
    settings.refuse_faults()
    zone = current_app.extensions["crm_zone"]
    occasion = Occasion(zone, person_id=work.arguments.get("person"), progress=_teller(work))
    outcomes = [refresh(db.engine, source, occasion) for source in settings.sources.values()]
    for outcome in outcomes:
        _log(work, outcome)
    failed = sum(outcome.failure is not None for outcome in outcomes)
    return Told.of(Label("Sources refreshed: %(done)s, failed: %(failed)s"), done=len(outcomes) - failed, failed=failed)


def _teller(work: Work) -> Callable[[int, Callable[[], int]], None]:
    """Shows how far the kind that is read is, now and then."""
    told = [time.monotonic()]

    def tell(done: int, expected: Callable[[], int]) -> None:
        if time.monotonic() - told[0] >= TOLD_EVERY:
            told[0] = time.monotonic()
            work.progress(done, max(expected(), done))

    return tell


def _log(work: Work, outcome: Refreshed) -> None:
    if outcome.failure is not None:
        work.log(Label("%(source)s could not be refreshed."), source=outcome.source)
        work.log(outcome.failure.message, **outcome.failure.values)
        return
    for key, report in outcome.reports.items():
        work.log(
            Label("%(source)s, %(kind)s: %(created)s new, %(updated)s changed, %(failed)s set aside"),
            source=outcome.source,
            kind=key,
            created=report.created,
            updated=report.updated,
            failed=report.failed,
        )


REFRESH_SALES = Kind("refresh_sales", Label("Refresh from the sales system"), _refresh, every=timedelta(minutes=15))


def refresh_now(session: Session, *, by: Actor, at: datetime) -> Job:
    """Have everything refreshed as soon as a worker is free; raises WrongState while that waits or runs already."""
    by.must(SALES_SYSTEM.right(Verb.REFRESH))
    with system(session, "the refresh is the system's own"):
        is_open = Job.state.in_((JobState.WAITING, JobState.RUNNING))
        waiting = select(Job.id).where(Job.kind == REFRESH_SALES.key, is_open, Job.due_at <= at).limit(1)
        if session.scalar(waiting) is not None:
            raise WrongState(Label("It waits or runs already."))
    return enqueue(session, REFRESH_SALES, {"person": by.person_id}, at=at)
