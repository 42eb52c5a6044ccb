"""Writing: a flush is refused that writes outside its actor's scope, or links to a row out of his sight."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import RelationshipDirection, Session

from app.clock import now
from app.errors import Forbidden, OutOfSight
from app.i18n import Label
from app.models.base import Recorded, mapper_of
from app.models.history import StatusMove
from app.models.org import Reach
from app.security.actor import Actor, branch_of
from app.security.scope.fixed import refuse_fixed
from app.security.scope.models import key_of
from app.security.scope.working import WATCHED, WallError, actor_of


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


def guard(session: Session, _context: Any, _instances: Any) -> None:
    """Refuse a flush that its actor may not make; raises Forbidden and OutOfSight."""
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
    refuse_fixed(session, row, is_new=is_new)
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
            setattr(row, key_of(link), added[0].id if added[0] is not None else None)


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
        parent = session.get(link.mapper.class_, getattr(before, key_of(link)))
        return parent is not None and may_write(session, parent)
    actor = actor_of(session)
    descriptors = mapper_of(type(row)).all_orm_descriptors
    # These descriptors are hybrids, whose getters read a row and what stands in for one alike.
    if "is_common" in descriptors and descriptors["is_common"].fget(before):  # type: ignore[attr-defined]
        return True
    person_id = descriptors["responsible_id"].fget(before)  # type: ignore[attr-defined]  # likewise
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
        key = key_of(link)
        target_id = getattr(row, key)
        if target_id is None or not inspect(row).attrs[key].history.has_changes():
            continue
        target = link.mapper.class_
        if session.scalar(select(target.id).where(target.id == target_id)) is None:
            raise OutOfSight(target, target_id)


def _is_walled_class(model: Any) -> bool:
    return hasattr(model, "scope_module") or hasattr(model, "seen_through")
