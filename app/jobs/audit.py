"""The audit log by itself: its entries are sealed within a minute."""

from datetime import timedelta

from app.actions.audit import seal
from app.i18n import Label, Told
from app.jobs.frame import Kind, Work


def _seal(work: Work) -> Told:
    return Told.of(Label("Entries sealed: %(count)s"), count=seal(work.session, at=work.at))


SEAL = Kind("seal", Label("Seal the audit log"), _seal, every=timedelta(minutes=1))
