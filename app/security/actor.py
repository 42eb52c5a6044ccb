"""The person a session works for: the rights held, and how far they reach."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any, TypeAlias

from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    ViewMenu,
    assoc_permissionview_role,
    assoc_user_role,
)
from sqlalchemy import ColumnElement, Select, and_, bindparam, false, func, literal_column, or_, select
from sqlalchemy.orm import Session

from app.errors import Forbidden
from app.i18n import Label
from app.models.base import mapper_of
from app.models.org import Department, Employee, Reach, Role, RoleReach, written_name
from app.security.rights import OPEN_RIGHTS, permission_of, right_of

#: The reaches that depend on the departments.
NEAR = frozenset({Reach.DEPARTMENT, Reach.BELOW})
#: What stands between the rights of one person where they come as one text.
BETWEEN_RIGHTS = "\n"
#: So many people's rows are looked up by person.
FEW_PEOPLE = 20


@dataclass(frozen=True)
class Actor:
    """Who acts. The system has no person, holds every right and sees every row."""

    person_id: int | None
    rights: frozenset[str] = frozenset()
    reads: Mapping[str, Reach] = field(default_factory=dict)
    writes: Mapping[str, Reach] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    #: The departments he belongs to or heads: their paths by key.
    departments: Mapping[int, str] = field(default_factory=dict)
    #: Who lies within a reach, himself too, where it is read by and they are few.
    few_people: Mapping[Reach, frozenset[int]] = field(default_factory=dict)
    is_system: bool = False
    #: Somebody looks through this person's eyes and changes nothing.
    is_watched: bool = False
    #: What the person is called; empty where nobody was asked.
    name: str = ""

    def may(self, right: str) -> bool:
        """Whether the right is held."""
        return self.is_system or right in self.rights or (right in OPEN_RIGHTS and self.person_id is not None)

    def must(self, right: str) -> None:
        """Raises Forbidden when the right is not held."""
        if not self.may(right):
            raise Forbidden(Label("You do not have the right to do this."), right=right)

    def read_reach(self, module: str) -> Reach:
        """How far the actor sees in a module."""
        return Reach.ALL if self.is_system else self.reads.get(module, Reach.OWN)

    def write_reach(self, module: str) -> Reach:
        """How far the actor may change rows in a module."""
        return Reach.ALL if self.is_system else self.writes.get(module, Reach.OWN)

    def includes(self, reach: Reach, path: str) -> bool:
        """Whether the department of that path lies within ``reach`` (DEPARTMENT or BELOW)."""
        if reach is Reach.BELOW:
            return path.startswith(tuple(self.departments.values()))
        return path in self.departments.values()

    def colleagues(self, reach: Reach) -> ColumnElement[bool]:
        """The condition of the people whose rows lie within ``reach`` (DEPARTMENT or BELOW), himself too."""
        return _colleagues(tuple(sorted(self.departments.values())), reach, self.person_id)


@lru_cache(maxsize=2_000)
def _colleagues(paths: tuple[str, ...], reach: Reach, person_id: int | None) -> ColumnElement[bool]:
    below = (Department.path.startswith(path) for path in paths)
    near = or_(false(), *below) if reach is Reach.BELOW else Department.path.in_(paths)
    return or_(Employee.department_id.in_(select(Department.id).where(near)), Employee.id == person_id)


SYSTEM = Actor(person_id=None, is_system=True)


@dataclass(frozen=True)
class Person:
    """What every request needs of who is signed in, read from the table: a record takes twice as long."""

    id: int
    username: str
    first_name: str
    last_name: str
    active: bool
    department_id: int | None
    locale: str | None
    theme: str | None
    must_change_password: bool

    @property
    def full_name(self) -> str:
        """As the record of the person says it."""
        return written_name(self.first_name, self.last_name) or self.username


def load_actor(session: Session, person: Employee | Person) -> Actor:
    """The actor of ``person``, with the rights and reaches of the database as of now.

    One statement, and one more for each reach into departments by which he reads.
    """
    actor = _actor_of(session, person)
    near = NEAR & {*actor.reads.values()}
    return replace(actor, few_people=_few_people(session, actor, near)) if near else actor


# Every request asks this. To put a statement together takes longer than to run it, so it is made once; and it is one on
# the tables instead of the models, which takes half the time.


@cache
def _held_by_one() -> Select[Any]:
    role, reach, department = (mapper_of(model).local_table for model in (Role, RoleReach, Department))
    of_person = assoc_user_role.c.user_id == bindparam("person_id")
    held = _held_rights().where(of_person).subquery()
    # Written out, or SQLAlchemy would write it into the statement at each run.
    between: Any = literal_column(f"'{BETWEEN_RIGHTS}'")
    rights = select(func.aggregate_strings(held.c.pair, between)).scalar_subquery()
    its_own = or_(department.c.id == bindparam("department_id"), department.c.head_id == bindparam("person_id"))
    is_wanted = or_(*(column == near for column in (reach.c.reads, reach.c.writes) for near in sorted(NEAR)))
    # One whose path is not written yet reaches nothing, instead of everything.
    is_near = and_(its_own, department.c.path != "", is_wanted)
    return (
        select(role.c.name, reach.c.module, reach.c.reads, reach.c.writes, department.c.id, department.c.path, rights)
        .select_from(role)
        .join(assoc_user_role, assoc_user_role.c.role_id == role.c.id)
        .outerjoin(reach, reach.c.role_id == role.c.id)
        .outerjoin(department, is_near)
        .where(of_person)
        .order_by(role.c.id)
    )


def _held_rights() -> Select[str]:
    """The names of a permission and of its view, each with a space between, for ``_rights_in``."""
    permission, both, view = (mapper_of(model).local_table for model in (Permission, PermissionView, ViewMenu))
    return (
        select((permission.c.name + " " + view.c.name).label("pair"))
        .select_from(permission)
        .join(both, both.c.permission_id == permission.c.id)
        .join(view, view.c.id == both.c.view_menu_id)
        .join(assoc_permissionview_role, assoc_permissionview_role.c.permission_view_id == both.c.id)
        .join(assoc_user_role, assoc_user_role.c.role_id == assoc_permissionview_role.c.role_id)
    )


@lru_cache(maxsize=100)
def _rights_in(held: str) -> frozenset[str]:
    """The rights in the text of a person; people of one role share it."""
    return frozenset(right_of(*pair.split(" ", 1)) for pair in held.split(BETWEEN_RIGHTS) if pair)


def rights_of_anybody(session: Session) -> frozenset[str]:
    """The rights that somebody who can sign in holds."""
    active = select(Employee.id).where(Employee.active.is_(True))
    held = _held_rights().where(assoc_user_role.c.user_id.in_(active)).distinct()
    return _rights_in(BETWEEN_RIGHTS.join(session.scalars(held)))


def _actor_of(session: Session, person: Employee | Person) -> Actor:
    """The actor with his rights, the names of his roles, his departments and, per module, the widest reach of all."""
    names: dict[str, None] = {}
    reads: dict[str, Reach] = {}
    writes: dict[str, Reach] = {}
    departments: dict[int, str] = {}
    rights: frozenset[str] = frozenset()
    of_person = {"person_id": person.id, "department_id": person.department_id}
    for name, module, read, write, key, path, held in session.execute(_held_by_one(), of_person):
        names[name] = None
        rights = _rights_in(held or "")  # the same in every row
        if module is not None:
            reads[module] = read.widest(reads[module]) if module in reads else read
            writes[module] = write.widest(writes[module]) if module in writes else write
        if key is not None:
            departments[key] = path
    return Actor(person.id, rights, reads, writes, tuple(names), departments, name=person.full_name)


def _few_people(session: Session, actor: Actor, reaches: Iterable[Reach]) -> dict[Reach, frozenset[int]]:
    """Who lies within each of the reaches in which there are at most ``FEW_PEOPLE``."""
    found = {}
    for reach in reaches:
        people = session.scalars(_first_of(actor.colleagues(reach))).all()
        if len(people) <= FEW_PEOPLE:
            found[reach] = frozenset(people)
    return found


@lru_cache(maxsize=2_000)
def _first_of(colleagues: ColumnElement[bool]) -> Select[int]:
    return select(Employee.id).where(colleagues).limit(FEW_PEOPLE + 1)


def branch_of(session: Session, person_id: int) -> str | None:
    """The path of a person's department, asked for once in a session."""
    known: dict[int, str | None] = session.info.setdefault("branches", {})
    if person_id not in known:
        remember_branches(session, {person_id})
    return known[person_id]


