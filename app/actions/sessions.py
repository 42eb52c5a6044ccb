"""Sessions: begun at each sign-in, recognised by a token, ended by their person, by time or by a change of rights."""

import hashlib
import secrets
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, event, inspect, select, update
from sqlalchemy.orm import Session

from app.actions.settings import IDLE_MINUTES, LONGEST_HOURS, read, stored, values_of
from app.clock import now
from app.i18n import Told
from app.models.audit import AuditKind
from app.models.base import mapper_of, rows_hit
from app.models.org import Employee
from app.models.sessions import EndReason, SignIn
from app.security.actor import Person
from app.security.audit import note, place_of, write

#: That somebody was here is kept once in this time.
SEEN_EVERY = timedelta(minutes=1)
#: How long a device and a network count as those of an account, after its last sign-in from there.
REMEMBERED = timedelta(days=180)


def hash_of(secret: str) -> str:
    """What is stored of a secret that is too long to be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True)
class Visit:
    """Where a sign-in comes from: the address and the network it counts as, the browser, and the device's number."""

    address: str = ""
    network: str = ""
    user_agent: str = ""
    device: str = ""


def begin_session(session: Session, person: Employee, visit: Visit, *, at: datetime) -> str:
    """Let ``person`` in; returns the token that only the browser keeps. Flushes."""
    token = secrets.token_urlsafe(32)
    session.add(
        SignIn(
            token_hash=hash_of(token),
            person_id=person.id,
            device_hash=hash_of(visit.device),
            address=visit.address[:45],
            network=visit.network,
            user_agent=visit.user_agent[:300],
            started_at=at,
            last_seen_at=at,
        )
    )
    session.flush()
    return token


# ---- recognising --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """Whose token it is, and why it is good no more; ``was_over`` when that was kept before.

    The limits are those of now.
    """

    sign_in_id: int
    person: Person
    ended_because: EndReason | None
    was_over: bool
    last_seen_at: datetime
    idle_minutes: int
    longest_hours: int

    @property
    def is_in(self) -> bool:
        """Whether the person is let in."""
        return self.ended_because is None


def recognise(session: Session, token: str, *, at: datetime) -> Known | None:
    """Who shows ``token``, found in one statement; None for nobody."""
    found = session.execute(_of_token(), {"token_hash": hash_of(token)}).first()
    if found is None:
        return None
    sign_in_id, started_at, last_seen_at, ended_at, why, idle, longest, *values = found
    person = Person(*values)
    minutes, hours = read(IDLE_MINUTES, idle), read(LONGEST_HOURS, longest)
    if why is None and not person.active:
        why = EndReason.DISABLED
    elif why is None and at - started_at >= timedelta(hours=hours):
        why = EndReason.TOO_OLD
    elif why is None and at - last_seen_at >= timedelta(minutes=minutes):
        why = EndReason.IDLE
    return Known(sign_in_id, person, why, ended_at is not None, last_seen_at, minutes, hours)


@cache
def _of_token() -> Select[Any]:
    """Made once and of the tables, since every request asks it."""
    sign_in, person = (mapper_of(model).local_table.c for model in (SignIn, Employee))
    times = (sign_in.started_at, sign_in.last_seen_at, sign_in.ended_at)
    limits = (stored(IDLE_MINUTES), stored(LONGEST_HOURS))
    values = (person[one.name] for one in fields(Person))
    return select(sign_in.id, *times, sign_in.ended_because, *limits, *values).where(
        sign_in.token_hash == bindparam("token_hash"), person.id == sign_in.person_id
    )


def keep_seen(session: Session, known: Known, *, at: datetime) -> None:
    """Keep that the person was here just now, or that the session is over."""
    values = {"last_seen_at": at} if known.is_in else {"ended_at": at, "ended_because": known.ended_because}
    still_open = (SignIn.id == known.sign_in_id, SignIn.ended_at.is_(None))
    session.execute(update(SignIn).where(*still_open).values(values).execution_options(synchronize_session=False))


def open_sessions(session: Session, person_id: int, *, at: datetime) -> list[SignIn]:
    """The sessions in which a person is in, the one seen last first."""
    limits = values_of(session, (IDLE_MINUTES, LONGEST_HOURS))
    statement = _open(person_id).where(
        SignIn.last_seen_at > at - timedelta(minutes=limits[IDLE_MINUTES.key]),
        SignIn.started_at > at - timedelta(hours=limits[LONGEST_HOURS.key]),
    )
    return list(session.scalars(statement.order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())))


def open_session(session: Session, person_id: int, sign_in_id: int) -> SignIn | None:
    """One session of a person that was not ended."""
    return session.scalar(_open(person_id).where(SignIn.id == sign_in_id))


def _open(person_id: int) -> Select[SignIn]:
    return select(SignIn).where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))


# ---- ending -------------------------------------------------------------------------------------------


def end_session(session: Session, sign_in: SignIn, *, why: EndReason, at: datetime) -> None:
    """End one session; noted in the audit log. Flushes."""
    sign_in.ended_at, sign_in.ended_because = at, why
    session.flush()
    note(session, AuditKind.SIGN_OUT, about=sign_in.person, reason=Told.of(why.label).message)


def end_sessions(session: Session, person_id: int, *, why: EndReason, at: datetime, but: int | None = None) -> int:
    """End every session of a person, ``but`` for one; noted in the audit log. Returns how many."""
    ending = update(SignIn).where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))
    if but is not None:
        ending = ending.where(SignIn.id != but)
    ending = ending.values(ended_at=at, ended_because=why).execution_options(synchronize_session=False)
    count = len(session.scalars(ending.returning(SignIn.id)).all())
    if count:
        # Written without the flush that ``note`` makes, since a flush may be what ends them.
        about = place_of(session.get_one(Employee, person_id))
        write(session, [{"kind": AuditKind.SIGN_OUT, "changes": {}, "reason": Told.of(why.label).message, **about}])
    return count


def end_with_change(session_class: type[Session]) -> None:
    """Let every session of ``session_class`` end the sign-ins of people whose password, roles or activity it changes.

    It stands in the session, so that no screen, command or import can forget it. The sign-in for which the session
    works (``info["sign_in_id"]``) stays: who changes his own password is not thrown out by it.
    """
    event.listen(session_class, "before_flush", _end_changed)


def _end_changed(session: Session, *_: Any) -> None:
    for person in session.dirty:
        why = _why_ended(person) if isinstance(person, Employee) else None
        if why is not None:
            # Whoever is being let in just now is waited for, and ended here; or he waits, and is judged anew.
            session.execute(select(Employee.id).where(Employee.id == person.id).with_for_update(key_share=True))
            end_sessions(session, person.id, why=why, at=now(), but=session.info.get("sign_in_id"))


def _why_ended(person: Employee) -> EndReason | None:
    fields: Any = inspect(person).attrs
    if fields.active.history.has_changes() and not person.active:
        return EndReason.DISABLED
    if fields.password.history.has_changes():
        return EndReason.PASSWORD_CHANGED
    return EndReason.ROLES_CHANGED if fields.roles.history.has_changes() else None


def forget_old_sessions(session: Session, *, at: datetime) -> int:
    """Delete the sessions nobody was seen in for long, which also lets their devices be strangers. Returns how many."""
    return rows_hit(session, delete(SignIn).where(SignIn.last_seen_at < at - REMEMBERED))
