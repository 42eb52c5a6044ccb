"""People: the first administrator, and passwords."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from app.errors import Invalid, WrongState
from app.i18n import Label
from app.models.org import Employee
from app.security.actor import holders_of
from app.security.passwords import refuse_weak
from app.security.rights import DEFAULT_ROLES, USERS, Verb
from app.security.roles import default_role


def set_password(person: Employee, password: str, *, is_own: bool = False) -> None:
    """Give ``person`` a password; raises Invalid when it is weak.

    One that is not ``is_own``, chosen by its person, must be changed after the next sign-in.
    """
    refuse_weak(password, person)
    person.password = generate_password_hash(password)
    person.must_change_password = not is_own


def has_administrator(session: Session) -> bool:
    """Whether somebody who can sign in may take in people, which only an administrator may."""
    holders = Employee.id.in_(holders_of(USERS.right(Verb.IMPORT)))
    return session.scalar(select(Employee.id).where(holders, Employee.active.is_(True)).limit(1)) is not None


def make_administrator(session: Session, username: str, password: str) -> Employee:
    """The first administrator; raises Invalid for a name that is taken or has blanks, and for a weak password."""
    if not username or len(username) > 64 or any(letter.isspace() for letter in username):
        raise Invalid({"username": Label("A user name has no spaces.")})
    if session.scalar(select(Employee.id).where(func.lower(Employee.username) == username.lower())):
        raise Invalid({"username": Label("This user name is taken.")})
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
