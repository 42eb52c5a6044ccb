"""What hangs on a customer: screens whose records its account manager alone writes, on the customer's page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import current_app, flash, redirect, request
from sqlalchemy import Select, func, select
from werkzeug.wrappers import Response

from app.actions.attachments import FileStore
from app.actions.customers import check_keeper, may_keep
from app.extensions import session
from app.i18n import gettext
from app.models.customers import Customer
from app.security.rights import CUSTOMERS, Verb
from app.security.scope import ONE_BY_ONE
from app.views.edge import actor, load, read_key, safe_path
from app.views.forms import form_class
from app.views.guards import expose, needs
from app.views.model_view import CrmModelView
from app.views.pager import Pager, pager_of
from app.views.presentation import Button, Column, Page, kind_of, label_of
from app.views.saving import attempt, refuse_foreign_fields, refused

#: How many records one page of a tab shows.
SHOWN = 20


class CustomerPart(CrmModelView):
    """Records of a customer, kept by its account manager while it is not deleted; begun and saved at its page."""

    #: The tab of the customer's page where they stand.
    tab: ClassVar[str]
    required_columns: ClassVar[Sequence[str]] = ()
    needed_relations = ("customer",)

    def _init_forms(self) -> None:
        if self.add_columns:
            self.add_form = form_class(self.model, self.add_columns, required=self.required_columns)
        if self.edit_columns:
            required = self.required_columns
            self.edit_form = form_class(self.model, self.edit_columns, has_version=True, required=required)

    def responsible_of(self, row: Any) -> int | None:
        """The customer's."""
        person_id: int | None = row.customer.responsible_id
        return person_id

    # ---- who may ----------------------------------------------------------------------------------------

    def may_create(self) -> bool:
        """Never from the list, which is of many customers."""
        return False

    def may_edit(self, row: Any) -> bool:
        """The account manager."""
        return bool(self.edit_columns) and may_keep(row.customer, self.screen.right(Verb.EDIT), actor())

    def may_delete(self, row: Any) -> bool:
        """The account manager."""
        return may_keep(row.customer, self.screen.right(Verb.DELETE), actor())

    def check_edit(self, row: Any) -> None:
        """Refuses anybody else."""
        check_keeper(row.customer, self.screen.right(Verb.EDIT), by=actor())

    def check_delete(self, row: Any) -> None:
        """Refuses anybody else."""
        check_keeper(row.customer, self.screen.right(Verb.DELETE), by=actor())

    # ---- a new one --------------------------------------------------------------------------------------

    def new_for(self, customer: Customer) -> Button | None:
        """The button that begins a new one of a customer, for who may."""
        if not may_keep(customer, self.screen.right(Verb.CREATE), actor()):
            return None
        return Button(self.new_label, self.path(f"add?customer={customer.id}"), "new", "plus", is_primary=True)

    @expose("/add", methods=["GET", "POST"])
    @needs(Verb.CREATE)
    def add(self) -> Any:
        """A new record of the customer in the address."""
        if request.method == "POST":
            refuse_foreign_fields(self.add_form())
        customer = asked_customer()
        key, page = customer.id, self._page(customer, self.new_label)
        if request.method == "GET":
            self.check_new(customer)
        form = self.form(self.add_form, None)
        if request.method == "GET":
            return self.form_page(form, page, f"add?customer={key}")
        failure = refused(lambda: self.check_new(customer)) or attempt(
            form, lambda: self.create_for(customer, form.values(self.add_columns))
        )
        if failure is None:
            return self.back_to(key, gettext("Saved."))
        return self.form_page(form, page, f"add?customer={key}", failure.notice), failure.code

    def check_new(self, customer: Customer) -> None:
        """Raises Forbidden or WrongState for who may not write one of this customer."""
        check_keeper(customer, self.screen.right(Verb.CREATE), by=actor())

    def create_for(self, customer: Customer, values: Mapping[str, Any]) -> Any:
        """Make a record of the customer, by an action."""
        raise NotImplementedError

    def record_page(self, row: Any, title: Any = None) -> Page:
        """The way to a record leads over its customer."""
        page = self._page(row.customer, title or str(row))
        if title is not None:
            page.crumbs.insert(-1, (str(row), self.path(f"show/{row.id}")))
        return page

    def _page(self, customer: Customer, title: Any) -> Page:
        page = self.list_page(title)
        if actor().may(CUSTOMERS.right(Verb.SEE)):
            above = [(CUSTOMERS.label, CUSTOMERS.home), (str(customer), tab_of(customer.id, self.tab))]
            page.crumbs[:-1] = above
        return page

    # ---- the way back -----------------------------------------------------------------------------------

    def way_back(self, customer_id: int) -> str:
        """The page that the address names, else the tab of the customer; the list for who may not see customers."""
        if request.args.get("next"):
            return safe_path(request.args["next"])
        return tab_of(customer_id, self.tab) if actor().may(CUSTOMERS.right(Verb.SEE)) else self.path("list/")

    def back_to(self, customer_id: int, said: str) -> Response:
        """Say that it is done, and go back."""
        flash(said, "success")
        return redirect(self.way_back(customer_id))

    def saved(self, row: Any) -> Response:
        """Back to the customer."""
        return self.back_to(row.customer_id, gettext("Saved."))

    @expose("/delete/<int:pk>", methods=["POST"])
    @needs(Verb.DELETE)
    def delete(self, pk: int) -> Any:
        """Delete a record, after the question."""
        row = self.load(pk)
        customer_id = row.customer_id
        files = self.take_away(row)
        session().commit()
        for name in files:
            file_store().remove(name)
        return self.back_to(customer_id, gettext("Deleted."))

    def take_away(self, row: Any) -> Sequence[str]:
        """Delete a record, by an action; returns the names of the files that go with it."""
        raise NotImplementedError