def remember_branches(session: Session, person_ids: set[int]) -> None:
    """Ask for the departments of several people in one statement, for a list that needs them all."""
    known: dict[int, str | None] = session.info.setdefault("branches", {})
    missing = person_ids - known.keys()
    if missing:
        statement = select(Employee.id, Department.path).join(Employee.department).where(Employee.id.in_(missing))
        with session.no_autoflush:
            known.update((key, path) for key, path in session.execute(statement))
        known.update(dict.fromkeys(missing - known.keys()))


def holding_roles(right: str) -> Select[str]:
    """The names of the roles that give a right."""
    permission, view = permission_of(right)
    return (
        select(Role.name)
        .join(Role.permissions)
        .join(PermissionView.permission)
        .join(PermissionView.view_menu)
        .where(Permission.name == permission, ViewMenu.name == view)
        .order_by(Role.id)
    )


#: The departments that somebody belongs to or heads: their paths by key.
Places: TypeAlias = Mapping[int, str]


def places_of(session: Session, person_ids: Collection[int]) -> dict[int, Places]:
    """The places of each person, in one statement."""
    is_own = or_(Department.id == Employee.department_id, Department.head_id == Employee.id)
    statement = (
        select(Employee.id, Department.id, Department.path)
        .join(Department, is_own)
        .where(Employee.id.in_(person_ids), Department.path != "")
    )
    found: dict[int, dict[int, str]] = {key: {} for key in person_ids}
    for person_id, key, path in session.execute(statement):
        found[person_id][key] = path
    return dict(found)


@cache
def holders_of(right: str) -> Select[int]:
    """The keys of the people who hold a right."""
    permission, view = permission_of(right)
    return (
        select(assoc_user_role.c.user_id)
        .join(assoc_permissionview_role, assoc_permissionview_role.c.role_id == assoc_user_role.c.role_id)
        .join(PermissionView, PermissionView.id == assoc_permissionview_role.c.permission_view_id)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
        .where(Permission.name == permission, ViewMenu.name == view)
    )


def holds(session: Session, person_id: int, right: str) -> bool:
    """Whether a person holds a right through one of his roles."""
    return session.scalar(_held_by(right), {"person_id": person_id}) is not None


@cache
def _held_by(right: str) -> Select[int]:
    return holders_of(right).where(assoc_user_role.c.user_id == bindparam("person_id")).limit(1)
