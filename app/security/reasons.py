"""Why somebody may not: which role or scope refuses it, in words for an administrator."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.i18n import gettext, listed
from app.models.org import Employee, Reach, Role, RoleReach
from app.security.actor import Actor, holding_roles
from app.security.rights import name_of_module, name_of_right
from app.security.roles import name_of_role
from app.security.scope import may_write, system


def why_no_right(session: Session, actor: Actor, right: str) -> str:
    """Which roles would give a right that none of the actor's does."""
    givers = session.scalars(holding_roles(right)).all()
    words = {"right": name_of_right(right), "roles": _names(actor.roles), "givers": _names(givers)}
    if not actor.roles:
        return gettext(
            "The right “%(right)s” is missing: this person has no role. It is given by: %(givers)s.", **words
        )
    return gettext("The right “%(right)s” is missing: %(roles)s does not give it. It is given by: %(givers)s.", **words)


def why_out_of_sight(session: Session, actor: Actor, model: Any, key: int) -> str:
    """Whose record it is and how far the actor's roles see; or that there is none."""
    with system(session, "an administrator asks why a record is out of sight"):
        row = session.get(model, key)
        root = _root_of(row)
        if root is None:
            return gettext("There is no record of this number.")
        return _whose(session, root, _scopes(session, actor, root.scope_module, "reads"))


def why_not_writable(session: Session, actor: Actor, row: Any) -> str:
    """Whose record it is and how far the actor's roles may change; empty when it lies within."""
    root = _root_of(row)
    if root is None or may_write(session, row):
        return ""
    return _whose(session, root, _scopes(session, actor, root.scope_module, "writes"))


def _root_of(row: Any) -> Any:
    """The record that a row belongs to, which belongs to a person."""
    while row is not None and hasattr(type(row), "seen_through"):
        row = getattr(row, type(row).seen_through)
    return row if row is not None and hasattr(type(row), "scope_module") else None


def _whose(session: Session, root: Any, scopes: str) -> str:
    owner = session.get(Employee, root.responsible_id) if root.responsible_id else None
    words = {"name": owner, "module": name_of_module(root.scope_module), "scopes": scopes}
    if owner is None:
        return gettext("The record belongs to nobody. Scope in %(module)s: %(scopes)s.", **words)
    if owner.department is None:
        return gettext("The record belongs to %(name)s. Scope in %(module)s: %(scopes)s.", **words)
    words["department"] = owner.department
    return gettext("The record belongs to %(name)s (%(department)s). Scope in %(module)s: %(scopes)s.", **words)


def _scopes(session: Session, actor: Actor, module: str, column: str) -> str:
    """The reach of each role in a module."""
    statement = (
        select(Role.name, getattr(RoleReach, column))
        .outerjoin(RoleReach, (RoleReach.role_id == Role.id) & (RoleReach.module == module))
        .where(Role.name.in_(actor.roles))
        .order_by(Role.id)
    )
    found = [
        gettext("%(role)s: %(reach)s", role=name_of_role(name), reach=(reach or Reach.OWN).label)
        for name, reach in session.execute(statement)
    ]
    return listed(found) or gettext("no role")


def _names(roles: Any) -> str:
    return listed(name_of_role(name) for name in roles) or gettext("no role")
