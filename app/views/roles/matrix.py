"""The matrix of a role as drawn: modules and their screens, and what can be done on each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort
from werkzeug.datastructures import MultiDict

from app.i18n import Label, LazyString, gettext
from app.models.org import Reach
from app.security.actor import Actor
from app.security.rights import CATALOGUE, Module, Screen, Verb, all_rights
from app.security.roles import NO_REACH, REACHES, RoleState, scope_modules

#: What many screens have in common, each in a column of its own; all else stands in the last one.
COMMON = (Verb.SEE, Verb.CREATE, Verb.EDIT, Verb.DELETE, Verb.IMPORT, Verb.EXPORT, Verb.PRINT)
#: The prefixes of the fields of reach, in the order of a pair of reaches.
READS, WRITES = "reads.", "writes."


@dataclass(frozen=True)
class Tick:
    """One right: whether the role shall have it, has it now, and whether this person may change that."""

    right: str
    verb: str
    label: LazyString
    screen: LazyString
    is_on: bool
    was_on: bool
    is_locked: bool

    @property
    def look(self) -> str:
        """Whether it is newly given or taken away."""
        return "" if self.is_on is self.was_on else "added" if self.is_on else "removed"


@dataclass(frozen=True)
class Line:
    """One screen: a tick or None for each common column, and its own actions; an open one has no right to see it."""

    label: LazyString
    cells: Sequence[Tick | None]
    own: Sequence[Tick]
    is_open: bool

    @property
    def has_ticks(self) -> bool:
        """Whether anything here is given by a role."""
        return any(self.cells) or bool(self.own)


@dataclass(frozen=True)
class ReachField:
    """How far the role shall read or write in a module; options are value, label and whether it is closed."""

    name: str
    label: LazyString
    value: Reach
    was: Reach
    options: Sequence[tuple[Reach, bool]]

    @property
    def look(self) -> str:
        """Whether it becomes wider or narrower."""
        if self.value is self.was:
            return ""
        return "added" if self.was.widest(self.value) is self.value else "removed"


@dataclass(frozen=True)
class Group:
    """One module with its screens and, where rows belong to people, its two reaches."""

    label: LazyString
    lines: Sequence[Line]
    reaches: Sequence[ReachField]

    @property
    def ticks(self) -> list[Tick]:
        """Every tick of the module."""
        return [tick for line in self.lines for tick in (*line.cells, *line.own) if tick is not None]

    @property
    def is_empty(self) -> bool:
        """Whether the role can do nothing here, neither now nor afterwards."""
        return not any(tick.is_on or tick.was_on for tick in self.ticks)

    @property
    def chosen_text(self) -> str:
        """How many of how many."""
        return self._chosen(sum(tick.is_on for tick in self.ticks))

    @property
    def chosen_pattern(self) -> str:
        """The same with a sign in place of the number, for a script to fill."""
        return self._chosen("#")

    def _chosen(self, number: int | str) -> str:
        return gettext("%(chosen)s of %(total)s", chosen=number, total=len(self.ticks))


@dataclass(frozen=True)
class Matrix:
    """What a role can do now and shall be able to do, and who looks at it."""

    now: RoleState
    wanted: RoleState
    by: Actor
    may_edit: bool

    @property
    def columns(self) -> list[Verb]:
        """The common columns that any screen has."""
        return columns()

    @property
    def groups(self) -> Iterator[Group]:
        """Module by module."""
        for module in CATALOGUE:
            yield Group(
                module.label, [self._line(screen) for screen in module.screens if screen.verbs], self._reaches(module)
            )

    def _line(self, screen: Screen) -> Line:
        cells = [self._tick(screen, verb) if verb in screen.verbs else None for verb in columns()]
        return Line(screen.label, cells, [self._tick(screen, verb) for verb in own_verbs(screen)], screen.is_open)

    def _tick(self, screen: Screen, verb: Verb) -> Tick:
        right = screen.right(verb)
        is_on, was_on = right in self.wanted.rights, right in self.now.rights
        is_locked = not self.may_edit or not (is_on or was_on or self.by.may(right))
        return Tick(right, verb.value, verb.label, screen.label, is_on, was_on, is_locked)

    def _reaches(self, module: Module) -> list[ReachField]:
        if module.key not in scope_modules():
            return []
        now, wanted = (state.reaches.get(module.key, NO_REACH) for state in (self.now, self.wanted))
        own = self.by.read_reach(module.key), self.by.write_reach(module.key)
        labels = (READS, Label("Reads")), (WRITES, Label("Writes"))
        return [
            ReachField(f"{prefix}{module.key}", label, value, was, _options(limit, {value, was}))
            for (prefix, label), value, was, limit in zip(labels, wanted, now, own, strict=True)
        ]


def _options(limit: Reach, chosen: set[Reach]) -> list[tuple[Reach, bool]]:
    """Every reach, closed where it is wider than one's own."""
    return [(reach, limit.widest(reach) is not limit and reach not in chosen) for reach in Reach]


def columns() -> list[Verb]:
    """The common columns that any screen has."""
    used = {verb for module in CATALOGUE for screen in module.screens for verb in screen.verbs}
    return [verb for verb in COMMON if verb in used]


def own_verbs(screen: Screen) -> list[Verb]:
    """What can be done on a screen beside what has a column."""
    return [verb for verb in screen.verbs if verb not in COMMON]


def field_names() -> set[str]:
    """The fields of a matrix."""
    return {"right", *(f"{prefix}{module}" for module in scope_modules() for prefix in (READS, WRITES))}


def read_state(posted: MultiDict[str, Any]) -> RoleState:
    """The state that a posted matrix asks for; 400 for a right or a reach that does not exist."""
    rights = frozenset(posted.getlist("right"))
    if not rights <= frozenset(all_rights()):
        abort(400)
    reaches = {module: (_reach(posted, READS + module), _reach(posted, WRITES + module)) for module in scope_modules()}
    return RoleState(rights, reaches)


def _reach(posted: MultiDict[str, Any], name: str) -> Reach:
    text = posted.get(name, "")
    if text not in REACHES:
        abort(400)
    return REACHES[text]
