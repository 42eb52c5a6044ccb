"""Departments: the tree, and the rules by which it is changed; one at a time, so that it stays a tree."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, literal, select, update
from sqlalchemy.orm import Session, joinedload

from app.actions.holdings import Giving, Holding, enabled_people
from app.actions.org import OWN_DEPARTMENT, SEES_MORE, comes_near, depends_on_department
from app.actions.records import flush_or_stale
from app.actions.workflow import refuse_stale
from app.errors import Invalid, OutOfSight, WrongState
from app.i18n import Label, gettext, ngettext
from app.models.org import Department, Employee
from app.security.actor import Actor
from app.security.granting import take_turns
from app.security.rights import DEPARTMENTS, Verb

TYPED_FIELDS = ("name", "parent", "head", "position")
#: How many names there are from the top down at most.
DEEPEST = 10


@dataclass(frozen=True)
class Branch:
    """A department in the order of the tree; ``depth`` is 0 at the top."""

    department: Department
    depth: int


def department_tree(session: Session) -> list[Branch]:
    """Every department, each followed by those below it, by place and name."""
    rows = session.scalars(select(Department).options(joinedload(Department.head))).all()
    below: dict[int | None, list[Department]] = defaultdict(list)
    for row in sorted(rows, key=lambda one: (one.position, one.name, one.id)):
        below[row.parent_id].append(row)
    return list(_branches(below, None, 0))


def _branches(below: Mapping[int | None, Sequence[Department]], parent_id: int | None, depth: int) -> Iterator[Branch]:
    for row in below.get(parent_id, ()):
        yield Branch(row, depth)
        yield from _branches(below, row.id, depth + 1)


def staff(session: Session) -> Mapping[int | None, int]:
    """How many enabled people belong to each department itself."""
    statement = select(Employee.department_id, func.count()).where(Employee.active.is_(True))
    return {row[0]: row[1] for row in session.execute(statement.group_by(Employee.department_id))}


def create_department(session: Session, values: Mapping[str, Any], *, by: Actor) -> Department:
    """A new department; flushes."""
    by.must(DEPARTMENTS.right(Verb.CREATE))
    take_turns(session, DEPARTMENTS)
    department = Department(path="")
    _fill(session, department, values, by)
    session.add(department)
    session.flush()
    department.path = _path(department)
    session.flush()
    return department


def edit_department(
    session: Session, department: Department, values: Mapping[str, Any], *, by: Actor, version: int | None
) -> None:
    """Change a department, or move it with all below it; flushes."""
    by.must(DEPARTMENTS.right(Verb.EDIT))
    _be_alone_with(session, department)
    refuse_stale(session, department, version)
    _fill(session, department, values, by)
    flush_or_stale(session)
    _move_paths(session, department)


def delete_department(session: Session, department: Department, *, by: Actor) -> None:
    """Delete a department that nobody and nothing belongs to; flushes. Saved filters shared with it are kept."""
    by.must(DEPARTMENTS.right(Verb.DELETE))
    _be_alone_with(session, department)
    below = _count(session, Department.parent_id == department.id)
    if below:
        raise WrongState(
            ngettext(
                "There is %(num)d department below this one: move or delete it first.",
                "There are %(num)d departments below this one: move or delete them first.",
                below,
            )
        )
    people = _count(session, Employee.department_id == department.id)
    if people:
        raise WrongState(
            ngettext(
                "%(num)d person belongs to this department, perhaps a disabled one: choose another one there first.",
                "%(num)d people belong to this department, perhaps disabled ones: choose another one there first.",
                people,
            )
        )
    session.delete(department)
    session.flush()


def _be_alone_with(session: Session, department: Department) -> None:
    """Look at it as it is now; whoever changes the tree or puts somebody into it waits until the transaction ends."""
    take_turns(session, DEPARTMENTS)
    if session.get(Department, department.id, populate_existing=True, with_for_update=True) is None:
        raise OutOfSight(Department, department.id)


def _count(session: Session, condition: Any) -> int:
    return session.scalar(select(func.count()).where(condition)) or 0


def _fill(session: Session, department: Department, values: Mapping[str, Any], by: Actor) -> None:
    parent = values.get("parent", department.parent)
    if parent is not None and session.get(Department, parent.id, populate_existing=True) is None:
        raise Invalid({"parent": Label("Somebody deleted this department meanwhile.")})
    head = values.get("head", department.head)
    if head is not None and head.id == by.person_id != department.head_id and depends_on_department(by):
        raise Invalid({"head": OWN_DEPARTMENT})
    _check_parent(session, department, parent, by)
    name = values.get("name", department.name)
    _check_name(session, department, name, parent)
    department.name, department.parent, department.head = name, parent, head
    department.position = values.get("position", department.position) or 0


def _check_parent(session: Session, department: Department, parent: Department | None, by: Actor) -> None:
    """Raises Invalid for a place below itself, too far down, or where ``by`` would see more than now."""
    if parent is None:
        return
    if department.path and parent.path.startswith(department.path):
        raise Invalid({"parent": Label("A department cannot stand below itself.")})
    if department.path and comes_near(by, department.path, f"{parent.path}{department.id}/"):
        raise Invalid({"parent": SEES_MORE})
    if _level(parent.path) + _height(session, department) > DEEPEST:
        sentence = gettext("There can be at most %(deep)d departments one below the other.", deep=DEEPEST)
        raise Invalid({"parent": sentence})


def _height(session: Session, department: Department) -> int:
    """How many levels the department has with those below it."""
    if not department.path:
        return 1
    paths = session.scalars(select(Department.path).where(Department.path.startswith(department.path)))
    return max(map(_level, paths)) - _level(department.path) + 1


def _level(path: str) -> int:
    return path.count("/") - 1


def _check_name(session: Session, department: Department, name: str, parent: Department | None) -> None:
    if "/" in name:
        raise Invalid({"name": Label("The name of a department holds no slash, which stands between two of them.")})
    beside = Department.parent_id.is_(None) if parent is None else Department.parent_id == parent.id
    same = select(Department.id).where(Department.name == name, beside, Department.id != (department.id or 0))
    with session.no_autoflush:
        if session.scalar(same.limit(1)) is not None:
            raise Invalid({"name": Label("There is a department of this name in this place already.")})


def _path(department: Department) -> str:
    return f"{department.parent.path if department.parent else '/'}{department.id}/"


def _move_paths(session: Session, department: Department) -> None:
    """Write the paths of a moved department and of all below it, in one statement."""
    before, after = department.path, _path(department)
    if before == after:
        return
    moved = literal(after) + func.substr(Department.path, len(before) + 1)
    statement = update(Department).where(Department.path.startswith(before)).values(path=moved)
    session.execute(statement, execution_options={"synchronize_session": "fetch"})


# ---- hand-over ----------------------------------------------------------------------------------------


def _give_headships(session: Session, rows: Sequence[Department], giving: Giving) -> None:
    for row in rows:
        row.head = giving.receiver


def _possible_heads(by: Actor) -> Select[Employee]:
    """The enabled people, but not oneself where one would see more by it."""
    people = enabled_people(by)
    return people.where(Employee.id != by.person_id) if depends_on_department(by) else people


#: The departments a person heads.
HEADED = Holding(
    "headships",
    Label("Departments headed"),
    Department,
    right=DEPARTMENTS.right(Verb.EDIT),
    held=lambda person_id: Department.head_id == person_id,
    receivers=_possible_heads,
    give=_give_headships,
)
