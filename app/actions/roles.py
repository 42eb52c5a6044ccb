"""Roles: made, copied, renamed, deleted, and what each can do, which changes in published versions."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.actions.org import ensure_administrator
from app.errors import Forbidden, Invalid, OutOfSight, Stale, WrongState
from app.i18n import Label, format_moment, gettext, listed
from app.models.org import Employee, Reach, RoleReach
from app.models.roles import Role, RoleVersion, assoc_user_role
from app.security.actor import Actor, rights_of_anybody
from app.security.rights import ROLES, SCREENS, Verb, all_rights, name_of_right
from app.security.roles import (
    NO_REACH,
    REACHES,
    RoleChange,
    RoleState,
    change_between,
    combined,
    forget_default_role,
    name_of_role,
    rights_by_key,
    scope_modules,
    states_of,
)

LONGEST_NAME = 64
#: How many versions are listed, the newest ones.
MOST_VERSIONS = 100
#: How many rights a refusal names.
NAMES_TOLD = 5


def state_of(session: Session, role: Role) -> RoleState:
    """What the role can do now."""
    return states_of(session, [role.id])[role.id]


# ---- making, naming, deleting ---------------------------------------------------------------------------


def create_role(session: Session, name: str, *, by: Actor, at: datetime, like: Role | None = None) -> Role:
    """A new role without rights, or one that can do what ``like`` can; nobody holds it. Flushes.

    Raises Invalid for a name that does not fit or is taken, Forbidden when ``like`` can do more than ``by``.
    """
    by.must(ROLES.right(Verb.CREATE))
    state = state_of(session, like) if like is not None else _beginning(by)
    change = change_between(_nothing(), state)
    _refuse_more_than_own(change, by)
    role = Role(name=_free_name(session, name))
    session.add(role)
    session.flush()
    _write(session, role, change, state)
    _keep(session, role, state, number=1, by=by, at=at)
    return role


def _nothing() -> RoleState:
    return RoleState(frozenset(), dict.fromkeys(scope_modules(), NO_REACH))


def _beginning(by: Actor) -> RoleState:
    """Customer information is shared: a new role reads as far as its maker, and writes its own."""
    return RoleState(frozenset(), {module: (by.read_reach(module), Reach.OWN) for module in scope_modules()})


def rename_role(session: Session, role: Role, name: str, *, by: Actor) -> Role:
    """Give a role another name; flushes.

    Raises Invalid for a name that does not fit or is taken, Forbidden for a role that can do more than ``by``: people
    choose a role by its name, and would give this one in place of another.
    """
    by.must(ROLES.right(Verb.EDIT))
    if not may_rename(state_of(session, role), by):
        raise Forbidden(Label("This role can do more than you can: only somebody who can do all of it may rename it."))
    role.name = _free_name(session, name, but=role)
    session.flush()
    return role


def may_rename(state: RoleState, by: Actor) -> bool:
    """Whether ``by`` can do everything that a role in this state can."""
    own = RoleState(by.rights, {one: (by.read_reach(one), by.write_reach(one)) for one in scope_modules()})
    return by.is_system or combined((own, state)) == own


def _free_name(session: Session, name: str, but: Role | None = None) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise Invalid({"name": Label("A name has 1 to 64 characters.")})
    others = [known for known in session.scalars(select(Role)) if known is not but]
    taken = {shown.casefold() for known in others for shown in (known.name, name_of_role(known.name))}
    if name.casefold() in taken:
        raise Invalid({"name": Label("Another role has this name.")})
    return name


def delete_role(session: Session, role: Role, *, by: Actor) -> None:
    """Delete a role that nobody holds; raises WrongState for one in use."""
    by.must(ROLES.right(Verb.DELETE))
    _be_alone_with(session, role)
    if session.scalar(select(assoc_user_role.c.id).where(assoc_user_role.c.role_id == role.id).limit(1)) is not None:
        raise WrongState(Label("This role is in use. Take it from everybody who holds it first."))
    forget_default_role(session, role.id)
    session.delete(role)
    session.flush()


def _be_alone_with(session: Session, role: Role) -> None:
    """Whoever else changes the role, or gives it to somebody, waits for the end of this transaction."""
    session.execute(select(Role.id).where(Role.id == role.id).with_for_update())


# ---- publishing -----------------------------------------------------------------------------------------


def publish(
    session: Session, role: Role, after: RoleState, *, by: Actor, at: datetime, seen: int, note: str = ""
) -> RoleVersion:
    """Let the role do what ``after`` says from the next click on, and keep it as a version; flushes.

    ``seen`` is the number of the version that the change was made over. Raises Stale when there is a newer one,
    Invalid and Forbidden as ``check_change`` does, and WrongState when nothing changes or no administrator is left.
    """
    _be_alone_with(session, role)
    last = last_version(session, role)
    if last is not None and last.number != seen:
        raise Stale(_changed_by(last))
    before = state_of(session, role)
    check_change(before, after, by=by)
    change = change_between(before, after)
    if not change.count:
        raise WrongState(Label("This changes nothing."))
    number = _keep_present(session, role, before, last, at=at)
    _write(session, role, change, after)
    version = _keep(session, role, after, number=number + 1, by=by, at=at, note=note)
    ensure_administrator(session)
    _refuse_lost(session, role, change)
    return version


def _changed_by(last: RoleVersion) -> str:
    words = {"name": last.by or gettext("The system"), "moment": format_moment(last.at)}
    return gettext("%(name)s changed this role at %(moment)s.", **words)


def check_change(before: RoleState, after: RoleState, *, by: Actor) -> None:
    """Raises Invalid for a right on a screen that cannot be seen, Forbidden for more than ``by`` has himself."""
    by.must(ROLES.right(Verb.EDIT))
    _refuse_unseen(after)
    _refuse_more_than_own(change_between(before, after), by)


def _refuse_unseen(after: RoleState) -> None:
    screens = {key.split(".")[0]: SCREENS[key.split(".")[0]] for key in sorted(after.rights)}
    unseen = [screen.label for screen in screens.values() if screen.right(Verb.SEE) not in after.rights]
    if unseen:
        words = {"see": Verb.SEE.label, "screens": listed(unseen)}
        sentence = gettext("Without “%(see)s” nothing else can be done on: %(screens)s.", **words)
        raise Invalid({"right": sentence})


def _refuse_more_than_own(change: RoleChange, by: Actor) -> None:
    missing = [key for key in change.added if not by.may(key)]
    if missing:
        names = listed(name_of_right(key) for key in missing[:NAMES_TOLD])
        raise Forbidden(gettext("You can give only rights that you hold yourself: %(rights)s.", rights=names))
    for reach in change.reaches:
        own = by.write_reach(reach.module) if reach.is_writing else by.read_reach(reach.module)
        if reach.is_wider and own.widest(reach.after) is not own:
            raise Forbidden(Label("You can give no wider scope than your own."))


def _refuse_lost(session: Session, role: Role, change: RoleChange) -> None:
    """Raises WrongState for a right that its last holder would lose: nobody could ever give it again."""
    active = Employee.active.is_(True)
    of_role = select(assoc_user_role.c.user_id).where(assoc_user_role.c.role_id == role.id)
    if session.scalar(select(Employee.id).where(active, Employee.id.in_(of_role)).limit(1)) is None:
        return
    held = rights_of_anybody(session)
    lost = [key for key in change.removed if key not in held]
    if lost:
        names = listed(name_of_right(key) for key in lost[:NAMES_TOLD])
        raise WrongState(gettext("Nobody could give this back, since nobody else holds it: %(rights)s.", rights=names))


def _write(session: Session, role: Role, change: RoleChange, after: RoleState) -> None:
    known = rights_by_key(session)
    for key in change.removed:
        role.permissions.remove(known[key])
    role.permissions.extend(known[key] for key in change.added)
    for module, (reads, writes) in after.reaches.items():
        session.merge(RoleReach(role_id=role.id, module=module, reads=reads, writes=writes))
    session.flush()


# ---- versions -------------------------------------------------------------------------------------------


def last_version(session: Session, role: Role) -> RoleVersion | None:
    """The newest version; None for a role that was never changed here."""
    return next(iter(versions_of(session, role, most=1)), None)


def versions_of(session: Session, role: Role, *, most: int = MOST_VERSIONS) -> Sequence[RoleVersion]:
    """The versions with their makers, the newest first."""
    statement = (
        select(RoleVersion)
        .where(RoleVersion.role_id == role.id)
        .options(joinedload(RoleVersion.by))
        .order_by(RoleVersion.number.desc())
        .limit(most)
    )
    return session.scalars(statement).all()


def version_of(session: Session, role: Role, number: int) -> RoleVersion:
    """The version of that number; raises OutOfSight."""
    known = RoleVersion.role_id == role.id, RoleVersion.number == number
    found: RoleVersion | None = session.scalar(select(RoleVersion).where(*known).options(joinedload(RoleVersion.by)))
    if found is None:
        raise OutOfSight()
    return found


def state_in(version: RoleVersion, now: RoleState) -> RoleState:
    """What the role could do in a version, in terms of today: rights that no longer exist are left out, and a module
    that came later keeps its reach of ``now``."""
    kept = {module: (REACHES[reads], REACHES[writes]) for module, (reads, writes) in version.reaches.items()}
    reaches = {module: kept.get(module, pair) for module, pair in now.reaches.items()}
    return RoleState(frozenset(version.rights) - gone_since(version), reaches)


def gone_since(version: RoleVersion) -> frozenset[str]:
    """The rights of a version that no longer exist."""
    return frozenset(version.rights) - frozenset(all_rights())


def _keep_present(session: Session, role: Role, now: RoleState, last: RoleVersion | None, *, at: datetime) -> int:
    """Keep the state before a change, unless the last version is it; returns the number under which it is kept."""
    if last is not None and state_in(last, now) == now:
        return last.number
    number = last.number + 1 if last is not None else 1
    _keep(session, role, now, number=number, by=None, at=at)
    return number


def _keep(
    session: Session,
    role: Role,
    state: RoleState,
    *,
    number: int,
    by: Actor | None,
    at: datetime,
    note: str = "",
) -> RoleVersion:
    version = RoleVersion(
        role_id=role.id,
        number=number,
        rights=sorted(state.rights),
        reaches={module: list(pair) for module, pair in state.reaches.items()},
        at=at,
        by_id=by.person_id if by is not None else None,
        note=note,
    )
    session.add(version)
    session.flush()
    return version
