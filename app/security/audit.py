"""What happened goes into the audit log, in the transaction in which it happened."""

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sqlalchemy import Select, Table, insert, literal
from sqlalchemy.orm import Session

from app.clock import now
from app.models.audit import AuditEntry, AuditKind
from app.models.base import mapper_of

#: The longest name and reason that an entry keeps.
LONGEST_NAME = 200
LONGEST_REASON = 500
#: In whose name a command of the machine works that was given no user.
COMMAND = "command"

Entry = dict[str, Any]


@dataclass(frozen=True)
class Origin:
    """From where a session works: the person's user name, the network address and the request."""

    person_id: int | None = None
    person_name: str = ""
    address: str = ""
    request_id: str = ""


NOWHERE = Origin()


def note(
    session: Session,
    kind: AuditKind,
    *,
    about: Any = None,
    changes: Mapping[str, Any] | None = None,
    reason: str = "",
    origin: Origin | None = None,
) -> None:
    """Add one entry; ``about`` is the record, ``changes`` its fields as ``[old, new]``. Flushes the session.

    ``origin`` is the session's own unless given, as for a sign-in, which has no person yet.
    """
    session.flush()  # what was done before comes before it, and the record has its key
    place = {} if about is None else place_of(about)
    write(session, [{"kind": kind, "changes": changes or {}, "reason": reason, **place}], origin)


def write(session: Session, entries: Sequence[Entry], origin: Origin | None = None) -> None:
    """Add entries in one statement; each has a kind, changes, perhaps a reason, and the place of its record."""
    shared = _from(origin or session.info.get("origin", NOWHERE))
    # Past the session, which would narrow the statement, and flush before it.
    session.connection().execute(insert(entries_table()), [{**shared, **NOTHING, **_kept(one)} for one in entries])


def _from(where: Origin) -> Entry:
    return {
        "at": now(),
        "person_id": where.person_id,
        "person_name": where.person_name[:64],
        "address": where.address[:45],
        "request_id": where.request_id,
    }


def write_each(session: Session, kind: AuditKind, model: Any, rows: Select[*tuple[Any, ...]], *, reason: str) -> None:
    """Add an entry for each row of ``model`` that ``rows`` selects, in one statement.

    The columns of ``rows`` are the row's key, its name, the key of the record in whose history it stands, and what
    changed, as JSON.
    """
    table = entries_table()
    places = {"table_name": model.__tablename__, "root_table": (_root(model) or (model.__tablename__,))[0]}
    given = {**_from(session.info.get("origin", NOWHERE)), **places, "kind": kind, "reason": reason[:LONGEST_REASON]}
    more = (literal(value, table.c[name].type) for name, value in given.items())
    names = ["row_id", "row_name", "root_id", "changes", *given]
    session.connection().execute(insert(table).from_select(names, rows.add_columns(*more)))


#: An entry that is about no record and has no reason.
NOTHING: Entry = {
    "table_name": None,
    "row_id": None,
    "row_name": "",
    "root_table": None,
    "root_id": None,
    "reason": "",
}


def _kept(entry: Entry) -> Entry:
    changes = json.dumps(entry["changes"], ensure_ascii=False, sort_keys=True, default=str)
    return {**entry, "changes": changes, "reason": (entry.get("reason") or "")[:LONGEST_REASON]}


@cache
def entries_table() -> Table:
    """The table of the entries."""
    table = mapper_of(AuditEntry).local_table
    assert isinstance(table, Table)  # noqa: S101  # for the type checker alone
    return table


def place_of(row: Any) -> Entry:
    """Which record ``row`` is, and in whose history it stands; a row without a number is named only."""
    table, key = row.__tablename__, getattr(row, "id", None)
    root_table, root_key = _root(cast(Hashable, type(row))) or (table, "id")
    return {
        "table_name": table,
        "row_id": key,
        "row_name": str(row)[:LONGEST_NAME],
        "root_table": root_table,
        "root_id": getattr(row, root_key, None),
    }


@cache
def _root(model: Any) -> tuple[str, str] | None:
    """The table in whose histories rows of ``model`` stand, and the attribute with the key; None for their own."""
    if not hasattr(model, "seen_through"):
        return getattr(model, "told_with", None)
    mapper = mapper_of(model)
    relation = mapper.relationships[model.seen_through]
    (column,) = relation.local_columns
    return relation.mapper.class_.__tablename__, mapper.get_property_by_column(column).key


@contextmanager
def unlogged(session: Session, why: str) -> Iterator[None]:
    """A block whose changes of rows no entry tells of; ``why`` says aloud, where it begins, what they are."""
    if not why:
        raise ValueError("the log is left out without a reason")
    session.info["unlogged"] = why
    try:
        yield
        session.flush()
    finally:
        session.info.pop("unlogged")
