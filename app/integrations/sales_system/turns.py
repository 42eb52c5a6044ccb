"""Whose turn it is: one refresh of a source at a time, on all machines; the row of a refresh says who runs it."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import DomainError, WrongState
from app.i18n import Label, Told
from app.models.base import rows_hit
from app.models.sales_system import Refresh, RefreshState
from app.security.actor import SYSTEM

#: After so long without a sign of life a refresh is taken for dead, if nothing is known about its process.
LOST_AFTER = timedelta(minutes=10)
BEAT_EVERY = timedelta(seconds=20)
MACHINE = socket.gethostname()[:60]
#: Tells this process from an earlier one that had its number, as after a restart of a container.
PROCESS = secrets.token_hex(8)
ENDED = Label("The program ended while it did this.")


class Overtaken(DomainError):
    """The refresh was taken for dead and another one runs: nothing of this one may be kept."""

    def __init__(self) -> None:
        super().__init__(Label("Another refresh of this source has begun meanwhile."))


class Turn:
    """A refresh that runs here."""

    def __init__(self, engine: Engine, refresh_id: int, at: datetime) -> None:
        self.refresh_id = refresh_id
        self._engine = engine
        self._beat_at = at

    def beat(self, at: datetime) -> None:
        """Say now and then that it lives; raises Overtaken."""
        if at - self._beat_at >= BEAT_EVERY:
            self._beat_at = at
            with short(self._engine) as session:
                self.hold(session, at)

    def hold(self, session: Session, at: datetime) -> None:
        """Nobody takes it over while this transaction lasts; raises Overtaken when somebody did."""
        is_ours = (Refresh.id == self.refresh_id, Refresh.state == RefreshState.RUNNING)
        if rows_hit(session, update(Refresh).where(*is_ours).values(beat_at=at)) == 0:
            raise Overtaken

    def end(self, session: Session, state: RefreshState, at: datetime, outcome: Told | None) -> Refresh:
        """Write what became of it, in the running transaction."""
        refresh = session.get_one(Refresh, self.refresh_id)
        refresh.state, refresh.ended_at, refresh.outcome = state, at, outcome
        refresh.milliseconds = max((at - refresh.started_at) // timedelta(milliseconds=1), 0)
        return refresh

    def fail(self, at: datetime, outcome: Told) -> None:
        """End it as failed, unless somebody did."""
        with suppress(Overtaken), short(self._engine) as session:
            self.hold(session, at)
            self.end(session, RefreshState.FAILED, at, outcome)


def begin(engine: Engine, refresh: Refresh) -> Turn:
    """Take the turn of a refresh's source; raises WrongState while somebody else has it."""
    at = refresh.started_at
    refresh.state, refresh.holder, refresh.beat_at = RefreshState.RUNNING, _holder(), at
    _end_dead(engine, refresh.source, at)
    try:
        with short(engine) as session:
            session.add(refresh)
            session.flush()
            return Turn(engine, refresh.id, at)
    except IntegrityError:
        raise WrongState(Label("A refresh of this source is running already.")) from None


def _end_dead(engine: Engine, source: str, at: datetime) -> None:
    """End the refresh whose process was killed or is away."""
    is_running = (Refresh.source == source, Refresh.state == RefreshState.RUNNING)
    with short(engine) as session:
        for refresh in session.scalars(select(Refresh).where(*is_running)).all():
            if _is_dead(refresh.holder) or (refresh.beat_at or refresh.started_at) < at - LOST_AFTER:
                Turn(engine, refresh.id, at).end(session, RefreshState.FAILED, at, Told.of(ENDED))


def _holder() -> str:
    return f"{MACHINE}/{os.getpid()}/{PROCESS}"


def _is_dead(holder: str) -> bool:
    """Whether the process is known not to run any more; of another machine's nothing is known."""
    machine, number, process = [*holder.split("/"), "", ""][:3]
    if machine != MACHINE or not number.isdigit() or os.name != "posix":
        return False
    if int(number) == os.getpid():
        return process != PROCESS
    try:
        os.kill(int(number), 0)  # asks, and does nothing to it
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


@contextmanager
def short(engine: Engine) -> Iterator[Session]:
    """A short transaction of its own, as the system."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        session.info["actor"] = SYSTEM
        yield session
