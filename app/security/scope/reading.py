"""Reading: every statement on walled models is narrowed to what its session's actor sees."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Select, Table, and_, false, inspect, literal_column, or_, select
from sqlalchemy.orm import Mapper, ORMExecuteState, Session, with_loader_criteria

from app.models.audit import AuditEntry
from app.models.base import mapper_of
from app.models.history import StatusMove
from app.models.org import Employee, Reach
from app.security.actor import Actor
from app.security.naming import Naming
from app.security.scope.models import (
    children,
    hiding,
    key_of,
    opening_rights,
    parent_of,
    personal,
    roots,
    walled,
    walled_tables,
)
from app.security.scope.working import WallError, actor_of, shows_deleted


@dataclass(frozen=True)
class Way:
    """What a statement says of itself in its execution options, so that its condition is put in the quicker way.

    ``in_no_order``: rows are only counted, so an index on their people serves best. ``one_by_one``: it is about one
    record and finds few rows, so each is looked up by its parent's key, instead of every parent in sight. ``summed``:
    most rows there are go into it, so the few that are deleted are found once, instead of looked up for each row.
    """

    in_no_order: bool = False
    one_by_one: bool = False
    summed: bool = False


#: The execution options of a statement about one record.
ONE_BY_ONE = {"one_by_one": True}
#: Those of a statement that sums most rows up.
SUMMED = {"summed": True, "in_no_order": True}


def sees(model: Any, actor: Actor, way: Way = Way()) -> ColumnElement[bool] | None:
    """The condition under which ``actor`` sees a row of ``model``; None when he sees every one."""
    if model is StatusMove:
        return _sees_about((StatusMove.kind, StatusMove.row_id), _moving(), actor, way)
    if model is AuditEntry:
        unwalled = or_(AuditEntry.root_table.is_(None), AuditEntry.root_table.not_in(_names(_told_and_walled())))
        about = (AuditEntry.root_table, AuditEntry.root_id)
        return _sees_about(about, _told_and_walled(), actor, way, besides=unwalled)
    if hasattr(model, "is_personal"):
        return _own(model, actor)
    if hasattr(model, "seen_through"):
        parent = parent_of(model)
        inner = sees(parent, actor, way)
        return None if inner is None else _is_of(_link_column(model), parent, inner, way)
    return _within(model.responsible_id, actor, actor.read_reach(model.scope_module), way.in_no_order)


def _is_of(key: Any, model: Any, condition: ColumnElement[bool], way: Way) -> ColumnElement[bool]:
    """Whether ``key`` is that of a row of ``model`` that meets the condition."""
    rows = select(model.id).where(condition)
    # Also where the statement itself names the model, the rows looked up are others than its own.
    return rows.where(model.id == key).correlate_except(model).exists() if way.one_by_one else key.in_(rows)


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


def _is_there(model: Any, way: Way = Way(), row: Any = None) -> ColumnElement[bool]:
    """The condition under which a row is not deleted, nor what it is seen through; ``row`` stands for its table.

    What it is seen through is looked up by its key, as a table: as a model it would be narrowed in turn.
    """
    row = model if row is None else row
    if not hasattr(model, "seen_through"):
        # Written out: SQLAlchemy compares a value that stands in every part of a statement anew at each run.
        there: ColumnElement[bool] = row.status != literal_column(f"'{model.deleted_state}'")
        return there
    parent = parent_of(model)
    table = cast(Table, mapper_of(parent).local_table).alias()
    link = getattr(row, key_of(mapper_of(model).relationships[model.seen_through]))
    gone = select(table.c.id).where(table.c.id == link, ~_is_there(parent, way, table.c))
    # With an offset PostgreSQL looks the parent up row by row, instead of joining everything before it takes the first;
    # to count rows it joins what is deleted, which takes a tenth of that.
    return ~(gone if way.in_no_order else gone.offset(0)).exists()


def _is_not_among_the_gone(model: Any, way: Way) -> ColumnElement[bool]:
    """The same condition for every row at once; what is nobody's is not deleted with anybody."""
    if not hasattr(model, "seen_through"):
        return _is_there(model, way)
    link = _link_column(model)
    return or_(link.is_(None), link.not_in(_gone(parent_of(model))))


