"""The chain of the audit log: entries are sealed in order, each seal holding the one before, and checked by it."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, RowMapping, Select, String, func, insert, select, text, type_coerce
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.i18n import gettext
from app.models.audit import AuditEntry, AuditSeal
from app.security.audit import entries_table
from app.security.scope import system

BATCH = 1_000
#: An entry is found though its transaction ended so much later than others that are sealed already.
PATIENCE = timedelta(days=1)
#: Any number serves, so long as nothing else of the product takes it.
SEAL_LOCK = 20261123
#: What the first seal holds of the one before.
NOTHING_BEFORE = ""


def seal(session: Session, *, at: datetime) -> int:
    """Seal the entries that were written until ``at`` and are not sealed; flushes. Returns how many.

    Of two who seal at once one does it, and the other seals nothing.
    """
    with system(session, "the chain holds every entry"):
        if not _is_alone(session):
            return 0
        try:
            return sum(_seal_batch(session, batch) for batch in _unsealed(session, at))
        except IntegrityError:  # somebody took the next place
            session.rollback()
            return 0


def _is_alone(session: Session) -> bool:
    """Whether nobody else seals now; SQLite finds out by the place that is taken."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(text(f"SELECT pg_try_advisory_xact_lock({SEAL_LOCK})")))


def _seal_batch(session: Session, entries: Sequence[Row[Any]]) -> int:
    last = last_seal(session)
    position, digest = (last.position, last.hash) if last else (0, NOTHING_BEFORE)
    seals = []
    for entry in entries:
        position, digest = position + 1, digest_of(digest, entry._mapping)
        seals.append({"position": position, "entry_id": entry.id, "hash": digest})
    session.execute(insert(AuditSeal), seals)
    return len(seals)


def last_seal(session: Session) -> AuditSeal | None:
    """The end of the chain."""
    return session.scalar(select(AuditSeal).order_by(AuditSeal.position.desc()).limit(1))


def digest_of(before: str, entry: RowMapping) -> str:
    """The hash of a seal: of the seal before and of every column of the entry, as JSON in the order of the names."""
    # Iterating over the columns themselves gives columns, not names.
    values = {name: _plain(entry[name]) for name in entries_table().columns.keys()}  # noqa: SIM118
    told = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}{told}".encode()).hexdigest()


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _columns() -> list[Any]:
    """Every column as it is stored: a kind that nobody knows shall be found, not break the search."""
    return [type_coerce(one, String).label(one.name) if one.name == "kind" else one for one in entries_table().columns]


def _unsealed(session: Session, at: datetime) -> Iterator[Sequence[Row[Any]]]:
    """The entries without a seal in the order of their numbers, in batches; the old ones are not looked at again."""
    following = _first_to_look_at(session)
    while following is not None:
        batch = session.execute(_unsealed_from(following).where(AuditEntry.at <= at).limit(BATCH)).all()
        following = batch[-1].id + 1 if batch else None
        if batch:
            yield batch


def _unsealed_from(first: int) -> Select[Any]:
    is_sealed = select(AuditSeal.entry_id).where(AuditSeal.entry_id == AuditEntry.id).exists()
    return select(*_columns()).where(AuditEntry.id >= first, ~is_sealed).order_by(AuditEntry.id)


def _first_to_look_at(session: Session) -> int | None:
    # A sum, so that the database takes the index of the moments and not the numbers from the first on.
    first = select(func.min(AuditEntry.id + 0))
    last = last_seal(session)
    moment = session.scalar(select(AuditEntry.at).where(AuditEntry.id == last.entry_id)) if last else None
    return session.scalar(first if moment is None else first.where(AuditEntry.at >= moment - PATIENCE))


# ---- checking -----------------------------------------------------------------------------------------


def first_break(session: Session) -> str | None:
    """Where the chain does not hold, in one sentence that names the entry; None where it is whole."""
    before, number = NOTHING_BEFORE, 0
    for place, row in enumerate(_chain(session), start=1):
        if row.position != place:
            return gettext(
                "The seal at place %(place)d is missing: an entry between no. %(first)d and no. %(last)d was removed.",
                place=place,
                first=number,
                last=row.entry_id,
            )
        if row.id is None:
            return gettext("Entry no. %(number)d was removed.", number=row.entry_id)
        if row.hash != digest_of(before, row._mapping):
            return gettext(
                "Entry no. %(number)d is not what was sealed: it was changed or swapped.", number=row.entry_id
            )
        before, number = row.hash, row.entry_id
    return None


def _chain(session: Session) -> Iterator[Row[Any]]:
    """Every seal with its entry, in order."""
    entry = entries_table()
    statement = (
        select(AuditSeal.position, AuditSeal.entry_id, AuditSeal.hash, *_columns())
        .outerjoin(entry, entry.c.id == AuditSeal.entry_id)
        .order_by(AuditSeal.position)
        .limit(BATCH)
    )
    last = 0
    while rows := session.execute(statement.where(AuditSeal.position > last)).all():
        yield from rows
        last = rows[-1].position
