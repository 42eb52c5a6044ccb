"""The person a session works for: the rights held, and how far they reach."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    ViewMenu,
    assoc_permissionview_role,
    assoc_user_role,
)
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, aliased

from app.errors import Forbidden
from app.i18n import Label
from app.models.org import Department, Employee, Reach, Role, RoleReach
from app.security.rights import permission_of, right_of


@dataclass(frozen=True)
class Actor:
    """Who acts. The system has no person, holds every right and sees every row."""

    person_id: int | None
    rights: frozenset[str] = frozenset()
    reads: Mapping[str, Reach] = field(default_factory=dict)
    writes: Mapping[str, Reach] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    departments: frozenset[int] = frozenset()
    departments_below: frozenset[int] = frozenset()
    is_system: bool = False

    def may(self, right: str) -> bool:
        """Whether the right is held."""
        return self.is_system or right in self.rights

    def must(self, right: str) -> None:
        """Raises Forbidden when the right is not held."""
        if not self.may(right):
            raise Forbidden(Label("You do not have the right to do this."))

    def read_reach(self, module: str) -> Reach:
        """How far the actor sees in a module."""
        return Reach.ALL if self.is_system else self.reads.get(module, Reach.OWN)

    def write_reach(self, module: str) -> Reach:
        """How far the actor may change rows in a module."""
        return Reach.ALL if self.is_system else self.writes.get(module, Reach.OWN)

    def departments_within(self, reach: Reach) -> Collection[int]:
        """The departments whose people's rows lie within ``reach`` (DEPARTMENT or BELOW)."""
        return self.departments_below if reach is Reach.BELOW else self.departments


SYSTEM = Actor(person_id=None, is_system=True)


def load_actor(session: Session, person: Employee) -> Actor:
    """The actor of ``person``, with the rights and reaches of the database as of now; three statements at most."""
    roles, reads, writes = _reaches(session, person.id)
    needs_tree = {Reach.DEPARTMENT, Reach.BELOW} & {*reads.values(), *writes.values()}
    own, below = _departments(session, person) if needs_tree else (frozenset(), frozenset())
    return Actor(person.id, _rights(session, person.id), reads, writes, roles, own, below)


def _rights(session: Session, person_id: int) -> frozenset[str]:
    statement = (
        select(Permission.name, ViewMenu.name)
        .join(PermissionView, PermissionView.permission_id == Permission.id)
        .join(ViewMenu, PermissionView.view_menu_id == ViewMenu.id)
        .join(
            assoc_permissionview_role,
            assoc_permissionview_role.c.permission_view_id == PermissionView.id,
        )
        .join(assoc_user_role, assoc_user_role.c.role_id == assoc_permissionview_role.c.role_id)
        .where(assoc_user_role.c.user_id == person_id)
    )
    return frozenset(right_of(permission, view) for permission, view in session.execute(statement))


def _reaches(session: Session, person_id: int) -> tuple[tuple[str, ...], dict[str, Reach], dict[str, Reach]]:
    """The names of the roles and, per module, the widest reach for reading and for writing."""
    statement = (
        select(Role.name, RoleReach.module, RoleReach.reads, RoleReach.writes)
        .join(assoc_user_role, assoc_user_role.c.role_id == Role.id)
        .outerjoin(RoleReach, RoleReach.role_id == Role.id)
        .where(assoc_user_role.c.user_id == person_id)
        .order_by(Role.id)
    )
    names: dict[str, None] = {}
    reads: dict[str, Reach] = {}
    writes: dict[str, Reach] = {}
    for name, module, read, write in session.execute(statement):
        names[name] = None
        if module is not None:
            reads[module] = read.widest(reads.get(module, Reach.OWN))
            writes[module] = write.widest(writes.get(module, Reach.OWN))
    return tuple(names), reads, writes


def _departments(session: Session, person: Employee) -> tuple[frozenset[int], frozenset[int]]:
    """The departments the person belongs to or heads, and those with all below them."""
    below = aliased(Department)
    statement = (
        select(Department.id, below.id)
        .join(below, below.path.like(Department.path.concat("%")))
        .where(or_(Department.id == person.department_id, Department.head_id == person.id))
        .where(Department.path != "")  # one whose path is not written yet reaches nothing, instead of everything
    )
    pairs = session.execute(statement).all()
    return frozenset(own for own, _ in pairs), frozenset(key for _, key in pairs)


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
    holders = holders_of(right).where(assoc_user_role.c.user_id == person_id)
    return session.scalar(holders.limit(1)) is not None