def _gone(model: Any) -> Select[int]:
    """The keys of the rows that are deleted, or seen through what is, read as tables for the same reason."""
    table = cast(Table, mapper_of(model).local_table).alias()
    if not hasattr(model, "seen_through"):
        return select(table.c.id).where(~_is_there(model, row=table.c))
    link = table.c[key_of(mapper_of(model).relationships[model.seen_through])]
    return select(table.c.id).where(link.in_(_gone(parent_of(model))))


def _link_column(model: Any) -> ColumnElement[Any]:
    column: ColumnElement[Any] = getattr(model, key_of(mapper_of(model).relationships[model.seen_through]))
    return column


def _sees_about(
    about: tuple[Any, Any],
    models: Iterable[Any],
    actor: Actor,
    way: Way,
    *,
    besides: ColumnElement[bool] | None = None,
) -> ColumnElement[bool] | None:
    """What tells of a record, ``about`` its table and key, is seen by whoever sees that record.

    ``besides`` is the condition of what tells of no walled record.
    """
    table, key = about
    # What is counted is what is told, not the records.
    conditions = {model: sees(model, actor, Way(one_by_one=way.one_by_one)) for model in models}
    if all(condition is None for condition in conditions.values()):
        return None
    parts = [false() if besides is None else besides]
    if way.one_by_one:
        table = table.concat("")  # no index shall find everything told of a table, when the record is known
    for model, condition in conditions.items():
        of_model = table == model.__tablename__
        rows = None if condition is None else _is_of(key, model, condition, way)
        parts.append(of_model if rows is None else and_(of_model, rows))
    return or_(*parts)


@cache
def _moving() -> tuple[Any, ...]:
    """The walled models that may have a life cycle: the roots, and those children that have a state of our own."""
    own = (model for model in children() if hasattr(model, "status") and not getattr(model, "is_copied", False))
    return (*roots(), *own)


@cache
def _told_and_walled() -> tuple[Any, ...]:
    """The walled models of whose rows the audit log tells."""
    return tuple(model for model in (*roots(), *children(), *personal()) if getattr(model, "is_audited", True))


def _names(models: Iterable[Any]) -> list[str]:
    return [model.__tablename__ for model in models]


def narrow(state: ORMExecuteState) -> None:
    """Add to a statement what its actor sees; raises WallError for one that cannot be narrowed."""
    actor = actor_of(state.session)
    if actor is not None and actor.is_system:
        return
    if state.is_column_load:
        return  # the row was seen when it was loaded
    found = _naming(state.statement)
    if not found.tables:
        return
    if actor is None:
        raise WallError("walled rows are asked for by a session that works for nobody")
    # The loads of relationships are written by the mapper itself and are always of models.
    if not state.is_select or (found.is_opaque and not state.is_relationship_load):
        raise WallError("walled rows are reached for by a statement that the wall cannot narrow")
    criteria = _criteria(state.session, actor, _way_of(state))
    concerned = criteria.keys() & (found.tables | _brought_along(state))
    state.statement = _narrowed(state.statement, frozenset(criteria[table] for table in concerned))


#: Statements that are still there, with the conditions they were narrowed by and what became of them. For one that is
#: made once and kept, nothing is put together anew; the conditions themselves are the key, so none stands for another.
_NARROWED: WeakKeyDictionary[Any, dict[frozenset[Any], Any]] = WeakKeyDictionary()


def _narrowed(statement: Any, conditions: frozenset[Any]) -> Any:
    known = _NARROWED.setdefault(statement, {})
    if len(known) > MOST_CRITERIA:
        known.clear()
    if conditions not in known:
        known[conditions] = statement.options(*conditions)
    return known[conditions]


