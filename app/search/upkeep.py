"""Keeps the tokens of every record what its attributes say: with each flush, or for all records at once."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, delete, event, insert, inspect, select
from sqlalchemy.orm import Session

from app.models.search import search_table, searched_models
from app.search.tokens import tokens_of
from app.security.scope import system

BATCH = 1_000

Rows = Sequence[tuple[int, frozenset[str]]]


def keep_search_text(session_class: type[Session]) -> None:
    """Keep the tokens in every session of ``session_class``, in the transaction of its flush."""
    event.listen(session_class, "after_flush", _keep)


def _keep(session: Session, _context: Any) -> None:
    for model in searched_models():
        new = [row for row in session.new if isinstance(row, model)]
        changed = [row for row in session.dirty if isinstance(row, model) and _is_different(row)]
        gone = [row.id for row in session.deleted if isinstance(row, model)]
        if new or changed or gone:
            written = [(row.id, _tokens(row)) for row in (*new, *changed)]
            _write(session.connection(), model, written, outdated=[*gone, *(row.id for row in changed)])


def _is_different(row: Any) -> bool:
    attributes = inspect(row).attrs
    return any(attributes[name].history.has_changes() for name in type(row).searched)


def _tokens(row: Any) -> frozenset[str]:
    return tokens_of(type(row), [getattr(row, name) for name in type(row).searched])


def _write(connection: Connection, model: Any, rows: Rows, *, outdated: Sequence[int] = ()) -> None:
    """Write the tokens of rows, in place of those they had: FTS5 knows no other way to replace a row."""
    table = search_table(model)
    if outdated:
        connection.execute(delete(table).where(table.c.rowid.in_(outdated)))
    if rows:
        connection.execute(insert(table), [{"rowid": key, "tokens": tokens} for key, tokens in rows])


# ---- all records ----------------------------------------------------------------------------------------


def reindex(session: Session) -> int:
    """Write the tokens of every record anew. Returns how many records there are; does not commit."""
    written = 0
    for model in searched_models():
        _drop_orphans(session, model)
        for rows in _batches(session, model):
            _write(session.connection(), model, rows, outdated=[key for key, _ in rows])
            written += len(rows)
    return written


def fill_up(session: Session) -> int:
    """Write the tokens of records that have none, where the newest has none; does not commit."""
    written = 0
    for model in searched_models():
        if _newest(session, model.id) != _newest(session, search_table(model).c.rowid):
            for rows in _batches(session, model):
                known = {key for key, _ in _stored(session, model, rows)}
                missing = [row for row in rows if row[0] not in known]
                _write(session.connection(), model, missing)
                written += len(missing)
    return written


def faults(session: Session, model: Any) -> tuple[int, int]:
    """How many records are found by less or by other than they hold, and how many rows of tokens have no record."""
    wrong = 0
    for rows in _batches(session, model):
        stored = dict(_stored(session, model, rows))
        wrong += sum(stored.get(key) != tokens for key, tokens in rows)
    return wrong, len(_orphans(session, model))


def _batches(session: Session, model: Any) -> Iterator[Rows]:
    """The keys of all records with the tokens they should have."""
    columns = [getattr(model, name) for name in model.searched]
    last = 0
    with system(session, "search text is kept for every record, whoever sees it"):
        while True:
            statement = select(model.id, *columns).where(model.id > last).order_by(model.id).limit(BATCH)
            found = session.execute(statement).all()
            if not found:
                return
            last = found[-1][0]
            yield [(key, tokens_of(model, values)) for key, *values in found]


def _stored(session: Session, model: Any, rows: Rows) -> Iterable[tuple[int, frozenset[str]]]:
    table = search_table(model)
    statement = select(table.c.rowid, table.c.tokens).where(table.c.rowid.between(rows[0][0], rows[-1][0]))
    return ((key, tokens) for key, tokens in session.execute(statement))


def _newest(session: Session, key: Any) -> int | None:
    with system(session, "search text is kept for every record, whoever sees it"):
        newest: int | None = session.scalar(select(key).order_by(key.desc()).limit(1))
        return newest


def _orphans(session: Session, model: Any) -> list[int]:
    key = search_table(model).c.rowid
    with system(session, "search text is kept for every record, whoever sees it"):
        is_there = select(model.id).where(model.id == key).exists()
        return list(session.scalars(select(key).where(~is_there)))


def _drop_orphans(session: Session, model: Any) -> None:
    orphans = _orphans(session, model)
    for start in range(0, len(orphans), BATCH):
        _write(session.connection(), model, (), outdated=orphans[start : start + BATCH])
