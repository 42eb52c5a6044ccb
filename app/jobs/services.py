"""Service requests by themselves: deadlines that follow their rules, and telling who leads of what is overdue."""

from datetime import time, timedelta

from app.actions.services.overdue import tell_overdue
from app.actions.services.renewal import renew_open_deadlines
from app.actions.work_calendar import write_statutory_days
from app.i18n import Label, Told
from app.jobs.frame import Kind, Work


def _watch(work: Work) -> Told:
    renewed = told = 0
    for renewed in renew_open_deadlines(work.session, at=work.at):
        work.progress(renewed, renewed)
    while found := tell_overdue(work.session, at=work.at):
        told += found
        work.progress(told, told)
    return Told.of(Label("Deadlines renewed: %(renewed)s, overdue requests told: %(told)s"), renewed=renewed, told=told)


def _write_days(work: Work) -> Told:
    return Told.of(Label("Days written: %(count)s"), count=write_statutory_days(work.session, at=work.at))


WATCH_DEADLINES = Kind("watch_deadlines", Label("Watch the deadlines of services"), _watch, every=timedelta(minutes=5))
WRITE_STATUTORY_DAYS = Kind(
    "write_statutory_days", Label("Write the statutory holidays that became known"), _write_days, every=time(2, 40)
)
