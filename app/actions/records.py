"""Records without rules of their own: created, changed and deleted by whoever holds the right."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.actions.workflow import refuse_stale
from app.errors import Stale
from app.i18n import Label
from app.security.actor import Actor
from app.security.rights import Screen, Verb


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
