"""Records without rules of their own: created, changed and deleted by whoever holds the right; and many at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.exc import StaleDataError

from app.actions.workflow import refuse_stale
from app.errors import Stale
from app.i18n import Label
from app.models.audit import AuditKind
from app.models.base import mapper_of
from app.security.actor import Actor
from app.security.audit import place_of, write
from app.security.changes import stored
from app.security.rights import Screen, Verb
from app.security.scope import system


def create_record(session: Session, model: Any, values: Mapping[str, Any], *, by: Actor, screen: Screen) -> Any:
    """A new row of ``model``."""
    by.must(screen.right(Verb.CREATE))
    row = model(**values)
    session.add(row)
    session.flush()
    return row


def edit_record(
    session: Session, row: Any, values: Mapping[str, Any], *, by: Actor, screen: Screen, version: int | None
) -> None:
    """Change a row; raises Stale when somebody was faster."""
    by.must(screen.right(Verb.EDIT))
    refuse_stale(session, row, version)
    for name, value in values.items():
        setattr(row, name, value)
    flush_or_stale(session)


def delete_record(session: Session, row: Any, *, by: Actor, screen: Screen) -> None:
    """Delete a row; raises Stale when somebody was faster."""
    by.must(screen.right(Verb.DELETE))
    session.delete(row)
    flush_or_stale(session)


def flush_or_stale(session: Session) -> None:
    """Flush; raises Stale when somebody changed a row between its reading and its writing."""
    try:
        session.flush()
    except StaleDataError:
        session.rollback()
        raise Stale(Label("Somebody changed this record at this moment. Look at it again before you go on.")) from None


# ---- many at once -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Changed:
    """One row with some of its columns, as they were before and as they are after."""

    row: Any
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def in_log(self) -> dict[str, list[Any]]:
        """Each column with both values as the audit log keeps them."""
        columns = mapper_of(type(self.row)).columns
        return {
            name: [stored(self.before[name], columns[name]), stored(value, columns[name])]
            for name, value in self.after.items()
        }


def change_many(session: Session, changes: Sequence[Changed], *, by: Actor, at: datetime, reason: str) -> None:
    """Change rows of one model, with one statement for all that get the same values and one for the audit log.

    Whoever calls has asked for rights and scope and has locked the rows, so that none changed since it was read.
    """
    session.flush()
    alike: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for one in changes:
        alike[tuple(sorted(one.after.items()))].append(one.row)
    marks = {"changed_on": at, "changed_by_id": by.person_id}
    for values, rows in alike.items():
        _change_alike(session, rows, {**dict(values), **marks})
    log = ({"kind": AuditKind.CHANGED, "reason": reason, **place_of(one.row)} for one in changes)
    write(session, [{**entry, "changes": one.in_log()} for entry, one in zip(log, changes, strict=True)])


def _change_alike(session: Session, rows: Sequence[Any], values: Mapping[str, Any]) -> None:
    model = type(rows[0])
    statement = update(model).where(model.id.in_([row.id for row in rows]))
    with system(session, "many rows are changed by one statement, which whoever calls has judged one by one"):
        written = statement.values(**values, version=model.version + 1)
        session.execute(written, execution_options={"synchronize_session": False})
    for row in rows:
        for name, value in {**values, "version": row.version + 1}.items():
            set_committed_value(row, name, value)
        session.expire(row, _links_by(model, values))


def _links_by(model: Any, names: Mapping[str, Any]) -> list[str]:
    """The relationships that hang on the named columns."""
    mapper = mapper_of(model)
    own = {mapper.columns[name] for name in names}
    return [link.key for link in mapper.relationships if own & set(link.local_columns) and not link.uselist]
