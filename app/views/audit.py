"""The audit log on the screen: what happened, by whom and from where; to look at and to take along."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from flask import g
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import ColumnElement, func, select

from app.clock import now
from app.extensions import session
from app.i18n import Label, gettext
from app.models.audit import AuditEntry, AuditKind, AuditSeal
from app.models.base import Model
from app.security.audit import note
from app.security.changes import is_told
from app.security.rights import AUDIT, CUSTOMERS, Verb
from app.views import listing
from app.views.changes import Reading, kind_in_words, reason_in_words, refusal_in_words, who
from app.views.edge import actor, zone
from app.views.exports import csv_answer
from app.views.guards import expose, needs
from app.views.listing import ChoiceFilter, Filter, PersonFilter
from app.views.model_view import CrmModelView
from app.views.presentation import EMPTY, Button, Cell, Column, label_of
from app.views.range_filter import RangeFilter

#: How many entries an export reads at once.
BATCH = 1_000


@dataclass(frozen=True)
class TableFilter(Filter):
    """What kind of record it is about, by the record's name in the reader's language or by its table."""

    kind = "choice"

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """A kind nobody knows cannot be read."""
        value = values.get(self.name)
        if not value:
            return []
        found = next((table for table, word in _kinds() if value in {table, word}), None)
        if found is None:
            raise listing.BadAddress(self.label)
        return [getattr(model, self.name) == found]

    def choices(self, found: listing.Found) -> list[tuple[str, str]]:
        """Every kind of which the log tells."""
        return _kinds()

    def shown(self, value: str, entries: Sequence[Any] = ()) -> str:
        """The word of the kind, whichever spelling the address has; it is offered by its table."""
        return next((table for table, word in _kinds() if value in {table, word}), value)

    def chips(self, values: Mapping[str, str], entries: Sequence[Any] = ()) -> list[tuple[str, str]]:
        """The word of the kind."""
        value = values.get(self.name)
        return [(self.name, kind_in_words(self.shown(value)))] if value else []


def _kinds() -> list[tuple[str, str]]:
    """The tables of which the log tells, with their words, in the order of the words."""
    models = {mapper.class_ for mapper in Model.registry.mappers if is_told(mapper.class_)}
    tables = {model.__tablename__ for model in models}
    words = ((table, kind_in_words(table)) for table in tables)
    return sorted((one for one in words if one[0] != one[1]), key=lambda one: one[1])


class AuditLog(CrmModelView):
    """审计日志."""

    route_base = "/audit"
    datamodel = SQLAInterface(AuditEntry)
    screen = AUDIT
    list_columns = ("at", "person", "kind", "row_name", "changes", "address")
    more_columns = ("reason", "request_id", "id")
    show_columns = ("at", "person", "person_name", "kind", "row_name", "address", "request_id")
    order_columns = ("id",)
    name_column = "at"
    filters = (
        ChoiceFilter("kind", Label("What happened"), options=tuple(AuditKind)),
        PersonFilter("person", Label("Who")),
        Filter("row_name", Label("Record")),
        RangeFilter("at", Label("Time"), value_kind="moment"),
        TableFilter("table_name", Label("Kind of record"), is_more=True),
        Filter("address", Label("Address"), is_more=True),
    )
    empty_title = Label("Nothing has happened yet")
    head: ClassVar[tuple[str, ...]] = (
        *("id", "at", "person", "person_name", "kind", "row_name", "row_id", "changes", "reason", "address"),
        "request_id",
    )

    def prepare_rows(self, rows: Sequence[AuditEntry]) -> None:
        """Every name on the page."""
        g.reading = Reading(rows, shows_phones=actor().may(CUSTOMERS.right(Verb.SEE_PHONES)))

    def cell(self, row: AuditEntry, name: str, *, is_wide: bool = False) -> Cell:
        """One value; what it is about and what changed are told in words."""
        label = label_of(self.model, name)
        if name == "row_name":
            record = g.reading.record(row)
            text = gettext("%(kind)s %(name)s", kind=record.kind, name=record.name) if record.kind else record.name
            return Cell(text, name=name, label=label, href=record.href, is_wide=is_wide)
        texts = {"at": _moment, "person": who, "changes": g.reading.summary, "reason": _reason}
        if name in texts:
            return Cell(texts[name](row), name=name, label=label, is_wide=is_wide)
        cell = super().cell(row, name, is_wide=is_wide)
        return replace(cell, kind="mark") if name in {"kind", "address"} else cell

    def column(self, name: str, query: listing.Query) -> Column:
        """Short words stay on one line."""
        column = super().column(name, query)
        return replace(column, kind="mark") if name in {"kind", "address"} else column

    def facts(self, row: AuditEntry) -> list[Cell]:
        """The fields, the address of a refused request, and the place in the chain."""
        place = session().scalar(select(AuditSeal.position).where(AuditSeal.entry_id == row.id))
        sealed = gettext("not yet") if place is None else gettext("no. %(number)s", number=place)
        found = [*super().facts(row), Cell(sealed, label=Label("Place in the chain"))]
        if row.kind is AuditKind.REFUSED:
            found.append(Cell(refusal_in_words(row.reason)[0], label=Label("Request to")))
        return [*found, self.cell(row, "reason", is_wide=True)] if row.reason else found

    def sections(self, row: AuditEntry) -> list[Any]:
        """What changed, field by field."""
        changes = g.reading.changes(row)
        return [{"template": "crm/changes.html", "changes": changes}] if changes else []

    def list_context(self, look: Any, query: listing.Query, found: listing.Found) -> dict[str, Any]:
        """With the button that takes these entries along."""
        context = super().list_context(look, query, found)
        if actor().may(self.screen.right(Verb.EXPORT)):
            href = self.address(query, "export")
            context["export"] = Button(Label("Export"), href, "export", "download", is_post=True)
        return context

    @expose("/export", methods=["POST"])
    @needs(Verb.EXPORT)
    def export(self) -> Any:
        """The entries of these conditions as a file; that it was taken is an entry too."""
        query = self.query(self.look())
        newest = session().scalar(select(func.max(AuditEntry.id))) or 0
        keys = self.keys(query).where(AuditEntry.id <= newest)
        told = {
            "list": self.list_key,
            "conditions": {name: value for name, value in query.values.items() if value},
            "rows": listing.count(session(), keys, cap=None),
        }
        note(session(), AuditKind.EXPORTED, changes={name: [None, value] for name, value in told.items()})
        session().commit()
        head = [label_of(self.model, name) for name in self.head]
        return csv_answer(f"audit-{now(zone()):%Y%m%d-%H%M}.csv", head, self._exported(keys, newest))

    def _exported(self, keys: Any, newest: int) -> Iterator[list[str]]:
        ordered = keys.order_by(AuditEntry.id.desc()).limit(BATCH)
        while found := session().scalars(ordered.where(AuditEntry.id <= newest)).all():
            statement = select(AuditEntry).where(AuditEntry.id.in_(found)).order_by(AuditEntry.id.desc())
            rows = session().scalars(statement.options(*self.options(("person",)))).all()
            self.prepare_rows(rows)
            for row in rows:
                yield [self._exported_cell(row, name) for name in self.head]
            newest = found[-1] - 1

    def _exported_cell(self, row: AuditEntry, name: str) -> str:
        if name == "changes":
            return g.reading.in_full(row)
        text = str(getattr(row, name) or "") if name in {"id", "row_id", "person_name"} else self.cell(row, name).text
        return "" if text == EMPTY else text


def _moment(row: AuditEntry) -> str:
    """To the second, in the company's zone."""
    return f"{row.at.astimezone(zone()):%Y-%m-%d %H:%M:%S}"


def _reason(row: AuditEntry) -> str:
    return reason_in_words(row) or EMPTY
