"""Management reports by themselves: telling whoever has not submitted that a report is due."""

from datetime import time

from app.actions.management_reports import tell_due
from app.i18n import Label, Told
from app.jobs.frame import Kind, Work


def _tell(work: Work) -> Told:
    count = tell_due(work.session, today=work.at.date(), at=work.at)
    return Told.of(Label("Reminders written: %(count)s"), count=count)


TELL_DUE_REPORTS = Kind("tell_due_reports", Label("Tell which management reports are due"), _tell, every=time(8, 30))
