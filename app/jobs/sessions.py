"""Sessions by themselves: those of long ago are forgotten, and the tries to sign in that count no more."""

from datetime import time

from app.actions.sessions import forget_old_sessions
from app.actions.sign_in import forget_old_tries
from app.i18n import Label, Told
from app.jobs.frame import Kind, Work


def _forget(work: Work) -> Told:
    count = forget_old_sessions(work.session, at=work.at) + forget_old_tries(work.session, at=work.at)
    return Told.of(Label("Sessions and tries deleted: %(count)s"), count=count)


FORGET_SESSIONS = Kind("forget_sessions", Label("Delete old sessions"), _forget, every=time(3, 20))
