"""The wall around the rows: which a session's actor sees, and which he may write.

It stands in the session. ``do_orm_execute`` narrows every statement on a walled model to what the actor
sees; ``before_flush`` refuses a write outside his scope and a link to a row he does not see. A session that
works for nobody reaches no walled row at all.

A root model carries ``scope_module`` and ``responsible_id`` (and ``is_common`` where everybody who sees a row may
write it); a child names the relationship it is seen through in ``seen_through``. A row of a model that ``is_personal``
is its person's alone, however far anybody else reaches; where the model names a right in ``seen_by_all_with``, who
holds that sees the rows of all.
"""

from collections.abc import Hashable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    event,
    false,
    inspect,
    or_,
    select,
)
from sqlalchemy.orm import ORMExecuteState, RelationshipDirection, Session, with_loader_criteria

from app.clock import now
from app.errors import Forbidden, OutOfSight
from app.i18n import Label
from app.models.audit import AuditEntry
from app.models.base import Model, Recorded, mapper_of
from app.models.history import StatusMove
from app.models.org import Employee, Reach
from app.security.actor import SYSTEM, Actor, branch_of
from app.security.naming import Naming

#: Why nothing is written for who looks through somebody's eyes.
WATCHED = Label("You are looking through somebody else's eyes: nothing can be changed.")


class WallError(RuntimeError):
    """A defect: a statement on walled rows for nobody, or in a form the wall cannot narrow."""


@cache
def roots() -> tuple[Any, ...]:
    """The walled models that belong to a person."""
    return tuple(m.class_ for m in Model.registry.mappers if hasattr(m.class_, "scope_module"))


@cache
def children() -> tuple[Any, ...]:
    """The walled models seen through a parent."""
    return tuple(m.class_ for m in Model.registry.mappers if hasattr(m.class_, "seen_through"))


@cache
def personal() -> tuple[Any, ...]:
    """The walled models whose rows are one person's alone."""
    return tuple(m.class_ for m in Model.registry.mappers if hasattr(m.class_, "is_personal"))


@cache
def _opening_rights() -> frozenset[str]:
    """The rights with which the rows of everybody are seen."""
    return frozenset(filter(None, (getattr(model, "seen_by_all_with", None) for model in personal())))


@cache
def walled() -> tuple[Any, ...]:
    """Every walled model."""
    return (*roots(), *children(), *personal(), StatusMove, AuditEntry)


@cache
def walled_tables() -> frozenset[Table]:
    """Every table whose rows the wall guards."""
    return frozenset(mapper_of(model).local_table for model in walled())  # type: ignore[misc]


def actor_of(session: Session) -> Actor | None:
    """Who the session works for."""
    return session.info.get("actor")


@contextmanager
def working_as(session: Session, actor: Actor) -> Iterator[Session]:
    """The session works for ``actor`` inside the block."""
    before = session.info.get("actor")
    session.info["actor"] = actor
    try:
        yield session
    finally:
        session.info["actor"] = before


def system(session: Session, why: str) -> AbstractContextManager[Session]:
    """A block in which the session sees and writes every row, still in the name of its person.

    ``why`` says aloud, where the block begins, what the wall is opened for.
    """
    if not why:
        raise WallError("the wall is opened without a reason")
    actor = actor_of(session)
    opened = replace(SYSTEM, person_id=actor.person_id, is_watched=actor.is_watched) if actor else SYSTEM
    return working_as(session, opened)


# ---- reading ----------------------------------------------------------------------------------------


def sees(model: Any, actor: Actor, *, in_no_order: bool = False) -> ColumnElement[bool] | None:
    """The condition under which ``actor`` sees a row of ``model``; None when he sees every one.

    ``in_no_order`` says that rows are only counted, so that an index on their people serves best.
    """
    if model is StatusMove:
        return _sees_about(StatusMove.kind, StatusMove.row_id, roots(), actor)
    if model is AuditEntry:
        unwalled = or_(AuditEntry.root_table.is_(None), AuditEntry.root_table.not_in(_names(_told_and_walled())))
        return _sees_about(AuditEntry.root_table, AuditEntry.root_id, _told_and_walled(), actor, besides=unwalled)
    if hasattr(model, "is_personal"):
        return _own(model, actor)
    if hasattr(model, "seen_through"):
        parent = mapper_of(model).relationships[model.seen_through].mapper.class_
        inner = sees(parent, actor, in_no_order=in_no_order)
        return None if inner is None else _link_column(model).in_(select(parent.id).where(inner))
    return _within(model.responsible_id, actor, actor.read_reach(model.scope_module), in_no_order)


