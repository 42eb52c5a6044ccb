"""Life cycles as data: a tuple of moves, from which come the check, the buttons, the form and the history."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, func, insert, literal, null, select, update
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.exc import StaleDataError

from app.errors import Forbidden, Stale, WrongState
from app.i18n import Choice, Label, LazyString, format_moment, gettext
from app.models.base import Recorded, insert_into, mapper_of, rows_hit
from app.models.history import StatusMove
from app.models.org import Employee
from app.security.actor import Actor
from app.security.scope import ONE_BY_ONE, handing_over


def anyone(_row: Any, _by: Actor) -> bool:
    """The ``who`` of a move that asks for nothing but the right."""
    return True


@dataclass(frozen=True)
class Instead:
    """Another state that a move leads to ``when`` its answers say so, and what the move is called then."""

    after: Choice
    when: Callable[[Mapping[str, Any]], bool]
    label: LazyString


@dataclass(frozen=True)
class Move:
    """One way from some states to another; without ``after`` the state stays.

    ``right`` is needed, ``who`` must say yes, ``asks`` names the answers the move needs and ``does`` is called as
    ``does(session, row, by=, at=, **answers)`` before the state changes; it may return a note for the history.
    ``hands_over`` lets the row leave hands outside the actor's write scope, ``on_many`` offers it for several.
    ``goes_back`` leads to where the row stood before its last move, and to ``after`` only where nobody knows.
    ``instead`` may lead elsewhere. ``unless`` says why the move is not for a row, whatever its state; None where it is.
    """

    key: str
    before: tuple[Choice, ...]
    after: Choice | None
    label: LazyString
    done: LazyString
    right: str
    asks: tuple[str, ...] = ()
    who: Callable[[Any, Actor], bool] = anyone
    does: Callable[..., str | None] | None = None
    hands_over: bool = False
    on_many: bool = False
    goes_back: bool = False
    instead: Instead | None = None
    unless: Callable[[Any], LazyString | None] | None = None
    is_ending: bool = False
    icon: str = "arrow-right"


@dataclass(frozen=True)
class Moved:
    """Rows that were moved at once: how many, and the conditions under which a row, and a ``StatusMove``, is theirs."""

    count: int
    rows: ColumnElement[bool]
    moves: ColumnElement[bool]


@dataclass(frozen=True)
class Workflow:
    """The life cycle of one model: its states in order and its moves. Only it writes a status.

    ``on_entry`` is called as ``on_entry(session, row, at=)`` when a row has come into a state, before it is written.
    """

    model: type
    moves: tuple[Move, ...]
    steps: tuple[tuple[Choice, ...], ...]
    on_entry: Callable[..., None] | None = None

    def move(self, key: str) -> Move:
        """The move of that key; raises KeyError."""
        return {move.key: move for move in self.moves}[key]

    def allowed(self, row: Any, by: Actor) -> list[Move]:
        """The moves that ``by`` may make on ``row`` now."""
        return [move for move in self.moves if self.is_allowed(move, row, by)]

    def is_allowed(self, move: Move, row: Any, by: Actor) -> bool:
        """Whether right, person and state allow the move."""
        is_for_it = move.unless is None or move.unless(row) is None
        return row.status in move.before and by.may(move.right) and is_for_it and move.who(row, by)

    def check(self, session: Session, row: Any, move: Move, *, by: Actor, version: int | None = None) -> None:
        """Raises Forbidden, WrongState or Stale when the move may not be made on ``row`` as it stands."""
        by.must(move.right)
        if not move.who(row, by):
            raise Forbidden(Label("Only the person responsible for this record may do this."))
        if row.status not in move.before:
            raise WrongState(_moved_on(session, row))
        why_not = move.unless(row) if move.unless else None
        if why_not is not None:
            raise WrongState(why_not)
        refuse_stale(session, row, version)

    def fire(
        self,
        session: Session,
        row: Any,
        key: str,
        *,
        by: Actor,
        at: datetime,
        version: int | None = None,
        **answers: Any,
    ) -> None:
        """Make the move: check, act, change the status, write the history; flushes, never commits.

        ``version`` is the row's as the person saw it; a row that moved on since is refused as Stale.
        """
        move = self.move(key)
        self.check(session, row, move, by=by, version=version)
        before = row.status
        note = move.does(session, row, by=by, at=at, **answers) if move.does else None
        if move.after is not None:
            row.status = _after(session, row, move, answers)
            self._enter(session, row, at)
        history = _history(row, move.key, before, by=by, at=at, reason=answers.get("reason"), note=note)
        session.add(history)
        self._flush(session, row, hands_over=move.hands_over)

    def enter(
        self,
        session: Session,
        entries: Sequence[tuple[Any, Choice]],
        *,
        by: Actor,
        at: datetime,
        reason: str | None = None,
    ) -> None:
        """Bring new rows into life in the given states, with their first history rows; flushes."""
        for row, status in entries:
            row.status = status
            self._enter(session, row, at)
            session.add(row)
        session.flush()
        session.add_all(_history(row, "create", None, by=by, at=at, reason=reason) for row, _ in entries)
        session.flush()

    def _enter(self, session: Session, row: Any, at: datetime) -> None:
        if self.on_entry is not None:
            self.on_entry(session, row, at=at)

    # ---- many at once -----------------------------------------------------------------------------------

    def enter_all(
        self,
        session: Session,
        rows: Select[*tuple[Any, ...]],
        status: Choice,
        *,
        by: Actor,
        at: datetime,
        reason: str | None = None,
    ) -> Moved:
        """Bring a row into life for each that ``rows`` selects, its columns called as the model's; two statements.

        What meets a unique key is left out. The session works as the system, because nobody has seen these rows, and
        whoever calls sees to it that nobody else makes some at the same moment.
        """
        model: Any = self.model
        marks = {"created_on": at, "created_by_id": by.person_id, "changed_on": at, "changed_by_id": by.person_id}
        given = {"status": status, "version": 1, **marks}
        last = session.scalar(select(func.max(model.id))) or 0
        names = [*rows.selected_columns.keys(), *given]
        made = insert_into(session, model).from_select(names, rows.add_columns(*_literals(model, given)))
        session.execute(made.on_conflict_do_nothing())
        is_new = and_(model.id > last, model.created_on == at)
        new = select(model.id, null()).where(is_new).order_by(model.id)
        count, moves = self._tell(session, new, "create", status, by=by, at=at, reason=reason)
        return Moved(count, is_new, moves)

    def fire_all(
        self,
        session: Session,
        key: str,
        condition: ColumnElement[bool],
        *,
        by: Actor,
        at: datetime,
        values: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> Moved:
        """Make a move on every row that meets ``condition`` and stands where the move begins; two statements.

        It is for what follows by itself: the system makes it, since ``who`` is not asked row by row, ``values`` are
        written in place of what the move ``does``, and the session works as the system.
        """
        move, model = self.move(key), cast(Any, self.model)
        if not by.is_system:
            raise Forbidden(Label("You do not have the right to do this."), right=move.right)
        if move.after is None or move.goes_back:
            raise ValueError(f"{key} leads every row elsewhere")
        session.flush()
        is_before = model.status.in_(move.before)
        # Nobody else changes them from here on; what only refers to them may go on.
        found = select(model.id, model.status).where(is_before, condition).order_by(model.id)
        locked = found.with_for_update(of=model, key_share=True)
        count, moves = self._tell(session, locked, move.key, move.after, by=by, at=at, reason=reason)
        is_moved = model.id.in_(select(StatusMove.row_id).where(moves))
        if count:
            marks = {"changed_on": at, "changed_by_id": by.person_id, "version": model.version + 1}
            written = {"status": move.after, **marks, **(values or {})}
            statement = update(model).where(is_before, is_moved).values(written)
            session.execute(statement, execution_options={"synchronize_session": False})
            _forget(session, model, written)
        return Moved(count, is_moved, moves)

    def _tell(
        self,
        session: Session,
        rows: Select[*tuple[Any, ...]],
        key: str,
        after: Choice,
        *,
        by: Actor,
        at: datetime,
        reason: str | None,
    ) -> tuple[int, ColumnElement[bool]]:
        """Write the history of rows, each selected by its key and the state it leaves; how many, and which it is."""
        kind = mapper_of(self.model).class_.__tablename__
        given = {"kind": kind, "move": key, "after": after, "by_id": by.person_id, "at": at, "reason": reason}
        last = session.scalar(select(func.max(StatusMove.id))) or 0
        statement = insert(StatusMove).from_select(
            ["row_id", "before", *given], rows.add_columns(*_literals(StatusMove, given))
        )
        count = rows_hit(session, statement)
        told = (StatusMove.kind == kind, StatusMove.move == key, StatusMove.at == at, StatusMove.id > last)
        return count, and_(*told)

    def _flush(self, session: Session, row: Any, *, hands_over: bool) -> None:
        # A move may change other records too, such as the customer of a case.
        changed: list[Any] = [one for one in (row, *session.dirty) if isinstance(one, Recorded)]
        seen = [(type(one), one.id, one.version) for one in changed]
        try:
            if hands_over:
                with handing_over(session, row):
                    pass
            else:
                session.flush()
        except StaleDataError:
            session.rollback()
            raise Stale(_faster(session, seen)) from None


def _literals(model: type, values: Mapping[str, Any]) -> list[ColumnElement[Any]]:
    """Values as columns of a select that is written into ``model``."""
    columns = mapper_of(model).columns
    return [literal(value, columns[name].type) for name, value in values.items()]


def _forget(session: Session, model: type, names: Iterable[str]) -> None:
    """Have columns of the rows that the session holds read anew, after a statement wrote them past it."""
    for row in session.identity_map.values():
        if isinstance(row, model):
            session.expire(row, list(names))


def refuse_stale(session: Session, row: Any, version: int | None) -> None:
    """Raises Stale when the row is no longer of ``version`` (None: whatever it is)."""
    if version is not None and row.version != version:
        raise Stale(_changed_by(row, session))


def moves_of(session: Session, row: Any) -> Sequence[StatusMove]:
    """The history of a row, newest first, with the people."""
    statement = (
        select(StatusMove)
        .where(StatusMove.kind == row.__tablename__, StatusMove.row_id == row.id)
        .options(joinedload(StatusMove.by))
        .order_by(StatusMove.id.desc())
    )
    return session.scalars(statement, execution_options=ONE_BY_ONE).all()


def _after(session: Session, row: Any, move: Move, answers: Mapping[str, Any]) -> Any:
    """The state that a move leads to."""
    if move.goes_back:
        return _before_last_move(session, row, move.after)
    return move.instead.after if move.instead and move.instead.when(answers) else move.after


def _before_last_move(session: Session, row: Any, otherwise: Choice | None) -> Choice | None:
    """Where the row stood before its last move."""
    last = {move.before for move in moves_of(session, row)[:1]}
    return next((state for state in type(row.status) if state.value in last), otherwise)


def _history(
    row: Any,
    key: str,
    before: Choice | None,
    *,
    by: Actor,
    at: datetime,
    reason: str | None,
    note: str | None = None,
) -> StatusMove:
    return StatusMove(
        kind=row.__tablename__,
        row_id=row.id,
        move=key,
        before=before,
        after=row.status,
        by_id=by.person_id,
        at=at,
        reason=reason,
        note=note,
    )


def _moved_on(session: Session, row: Any) -> str:
    """Where the row stands now, and who brought it there and when."""
    # What left the state as it was says nothing of how long it has been so.
    for move in [one for one in moves_of(session, row) if one.before != one.after][:1]:
        return gettext(
            "This is not possible any more: it is %(status)s since %(time)s, by %(name)s.",
            status=row.status.label,
            time=format_moment(move.at),
            name=move.by or gettext("the system"),
        )
    return gettext("This is not possible while it is %(status)s.", status=row.status.label)


def _faster(session: Session, seen: Sequence[tuple[Any, int, int]]) -> str | LazyString:
    """Who changed the first of the records that is no longer of the version seen."""
    for model, key, version in seen:
        fresh = session.get(model, key)
        if fresh is None:
            return Label("This record was deleted meanwhile.")
        if fresh.version != version:
            return _changed_by(fresh, session)
    return Label("Somebody changed this record at this moment. Look at it again before you go on.")


def _changed_by(row: Any, session: Session) -> str:
    person = session.get(Employee, row.changed_by_id) if row.changed_by_id else None
    return gettext(
        "%(name)s changed this record at %(time)s. Look at it again before you go on.",
        name=person or gettext("the system"),
        time=format_moment(row.changed_on),
    )
