"""What a change of a role is, and what it does to whom, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.i18n import LazyString, gettext, listed
from app.models.org import Role
from app.reports.roles import COUNT_CAP, Fate, Named, Preview, Sight
from app.security.rights import CUSTOMERS, Verb, name_of_module, name_of_right
from app.security.roles import ReachChange, RoleChange, RoleState, name_of_role
from app.views.edge import actor
from app.views.record_pages import view_of

PHONES = CUSTOMERS.right(Verb.SEE_PHONES)


@dataclass(frozen=True)
class ChangeLine:
    """One thing that changes: more or less than before; ``fate`` tells who has the right anyhow."""

    is_more: bool
    text: str
    fate: Fate | None = None


def change_lines(change: RoleChange, fates: Mapping[str, Fate] | None = None) -> list[ChangeLine]:
    """Everything that changes: what is given, what is taken away, and the scope."""
    known = fates or {}
    return [
        *(ChangeLine(True, name_of_right(right), known.get(right)) for right in change.added),
        *(ChangeLine(False, name_of_right(right), known.get(right)) for right in change.removed),
        *(ChangeLine(reach.is_wider, _reach_text(reach)) for reach in change.reaches),
    ]


def _reach_text(reach: ReachChange) -> str:
    words = {"module": name_of_module(reach.module), "before": reach.before.label, "after": reach.after.label}
    if reach.is_writing:
        return gettext("%(module)s, writes: %(before)s → %(after)s", **words)
    return gettext("%(module)s, reads: %(before)s → %(after)s", **words)


def scope_text(state: RoleState) -> str:
    """The data scope of a role in a few words."""
    pairs = set(state.reaches.values())
    if len(pairs) == 1:
        reads, writes = pairs.pop()
        return gettext("Reads: %(reads)s; writes: %(writes)s", reads=reads.label, writes=writes.label)
    return listed(
        gettext(
            "%(module)s (reads: %(reads)s; writes: %(writes)s)",
            module=name_of_module(module),
            reads=reads.label,
            writes=writes.label,
        )
        for module, (reads, writes) in state.reaches.items()
    )


def role_names(roles: Sequence[Role]) -> str:
    """The names of several roles."""
    return listed(name_of_role(role.name) for role in roles)


def named(some: Named) -> str:
    """Some people by name; dots stand for the others."""
    return f"{listed(some.people)}{'…' if some.count > len(some.people) else ''}"


# ---- the panel beside the matrix ------------------------------------------------------------------------


@dataclass(frozen=True)
class SightLine:
    """One person's rows before and after, with records that come or go as text and address."""

    name: str
    before: str
    after: str
    difference: str
    samples: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Panel:
    """What stands beside the matrix before anything is saved.

    ``mark`` lets exactly this state be saved; it is empty when nothing changes or the change is refused. Who will see
    what is told when it ``is_counted``.
    """

    lines: Sequence[ChangeLine] = ()
    mark: str = ""
    notice: str | LazyString = ""
    people: int = 0
    more: Sequence[tuple[LazyString, Sequence[SightLine]]] = ()
    fewer: Sequence[tuple[LazyString, Sequence[SightLine]]] = ()
    left_out: int = 0
    phones: Fate | None = None
    gets_phones: bool = False
    is_counted: bool = False
    unchanged: Named = field(default_factory=lambda: Named([], 0))
    disabled: Named = field(default_factory=lambda: Named([], 0))

    @property
    def count(self) -> int:
        """How many things change."""
        return len(self.lines)


def panel_of(found: Preview, mark: str, notice: str | LazyString = "") -> Panel:
    """The panel of a preview."""
    return Panel(
        lines=change_lines(found.change, found.fates),
        mark=mark if found.change.count and not notice else "",
        notice=notice,
        people=found.people,
        more=_sight_lines(found, is_more=True),
        fewer=_sight_lines(found, is_more=False),
        left_out=found.left_out,
        is_counted=True,
        phones=found.fates.get(PHONES),
        gets_phones=PHONES in found.change.added,
        unchanged=found.unchanged,
        disabled=found.disabled,
    )


def _sight_lines(found: Preview, *, is_more: bool) -> list[tuple[LazyString, list[SightLine]]]:
    """The people who see more, or fewer, by screen; who sees as many as before is left out."""
    chosen = (
        (screen.label, [_sight_line(one) for one in sights if one.is_more is is_more and _differs(one)])
        for screen, sights in found.sights
    )
    return [(label, lines) for label, lines in chosen if lines]


def _differs(sight: Sight) -> bool:
    return sight.before != sight.after or sight.after > COUNT_CAP


def _sight_line(sight: Sight) -> SightLine:
    return SightLine(
        str(sight.person), count_text(sight.before), count_text(sight.after), _difference(sight), _samples(sight)
    )


def count_text(number: int) -> str:
    """A number of rows, or ``10,000+``."""
    return f"{COUNT_CAP:,}+" if number > COUNT_CAP else f"{number:,}"


def _difference(sight: Sight) -> str:
    """``+874``; with a plus behind it where it is at least that many, empty where nobody counted so far."""
    sign = "+" if sight.is_more else "−"
    number = abs(min(sight.after, COUNT_CAP) - min(sight.before, COUNT_CAP))
    is_least = max(sight.after, sight.before) > COUNT_CAP
    return f"{sign}{number:,}{'+' if is_least else ''}" if number else ""


def _samples(sight: Sight) -> list[tuple[str, str]]:
    """The records by name, with their pages, for who may see their screen."""
    view = view_of(next(iter(sight.samples), None))
    if view is None or not actor().may(view.screen.right(Verb.SEE)):
        return []
    return [(str(row), view.path(f"show/{row.id}")) for row in sight.samples]
