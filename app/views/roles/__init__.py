"""Roles on the screen: the list, the matrix with its preview and versions, comparing two, and who has a right."""

from collections.abc import Mapping
from typing import Any

from flask import request

from app.extensions import session
from app.i18n import Label
from app.reports.roles import MOST_HOLDERS, holders_through, role_lines
from app.security.rights import CATALOGUE, Verb, all_rights, name_of_right
from app.security.roles import name_of_role
from app.views.guards import expose, needs
from app.views.listing import BadAddress
from app.views.record_pages import page_of
from app.views.roles.compare import compared
from app.views.roles.matrix import columns
from app.views.roles.publishing import RolePublishing
from app.views.roles.words import role_names


class Roles(RolePublishing):
    """角色与权限."""

    route_base = "/roles"
    default_view = "list"

    @expose("/compare")
    @needs(Verb.SEE)
    def compare(self) -> Any:
        """Two roles side by side: ``left`` and ``right`` of the address, else the first two."""
        lines = {line.role.id: line for line in role_lines(session())}
        first, second, *_ = [*lines, *lines]
        left = lines[_asked("left", lines, first)]
        right = lines[_asked("right", lines, second if left.role.id == first else first)]
        different, same = compared(left.state, right.state)
        return self.render_template(
            "crm/role_compare.html",
            page=self.page(Label("Compare roles")),
            roles=[(key, name_of_role(line.role.name)) for key, line in lines.items()],
            left=(left, name_of_role(left.role.name)),
            right=(right, name_of_role(right.role.name)),
            columns=columns(),
            different=different,
            same=same,
            path=self.path,
        )

    @expose("/holders")
    @needs(Verb.SEE)
    def holders(self) -> Any:
        """Who has a right, and through which roles."""
        right = request.args.get("right", "")
        if right and right not in set(all_rights()):
            raise BadAddress(Label("Which right"))
        found = holders_through(session(), right) if right else []
        return self.render_template(
            "crm/role_holders.html",
            page=self.page(Label("Who has a right")),
            modules=CATALOGUE,
            right=right,
            name=name_of_right(right) if right else "",
            people=[(person, page_of(person), roles) for person, roles in found],
            most=MOST_HOLDERS,
            role_names=role_names,
            name_of_role=name_of_role,
            path=self.path,
        )


def _asked(name: str, known: Mapping[int, Any], otherwise: int) -> int:
    """The role that the address names; BadAddress when there is no such role."""
    text = request.args.get(name)
    if text is None:
        return otherwise
    key = next((key for key in known if str(key) == text), None)
    if key is None:
        raise BadAddress(Label("Role"))
    return key