#: What the statements name that are still there; one that is made once and kept is looked through once.
_NAMINGS: WeakKeyDictionary[Any, Naming] = WeakKeyDictionary()


def _naming(statement: Any) -> Naming:
    found = _NAMINGS.get(statement)
    if found is None:
        found = _NAMINGS[statement] = Naming(statement, walled_tables())
    return found


def _way_of(state: ORMExecuteState) -> Way:
    # What a relationship loads goes by keys anyway.
    options = {} if state.is_relationship_load else state.execution_options
    return Way(*(bool(options.get(name)) for name in ("in_no_order", "one_by_one", "summed")))


#: The conditions of every walled table, by what they depend on; forgotten as a whole when there are too many.
_CRITERIA: dict[Hashable, dict[Table, Any]] = {}
MOST_CRITERIA = 2_000


def _brought_along(state: ORMExecuteState) -> frozenset[Table]:
    """The walled tables that the whole records asked for may bring along without naming them; plain columns cannot."""
    if state.is_relationship_load:
        return walled_tables()
    found = _BROUGHT_ALONG.get(state.statement)
    if found is None:
        found = _BROUGHT_ALONG[state.statement] = _behind(state.statement)
    return found


#: What the statements that are still there may bring along.
_BROUGHT_ALONG: WeakKeyDictionary[Any, frozenset[Table]] = WeakKeyDictionary()


def _behind(statement: Any) -> frozenset[Table]:
    asked = getattr(statement, "column_descriptions", None)
    if not asked:
        return walled_tables()
    records = (one["entity"] for one in asked if one["expr"] is one["entity"])
    return frozenset().union(*(_reachable(inspect(record).mapper) for record in records))


@cache
def _reachable(mapper: Mapper[Any]) -> frozenset[Table]:
    """The walled tables of a model and of everything its relationships lead to."""
    found, ahead = {mapper}, [mapper]
    while ahead:
        near = {one.mapper for one in ahead.pop().relationships} - found
        found |= near
        ahead += near
    return walled_tables() & {cast(Table, one.local_table) for one in found}


def _criteria(session: Session, actor: Actor, way: Way) -> dict[Table, Any]:
    """The condition of every walled table, made once for all sessions of actors who see the same."""
    known = session.info.get("criteria")
    if known is None or known[0] is not actor:
        known = session.info["criteria"] = (actor, {})
    made: dict[tuple[Way, bool], dict[Table, Any]] = known[1]
    asked = (way, shows_deleted(session))
    if asked not in made:
        made[asked] = _criteria_of(actor, *asked)
    return made[asked]


def _criteria_of(actor: Actor, way: Way, with_deleted: bool) -> dict[Table, Any]:
    scope = (actor.reads, actor.departments, actor.few_people)
    opening = frozenset(right for right in opening_rights() if actor.may(right))
    key = (way, with_deleted, actor.person_id, opening, *(frozenset(part.items()) for part in scope))
    if len(_CRITERIA) > MOST_CRITERIA:
        _CRITERIA.clear()
    if key not in _CRITERIA:
        hidden = () if with_deleted else hiding()
        is_there = _is_not_among_the_gone if way.summed else _is_there
        conditions = (
            (model, _both(sees(model, actor, way), is_there(model, way) if model in hidden else None))
            for model in walled()
        )
        _CRITERIA[key] = {
            cast(Table, mapper_of(model).local_table): with_loader_criteria(model, condition, include_aliases=True)
            for model, condition in conditions
            if condition is not None
        }
    return _CRITERIA[key]


def _both(one: ColumnElement[bool] | None, other: ColumnElement[bool] | None) -> ColumnElement[bool] | None:
    """Both conditions, of which each may be none."""
    return one if other is None else other if one is None else and_(one, other)