def _own(model: Any, actor: Actor) -> ColumnElement[bool] | None:
    right = getattr(model, "seen_by_all_with", None)
    mine: ColumnElement[bool] = model.person_id == actor.person_id
    return None if right is not None and actor.may(right) else mine


def _within(person: ColumnElement[Any], actor: Actor, reach: Reach, in_no_order: bool) -> ColumnElement[bool] | None:
    if reach is Reach.ALL:
        return None
    if reach is Reach.OWN:
        return person == actor.person_id
    # One IN and no OR beside it: databases keep the order of an index then, instead of sorting every row seen.
    if reach in actor.few_people:
        return person.in_(actor.few_people[reach])
    # Of many people's rows the next is near in any order, while an index on the person would have to be sorted:
    # the sum keeps SQLite, which does not weigh the two, from taking it.
    column = person if in_no_order else person + 0
    return column.in_(select(Employee.id).where(actor.colleagues(reach)))


def _link_column(model: Any) -> ColumnElement[Any]:
    column: ColumnElement[Any] = getattr(model, _key_of(mapper_of(model).relationships[model.seen_through]))
    return column


def _key_of(link: Any) -> str:
    """The attribute that holds the key of a relationship to one."""
    (column,) = link.local_columns
    return str(link.parent.get_property_by_column(column).key)


def _sees_about(
    table: Any, key: Any, models: Iterable[Any], actor: Actor, *, besides: ColumnElement[bool] | None = None
) -> ColumnElement[bool] | None:
    """What tells of a record, by its ``table`` and ``key``, is seen by whoever sees that record.

    ``besides`` is the condition of what tells of no walled record.
    """
    conditions = {model: sees(model, actor) for model in models}
    if all(condition is None for condition in conditions.values()):
        return None
    parts = [false() if besides is None else besides]
    for model, condition in conditions.items():
        of_model = table == model.__tablename__
        rows = None if condition is None else key.in_(select(model.id).where(condition))
        parts.append(of_model if rows is None else and_(of_model, rows))
    return or_(*parts)


@cache
def _told_and_walled() -> tuple[Any, ...]:
    """The walled models of whose rows the audit log tells."""
    return tuple(model for model in (*roots(), *children(), *personal()) if getattr(model, "is_audited", True))


def _names(models: Iterable[Any]) -> list[str]:
    return [model.__tablename__ for model in models]


def _narrow(state: ORMExecuteState) -> None:
    actor = actor_of(state.session)
    if actor is not None and actor.is_system:
        return
    if state.is_column_load:
        return  # the row was seen when it was loaded
    found = Naming(state.statement, walled_tables())
    if not found.tables:
        return
    if actor is None:
        raise WallError("walled rows are asked for by a session that works for nobody")
    # The loads of relationships are written by the mapper itself and are always of models.
    if not state.is_select or (found.is_opaque and not state.is_relationship_load):
        raise WallError("walled rows are reached for by a statement that the wall cannot narrow")
    in_no_order = bool(state.execution_options.get("in_no_order"))
    criteria = _criteria(state.session, actor, in_no_order)
    # Whole records may bring others along that the statement does not name; plain columns cannot.
    named = criteria.keys() if _loads_records(state) else criteria.keys() & found.tables
    state.statement = state.statement.options(*(criteria[table] for table in named))


#: The conditions of every walled table, by what they depend on; forgotten as a whole when there are too many.
_CRITERIA: dict[Hashable, dict[Table, Any]] = {}
MOST_CRITERIA = 2_000


