"""Undoing bulk changes: what an act changed is kept for some days, and what nobody changed since goes back at once.

An act that changes many rows calls ``keep`` in its transaction; pages, checks and the undoing itself follow from that.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import Date, Numeric, delete, insert, select, update
from sqlalchemy.orm import Session

from app.actions.churn.following import cases_follow
from app.actions.records import Changed, change_many
from app.actions.reminders import tell
from app.errors import Forbidden, WrongState
from app.i18n import Label, LazyString, Told, format_moment, gettext
from app.models.base import Exact, Model, UtcDateTime, mapper_of, rows_hit
from app.models.customers import Customer
from app.models.org import Employee
from app.models.reminders import BULK_UNDONE
from app.models.undo import UndoBatch, UndoLine
from app.security.actor import Actor, remember_branches
from app.security.audit import LONGEST_NAME
from app.security.rights import UNDO, Verb
from app.security.scope import may_write, system

#: So long a change can be undone, and so long it is kept.
KEPT_FOR = timedelta(days=30)
#: How many rows are looked at and changed at a time.
PART = 1_000
#: What goes back along with rows of a table, whether or not it was changed since: called with their keys.
GOES_BACK_ALONG: Mapping[str, Callable[..., None]] = {Customer.__tablename__: cases_follow}


# ---- keeping --------------------------------------------------------------------------------------------


def keep(
    session: Session, what: Told, changes: Sequence[Changed], *, by: Actor, at: datetime, right: str, reason: str = ""
) -> UndoBatch:
    """Keep what an act has changed, so that it can be undone; flushes.

    ``what`` names the act for whoever reads of it, ``right`` is what the act needs. The rows have their new versions.
    """
    batch = UndoBatch(title=what, right=right, person_id=by.person_id, created_on=at, reason=reason, count=len(changes))
    session.add(batch)
    session.flush()
    with system(session, "the lines belong to the batch of whoever acts"):
        session.execute(insert(UndoLine), [_line(batch, one) for one in changes])
    return batch


def _line(batch: UndoBatch, one: Changed) -> dict[str, Any]:
    log = one.in_log()
    return {
        "batch_id": batch.id,
        "table_name": one.row.__tablename__,
        "row_id": one.row.id,
        "row_name": str(one.row)[:LONGEST_NAME],
        "version": one.row.version,
        "before": {name: old for name, (old, _) in log.items()},
        "after": {name: new for name, (_, new) in log.items()},
        "is_undone": False,
    }


def forget(session: Session, before: datetime) -> int:
    """Delete what was kept before that moment; returns how many acts."""
    with system(session, "old changes are forgotten, whoever made them"):
        old = delete(UndoBatch).where(UndoBatch.created_on < before)
        return rows_hit(session, old.execution_options(synchronize_session=False))


# ---- what can go back -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Judged:
    """One line, its row as it is now (None out of sight), and why it cannot go back (empty when it can)."""

    line: UndoLine
    row: Any
    why: str | LazyString


def check_undo(batch: UndoBatch, *, by: Actor, at: datetime) -> None:
    """Raises Forbidden or WrongState when ``by`` cannot undo the batch as a whole."""
    if batch.person_id != by.person_id:
        by.must(UNDO.right(Verb.UNDO))
    by.must(batch.right)
    if batch.undone_on is not None:
        raise WrongState(gettext("This was undone at %(time)s already.", time=format_moment(batch.undone_on)))
    if at - batch.created_on > KEPT_FOR:
        raise WrongState(gettext("This is more than %(days)d days old and cannot be undone.", days=KEPT_FOR.days))


def may_undo(batch: UndoBatch, *, by: Actor, at: datetime) -> bool:
    """Whether ``by`` can undo the batch, as far as its rows allow it."""
    try:
        check_undo(batch, by=by, at=at)
    except (Forbidden, WrongState):
        return False
    return True


def judged(session: Session, batch: UndoBatch, *, is_locked: bool = False) -> Iterator[list[Judged]]:
    """Every line of the batch with whether its row can go back, part by part; locks the rows where asked."""
    last = 0
    statement = select(UndoLine).where(UndoLine.batch_id == batch.id).order_by(UndoLine.id).limit(PART)
    while lines := session.scalars(statement.where(UndoLine.id > last)).all():
        last = lines[-1].id
        yield judge(session, lines, is_locked=is_locked)


def judge(session: Session, lines: Sequence[UndoLine], *, is_locked: bool = False) -> list[Judged]:
    """Some lines with whether their rows can go back; a few statements for all of them."""
    rows = _rows(session, lines, is_locked=is_locked)
    owners = {row.responsible_id for row in rows.values() if hasattr(row, "responsible_id")}
    remember_branches(session, {key for key in owners if key is not None})
    people = _people_near(session, lines, rows.values())
    return [_judged(session, line, rows.get((line.table_name, line.row_id)), people) for line in lines]


def _judged(session: Session, line: UndoLine, row: Any, people: Mapping[int, Employee]) -> Judged:
    return Judged(line, row, GONE if row is None else _why_not(session, line, row, people))


GONE = Label("This record is out of your sight, or is there no more.")


def _rows(session: Session, lines: Sequence[UndoLine], *, is_locked: bool) -> dict[tuple[str, int], Any]:
    found = {}
    for table, of_table in groupby(sorted(lines, key=lambda line: line.table_name), lambda line: line.table_name):
        model = _models()[table]
        wanted = select(model).where(model.id.in_([line.row_id for line in of_table])).order_by(model.id)
        wanted = wanted.with_for_update(of=model) if is_locked else wanted
        rows = session.scalars(wanted, execution_options={"populate_existing": True})
        found.update({(table, row.id): row for row in rows})
    return found


def _people_near(session: Session, lines: Sequence[UndoLine], rows: Iterable[Any]) -> dict[int, Employee]:
    """Who changed the rows last, and to whom they would go back."""
    wanted = {row.changed_by_id for row in rows}
    wanted |= {line.before[name] for line in lines for name in _people_columns(line.table_name) & line.before.keys()}
    return {one.id: one for one in session.scalars(select(Employee).where(Employee.id.in_(wanted - {None})))}


def _why_not(session: Session, line: UndoLine, row: Any, people: Mapping[int, Employee]) -> str | LazyString:
    now_is = Changed(row, line.after, {name: getattr(row, name) for name in line.after}).in_log()
    if row.version != line.version or any(now_is[name][1] != line.after[name] for name in line.after):
        return gettext(
            "%(name)s changed this record at %(time)s.",
            name=people.get(row.changed_by_id) or gettext("the system"),
            time=format_moment(row.changed_on),
        )
    if hasattr(row, "responsible_id") and not may_write(session, row):
        return Label("This record belongs to somebody outside your write scope.")
    getting = (people.get(line.before.get(name) or 0) for name in _people_columns(line.table_name))
    gone = next((person for person in getting if person is not None and not person.active), None)
    return "" if gone is None else gettext("%(name)s is disabled.", name=gone)


# ---- undoing --------------------------------------------------------------------------------------------


def undo(session: Session, batch: UndoBatch, *, by: Actor, at: datetime, reason: str) -> int:
    """Put back every row of the batch that nobody changed since; returns how many. Flushes.

    It goes back to whoever had it, also where ``by`` could not give it to him anew. Raises Forbidden and WrongState.
    """
    session.refresh(batch, ["undone_on"], with_for_update=True)
    check_undo(batch, by=by, at=at)
    with system(session, "it is marked as undone, whoever did it"):
        batch.undone_on, batch.undone_by_id, batch.undone_reason = at, by.person_id, reason
        session.flush()  # on SQLite nobody else writes from here on
    concerned: Counter[int] = Counter()
    undoing = _Undoing(by, at, reason)
    parts = judged(session, batch, is_locked=True)
    done = sum(_undo_part(session, part, concerned, undoing) for part in parts)
    if not done:
        raise WrongState(Label("Every record was changed since or is beyond you: nothing goes back."))
    with system(session, "it is marked as undone, whoever did it"):
        batch.undone_count = done
        session.flush()
    _tell(session, batch, concerned, by=by, at=at)
    return done


@dataclass(frozen=True)
class _Undoing:
    by: Actor
    at: datetime
    reason: str


def _undo_part(session: Session, part: Sequence[Judged], concerned: Counter[int], undoing: _Undoing) -> int:
    possible = sorted((one for one in part if not one.why), key=lambda one: one.line.table_name)
    for table, of_table in groupby(possible, lambda one: one.line.table_name):
        changes = [_back(one) for one in of_table]
        change_many(session, changes, by=undoing.by, at=undoing.at, reason=undoing.reason)
        if table in GOES_BACK_ALONG:
            keys = [one.row.id for one in changes]
            GOES_BACK_ALONG[table](session, keys, by=undoing.by, at=undoing.at, reason=undoing.reason)
    for one in possible:
        concerned.update(_people(one.line))
    keys = [one.line.id for one in possible]
    with system(session, "the lines of this batch are marked"):
        marked = update(UndoLine).where(UndoLine.id.in_(keys)).values(is_undone=True)
        session.execute(marked, execution_options={"synchronize_session": False})
    return len(possible)


def _back(one: Judged) -> Changed:
    columns = mapper_of(type(one.row)).columns
    values = {name: _restored(value, columns[name]) for name, value in one.line.before.items()}
    return Changed(one.row, {name: getattr(one.row, name) for name in values}, values)


def _restored(value: Any, column: Any) -> Any:
    """The value that the audit log's text stands for; the other way round of ``app.security.changes.stored``."""
    read = next((read for kind, read in READ if isinstance(column.type, kind)), None)
    return value if value is None or read is None else read(value)