def file_store() -> FileStore:
    """The folder of files of this machine."""
    return FileStore(current_app.config["CRM_SETTINGS"].files_dir)


def asked_customer() -> Customer:
    """The customer that the address names, within sight; raises OutOfSight."""
    return load(Customer, read_key(request.args.get("customer", "")) or 0)


def tab_of(customer_id: int, tab: str) -> str:
    """The address of a tab of a customer's page."""
    return f"/customers/show/{customer_id}?tab={tab}"


# ---- the tab --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PartPage:
    """One page of what hangs on a customer: the rows, how many there are in all, and the way to the other pages."""

    rows: Sequence[Any]
    count: int
    pager: Pager | None


def part_page(statement: Select[Any], tab: str, address: str) -> PartPage:
    """The page of ``statement`` that the address asks for, in two statements; ``address`` is that of the tab."""
    counted = select(func.count()).select_from(statement.order_by(None).subquery())
    count = session().scalar(counted, execution_options=ONE_BY_ONE) or 0
    pages = max(1, -(-count // SHOWN))
    is_here = request.args.get("tab", "") == tab
    page = min(max(1, (read_key(request.args.get("page", "")) if is_here else None) or 1), pages)
    paged = statement.limit(SHOWN).offset((page - 1) * SHOWN).execution_options(**ONE_BY_ONE)
    rows = session().scalars(paged).unique().all() if count else []
    pager = pager_of(page, pages, lambda number: f"{address}&page={number}") if pages > 1 else None
    return PartPage(rows, count, pager)


def table_section(
    view: CustomerPart,
    customer: Customer,
    statement: Select[Any],
    names: Sequence[str],
    *,
    address: str = "",
    **more: Any,
) -> dict[str, Any]:
    """A table of what hangs on a customer, with its pages and what may be done; ``more`` takes precedence.

    ``address`` is that of another page on which it stands than the customer's.
    """
    home = f"{address}?tab={view.tab}" if address else tab_of(customer.id, view.tab)
    found = part_page(statement, view.tab, home)
    return {
        "template": "crm/related.html",
        "title": view.list_title,
        "columns": [
            Column(name, label_of(view.model, name), kind_of(view.model, name), is_name=name == view.name_column)
            for name in names
        ],
        "rows": [view.row(row, names) for row in found.rows],
        "count": found.count,
        "pager": found.pager,
        "new": view.new_for(customer),
        "empty": view.empty_title,
        **more,
    }
