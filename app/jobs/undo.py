"""Bulk changes by themselves: what is too old to be undone is forgotten."""

from datetime import time

from app.actions.undo import KEPT_FOR, forget
from app.i18n import Label, Told
from app.jobs.frame import Kind, Work


def _forget(work: Work) -> Told:
    return Told.of(Label("Bulk changes forgotten: %(count)s"), count=forget(work.session, work.at - KEPT_FOR))


FORGET_BULK_CHANGES = Kind("forget_bulk_changes", Label("Forget old bulk changes"), _forget, every=time(3, 30))
