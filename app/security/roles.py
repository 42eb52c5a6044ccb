"""Roles: what each can do now, and the default ones, which are written once and never over changes."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    ViewMenu,
    assoc_permissionview_role,
)
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from app.models.base import Model
from app.models.installation import ROLES_MARK, Installation
from app.models.org import Reach, RoleReach
from app.security.rights import DEFAULT_ROLES, DefaultRole, all_rights, permission_of, right_of

#: How far somebody reads, and how far he writes.
Reaches: TypeAlias = tuple[Reach, Reach]
REACHES: Mapping[str, Reach] = {reach.value: reach for reach in Reach}
NO_REACH: Reaches = (Reach.OWN, Reach.OWN)

# ---- what a role can do ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class RoleState:
    """What a role can do: its rights, and by module how far it reaches."""

    rights: frozenset[str]
    reaches: Mapping[str, Reaches]

    @property
    def mark(self) -> str:
        """A short text that no other state has."""
        return hashlib.sha256(json.dumps([sorted(self.rights), sorted(self.reaches.items())]).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class ReachChange:
    """How far a role reads or writes in a module, before and after."""

    module: str
    is_writing: bool
    before: Reach
    after: Reach

    @property
    def is_wider(self) -> bool:
        """Whether it reaches further than before."""
        return self.before.widest(self.after) is self.after


@dataclass(frozen=True)
class RoleChange:
    """What makes one state of a role of another; rights in the order of the catalogue."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    reaches: tuple[ReachChange, ...]

    @property
    def count(self) -> int:
        """How many things change."""
        return len(self.added) + len(self.removed) + len(self.reaches)


def change_between(before: RoleState, after: RoleState) -> RoleChange:
    """What has to change so that ``before`` becomes ``after``."""
    return RoleChange(
        added=tuple(key for key in all_rights() if key in after.rights - before.rights),
        removed=tuple(key for key in all_rights() if key in before.rights - after.rights),
        reaches=tuple(_reach_changes(before, after)),
    )


def _reach_changes(before: RoleState, after: RoleState) -> Iterator[ReachChange]:
    for module in scope_modules():
        pairs = zip(before.reaches.get(module, NO_REACH), after.reaches.get(module, NO_REACH), strict=True)
        for is_writing, (old, new) in enumerate(pairs):
            if old is not new:
                yield ReachChange(module, bool(is_writing), old, new)


def combined(states: Iterable[RoleState]) -> RoleState:
    """What somebody can do who holds several roles: every right, and in each module the widest reach."""
    rights: frozenset[str] = frozenset()
    reaches = dict.fromkeys(scope_modules(), NO_REACH)
    for state in states:
        rights |= state.rights
        for module, (reads, writes) in state.reaches.items():
            reaches[module] = (reads.widest(reaches[module][0]), writes.widest(reaches[module][1]))
    return RoleState(rights, reaches)


def states_of(session: Session, role_ids: Collection[int]) -> dict[int, RoleState]:
    """What each role can do now, in two statements. Where nothing is written a role reaches one's own."""
    rights: dict[int, set[str]] = {key: set() for key in role_ids}
    reaches = {key: dict.fromkeys(scope_modules(), NO_REACH) for key in role_ids}
    for role_id, permission, view in session.execute(_granted(role_ids)):
        rights[role_id].add(right_of(permission, view))
    for row in session.scalars(select(RoleReach).where(RoleReach.role_id.in_(role_ids))):
        reaches[row.role_id] |= {row.module: (row.reads, row.writes)} if row.module in reaches[row.role_id] else {}
    known = frozenset(all_rights())
    return {key: RoleState(known & rights[key], reaches[key]) for key in role_ids}


def _granted(role_ids: Collection[int]) -> Select[int, str, str]:
    return (
        select(assoc_permissionview_role.c.role_id, Permission.name, ViewMenu.name)
        .join(PermissionView, PermissionView.id == assoc_permissionview_role.c.permission_view_id)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
        .where(assoc_permissionview_role.c.role_id.in_(role_ids))
    )