def _loads_records(state: ORMExecuteState) -> bool:
    """Whether whole records are asked for, or the statement does not say what it asks for."""
    asked = getattr(state.statement, "column_descriptions", None)
    return state.is_relationship_load or not asked or any(one["expr"] is one["entity"] for one in asked)


def _criteria(session: Session, actor: Actor, in_no_order: bool) -> dict[Table, Any]:
    """The condition of every walled table, made once for all sessions of actors who see the same."""
    known = session.info.get("criteria")
    if known is None or known[0] is not actor:
        known = session.info["criteria"] = (actor, {})
    made: dict[bool, dict[Table, Any]] = known[1]
    if in_no_order not in made:
        made[in_no_order] = _criteria_of(actor, in_no_order)
    return made[in_no_order]


def _criteria_of(actor: Actor, in_no_order: bool) -> dict[Table, Any]:
    scope = (actor.reads, actor.departments, actor.few_people)
    opening = frozenset(right for right in _opening_rights() if actor.may(right))
    key = (in_no_order, actor.person_id, opening, *(frozenset(part.items()) for part in scope))
    if len(_CRITERIA) > MOST_CRITERIA:
        _CRITERIA.clear()
    if key not in _CRITERIA:
        conditions = ((model, sees(model, actor, in_no_order=in_no_order)) for model in walled())
        _CRITERIA[key] = {
            cast(Table, mapper_of(model).local_table): with_loader_criteria(model, condition, include_aliases=True)
            for model, condition in conditions
            if condition is not None
        }
    return _CRITERIA[key]


# ---- writing ----------------------------------------------------------------------------------------


def may_write(session: Session, row: Any) -> bool:
    """Whether the session's actor may write ``row`` as it stands in memory."""
    actor = actor_of(session)
    if actor is None:
        return False
    if actor.is_system:
        return True
    if hasattr(type(row), "seen_through"):
        parent = getattr(row, type(row).seen_through)
        return parent is not None and may_write(session, parent)
    if getattr(row, "is_common", False):
        return True
    return may_hold(session, row.responsible_id, type(row).scope_module)


def may_hold(session: Session, person_id: int | None, module: str) -> bool:
    """Whether rows of ``person_id`` lie within the write scope of the session's actor in ``module``."""
    actor = actor_of(session)
    if actor is None:
        return False
    reach = actor.write_reach(module)
    if reach is Reach.ALL or (person_id is not None and person_id == actor.person_id):
        return True
    if reach is Reach.OWN or person_id is None:
        return False
    path = branch_of(session, person_id)
    return path is not None and actor.includes(reach, path)


@contextmanager
def handing_over(session: Session, row: Any) -> Iterator[None]:
    """Inside the block ``row`` may leave somebody's hands that the actor may not write himself.

    Assigning and transferring need the row in read scope and only the receiver in write scope.
    """
    marked: set[int] = session.info.setdefault("handed_over", set())
    marked.add(id(row))
    try:
        yield
        session.flush()
    finally:
        marked.discard(id(row))


def _guard(session: Session, _context: Any, _instances: Any) -> None:
    actor = actor_of(session)
    if actor is not None and actor.is_watched:
        raise Forbidden(WATCHED)
    with session.no_autoflush:
        for row in session.new:
            _guard_row(session, row, actor, is_new=True)
        for row in session.dirty:
            if session.is_modified(row):
                _guard_row(session, row, actor)
        for row in session.deleted:
            _guard_row(session, row, actor, is_deleted=True)


def _guard_row(
    session: Session, row: Any, actor: Actor | None, *, is_new: bool = False, is_deleted: bool = False
) -> None:
    _settle_links(row)
    if isinstance(row, Recorded):
        _mark(row, actor, is_new=is_new)
    if actor and actor.is_system:
        return
    if isinstance(row, StatusMove):
        _refuse_rewriting(session, row, is_new=is_new)
    elif hasattr(type(row), "is_personal"):
        _refuse_others(row, actor)
    elif _is_walled(row):
        _refuse_foreign(session, row, actor, is_deleted=is_deleted)


