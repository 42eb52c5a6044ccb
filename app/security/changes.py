"""What a flush writes goes into the audit log: one statement for all the rows it creates, changes and deletes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from flask_appbuilder.security.sqla.models import PermissionView
from sqlalchemy import event
from sqlalchemy.orm import Mapper, RelationshipDirection, Session
from sqlalchemy.orm.attributes import PASSIVE_NO_INITIALIZE, get_history
from sqlalchemy.orm.util import identity_key
from sqlalchemy.sql.elements import NamedColumn

from app.models.audit import AuditKind
from app.models.base import Model, mapper_of
from app.models.history import StatusMove
from app.security.audit import Entry, place_of, write
from app.security.rights import right_of

#: The catalogue of rights, written by the product itself, and what it does not use of the framework.
UNTOLD_TABLES = frozenset(
    {
        *("ab_permission", "ab_view_menu", "ab_permission_view"),
        *("ab_group", "ab_register_user", "ab_api_key"),
    }
)
#: Kept by the product itself for its own sake; a column of a model is left out by ``is_audited=False`` in its info.
UNTOLD_COLUMNS = frozenset(
    {
        *("version", "created_on", "created_by_id", "created_by_fk", "changed_on", "changed_by_id"),
        *("changed_by_fk", "name_key", "phone_key", "path", "last_login", "login_count", "fail_login_count"),
    }
)
#: The other ends of relations between many and many, which are told at their first end; groups are not used.
UNTOLD_LINKS = frozenset({("ab_role", "user"), ("ab_role", "groups"), ("ab_user", "groups")})
#: Whose changes are changes of rights; so are those of the roles of a person.
RIGHTS_TABLES = frozenset({"ab_role", "role_reaches"})
ROLES = "roles"
#: What stands in place of a secret, which is told to have changed and never what it was or is.
SECRET = "***"  # noqa: S105  # stars, no secret

Changes = dict[str, list[Any]]


def keep_log(session_class: type[Session]) -> None:
    """Keep the log of every session of ``session_class``."""
    event.listen(session_class, "after_flush", tell)


def tell(session: Session, _context: Any) -> None:
    """Add the entries of a flush, inside its transaction; a rollback, to a savepoint too, takes them back."""
    if "unlogged" in session.info:
        return
    entries = list(_entries(session))
    _tell_moves(session, entries)
    if entries:
        write(session, entries)


def is_told(model: Any) -> bool:
    """Whether the log tells of the rows of ``model``."""
    return model.__tablename__ not in UNTOLD_TABLES and getattr(model, "is_audited", True)


def _entries(session: Session) -> Iterator[Entry]:
    for row in session.new:
        if is_told(row):
            yield _entry(AuditKind.CREATED, row)
    for row in sorted((row for row in session.dirty if is_told(row)), key=_place):
        entry = _entry(AuditKind.CHANGED, row)
        if entry["changes"]:
            yield entry
    for row in session.deleted:
        if is_told(row):
            yield _entry(AuditKind.DELETED, row)


def _place(row: Any) -> tuple[str, Any]:
    return row.__tablename__, mapper_of(type(row)).primary_key_from_instance(row)


def _entry(kind: AuditKind, row: Any) -> Entry:
    changes = _changes(kind, row)
    is_of_rights = row.__tablename__ in RIGHTS_TABLES or (kind is AuditKind.CHANGED and ROLES in changes)
    return {"kind": AuditKind.RIGHTS if is_of_rights else kind, "changes": changes, **place_of(row)}


# ---- moves --------------------------------------------------------------------------------------------


def _tell_moves(session: Session, entries: list[Entry]) -> None:
    """A move and what else changed with it are one entry; how a record began is told by its creation."""
    told = {(entry["table_name"], entry["row_id"]): entry for entry in entries}
    for move in session.new:
        if not isinstance(move, StatusMove) or (move.before is None and not move.reason):
            continue
        entry = told.get((move.kind, move.row_id))
        if entry is None:
            changes: Changes = {} if move.before == move.after else {"status": [move.before, move.after]}
            entry = {"kind": AuditKind.MOVED, "changes": changes, **_place_of_moved(session, move)}
            entries.append(entry)
        if entry["kind"] is AuditKind.CHANGED:
            entry["kind"] = AuditKind.MOVED
        entry["reason"] = move.reason


def _place_of_moved(session: Session, move: StatusMove) -> Entry:
    """The record stands in the session, which moved it."""
    row = session.identity_map.get(identity_key(_models()[move.kind], move.row_id))
    if row is not None:
        return place_of(row)
    return {"table_name": move.kind, "row_id": move.row_id, "root_table": move.kind, "root_id": move.row_id}


@cache
def _models() -> Mapping[str, Any]:
    return {mapper.class_.__tablename__: mapper.class_ for mapper in Model.registry.mappers}


# ---- values -------------------------------------------------------------------------------------------


def _changes(kind: AuditKind, row: Any) -> Changes:
    """Each field that is different now, as it was and as it is, both as they are stored."""
    columns, links = _fields(mapper_of(type(row)))
    found: Changes = {}
    for key, column in columns:
        added, unchanged, removed = get_history(row, key, PASSIVE_NO_INITIALIZE)
        old = None if kind is AuditKind.CREATED else _only(removed or unchanged)
        new = None if kind is AuditKind.DELETED else _only(added or unchanged)
        if old != new:
            found[key] = [stored(old, column), stored(new, column)]
    for key in links:
        added, unchanged, removed = get_history(row, key, PASSIVE_NO_INITIALIZE)
        gone = unchanged if kind is AuditKind.DELETED else removed
        if added or gone:
            found[key] = [_named(gone or ()) or None, _named(added or ()) or None]
    return found


@cache
def _fields(mapper: Mapper[Any]) -> tuple[Sequence[tuple[str, NamedColumn[Any]]], Sequence[str]]:
    """The columns and the links between many and many that the log tells of."""
    columns = [(one.key, one.columns[0]) for one in mapper.column_attrs if _is_told_column(one.columns[0])]
    table = mapper.class_.__tablename__
    many = [one.key for one in mapper.relationships if one.direction is RelationshipDirection.MANYTOMANY]
    return columns, [key for key in many if (table, key) not in UNTOLD_LINKS]


def _is_told_column(column: NamedColumn[Any]) -> bool:
    is_of_own_accord = column.primary_key or column.name in UNTOLD_COLUMNS
    return not is_of_own_accord and bool(column.info.get("is_audited", True))


def is_secret(column: NamedColumn[Any]) -> bool:
    """Whether no entry may hold a value of the column."""
    return column.name == "password" or bool(column.info.get("is_secret"))


def _only(values: Any) -> Any:
    return values[0] if values else None


def stored(value: Any, column: NamedColumn[Any]) -> Any:
    """A value as JSON keeps it: amounts with all their decimals, moments in UTC, choices by their value, no secret."""
    if value is not None and is_secret(column):
        return SECRET
    if isinstance(value, Decimal):
        return f"{value:.{getattr(column.type, 'scale', None) or 0}f}"
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _named(rows: Sequence[Any]) -> list[list[Any]]:
    """Key and name of each; a right by its key in the catalogue."""
    return sorted([row.id, _name(row)] for row in rows)


def _name(row: Any) -> str:
    return right_of(row.permission.name, row.view_menu.name) if isinstance(row, PermissionView) else str(row)