def name_of_role(name: str) -> str:
    """A role's name as it is shown: a default role's in the reader's language, another one as it was typed."""
    return next((str(role.label) for role in DEFAULT_ROLES if role.name == name), name)


# ---- the default roles ----------------------------------------------------------------------------------


def write_roles(session: Session) -> None:
    """Make missing rights and default roles; flushes.

    A right that is new in the catalogue is given to the default roles that have it by default, and so is the data scope
    of a new module. A right an administrator took away is not given again, because it is not new.
    """
    new_rights = _write_rights(session)
    written = _written_roles(session)
    for default in DEFAULT_ROLES:
        if default.name not in written:
            written[default.name] = _make_role(session, default)
        else:
            _give(session, written[default.name], [new_rights[key] for key in default.rights & new_rights.keys()])
            _reach_new_modules(session, written[default.name], default)
    mark = Installation(key=ROLES_MARK, value=json.dumps(written))
    session.merge(mark)
    session.flush()


def _written_roles(session: Session) -> dict[str, int]:
    """The key of each default role written before, whatever it is called now; a deleted one stays in it."""
    mark = session.get(Installation, ROLES_MARK)
    return dict(json.loads(mark.value)) if mark else {}


def default_role(session: Session, name: str) -> Role | None:
    """The default role of that name, whatever an administrator calls it now."""
    key = _written_roles(session).get(name)
    return session.get(Role, key) if key is not None else None


def _give(session: Session, role_id: int, rights: list[PermissionView]) -> None:
    role = session.get(Role, role_id, options=[selectinload(Role.permissions)]) if rights else None
    if role is not None:
        role.permissions.extend(rights)


def _reach_new_modules(session: Session, role_id: int, default: DefaultRole) -> None:
    if session.get(Role, role_id) is None:
        return
    known = set(session.scalars(select(RoleReach.module).where(RoleReach.role_id == role_id)))
    session.add_all(_reach(role_id, module, default) for module in scope_modules() if module not in known)


def _reach(role_id: int, module: str, default: DefaultRole) -> RoleReach:
    return RoleReach(role_id=role_id, module=module, reads=Reach.ALL, writes=default.writes)


def forget_default_role(session: Session, role_id: int) -> None:
    """A default role is deleted: a later role that is given its key shall not be taken for it."""
    kept = {name: 0 if key == role_id else key for name, key in _written_roles(session).items()}
    session.merge(Installation(key=ROLES_MARK, value=json.dumps(kept)))


def _write_rights(session: Session) -> dict[str, PermissionView]:
    """Write the rights that are missing and return them by key."""
    known = set(rights_by_key(session))
    permissions = {row.name: row for row in session.scalars(select(Permission))}
    views = {row.name: row for row in session.scalars(select(ViewMenu))}
    made = {}
    for key in all_rights():
        if key in known:
            continue
        permission, view = permission_of(key)
        permissions.setdefault(permission, Permission(name=permission))
        views.setdefault(view, ViewMenu(name=view))
        made[key] = PermissionView(permission=permissions[permission], view_menu=views[view])
    session.add_all(made.values())
    session.flush()
    return made


def rights_by_key(session: Session) -> dict[str, PermissionView]:
    """The framework's row of every right."""
    statement = (
        select(PermissionView, Permission.name, ViewMenu.name)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
    )
    return {right_of(permission, view): row for row, permission, view in session.execute(statement)}


def written_rights(session: Session) -> set[str]:
    """The key of every right that the database knows, in the catalogue or not."""
    return set(rights_by_key(session))


def _make_role(session: Session, default: DefaultRole) -> int:
    rights = rights_by_key(session)
    role = Role(name=default.name, permissions=[rights[key] for key in sorted(default.rights)])
    session.add(role)
    session.flush()
    session.add_all(_reach(role.id, module, default) for module in scope_modules())
    return int(role.id)


def scope_modules() -> list[str]:
    """The modules in which rows belong to people."""
    models = (mapper.class_ for mapper in Model.registry.mappers)
    return sorted({model.scope_module for model in models if hasattr(model, "scope_module")})