def _refuse_rewriting(session: Session, move: StatusMove, *, is_new: bool) -> None:
    """History is only added to, and only for a record the session holds, which it was seen through."""
    held = (row for row in session.identity_map.values() if getattr(row, "__tablename__", "") == move.kind)
    if not is_new or not any(getattr(row, "id", None) == move.row_id for row in held):
        raise Forbidden(Label("The history of a record cannot be changed."))


def _refuse_others(row: Any, actor: Actor | None) -> None:
    """What is one person's alone is written by him alone, and neither given away nor taken."""
    if actor is None or {_committed(row).person_id, row.person_id} != {actor.person_id}:
        raise Forbidden(Label("This belongs to somebody else alone."))


def _settle_links(row: Any) -> None:
    """Write the keys of changed relationships now, which the flush would do only after we looked."""
    for link in mapper_of(type(row)).relationships:
        if link.uselist or link.direction is not RelationshipDirection.MANYTOONE:
            continue
        added = inspect(row).attrs[link.key].history.added
        if added and (added[0] is None or getattr(added[0], "id", None) is not None):
            setattr(row, _key_of(link), added[0].id if added[0] is not None else None)


def _is_walled(row: Any) -> bool:
    return hasattr(type(row), "scope_module") or hasattr(type(row), "seen_through")


def _mark(row: Any, actor: Actor | None, *, is_new: bool) -> None:
    moment, person_id = now(), actor.person_id if actor else None
    if is_new:
        row.created_on = row.created_on or moment
        row.created_by_id = row.created_by_id or person_id
    row.changed_on = moment
    row.changed_by_id = person_id or row.changed_by_id


def _refuse_foreign(session: Session, row: Any, actor: Actor | None, *, is_deleted: bool) -> None:
    if actor is None:
        raise WallError("a walled row is written by a session that works for nobody")
    state = inspect(row)
    is_handed_over = id(row) in session.info.get("handed_over", ())
    if state.persistent and not is_handed_over and not _might_write_before(session, row):
        raise Forbidden(Label("This record belongs to somebody outside your write scope."))
    if not is_deleted:
        if not may_write(session, row):
            raise Forbidden(Label("This person is outside your write scope."))
        _refuse_hidden_links(session, row)


def _might_write_before(session: Session, row: Any) -> bool:
    """Whether the actor could write the row as the database has it."""
    before = _committed(row)
    if hasattr(type(row), "seen_through"):
        link = mapper_of(type(row)).relationships[type(row).seen_through]
        parent = session.get(link.mapper.class_, getattr(before, _key_of(link)))
        return parent is not None and may_write(session, parent)
    actor = actor_of(session)
    descriptors = mapper_of(type(row)).all_orm_descriptors
    if "is_common" in descriptors and descriptors["is_common"].fget(before):  # type: ignore[attr-defined]
        return True
    person_id = descriptors["responsible_id"].fget(before)  # type: ignore[attr-defined]
    return actor is not None and may_hold(session, person_id, type(row).scope_module)


def _committed(row: Any) -> SimpleNamespace:
    """The row's column values as last read from the database."""
    values = {}
    for attribute in mapper_of(type(row)).column_attrs:
        history = inspect(row).attrs[attribute.key].history
        values[attribute.key] = history.deleted[0] if history.deleted else getattr(row, attribute.key)
    return SimpleNamespace(**values)


def _refuse_hidden_links(session: Session, row: Any) -> None:
    """A changed link must lead to a row the actor sees; a new row of the same flush is his own doing."""
    for link in mapper_of(type(row)).relationships:
        if link.uselist or not _is_walled_class(link.mapper.class_):
            continue
        key = _key_of(link)
        target_id = getattr(row, key)
        if target_id is None or not inspect(row).attrs[key].history.has_changes():
            continue
        target = link.mapper.class_
        if session.scalar(select(target.id).where(target.id == target_id)) is None:
            raise OutOfSight(target, target_id)


def _is_walled_class(model: Any) -> bool:
    return hasattr(model, "scope_module") or hasattr(model, "seen_through")


def raise_wall(session_class: type[Session]) -> None:
    """Put the wall into every session of ``session_class``."""
    event.listen(session_class, "do_orm_execute", _narrow)
    event.listen(session_class, "before_flush", _guard)
