"""Two roles side by side, what differs first."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.i18n import Label, LazyString
from app.models.org import Reach
from app.security.rights import CATALOGUE, Module, Screen, Verb
from app.security.roles import NO_REACH, RoleState, scope_modules
from app.views.roles.matrix import columns, own_verbs


@dataclass(frozen=True)
class Pair:
    """One right: whether the left role has it and whether the right one has it."""

    label: LazyString
    left: bool
    right: bool

    @property
    def look(self) -> str:
        """Who has it: both, left, right or none."""
        if self.left is self.right:
            return "both" if self.left else "none"
        return "left" if self.left else "right"


@dataclass(frozen=True)
class PairLine:
    """One screen of both roles."""

    label: LazyString
    cells: Sequence[Pair | None]
    own: Sequence[Pair]

    @property
    def differs(self) -> bool:
        """Whether the roles can do different things here."""
        return any(pair is not None and pair.left is not pair.right for pair in (*self.cells, *self.own))


@dataclass(frozen=True)
class ReachPair:
    """How far both roles reach."""

    label: LazyString
    left: Reach
    right: Reach


@dataclass(frozen=True)
class PairGroup:
    """One module of both roles."""

    label: LazyString
    lines: Sequence[PairLine]
    reaches: Sequence[ReachPair]


def compared(left: RoleState, right: RoleState) -> tuple[list[PairGroup], list[PairGroup]]:
    """What differs, and what is the same."""
    different: list[PairGroup] = []
    same: list[PairGroup] = []
    for module in CATALOGUE:
        lines = [_line(screen, left, right) for screen in module.screens if screen.verbs]
        reaches = _reaches(module, left, right)
        for found, is_different in ((different, True), (same, False)):
            kept = [line for line in lines if line.differs is is_different]
            pairs = [pair for pair in reaches if (pair.left is not pair.right) is is_different]
            if kept or pairs:
                found.append(PairGroup(module.label, kept, pairs))
    return different, same


def _line(screen: Screen, left: RoleState, right: RoleState) -> PairLine:
    def pair(verb: Verb) -> Pair:
        key = screen.right(verb)
        return Pair(verb.label, key in left.rights, key in right.rights)

    cells = [pair(verb) if verb in screen.verbs else None for verb in columns()]
    return PairLine(screen.label, cells, [pair(verb) for verb in own_verbs(screen)])


def _reaches(module: Module, left: RoleState, right: RoleState) -> list[ReachPair]:
    if module.key not in scope_modules():
        return []
    pairs = zip(left.reaches.get(module.key, NO_REACH), right.reaches.get(module.key, NO_REACH), strict=True)
    labels = Label("Reads"), Label("Writes")
    return [ReachPair(label, *pair) for label, pair in zip(labels, pairs, strict=True)]
