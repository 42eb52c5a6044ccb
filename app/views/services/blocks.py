"""A service request step by step, to be read only: how it was created, every round, and where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import session
from app.i18n import Label, gettext
from app.models.services import ServiceRequest, ServiceRound
from app.security.scope import ONE_BY_ONE
from app.views.presentation import Cell, Column, cell_of, kind_of, label_of
from app.views.printing import PrintedTable
from app.views.record_pages import page_of

ALLOCATION, HANDLING = ("assignee", "assigned_on"), ("handled_by", "handled_on", "handling")
FEEDBACK = ("satisfaction", "result")
#: What a round tells on paper.
PRINTED = ("number", *ALLOCATION, *HANDLING, *FEEDBACK)
LONG = {"request", "handling", "result"}


@dataclass(frozen=True)
class Block:
    """One step that was made; ``is_earlier`` belongs to a round before the one it is in."""

    title: str
    facts: list[Cell]
    is_earlier: bool = False


def creation(row: ServiceRequest, cells: Sequence[Cell]) -> list[Cell]:
    """How the request came in: the customer with the way to its page, without what does not concern it."""
    href = page_of(row.customer) if row.customer else ""
    unset = {name for name, value in (("level", row.level), ("due_on", row.due_on)) if not value}
    shown = [_whole(cell) for cell in cells if cell.name not in unset]
    return [replace(cell, href=href) if cell.name == "customer_name" else cell for cell in shown]


def steps_of(row: ServiceRequest) -> list[Block]:
    """The rounds before this one, and what was done in this."""
    return [*(_earlier(one) for one in earlier_rounds(row)), *_current(row)]


def earlier_rounds(row: ServiceRequest) -> Sequence[ServiceRound]:
    """The rounds that came to a bad end, with their people."""
    if row.round == 1:
        return []
    statement = (
        select(ServiceRound)
        .where(ServiceRound.request_id == row.id, ServiceRound.number < row.round)
        .options(joinedload(ServiceRound.assignee), joinedload(ServiceRound.handled_by))
        .order_by(ServiceRound.number)
    )
    return session().scalars(statement, execution_options=ONE_BY_ONE).all()


def _earlier(one: ServiceRound) -> Block:
    title = gettext("Round %(number)s, sent back to be handled again", number=one.number)
    return Block(title, _cells(one, (*ALLOCATION, *HANDLING, "satisfaction", "judged_on", "result")), is_earlier=True)


def _current(row: ServiceRequest) -> list[Block]:
    steps = (
        (Label("Allocation"), ALLOCATION, row.assigned_on),
        (Label("Handling"), HANDLING, row.handled_on),
        (Label("Feedback"), ("satisfaction", "archived_on", "result"), row.archived_on),
    )
    return [Block(_title(label, row.round), _cells(row, names)) for label, names, moment in steps if moment]


def _title(label: Any, number: int) -> str:
    return str(label) if number == 1 else gettext("%(step)s (round %(number)s)", step=label, number=number)


def _cells(row: Any, names: Sequence[str]) -> list[Cell]:
    """The facts of a step, with their hours."""
    return [_whole(cell_of(row, name, is_wide=name in LONG)) for name in names]


def _whole(cell: Cell) -> Cell:
    """A moment with its hour."""
    return replace(cell, text=cell.title, title="") if cell.kind == "moment" and cell.title else cell


def printed_rounds(row: ServiceRequest) -> PrintedTable:
    """Every round on paper, the one it is in last."""
    columns = [Column(name, label_of(ServiceRound, name), kind_of(ServiceRound, name)) for name in PRINTED]
    rows: list[Sequence[Cell]] = [_cells(one, PRINTED) for one in earlier_rounds(row)]
    if row.assigned_on:
        rows.append([Cell(str(row.round)), *_cells(row, PRINTED[1:])])
    return PrintedTable(Label("Rounds"), columns, rows)
