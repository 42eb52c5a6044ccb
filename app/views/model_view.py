"""The base of every screen: list, detail, form and deletion of one model, from a view's declarations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias

from flask import flash, redirect, request
from sqlalchemy import Select
from werkzeug.wrappers import Response

from app.actions import records
from app.actions.workflow import Workflow, moves_of
from app.errors import OutOfSight
from app.extensions import appbuilder, session
from app.i18n import Label, gettext
from app.models.base import mapper_of
from app.security.rights import CUSTOMERS, Screen, Verb, module_of
from app.views import history, listing
from app.views.edge import LARGEST_KEY, actor, zone
from app.views.editing import edit_record
from app.views.forms import CrmForm, form_class, offer_choices, suggest
from app.views.guards import expose, needs
from app.views.lists import Look
from app.views.pager import list_frame, look_frame
from app.views.presentation import EMPTY, Button, Cell, Column, Page, Row, cell_of, kind_of, label_of, masked
from app.views.printing import Printed
from app.views.record_history import RecordHistory
from app.views.record_pages import view_of
from app.views.saving import attempt, refuse_foreign_fields
from app.views.why_not import refusals

#: Within the class ``list`` is the route of that name.
Buttons: TypeAlias = list[Button]
Facts: TypeAlias = list[Cell]
Parts: TypeAlias = list[Any]
Texts: TypeAlias = list[str]


class CrmModelView(Printed, RecordHistory):
    """A screen as a declaration: columns, filters, form fields and the screen whose rights guard it.

    A view holds declarations only; whatever belongs to a request lives in the request, so threads share nothing.
    """

    screen: ClassVar[Screen]
    workflow: ClassVar[Workflow | None] = None
    #: Relations that the rows need beside the columns shown.
    needed_relations: ClassVar[Sequence[str]] = ()
    form_groups: ClassVar[tuple[tuple[Any, tuple[str, ...]], ...]] = ()
    add_columns: ClassVar[Sequence[str]] = ()
    edit_columns: ClassVar[Sequence[str]] = ()
    #: Fields that the form of an edit asks beside the record's own, each with what makes it.
    asked_beside: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    related_views: ClassVar[tuple[Any, ...]] = ()
    #: Whether everybody may read the names of these records where others name them.
    is_named_openly: ClassVar[bool] = False
    list_title: Any = ""
    record_label: ClassVar[Any] = Label("record")
    new_label: ClassVar[Any] = Label("New")
    empty_title: ClassVar[Any] = Label("Nothing here yet")
    empty_text: ClassVar[Any] = ""
    exclude_route_methods: frozenset[str] = frozenset({"action", "action_post", "download", "show_item_dict"})

    # ---- set-up: the framework's hooks, without its generated forms and shared filters ------------------

    def _init_properties(self) -> None:
        self.class_permission_name = self.screen.key
        self.model = self.datamodel.obj
        self._related_views: Parts = []
        self._base_filters = None
        self.exclude_route_methods = self.exclude_route_methods | self._undeclared()

    def _undeclared(self) -> set[str]:
        """The routes a view has no use for: without fields no form, without a rule no deletion."""
        kind = type(self)
        missing = {
            "add": not self.add_columns and kind.add is CrmModelView.add,
            "edit": not self.edit_columns and kind.edit is CrmModelView.edit,
            "history": not getattr(self.model, "is_audited", True),
            "delete": Verb.DELETE not in self.screen.verbs and kind.delete is CrmModelView.delete,
            "print_list": Verb.PRINT not in self.screen.verbs,
            "print_one": Verb.PRINT not in self.screen.verbs,
        }
        return {name for name, is_missing in missing.items() if is_missing}

    def _init_forms(self) -> None:
        if self.add_columns:
            self.add_form = form_class(self.model, self.add_columns)
        if self.edit_columns:
            self.edit_form = form_class(self.model, self.edit_columns, has_version=True, beside=self.asked_beside)

    def _init_titles(self) -> None:
        self.list_title = self.list_title or self.screen.label
        first = "name" if "name" in self.list_columns else next(iter(self.list_columns), "")
        self.name_column = self.name_column or first

    # ---- what a view may say differently -----------------------------------------------------------------

    @classmethod
    def of_application(cls) -> Any:
        """The one view of this class in the running application."""
        return next(view for view in appbuilder().baseviews if type(view) is cls)

    def responsible_of(self, row: Any) -> int | None:
        """The person a row belongs to, whose phone numbers he always sees; None where rows belong to nobody."""
        return getattr(row, "responsible_id", None)

    def shows_phones(self, row: Any) -> bool:
        """Whether this person may read the phone numbers of ``row``."""
        return actor().may(CUSTOMERS.right(Verb.SEE_PHONES)) or self.responsible_of(row) == actor().person_id

    def base_conditions(self) -> Sequence[Any]:
        """Conditions every row of the list meets, beside the wall's."""
        return ()

    def may_create(self) -> bool:
        """Whether the list offers a new one."""
        return bool(self.add_columns) and actor().may(self.screen.right(Verb.CREATE))

    def may_edit(self, row: Any) -> bool:
        """Whether ``row`` may be edited now by this person."""
        return bool(self.edit_columns) and actor().may(self.screen.right(Verb.EDIT))

    def may_delete(self, row: Any) -> bool:
        """Whether ``row`` may be deleted now by this person."""
        return Verb.DELETE in self.screen.verbs and actor().may(self.screen.right(Verb.DELETE))

    def check_edit(self, row: Any) -> None:
        """Raises DomainError when ``row`` may not be edited; asked before the form is shown."""

    def check_delete(self, row: Any) -> None:
        """Raises DomainError when ``row`` may not be deleted; asked to say why."""

    def further_checks(self, row: Any) -> Parts:
        """What else is done on the page of a record: its words, and a check that raises DomainError."""
        return []

    def create(self, values: Mapping[str, Any]) -> Any:
        """Make a row of the checked values, by an action."""
        return records.create_record(session(), self.model, values, by=actor(), screen=self.screen)

    def update(self, row: Any, values: Mapping[str, Any], version: int | None) -> None:
        """Change a row, by an action."""
        records.edit_record(session(), row, values, by=actor(), screen=self.screen, version=version)

    def remove(self, row: Any) -> None:
        """Delete a row, by an action."""
        records.delete_record(session(), row, by=actor(), screen=self.screen)

    def more_buttons(self, row: Any) -> Buttons:
        """Further buttons of a row, before edit and delete."""
        return []

    def sections(self, row: Any) -> Parts:
        """What stands below the facts of a record: objects with a ``template``."""
        return []

    def prepare_rows(self, rows: Sequence[Any]) -> None:
        """Load for a whole page at once what its buttons need."""

    # ---- list -------------------------------------------------------------------------------------------

    @expose("/list/")
    @needs(Verb.SEE)
    def list(self) -> Any:
        """One page of rows."""
        look = self.look()
        query = self.query(look)
        keys = self.keys(query)
        found = listing.find(session(), self.model, keys, query, options=self.options(look.columns))
        found.count = listing.count(session(), keys)
        found.entries = listing.find_entries(session(), self.filters)
        return self.render_template(self.list_template, **self.list_context(look, query, found))

    @expose("/count")
    @needs(Verb.SEE)
    def count(self) -> Any:
        """The exact number of rows, for a list that showed ``10,000+``."""
        return f"{listing.count(session(), self.keys(self.query(self.look())), cap=None):,}"

    def keys(self, query: listing.Query) -> Select[int]:
        """The keys of the rows the query asks for."""
        return listing.narrowed(self.model, self.filters, query, zone=zone(), base=self.base_conditions())

    def options(self, names: Sequence[str]) -> tuple[Any, ...]:
        """Load the named relations with the rows."""
        return listing.joined(self.model, (*names, *self.needed_relations))

    def list_context(self, look: Look, query: listing.Query, found: listing.Found) -> dict[str, Any]:
        """What the list template draws."""
        self.prepare_rows(found.rows)
        return {
            "page": self.list_page(),
            "rows": [self.row(row, look.columns) for row in found.rows],
            "columns": [self.column(name, query) for name in look.columns],
            "moves": self.buttons_on_many(),
            "print": self.print_button(self.address(query, "print/")),
            "new": self.new_button(),
            "empty": self.empty(query),
            **list_frame(self, query, found),
            **look_frame(self, look, query, found),
        }

    def column(self, name: str, query: listing.Query) -> Column:
        """The head of a column, with the address that sorts by it."""
        sorted_by = {name: "ascending", f"-{name}": "descending"}.get(query.sort, "")
        following = f"-{name}" if sorted_by == "ascending" else name
        can_sort = name in (self.order_columns or ())
        href = query.href(self.path("list/"), sort=following, page=1) if can_sort else ""
        label, kind = label_of(self.model, name), kind_of(self.model, name)
        return Column(name, label, kind, href, sorted_by, is_name=name == self.name_column)

    def row(self, row: Any, columns: Sequence[str]) -> Row:
        """A row of the list."""
        cells = [self.cell(row, name) for name in columns]
        return Row(row.id, getattr(row, "version", 0), str(row), cells, self.buttons(row), self.path(f"show/{row.id}"))

    def cell(self, row: Any, name: str, *, is_wide: bool = False) -> Cell:
        """One value as this person may see it."""
        view = view_of(getattr(row, name))
        if view is not None:
            return self._linked(row, name, view, is_wide)
        cell = cell_of(row, name, is_wide=is_wide)
        return masked(cell) if cell.kind == "phone" and not self.shows_phones(row) else cell

    def _linked(self, row: Any, name: str, view: Any, is_wide: bool) -> Cell:
        """Another record with the way to its page, for who may see such records."""
        if not actor().may(view.screen.right(Verb.SEE)):
            cell = cell_of(row, name, is_wide=is_wide)
            return cell if view.is_named_openly else replace(cell, text=EMPTY)
        return cell_of(row, name, href=view.path(f"show/{getattr(row, name).id}"), is_wide=is_wide)

    def buttons(self, row: Any) -> Buttons:
        """What may be done with ``row`` now by this person."""
        found = self.more_buttons(row)
        if self.may_edit(row):
            found.append(Button(Label("Edit"), self.path(f"edit/{row.id}"), "edit", "pencil"))
        if self.may_delete(row):
            question = gettext("Delete %(kind)s “%(name)s”?", kind=self.record_label, name=row)
            href = self.path(f"delete/{row.id}")
            found.append(
                Button(Label("Delete"), href, "delete", "trash", is_post=True, is_danger=True, question=question)
            )
        return found

    def buttons_on_many(self) -> Buttons:
        """What may be done with several rows."""
        return []

    def new_button(self) -> Button | None:
        """The button that begins a new one."""
        return Button(self.new_label, self.path("add"), "new", "plus", is_primary=True) if self.may_create() else None

    def empty(self, query: listing.Query) -> dict[str, Any]:
        """What an empty list says: how to begin, or that the filter finds nothing."""
        if any(query.values.values()):
            reset = Button(Label("Show all"), f"{self.path('list/')}?view={listing.ALL}", "reset")
            return {"title": gettext("Nothing matches these conditions"), "text": "", "button": reset}
        return {"title": self.empty_title, "text": self.empty_text, "button": self.new_button()}

    # ---- detail -----------------------------------------------------------------------------------------

    @expose("/show/<int:pk>")
    @needs(Verb.SEE)
    def show(self, pk: int) -> Any:
        """One record."""
        return self.render_template(self.show_template, **self.show_context(self.load(pk, self.show_columns)))

    def show_context(self, row: Any) -> dict[str, Any]:
        """What the detail template draws."""
        self.prepare_rows([row])
        moves = moves_of(session(), row) if self.workflow else []
        return {
            "page": self.record_page(row),
            "record": self.record(row),
            "facts": self.facts(row),
            "buttons": self.buttons(row),
            "print": self.print_button(self.path(f"print/{row.id}")),
            "history": self.history_button(row),
            "steps": history.steps(self.workflow, row, moves) if self.workflow else [],
            "events": history.events(self.workflow, moves) if self.workflow else [],
            "sections": self.sections(row),
            "refusals": refusals(self, row),
        }

    def record_page(self, row: Any, title: Any = None) -> Page:
        """Title and crumbs of a page of one record."""
        crumbs = [(self.list_title, self.path("list/"))]
        if title is not None:
            crumbs.append((str(row), self.path(f"show/{row.id}")))
        return Page(title or str(row), module_of(self.screen).label, [*crumbs, (title or f"{row.id}", "")])

    def record(self, row: Any) -> dict[str, Any]:
        """Key, version, name and state of a record."""
        state = self.cell(row, "status") if self.workflow else None
        return {"key": row.id, "version": getattr(row, "version", 0), "name": str(row), "state": state}

    def facts(self, row: Any) -> Facts:
        """Every field of the detail page."""
        columns = mapper_of(self.model).columns
        wide = [name for name in self.show_columns if name in columns and columns[name].info.get("is_long")]
        return [self.cell(row, name, is_wide=name in wide) for name in self.show_columns]

    def load(self, pk: int, relations: Sequence[str] = ()) -> Any:
        """The row of that key; raises OutOfSight when there is none the person sees."""
        statement = listing.of_keys(self.model, self.options(relations))
        row = session().scalars(statement, {"keys": [pk]}).unique().first() if pk <= LARGEST_KEY else None
        if row is None:
            raise OutOfSight(self.model, pk)
        return row

    # ---- create, edit, delete ---------------------------------------------------------------------------

    @expose("/add", methods=["GET", "POST"])
    @needs(Verb.CREATE)
    def add(self) -> Any:
        """A new record."""
        form = self.form(self.add_form, None)
        made: Parts = []
        if request.method == "POST":
            refuse_foreign_fields(form)
            failure = attempt(form, lambda: made.append(self.create(form.values(self.add_columns))))
            if failure is None:
                return self.saved(made[0])
            return self.form_page(form, str(self.new_label), "add", failure.notice), failure.code
        return self.form_page(form, str(self.new_label), "add")

    @expose("/edit/<int:pk>", methods=["GET", "POST"])
    @needs(Verb.EDIT)
    def edit(self, pk: int) -> Any:
        """Change a record."""
        return edit_record(self, pk)

    @expose("/delete/<int:pk>", methods=["POST"])
    @needs(Verb.DELETE)
    def delete(self, pk: int) -> Any:
        """Delete a record, after the question."""
        row = self.load(pk)
        self.remove(row)
        session().commit()
        flash(gettext("Deleted."), "success")
        return redirect(self.path("list/"))

    def form(self, kind: type[CrmForm], row: Any) -> CrmForm:
        """The form filled from the request, else from ``row``, with its choices loaded."""
        form = kind(obj=row)
        if row is not None and not self.shows_phones(row):
            for name in [name for name in form.data if kind_of(self.model, name) == "phone"]:
                del form[name]
        offer_choices(form, session())
        suggest(form, self.model, session())
        return form

    def form_page(self, form: CrmForm, page: Page | str, address: str, notice: Any = "") -> str:
        """The page of a form."""
        page = self.list_page(page) if isinstance(page, str) else page
        pk = address.partition("/")[2]
        return str(
            self.render_template(
                self.edit_template if pk else self.add_template,
                page=page,
                form=form,
                groups=self.form_groups or [("", tuple(self.edit_columns if pk else self.add_columns))],
                notice=notice,
                action_href=self.form_address(address),
                cancel_href=page.crumbs[-2][1],
                submit_label=gettext("Save"),
                **self.form_context(pk),
            )
        )

    def form_context(self, pk: str) -> dict[str, Any]:
        """What a view adds to its form page."""
        return {"alike_href": ""}

    def form_address(self, address: str) -> str:
        """Where a form is sent."""
        return self.path(address)

    def saved(self, row: Any) -> Response:
        """Say so and go to the record."""
        flash(gettext("Saved."), "success")
        return redirect(self.path(f"show/{row.id}"))
