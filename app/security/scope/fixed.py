"""What nobody changes here: copies of the sales system's rows, and the entries that the product stands on."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import ORMExecuteState, Session

from app.errors import Forbidden, WrongState
from app.i18n import Label
from app.models.base import Model
from app.models.basedata import DictionaryEntry

OF_THE_SALES_SYSTEM = Label("This comes from the sales system and is changed there alone.")
NOT_EDITABLE = Label("The product stands on this entry: it can be neither changed nor deleted.")


@contextmanager
def copying(session: Session) -> Iterator[Session]:
    """A block in which copies of the sales system's rows are written, by the link to it alone."""
    before = session.info.get("copying", False)
    session.info["copying"] = True
    try:
        yield session
        session.flush()
    finally:
        session.info["copying"] = before


def refuse_fixed(session: Session, row: Any, *, is_new: bool) -> None:
    """Raises for a copy outside ``copying``, and for an entry that was not editable; whoever asks, the system too."""
    if getattr(row, "is_copied", False) and not session.info.get("copying"):
        raise Forbidden(OF_THE_SALES_SYSTEM)
    if isinstance(row, DictionaryEntry) and not is_new and not _was_editable(row):
        raise WrongState(NOT_EDITABLE)


def _was_editable(entry: DictionaryEntry) -> bool:
    history: Any = inspect(entry).attrs.is_editable.history
    return bool(history.deleted[0] if history.deleted else entry.is_editable)


def refuse_fixed_in_bulk(state: ORMExecuteState) -> None:
    """The same for a statement that writes many rows at once, of which nobody knows what they were."""
    if not (state.is_insert or state.is_update or state.is_delete):
        return
    table: Any = state.statement.table  # type: ignore[attr-defined]  # each of the three has one
    name = getattr(table, "element", table).name  # an alias has the table within
    if name in _copied_tables() and not state.session.info.get("copying"):
        raise Forbidden(OF_THE_SALES_SYSTEM)
    if name == DictionaryEntry.__tablename__ and not state.is_insert:
        raise WrongState(NOT_EDITABLE)


@cache
def _copied_tables() -> frozenset[str]:
    copied = (mapper.class_ for mapper in Model.registry.mappers if hasattr(mapper.class_, "is_copied"))
    return frozenset(model.__tablename__ for model in copied)
