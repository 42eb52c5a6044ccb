"""Writes the catalogue of rights and the default roles into the database, once and never over changes."""

import json

from flask_appbuilder.security.sqla.models import Permission, PermissionView, Role, ViewMenu
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.models.base import Model
from app.models.installation import ROLES_MARK, Installation
from app.models.org import Reach, RoleReach
from app.security.rights import DEFAULT_ROLES, DefaultRole, all_rights, permission_of, right_of


def write_roles(session: Session) -> None:
    """Make missing rights and default roles; flushes.

    A right that is new in the catalogue is given to the default roles that have it by default. A right an
    administrator took away is not given again, because it is not new.
    """
    new_rights = _write_rights(session)
    written = _written_roles(session)
    for default in DEFAULT_ROLES:
        if default.name not in written:
            written[default.name] = _make_role(session, default)
        else:
            _give(session, written[default.name], [new_rights[key] for key in default.rights & new_rights.keys()])
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


def _write_rights(session: Session) -> dict[str, PermissionView]:
    """Write the rights that are missing and return them by key."""
    known = set(_rights_by_key(session))
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


def _rights_by_key(session: Session) -> dict[str, PermissionView]:
    statement = (
        select(PermissionView, Permission.name, ViewMenu.name)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
    )
    return {right_of(permission, view): row for row, permission, view in session.execute(statement)}


def _make_role(session: Session, default: DefaultRole) -> int:
    rights = _rights_by_key(session)
    role = Role(name=default.name, permissions=[rights[key] for key in sorted(default.rights)])
    session.add(role)
    session.flush()
    session.add_all(
        RoleReach(role_id=role.id, module=module, reads=Reach.ALL, writes=default.writes) for module in scope_modules()
    )
    return int(role.id)


def scope_modules() -> list[str]:
    """The modules in which rows belong to people."""
    models = (mapper.class_ for mapper in Model.registry.mappers)
    return sorted({model.scope_module for model in models if hasattr(model, "scope_module")})
