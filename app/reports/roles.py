"""Roles in numbers: who holds what, and what a change of a role would do to whom before it is made."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, case, false, func, literal, not_, select, true, union_all
from sqlalchemy.orm import Session, joinedload

from app.models.org import Employee, Reach
from app.models.roles import Role, RoleVersion, assoc_user_role
from app.security.actor import Actor, Places, places_of
from app.security.rights import SCREENS, Screen, Verb
from app.security.roles import NO_REACH, RoleChange, RoleState, change_between, combined, states_of
from app.security.scope import Way, roots, sees, system

#: Rows are counted up to here.
COUNT_CAP = 10_000
#: For how many people the rows are counted, and how many rows are named for each.
MOST_PEOPLE = 20
MOST_SAMPLES = 3
#: How many people without a change are named.
MOST_NAMED = 5
#: How many holders of a right are listed.
MOST_HOLDERS = 1_000


# ---- who holds what -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """How many people hold a role: those who can sign in, and every one."""

    active: int
    every: int


NOBODY = Held(0, 0)


@dataclass(frozen=True)
class RoleLine:
    """One role: how many people hold it, what it can do, and its last version."""

    role: Role
    held: Held
    state: RoleState
    last: RoleVersion | None


def role_lines(session: Session) -> list[RoleLine]:
    """Every role, in five statements."""
    roles = session.scalars(select(Role).order_by(Role.id)).all()
    held = held_by(session)
    states = states_of(session, [role.id for role in roles])
    newest = select(func.max(RoleVersion.id)).group_by(RoleVersion.role_id)
    versions = select(RoleVersion).where(RoleVersion.id.in_(newest)).options(joinedload(RoleVersion.by))
    last = {version.role_id: version for version in session.scalars(versions)}
    return [RoleLine(role, held.get(role.id, NOBODY), states[role.id], last.get(role.id)) for role in roles]


def held_by(session: Session) -> dict[int, Held]:
    """How many people hold each role that anybody holds."""
    active = func.sum(case((Employee.active.is_(True), 1), else_=0))
    statement = (
        select(assoc_user_role.c.role_id, active, func.count())
        .join(Employee, Employee.id == assoc_user_role.c.user_id)
        .group_by(assoc_user_role.c.role_id)
    )
    return {role_id: Held(can_sign_in, every) for role_id, can_sign_in, every in session.execute(statement)}


def holders_through(session: Session, right: str) -> list[tuple[Employee, list[Role]]]:
    """Everybody who can sign in and holds a right, with the roles it comes through; up to ``MOST_HOLDERS``."""
    roles = session.scalars(select(Role).order_by(Role.id)).all()
    states = states_of(session, [role.id for role in roles])
    giving = {role.id: role for role in roles if right in states[role.id].rights}
    statement = (
        select(Employee, assoc_user_role.c.role_id)
        .join(assoc_user_role, assoc_user_role.c.user_id == Employee.id)
        .where(assoc_user_role.c.role_id.in_(giving), Employee.active.is_(True))
        .options(joinedload(Employee.department))
        .order_by(Employee.id, assoc_user_role.c.role_id)
        .limit(MOST_HOLDERS)
    )
    found: dict[Employee, list[Role]] = defaultdict(list)
    for person, role_id in session.execute(statement):
        found[person].append(giving[role_id])
    return list(found.items())


# ---- what a change would do -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Fate:
    """What becomes of a changed right: how many get or lose it, and how many have it anyhow, through which roles."""

    touched: int
    untouched: int
    roles: Sequence[Role]


@dataclass(frozen=True)
class Sight:
    """How many rows somebody sees before and after (up to one above the cap), and some that come or go."""

    person: Employee
    is_more: bool
    before: int
    after: int
    samples: Sequence[Any]


@dataclass(frozen=True)
class Named:
    """Some people by name, and how many there are."""

    people: Sequence[Employee]
    count: int


@dataclass(frozen=True)
class Preview:
    """What a change does. ``sights`` are by screen; ``left_out`` people see more or less too, but were not counted."""

    change: RoleChange
    people: int
    fates: Mapping[str, Fate]
    sights: Sequence[tuple[Screen, Sequence[Sight]]]
    left_out: int
    unchanged: Named
    disabled: Named


@dataclass
class _Case:
    """The people who hold the same roles beside this one, and what they can do before and after."""

    others: frozenset[int]
    before: RoleState
    after: RoleState
    people: list[int] = field(default_factory=list)

    def changes_sight(self) -> bool:
        """Whether these people may see other rows afterwards."""
        return any(_extent(model, self.before) is not _extent(model, self.after) for model in roots())


def preview(session: Session, role: Role, before: RoleState, after: RoleState) -> Preview:
    """What happens when ``role`` goes from one state to the other; reads only.

    The number of statements depends neither on the people nor on the rows: two for each model whose rows belong to
    people, and at most eight more.
    """
    active, disabled = _holders(session, role)
    others = states_of(session, {key for keys in active.values() for key in keys})
    cases = _cases(active, others, before, after)
    seeing = sorted(person for case in cases if case.changes_sight() for person in case.people)
    shown = seeing[:MOST_PEOPLE]
    same = sorted(person for case in cases if case.before == case.after for person in case.people)
    people = _people(session, {*shown, *same[:MOST_NAMED], *disabled[:MOST_NAMED]})
    change = change_between(before, after)
    return Preview(
        change=change,
        people=len(active),
        fates=_fates(session, change, cases, others),
        sights=_sights(session, [people[key] for key in shown], cases),
        left_out=len(seeing) - len(shown),
        unchanged=Named([people[key] for key in same[:MOST_NAMED]], len(same)),
        disabled=Named([people[key] for key in disabled[:MOST_NAMED]], len(disabled)),
    )


def _holders(session: Session, role: Role) -> tuple[dict[int, set[int]], list[int]]:
    """Who holds the role: those who can sign in with their other roles, and those who cannot."""
    mine, every = assoc_user_role.alias(), assoc_user_role.alias()
    statement = (
        select(Employee.id, Employee.active, every.c.role_id)
        .join(mine, mine.c.user_id == Employee.id)
        .join(every, every.c.user_id == Employee.id)
        .where(mine.c.role_id == role.id)
        .order_by(Employee.id)
    )
    active: dict[int, set[int]] = {}
    disabled: dict[int, None] = {}
    for person_id, is_active, role_id in session.execute(statement):
        if not is_active:
            disabled[person_id] = None
        elif role_id != role.id:
            active.setdefault(person_id, set()).add(role_id)
        else:
            active.setdefault(person_id, set())
    return active, list(disabled)


def _cases(
    active: Mapping[int, set[int]], others: Mapping[int, RoleState], before: RoleState, after: RoleState
) -> list[_Case]:
    found: dict[frozenset[int], _Case] = {}
    for person, keys in active.items():
        group = frozenset(keys)
        if group not in found:
            held = [others[key] for key in group]
            found[group] = _Case(group, combined([*held, before]), combined([*held, after]))
        found[group].people.append(person)
    return list(found.values())


def _people(session: Session, keys: Collection[int]) -> dict[int, Employee]:
    return {person.id: person for person in session.scalars(select(Employee).where(Employee.id.in_(keys)))}


def _fates(
    session: Session, change: RoleChange, cases: Iterable[_Case], others: Mapping[int, RoleState]
) -> dict[str, Fate]:
    roles = {role.id: role for role in session.scalars(select(Role).where(Role.id.in_(others)))}
    found = {}
    for right in (*change.added, *change.removed):
        giving = {key for key, state in others.items() if right in state.rights}
        kept = sum(len(case.people) for case in cases if case.others & giving)
        lost = sum(len(case.people) for case in cases if not case.others & giving)
        found[right] = Fate(lost, kept, [roles[key] for key in sorted(giving)])
    return found


# ---- who sees which rows --------------------------------------------------------------------------------

#: How far somebody sees the rows of a model; None where he lacks the right to see any.
Extent: TypeAlias = Reach | None
#: The rows a number is of: an extent, and the person unless everybody of that extent sees the same.
Rows: TypeAlias = tuple[Extent, int]


def _extent(model: Any, state: RoleState) -> Extent:
    screen = SCREENS.get(model.__tablename__)
    if screen is not None and screen.right(Verb.SEE) not in state.rights:
        return None
    return state.reaches.get(model.scope_module, NO_REACH)[0]


def _rows(extent: Extent, person_id: int) -> Rows:
    return (extent, 0 if extent is Reach.ALL else person_id)


def _width(rows: Rows) -> int:
    """The place of an extent from the narrowest to the widest, each of which holds the one before."""
    return -1 if rows[0] is None else list(Reach).index(rows[0])


def _sights(
    session: Session, people: Sequence[Employee], cases: Sequence[_Case]
) -> list[tuple[Screen, Sequence[Sight]]]:
    case_of = {key: case for case in cases for key in case.people}
    places = places_of(session, [person.id for person in people]) if people else {}
    found: list[tuple[Screen, Sequence[Sight]]] = []
    for model in roots():
        screen = SCREENS.get(model.__tablename__)
        changed = [
            (person, _extent(model, case_of[person.id].before), _extent(model, case_of[person.id].after))
            for person in people
        ]
        changed = [one for one in changed if one[1] is not one[2]]
        if changed and screen is not None:
            found.append((screen, _Counting(session, model, places).sights(changed)))
    return found


class _Counting:
    """Counts the rows of one model for several people at once."""

    def __init__(self, session: Session, model: Any, places: Mapping[int, Places]) -> None:
        self.session, self.model, self.places = session, model, places

    def sights(self, changed: Sequence[tuple[Employee, Extent, Extent]]) -> list[Sight]:
        """The sight of each person whose extent changes from one to the other."""
        pairs = [(_rows(before, person.id), _rows(after, person.id)) for person, before, after in changed]
        numbers = self._counts(dict.fromkeys(rows for pair in pairs for rows in pair))
        samples = self._samples(pairs)
        return [
            Sight(person, _width(before) < _width(after), numbers[before], numbers[after], samples[place])
            for place, ((person, *_), (before, after)) in enumerate(zip(changed, pairs, strict=True))
        ]

    def _condition(self, rows: Rows) -> ColumnElement[bool]:
        extent, person_id = rows
        if extent is None:
            return false()
        reads = {self.model.scope_module: extent}
        actor = Actor(person_id, reads=reads, departments=self.places.get(person_id, {}))
        seen = sees(self.model, actor, Way(in_no_order=True))
        return true() if seen is None else seen

    def _counts(self, wanted: Iterable[Rows]) -> dict[Rows, int]:
        """How many rows there are of each kind, up to one above the cap, in one statement."""
        kinds = list(wanted)
        limited = [select(self.model.id).where(self._condition(one)).limit(COUNT_CAP + 1) for one in kinds]
        columns = [select(func.count()).select_from(one.subquery()).scalar_subquery() for one in limited]
        with system(self.session, "how many rows another person sees is told, not which"):
            numbers = self.session.execute(select(*columns)).one()
        return dict(zip(kinds, numbers, strict=True))

    def _samples(self, pairs: Sequence[tuple[Rows, Rows]]) -> list[list[Any]]:
        """Some rows that come or go for each pair, of those that the reader himself may see."""
        parts = [self._sample(place, pair) for place, pair in enumerate(pairs)]
        found = union_all(*(select(part.c.place, part.c.key) for part in parts)).subquery()
        keys = self.session.execute(select(found.c.place, found.c.key)).all()
        chosen = select(self.model).where(self.model.id.in_({key for _, key in keys}))
        rows = {row.id: row for row in self.session.scalars(chosen)}
        return [[rows[key] for place, key in keys if place == one] for one in range(len(pairs))]

    def _sample(self, place: int, pair: tuple[Rows, Rows]) -> Any:
        narrow, wide = (self._condition(rows) for rows in sorted(pair, key=_width))
        # A row of nobody is in nobody's scope, but a comparison with nothing would leave that open.
        differs = and_(wide, not_(func.coalesce(narrow, false())))
        columns = literal(place).label("place"), self.model.id.label("key")
        return select(*columns).where(differs).limit(MOST_SAMPLES).subquery()
