"""Reminders by themselves: telling everybody what is due, and deleting the old ones."""

from datetime import time, timedelta

from app.actions.reminders import forget_reminders, remind_of_what_is_due
from app.actions.settings import KEEP_REMINDERS_DAYS, value_of
from app.i18n import Label, Told
from app.jobs.frame import Kind, Work


def _tell(work: Work) -> Told:
    count = remind_of_what_is_due(work.session, today=work.at.date(), at=work.at)
    return Told.of(Label("Reminders written: %(count)s"), count=count)


def _forget(work: Work) -> Told:
    kept = timedelta(days=value_of(work.session, KEEP_REMINDERS_DAYS))
    count = forget_reminders(work.session, work.at - kept)
    return Told.of(Label("Reminders deleted: %(count)s"), count=count)


TELL_DUE = Kind("tell_due", Label("Tell what is due"), _tell, every=timedelta(minutes=15))
FORGET_REMINDERS = Kind("forget_reminders", Label("Delete old reminders"), _forget, every=time(3, 0))
