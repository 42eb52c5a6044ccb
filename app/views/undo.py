"""Bulk changes on the screen: what one changed at once, row by row, and the way back."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder.models.sqla.interface import SQLAInterface
from markupsafe import Markup
from sqlalchemy import select

from app.actions import undo
from app.actions.undo import Judged
from app.clock import now
from app.extensions import session
from app.i18n import Label, gettext, ngettext
from app.models.audit import AuditEntry
from app.models.undo import UndoBatch, UndoLine
from app.security.rights import CUSTOMERS, UNDO, Verb
from app.views import listing
from app.views.changes import Reading, in_one_line
from app.views.edge import actor, zone
from app.views.forms import CrmForm
from app.views.guards import expose, needs
from app.views.listing import PersonFilter
from app.views.model_view import CrmModelView
from app.views.moves import reason_field
from app.views.pager import list_frame
from app.views.presentation import EMPTY, Button, Cell, Column, Row
from app.views.range_filter import RangeFilter
from app.views.record_history import Pages
from app.views.saving import Failure, attempt, refuse_foreign_fields, refused

LINE_COLUMNS = (
    Column("record", Label("Record"), "text", is_name=True),
    Column("change", Label("What changed"), "text"),
    Column("state", Label("Undo"), "text"),
)


def with_undo_link(said: str, batch: UndoBatch) -> Markup:
    """A sentence of success with the way to undo it."""
    link = Markup('<a class="link" href="/undo/show/{}">{}</a>').format(batch.id, gettext("Undo"))
    return Markup("{} {}").format(said, link)


class UndoForm(CrmForm):
    """Why it is undone."""

    reason = reason_field(is_required=True)


class Undoing(CrmModelView):
    """批量操作."""

    route_base = "/undo"
    datamodel = SQLAInterface(UndoBatch)
    screen = UNDO
    show_template = "crm/undo.html"
    record_label = Label("Bulk change")
    name_column = "title"
    list_columns = ("title", "count", "person", "created_on", "undone_on", "reason")
    show_columns = (
        "count",
        "person",
        "created_on",
        "reason",
        "undone_on",
        "undone_by",
        "undone_count",
        "undone_reason",
    )
    order_columns = ("id", "created_on")
    filters = (
        PersonFilter("person", Label("Done by")),
        RangeFilter("created_on", Label("Done on"), value_kind="moment"),
    )
    empty_title = Label("No bulk change yet")
    empty_text = Label(
        "What you change in many records at once, such as a transfer, stays here for 30 days and can be undone."
    )

    def cell(self, row: UndoBatch, name: str, *, is_wide: bool = False) -> Cell:
        """Moments with their time; of one that is not undone whether it can be."""
        cell = super().cell(row, name, is_wide=is_wide)
        cell = replace(cell, text=cell.title or cell.text, title="")
        if name == "undone_on" and row.undone_on is None:
            is_late = now() - row.created_on > undo.KEPT_FOR
            return replace(cell, text=gettext("Too late") if is_late else gettext("Can be undone"))
        return replace(cell, text=EMPTY) if name == "undone_count" and row.undone_on is None else cell

    def more_buttons(self, row: UndoBatch) -> list[Button]:
        """The way back, while there is one."""
        if not undo.may_undo(row, by=actor(), at=now()):
            return []
        return [Button(Label("Undo"), self.path(f"back/{row.id}"), "undo", "arrow-back-up", is_dialog=True)]

    def show_context(self, row: UndoBatch) -> dict[str, Any]:
        """With one page of its rows."""
        return {**super().show_context(row), **self._lines(row)}

    def _lines(self, row: UndoBatch) -> dict[str, Any]:
        size = listing.PAGE_SIZES[1]
        query = listing.read_query(request.args, (), sortable=("id",), sort="id", page_size=size)
        keys = select(UndoLine.id).where(UndoLine.batch_id == row.id)
        found = listing.find(session(), UndoLine, keys, query, options=[])
        found.count = row.count
        rows = _line_rows(row, undo.judge(session(), found.rows))
        table = {"title": gettext("Records concerned"), "columns": LINE_COLUMNS, "rows": rows, "empty": ""}
        return {"section": table, **list_frame(Pages(self.path(f"show/{row.id}")), query, found)}

    @expose("/back/<int:pk>", methods=["GET", "POST"])
    @needs(Verb.SEE)
    def back(self, pk: int) -> Any:
        """Say what goes back and what not and why, then do it."""
        batch = self.load(pk, self.show_columns)
        form = UndoForm()
        if request.method == "GET":
            undo.check_undo(batch, by=actor(), at=now())
            return self._back_page(batch, form)
        refuse_foreign_fields(form)
        failure = refused(lambda: undo.check_undo(batch, by=actor(), at=now()))
        done: list[int] = []
        failure = failure or attempt(form, lambda: done.append(_undo(batch, form)))
        if failure is not None:
            return self._back_page(batch, form, failure), failure.code
        flash(ngettext("Undone: %(num)s record.", "Undone: %(num)s records.", done[0]), "success")
        return redirect(self.path(f"show/{pk}"))

    def _back_page(self, batch: UndoBatch, form: CrmForm, failure: Failure | None = None) -> str:
        lines = [one for part in undo.judged(session(), batch) for one in part]
        return str(
            self.render_template(
                "crm/move.html",
                page=self.record_page(batch, gettext("Undo")),
                form=form,
                notice=failure.notice if failure else "",
                rows=[(one.line.row_name if one.row is not None else HIDDEN, str(one.why)) for one in lines],
                action_href=self.path(f"back/{batch.id}"),
                cancel_href=self.path(f"show/{batch.id}"),
                submit_label=gettext("Undo"),
            )
        )


#: What stands in place of a record that the reader does not see.
HIDDEN = Label("a record out of sight")


def _undo(batch: UndoBatch, form: CrmForm) -> int:
    return undo.undo(session(), batch, by=actor(), at=now(zone()), reason=form["reason"].data)


def _line_rows(batch: UndoBatch, lines: Sequence[Judged]) -> list[Row]:
    """Each record with what changed in it; names and values as the audit log tells them."""
    entries = [_entry(one.line) for one in lines]
    reading = Reading(entries, shows_phones=actor().may(CUSTOMERS.right(Verb.SEE_PHONES)))
    return [_line_row(batch, one, entry, reading) for one, entry in zip(lines, entries, strict=True)]


def _line_row(batch: UndoBatch, one: Judged, entry: AuditEntry, reading: Reading) -> Row:
    if one.row is None:
        return Row(one.line.id, 0, str(HIDDEN), [Cell(str(HIDDEN)), Cell(EMPTY), Cell(_state(batch, one))])
    record = reading.record(entry)
    changes = "; ".join(in_one_line(change) for change in reading.changes(entry))
    return Row(
        one.line.id, 0, record.name, [Cell(record.name), Cell(changes), Cell(_state(batch, one))], href=record.href
    )


def _state(batch: UndoBatch, one: Judged) -> str:
    """What became of a row by the undoing, or what would."""
    if batch.undone_on is not None:
        return gettext("Went back") if one.line.is_undone else gettext("Stayed: it was changed since")
    return str(one.why) or gettext("Goes back")


def _entry(line: UndoLine) -> AuditEntry:
    """The line as an entry of the audit log would tell it."""
    changes = {name: [line.before[name], value] for name, value in line.after.items()}
    place = {"table_name": line.table_name, "row_id": line.row_id, "row_name": line.row_name}
    return AuditEntry(id=line.id, changes=json.dumps(changes), **place)
