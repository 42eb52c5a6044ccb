"""Signing in: who knows a password, and how guessing is slowed down without keeping anybody out.

A *source* of tries is a device in which the account signed in before, else a network. Within five minutes

- a source has five wrong tries at one account,
- a source has twenty wrong tries at all accounts together,
- once an account has had twenty wrong tries from anywhere, a source it never came from has one.

So a stranger slows down himself, those who share his network, and newcomers. The owner of an account still comes in
from his own devices and his own networks at once, and from anywhere else with a right password at the first try.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash

from app.actions.sessions import hash_of
from app.models.audit import AuditKind
from app.models.base import rows_hit
from app.models.org import Employee
from app.models.sessions import SignIn
from app.models.sign_in import SignInTry, TryOutcome
from app.security.audit import Origin, note

WINDOW = timedelta(minutes=5)
MOST_AT_ONE_ACCOUNT = 5
MOST_OF_ONE_SOURCE = 20
MANY_AT_ONE_ACCOUNT = 20
MOST_OF_A_STRANGER = 1
KEPT = timedelta(days=1)
#: Nobody's password: looked at in place of one that is missing, so that every wrong try takes the same work.
NOBODY = "scrypt:32768:8:1$" + "0" * 16 + "$" + "0" * 128


def network_of(address: str) -> str:
    """What an address counts as: itself, or of an IPv6 address the /64 that one household has; empty for none."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or ip_network((found.packed, 64), strict=False))


# ---- counting -----------------------------------------------------------------------------------------


def begin_try(session: Session, name: str, *, network: str, device: str, at: datetime) -> SignInTry:
    """A try at the account ``name``, which counts as wrong until it proves right. Flushes.

    It has to be committed before ``allowed_from``: of tries at one moment, in whichever process, the last to be
    committed then sees all others, and not one more password is looked at than the limits allow.
    """
    device_hash = hash_of(device)
    came_by_device, came_by_network = session.execute(
        select(_came_from(name, SignIn.device_hash == device_hash), _came_from(name, SignIn.network == network))
    ).one()
    tried = SignInTry(
        account=hashlib.sha256(name.lower().encode()).hexdigest(),
        source=device_hash if came_by_device else network,
        is_known=came_by_device or came_by_network,
        at=at,
    )
    session.add(tried)
    session.flush()
    return tried


def _came_from(name: str, place: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(_is_named(name), SignIn.person_id == Employee.id, place)


def allowed_from(session: Session, tried: SignInTry) -> datetime | None:
    """When a try like this is allowed again; None when it is allowed now."""
    account, source = SignInTry.account == tried.account, SignInTry.source == tried.source
    limits = [
        _full_until(session, tried, MOST_AT_ONE_ACCOUNT, account & source),
        _full_until(session, tried, MOST_OF_ONE_SOURCE, source),
    ]
    if not tried.is_known and _full_until(session, tried, MANY_AT_ONE_ACCOUNT, account):
        limits.append(_full_until(session, tried, MOST_OF_A_STRANGER, account & source))
    return max((limit for limit in limits if limit is not None), default=None)


def _full_until(session: Session, tried: SignInTry, most: int, like_it: ColumnElement[bool]) -> datetime | None:
    """When the oldest of the last ``most`` other wrong tries falls out of the window; None while there are fewer."""
    others = select(SignInTry.at).where(
        like_it,
        SignInTry.id != tried.id,
        SignInTry.outcome == TryOutcome.WRONG,
        SignInTry.at > tried.at - WINDOW,
    )
    oldest = session.scalar(others.order_by(SignInTry.at.desc()).offset(most - 1).limit(1))
    return None if oldest is None else oldest + WINDOW


def refuse_try(session: Session, tried: SignInTry, *, reason: str, origin: Origin) -> None:
    """Take back a try whose password is not looked at, so that waiting helps.

    The first one of a source in the window stays as a mark, and is noted in the audit log in place of all others.
    """
    marks = select(SignInTry.id).where(
        SignInTry.source == tried.source,
        SignInTry.outcome == TryOutcome.REFUSED,
        SignInTry.at > tried.at - WINDOW,
    )
    if session.scalar(marks.limit(1)) is not None:
        session.delete(tried)
        return
    tried.outcome = TryOutcome.REFUSED
    note(session, AuditKind.SIGN_IN_FAILED, reason=reason, origin=origin)


def forget_old_tries(session: Session, *, at: datetime) -> int:
    """Delete the tries that count no more. Returns how many."""
    return rows_hit(session, delete(SignInTry).where(SignInTry.at < at - KEPT))


@dataclass(frozen=True)
class Proof:
    """That somebody knew the password of ``person`` when it was kept as ``password``."""

    person: Employee
    password: str

    def holds(self, session: Session) -> bool:
        """Whether it still lets in, which nobody changes from here until the transaction ends."""
        session.refresh(self.person, with_for_update={"key_share": True})
        return bool(self.person.active) and self.person.password == self.password


# ---- the password -------------------------------------------------------------------------------------


def judge_try(session: Session, tried: SignInTry, name: str, password: str, *, origin: Origin) -> Employee | None:
    """The person of that name, when enabled and the password is right; None otherwise, noted in the audit log.

    An unknown name, a disabled person and one without a password take the same work as a wrong password.
    """
    person = session.scalar(select(Employee).where(_is_named(name)))
    stored = (person.password if person is not None and person.active else None) or ""
    is_real = stored.count("$") == NOBODY.count("$")
    is_right = check_password_hash(stored if is_real else NOBODY, password) and is_real
    if is_right and isinstance(person, Employee):
        tried.outcome = TryOutcome.RIGHT
        person.last_login = tried.at.astimezone().replace(tzinfo=None)  # the framework's column knows no zone
        return person
    note(session, AuditKind.SIGN_IN_FAILED, origin=origin)
    return None


def _is_named(name: str) -> ColumnElement[bool]:
    return func.lower(Employee.username) == name.lower()
