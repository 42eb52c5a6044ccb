"""The filters of people: by name, department with all below it, role, region, and whether they are enabled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import g
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased

from app.actions.departments import DEEPEST, department_tree
from app.extensions import session
from app.i18n import Choice, Label
from app.models.basedata import DictionaryEntry
from app.models.org import Department, Employee, Role, user_regions
from app.security.granting import KnownRole, known_roles
from app.security.roles import name_of_role
from app.views.edge import actor
from app.views.listing import BadAddress, ChoiceFilter, EntryFilter, Filter, Found


def roles_here() -> list[KnownRole]:
    """Every role with whether this person may give it, asked for once in a request."""
    if "known_roles" not in g:
        g.known_roles = known_roles(session(), by=actor())
    found: list[KnownRole] = g.known_roles
    return found


def is_called(text: str) -> ColumnElement[bool]:
    """Whether a part of a person's user name or name, written either way round, is ``text``."""
    western = Employee.first_name + " " + Employee.last_name
    parts = (Employee.username, Employee.last_name + Employee.first_name, western)
    return or_(*(part.icontains(text, autoescape=True) for part in parts))


@dataclass(frozen=True)
class NameFilter(Filter):
    """A part of the name, written either way round, or of the user name."""

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Letter case does not count."""
        value = values.get(self.name)
        return [is_called(value)] if value else []


class PersonState(Choice):
    """Whether a person may sign in and get work."""

    ENABLED = "enabled", Label("Enabled")
    DISABLED = "disabled", Label("Disabled")


@dataclass(frozen=True)
class EnabledFilter(ChoiceFilter):
    """Enabled or disabled."""

    options: tuple[Choice, ...] = tuple(PersonState)

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Raises BadAddress for any other word."""
        return [Employee.active.is_(state is PersonState.ENABLED) for state in self.chosen(values)]


@dataclass(frozen=True)
class DepartmentFilter(Filter):
    """A department with all below it, by its names from the top down: ``A/B``; or by its own name alone."""

    kind = "choice"

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """A name nobody has finds nothing; raises BadAddress for more names than there are levels."""
        value = values.get(self.name)
        if not value:
            return []
        names = value.split("/")
        if len(names) > DEEPEST:
            raise BadAddress(self.label)
        top, below = aliased(Department), aliased(Department)
        within = select(below.id).join(top, below.path.like(top.path.concat("%")))
        return [Employee.department_id.in_(within.where(top.id.in_(_keys_of(names))))]

    def choices(self, found: Found) -> list[tuple[str, str]]:
        """The departments in the order of their tree."""
        offered, above = [], [""] * DEEPEST
        for branch in department_tree(session()):
            above[branch.depth] = branch.department.name
            offered.append(("/".join(above[: branch.depth + 1]), "　" * branch.depth + branch.department.name))
        return offered


def _keys_of(names: Sequence[str]) -> Any:
    """The departments of the last name, below one of the name before it, and so on."""
    found: Any = None
    for name in names:
        level = aliased(Department)
        keys = select(level.id).where(level.name == name)
        found = keys if found is None else keys.where(level.parent_id.in_(found))
    return found


@dataclass(frozen=True)
class RoleFilter(Filter):
    """Who holds a role, by its name."""

    kind = "choice"

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """In either spelling; a name no role has finds nothing."""
        value = values.get(self.name)
        names = [one.role.name for one in roles_here() if value in {one.role.name, name_of_role(one.role.name)}]
        return [Employee.roles.any(Role.name.in_(names))] if value else []

    def choices(self, found: Found) -> list[tuple[str, str]]:
        """Every role."""
        return [(one.role.name, name_of_role(one.role.name)) for one in roles_here()]

    def chips(self, values: Mapping[str, str], entries: Sequence[DictionaryEntry] = ()) -> list[tuple[str, str]]:
        """A default role is called by its name in the reader's language."""
        value = values.get(self.name)
        return [(self.name, name_of_role(value))] if value else []


@dataclass(frozen=True)
class RegionFilter(EntryFilter):
    """Who is responsible for a region."""

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """A region nobody knows finds nothing."""
        value = values.get(self.name)
        if not value:
            return []
        is_meant = or_(DictionaryEntry.item == value, DictionaryEntry.item_en == value)
        known = select(DictionaryEntry.id).where(DictionaryEntry.category == self.category.value, is_meant)
        return [Employee.id.in_(select(user_regions.c.user_id).where(user_regions.c.region_id.in_(known)))]
