"""Deleting the jobs that ended long ago."""

from datetime import time, timedelta

from app.actions.jobs import forget_jobs
from app.actions.settings import KEEP_JOBS_DAYS, value_of
from app.i18n import Label, Told
from app.jobs.frame import Kind, Work


def _forget(work: Work) -> Told:
    kept = timedelta(days=value_of(work.session, KEEP_JOBS_DAYS))
    count = forget_jobs(work.session, work.at - kept)
    return Told.of(Label("Jobs deleted: %(count)s"), count=count)


FORGET_JOBS = Kind("forget_jobs", Label("Delete old jobs"), _forget, every=time(3, 10))
