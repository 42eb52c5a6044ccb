"""Which roles somebody may give: none that goes beyond his own rights; and taking turns in changing who holds what."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    ViewMenu,
    assoc_permissionview_role,
)
from sqlalchemy import Select, and_, false, or_, select, tuple_, update
from sqlalchemy.orm import Session

from app.models.org import RoleReach
from app.security.actor import Actor
from app.security.rights import Screen, permission_of
from app.security.roles import scope_modules


def take_turns(session: Session, screen: Screen) -> None:
    """Wait until nobody else changes what ``screen`` keeps in order, and be alone until this transaction ends."""
    turn = update(ViewMenu).where(ViewMenu.name == screen.key).values(name=screen.key)
    session.execute(turn, execution_options={"synchronize_session": False})


@dataclass(frozen=True)
class KnownRole:
    """A role, and whether somebody may give it: nobody gives a right or a reach beyond his own."""

    role: Role
    is_givable: bool


def known_roles(session: Session, *, by: Actor) -> list[KnownRole]:
    """Every role, with whether ``by`` may give it; one statement."""
    if by.is_system:
        return [KnownRole(role, True) for role in session.scalars(select(Role).order_by(Role.id))]
    is_higher = or_(Role.id.in_(_with_other_rights(by)), Role.id.in_(_reaching_farther(by)))
    found = session.execute(select(Role, is_higher).order_by(Role.id))
    return [KnownRole(role, not higher) for role, higher in found]


def _with_other_rights(by: Actor) -> Select[Any]:
    """The keys of the roles with a right that ``by`` does not have."""
    held = [permission_of(right) for right in by.rights]
    return (
        select(assoc_permissionview_role.c.role_id)
        .join(PermissionView, PermissionView.id == assoc_permissionview_role.c.permission_view_id)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
        .where(tuple_(Permission.name, ViewMenu.name).not_in(held))
    )


def _reaching_farther(by: Actor) -> Select[Any]:
    """The keys of the roles that see or write farther than ``by`` in some module."""
    farther = [
        and_(
            RoleReach.module == module,
            or_(
                RoleReach.reads.in_(by.read_reach(module).wider()),
                RoleReach.writes.in_(by.write_reach(module).wider()),
            ),
        )
        for module in scope_modules()
    ]
    return select(RoleReach.role_id).where(or_(false(), *farther))


def may_give(wanted: Iterable[Role], roles: Iterable[KnownRole]) -> bool:
    """Whether all of the roles ``wanted`` may be given."""
    givable = {known.role.id for known in roles if known.is_givable}
    return all(role.id in givable for role in wanted)
