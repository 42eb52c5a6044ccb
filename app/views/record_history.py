"""The history of a record: what the audit log tells of it and of what hangs on it, the newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import session
from app.i18n import Label, format_moment, gettext
from app.models.audit import AuditEntry, AuditKind
from app.security.audit import place_of
from app.security.rights import Verb
from app.security.scope import ONE_BY_ONE, children
from app.views import listing
from app.views.changes import Change, Reading, kind_in_words, reason_in_words, who
from app.views.guards import expose, needs
from app.views.pager import list_frame
from app.views.presentation import Button
from app.views.record_pages import may_open, view_of

ICONS: Mapping[AuditKind, str] = {
    AuditKind.CREATED: "plus",
    AuditKind.CHANGED: "pencil",
    AuditKind.DELETED: "trash",
    AuditKind.MOVED: "arrow-right",
    AuditKind.RIGHTS: "lock",
}


@dataclass(frozen=True)
class Happening:
    """One entry as the history draws it."""

    title: str
    when: str
    reason: str
    icon: str
    changes: list[Change]
    is_open: bool


class Pages:
    """What the pager needs of a list that has no filters."""

    filters = ()

    def __init__(self, address: str) -> None:
        self._address = address

    def path(self, _rest: str) -> str:
        return self._address


class RecordHistory:
    """A screen whose records tell what happened to them."""

    exclude_route_methods: frozenset[str]

    def history_button(self: Any, row: Any) -> Button | None:
        """The button that leads to the history; None where the log does not tell of such records."""
        if "history" in self.exclude_route_methods:
            return None
        return Button(Label("History"), self.path(f"history/{row.id}"), "history", "history")

    def told_in_history(self, _row: Any) -> Sequence[Any]:
        """What narrows the entries of a record's history further than the reader's rights do."""
        return ()

    @expose("/history/<int:pk>")
    @needs(Verb.SEE)
    def history(self: Any, pk: int) -> Any:
        """Everything that happened to a record."""
        row = self.load(pk, self.show_columns)
        size = listing.PAGE_SIZES[1]
        query = listing.read_query(request.args, (), sortable=("id",), sort="-id", page_size=size)
        keys = select(AuditEntry.id).where(*_of_record(row), *self.told_in_history(row))
        found = listing.find(session(), AuditEntry, keys, query, options=[joinedload(AuditEntry.person)])
        found.count = min(listing.count(session(), keys), listing.COUNT_CAP)
        reading = Reading(found.rows, shows_phones=self.shows_phones(row))
        return self.render_template(
            "crm/history.html",
            page=self.record_page(row, Label("History")),
            name=str(row),
            happenings=[_happening(entry, reading, row) for entry in found.rows],
            **list_frame(Pages(self.path(f"history/{pk}")), query, found),
        )


def latest_of(row: Any, most: int) -> list[Happening]:
    """The latest that happened to ``row`` and to what hangs on it."""
    view = view_of(row)
    statement = select(AuditEntry).where(*_of_record(row), *view.told_in_history(row))
    latest = statement.options(joinedload(AuditEntry.person)).order_by(AuditEntry.id.desc()).limit(most)
    entries = session().scalars(latest, execution_options=ONE_BY_ONE).all()
    reading = Reading(entries, shows_phones=view.shows_phones(row))
    return [_happening(entry, reading, row) for entry in entries]


def _of_record(row: Any) -> list[Any]:
    """The entries about ``row``; with those of its children, as far as the reader may open such."""
    place = place_of(row)
    of_root = [AuditEntry.root_table == place["root_table"], AuditEntry.root_id == place["root_id"]]
    if place["root_table"] != place["table_name"]:
        return [*of_root, AuditEntry.table_name == place["table_name"], AuditEntry.row_id == place["row_id"]]
    closed = [model.__tablename__ for model in children() if not may_open(model)]
    return [*of_root, AuditEntry.table_name.not_in(closed)] if closed else of_root


def _happening(entry: AuditEntry, reading: Reading, row: Any) -> Happening:
    what = str(entry.kind.label)
    if entry.table_name != row.__tablename__:
        kind = kind_in_words(entry.table_name)
        name = reading.record(entry).name
        what = gettext("%(what)s (%(kind)s %(name)s)", what=what, kind=kind, name=name)
    title = gettext("%(name)s: %(what)s", name=who(entry), what=what)
    is_open = entry.kind not in {AuditKind.CREATED, AuditKind.DELETED}
    icon, when = ICONS.get(entry.kind, "info-circle"), format_moment(entry.at)
    return Happening(title, when, reason_in_words(entry), icon, reading.changes(entry), is_open)
