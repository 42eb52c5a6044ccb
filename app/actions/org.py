"""People: the first administrator, who may change whom, and passwords."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, validate
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from app.actions.workflow import refuse_stale
from app.errors import Forbidden, Invalid, WrongState
from app.i18n import Label
from app.models.org import Department, Employee
from app.security.actor import NEAR, Actor, holders_of, holds
from app.security.granting import KnownRole, known_roles, may_give, take_turns
from app.security.passwords import refuse_weak
from app.security.rights import DEFAULT_ROLES, ROLES, USERS, Verb
from app.security.roles import default_role

LONGEST_USERNAME = 64
#: What a person is given by a form.
TYPED_FIELDS = (
    "username",
    "last_name",
    "first_name",
    "email",
    "phone",
    "department",
    "roles",
    "regions",
    "industries",
    "active",
    "locale",
)
#: Somebody enabled always holds all of these, so that rights can be mended.
ADMINISTERING = tuple(screen.right(verb) for screen in (USERS, ROLES) for verb in (Verb.SEE, Verb.CREATE, Verb.EDIT))
OWN_DEPARTMENT = Label("What you see depends on your department: ask somebody else to change it.")
SEES_MORE = Label("You would see more by this than now: ask somebody else to do it.")
#: Letters and digits that nobody takes for one another when he reads or types them.
PLAIN_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def set_password(person: Employee, password: str, *, is_own: bool = False) -> None:
    """Give ``person`` a password; raises Invalid when it is weak.

    One that is not ``is_own``, chosen by its person, must be changed after the next sign-in.
    """
    refuse_weak(password, person)
    person.password = generate_password_hash(password)
    person.must_change_password = not is_own


def has_administrator(session: Session) -> bool:
    """Whether somebody who can sign in could mend the rights of people and roles."""
    return session.scalar(administrators().limit(1)) is not None


def administrators() -> Select[int]:
    """The keys of those who can sign in and could mend the rights of people and roles."""
    holders = [Employee.id.in_(holders_of(right)) for right in ADMINISTERING]
    return select(Employee.id).where(Employee.active.is_(True), *holders)


def make_administrator(session: Session, username: str, password: str) -> Employee:
    """The first administrator; raises Invalid for a name that is taken or has blanks, and for a weak password."""
    _check_username(session, username)
    role = default_role(session, DEFAULT_ROLES[0].name)
    if role is None:
        raise WrongState(Label("The administrator's role was deleted: give its rights to another one first."))
    person = Employee(
        username=username,
        first_name="",
        last_name=username,
        email=f"{username}@localhost.invalid",
        active=True,
    )
    person.roles = [role]
    set_password(person, password, is_own=True)
    session.add(person)
    session.flush()
    return person


# ---- who may change whom ------------------------------------------------------------------------------


def check_person(person: Employee, roles: Iterable[KnownRole], *, by: Actor) -> None:
    """Raises Forbidden when ``by``, to whom ``roles`` are known, may not change a person: one who holds more."""
    by.must(USERS.right(Verb.EDIT))
    if not may_give(person.roles, roles):
        raise Forbidden(Label("This person holds rights that you do not have. Only somebody who has them may do this."))


def ensure_administrator(session: Session) -> None:
    """After every change of rights, roles and people: raises WrongState when nobody could mend rights any more.

    Flushes, and lets nobody else change rights until the transaction ends, so that two together cannot take away
    what neither could alone.
    """
    session.flush()
    take_turns(session, USERS)
    if not has_administrator(session):
        raise WrongState(Label("After this nobody could administer the program any more: leave one administrator."))


def depends_on_department(by: Actor) -> bool:
    """Whether what ``by`` sees or writes depends on the department he belongs to or heads."""
    return bool(NEAR & {*by.reads.values(), *by.writes.values()})


def comes_near(by: Actor, before: str, after: str) -> bool:
    """Whether what moves from one path of departments to another comes within what ``by`` sees or writes."""
    near = NEAR & {*by.reads.values(), *by.writes.values()}
    return any(by.includes(reach, after) and not by.includes(reach, before) for reach in near)


# ---- people -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FirstPassword:
    """A password made for somebody, to be shown once; it has to be changed at the next sign-in."""

    person: Employee
    password: str


def create_person(session: Session, values: Mapping[str, Any], *, by: Actor) -> FirstPassword:
    """A new person of the typed ``values``, with a first password; flushes."""
    by.must(USERS.right(Verb.CREATE))
    take_turns(session, USERS)
    _check_values(session, values, by)
    person = Employee(created_by_fk=by.person_id, active=True)
    _fill(person, values)
    session.add(person)
    return _with_first_password(session, person)


def edit_person(
    session: Session, person: Employee, values: Mapping[str, Any], *, by: Actor, at: datetime, version: int | None
) -> None:
    """Change a person; raises Stale when somebody else did meanwhile. Flushes."""
    _hold(session, person, by=by)
    refuse_stale(session, person, version)
    _check_values(session, values, by, person)
    access = (set(person.roles), person.active)
    _fill(person, values)
    _mark(person, by, at)
    session.flush()
    if access != (set(person.roles), person.active):
        _settle_access(session, person, by=by)


def disable_person(session: Session, person: Employee, *, by: Actor, at: datetime) -> None:
    """Nobody is deleted: a disabled person cannot sign in, gets no new work and stays on old records. Flushes."""
    _hold(session, person, by=by)
    if not person.active:
        raise WrongState(Label("This person is disabled already."))
    person.active = False
    _mark(person, by, at)
    session.flush()
    _settle_access(session, person, by=by)


def enable_person(session: Session, person: Employee, *, by: Actor, at: datetime) -> None:
    """Let a disabled person in again. Flushes."""
    _hold(session, person, by=by)
    if person.active:
        raise WrongState(Label("This person is enabled already."))
    person.active = True
    _mark(person, by, at)
    session.flush()


def reset_password(session: Session, person: Employee, *, by: Actor, at: datetime) -> FirstPassword:
    """Another first password, for somebody who has forgotten his. Flushes."""
    _hold(session, person, by=by)
    if person.id == by.person_id:
        raise WrongState(Label("Your own password is changed in “My account”, not here."))
    _mark(person, by, at)
    return _with_first_password(session, person)


def _hold(session: Session, person: Employee, *, by: Actor) -> None:
    """Be alone with ``person`` as he stands now; raises Forbidden when ``by`` may not change him."""
    take_turns(session, USERS)
    session.refresh(person)
    check_person(person, known_roles(session, by=by), by=by)


def _settle_access(session: Session, person: Employee, *, by: Actor) -> None:
    """After roles or activity have changed: nobody locks himself out, and somebody can still administer."""
    if person.id == by.person_id:
        _refuse_own_end(session, person)
    ensure_administrator(session)


def _refuse_own_end(session: Session, person: Employee) -> None:
    if not person.active:
        raise WrongState(Label("You cannot disable yourself: ask somebody else who manages people."))
    if not holds(session, person.id, USERS.right(Verb.EDIT)):
        raise WrongState(Label("You cannot take your own right to manage people away."))


def _fill(person: Employee, values: Mapping[str, Any]) -> None:
    for field in TYPED_FIELDS:
        if field in values:
            setattr(person, field, values[field])


def _mark(person: Employee, by: Actor, at: datetime) -> None:
    person.version += 1
    person.changed_by_fk = by.person_id
    person.changed_on = at.astimezone(UTC).replace(tzinfo=None)  # the framework's own columns know no zone


def _with_first_password(session: Session, person: Employee) -> FirstPassword:
    """Three groups of four letters that can be read out; some 59 bits."""
    password = "-".join("".join(secrets.choice(PLAIN_LETTERS) for _ in range(4)) for _ in range(3))
    person.password, person.must_change_password = generate_password_hash(password), True
    session.flush()
    return FirstPassword(person, password)


# ---- checks -------------------------------------------------------------------------------------------


def _check_values(session: Session, values: Mapping[str, Any], by: Actor, person: Employee | None = None) -> None:
    key = person.id if person else 0
    if "username" in values:
        _check_username(session, values["username"], besides=key)
    if "email" in values:
        _check_mail(session, values["email"], besides=key)
    if not may_give(values.get("roles", ()), known_roles(session, by=by)):
        raise Invalid({"roles": Label("These roles go beyond your own rights.")})
    if person is not None and "department" in values:
        _check_department(person, values["department"], by)


def _check_department(person: Employee, department: Department | None, by: Actor) -> None:
    """Nobody lets himself see or write more by the department that he or anybody else belongs to."""
    if department is person.department:
        return
    if person.id == by.person_id and depends_on_department(by):
        raise Invalid({"department": OWN_DEPARTMENT})
    before, after = (place.path if place else "" for place in (person.department, department))
    if comes_near(by, before, after):
        raise Invalid({"department": SEES_MORE})


def _check_username(session: Session, username: str, besides: int = 0) -> None:
    if not username or len(username) > LONGEST_USERNAME or any(letter.isspace() for letter in username):
        raise Invalid({"username": Label("A user name has no spaces.")})
    same = select(Employee.id).where(func.lower(Employee.username) == username.lower(), Employee.id != besides)
    if session.scalar(same) is not None:
        raise Invalid({"username": Label("This user name is taken.")})


def _check_mail(session: Session, email: str, besides: int) -> None:
    try:
        validate.Email()(email)
    except ValidationError:
        raise Invalid({"email": Label("This is not a mail address.")}) from None
    same = select(Employee.id).where(func.lower(Employee.email) == email.lower(), Employee.id != besides)
    if session.scalar(same) is not None:
        raise Invalid({"email": Label("Somebody else has this mail address.")})