READ: tuple[tuple[type, Any], ...] = (
    (Exact, Decimal),
    (Numeric, Decimal),
    (UtcDateTime, datetime.fromisoformat),
    (Date, date.fromisoformat),
)


def _people(line: UndoLine) -> set[int]:
    """Who had the row before the act, and who after it."""
    sides = (side.get(name) for name in _people_columns(line.table_name) for side in (line.before, line.after))
    return {key for key in sides if key is not None}


def _tell(session: Session, batch: UndoBatch, concerned: Counter[int], *, by: Actor, at: datetime) -> None:
    """Each once, with how many records; who has as many is told in one statement."""
    alike: dict[int, list[int]] = defaultdict(list)
    for person_id, count in concerned.items():
        alike[count].append(person_id)
    for count, people in alike.items():
        values = {"count": f"{count:,}"}
        tell(session, BULK_UNDONE, people, key=str(batch.id), about=batch, values=values, by=by, at=at)


@cache
def _models() -> Mapping[str, Any]:
    return {mapper.class_.__tablename__: mapper.class_ for mapper in Model.registry.mappers}


@cache
def _people_columns(table: str) -> frozenset[str]:
    """The columns of a table that lead to a person."""
    columns = mapper_of(_models()[table]).columns.items()
    leads = (
        name for name, one in columns for key in one.foreign_keys if key.column.table.name == Employee.__tablename__
    )
    return frozenset(leads)
