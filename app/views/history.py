"""The life of a record as its page shows it: the steps of the life cycle and the moves made."""

from collections.abc import Sequence
from typing import Any

from app.actions.workflow import Move, Workflow
from app.i18n import Choice, format_moment, gettext
from app.models.history import StatusMove
from app.views.presentation import Event, Step


def steps(workflow: Workflow, row: Any, moves: Sequence[StatusMove]) -> list[Step]:
    """The steps, with when and by whom the past ones were reached."""
    status = row.status
    staying = {move.key for move in workflow.moves if move.after is None}
    led = [move for move in moves if move.move not in staying]
    here = next(place for place, states in enumerate(workflow.steps) if status in states)
    return [
        Step(_words(states, status), _place(place, here), _note(states, led))
        for place, states in enumerate(workflow.steps)
    ]


def _words(states: tuple[Choice, ...], status: Choice) -> str:
    return str(status.label) if status in states else " / ".join(str(state.label) for state in states)


def _place(place: int, here: int) -> str:
    return "past" if place < here else "here" if place == here else "ahead"


def _note(states: tuple[Choice, ...], moves: Sequence[StatusMove]) -> str:
    reached = next((move for move in moves if move.after in states), None)
    if reached is None:
        return ""
    return f"{format_moment(reached.at)} {reached.by or gettext('the system')}"


def events(workflow: Workflow, moves: Sequence[StatusMove]) -> list[Event]:
    """Every move, newest first."""
    return [event_of(workflow, move) for move in moves]


def _label(known: Move, move: StatusMove) -> Any:
    """What the move is called, by where it led."""
    return known.instead.label if known.instead and move.after == known.instead.after else known.label


def event_of(workflow: Workflow | None, move: StatusMove) -> Event:
    """A move in words; the first one of a record, which no life cycle names, brought it into being."""
    known = {one.key: one for one in workflow.moves} if workflow else {}
    label = _label(known[move.move], move) if move.move in known else gettext("Created")
    name = move.by or gettext("the system")
    what = gettext("%(name)s: %(what)s", name=name, what=label)
    if move.note:
        what = gettext("%(name)s: %(what)s → %(note)s", name=name, what=label, note=move.note)
    icon = known[move.move].icon if move.move in known else "plus"
    return Event(what, format_moment(move.at), move.reason or "", icon)
