"""The customer on the screen: its list, its record, its form, and its deletion and return."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from flask import flash, g, redirect, request
from flask_appbuilder.models.sqla.interface import SQLAInterface
from werkzeug.wrappers import Response

from app.actions.customers import record
from app.actions.customers.life import ACTIVE, DELETED, LIFE, LOST, in_sentences, open_counts
from app.actions.workflow import Move, Workflow
from app.clock import now
from app.errors import OutOfSight
from app.extensions import session
from app.i18n import Label, gettext, listed
from app.models.basedata import Category
from app.models.customers import Customer
from app.security.actor import remember_branches
from app.security.rights import CONTACTS, CUSTOMERS, INTERACTIONS, ORDERS, Verb
from app.security.scope import show_deleted
from app.views import listing
from app.views.customers.contacts import contact_section
from app.views.customers.filters import CompletenessFilter, OrderedFilter, StateFilter
from app.views.customers.page import CustomerPage
from app.views.customers.transfer import TRANSFER, TransferringView
from app.views.edge import actor, zone
from app.views.failures import split_address
from app.views.forms import CrmForm
from app.views.guards import expose, needs
from app.views.listing import EntryFilter, PersonFilter
from app.views.lists import Look
from app.views.moves import MovingView, came_from, reason_field
from app.views.order_filters import WithoutOrderFilter
from app.views.presentation import Button, Cell, Row, label_of
from app.views.printing import PrintedTable
from app.views.range_filter import RangeFilter
from app.views.score_filter import ScoreFilter
from app.views.search_filters import SearchFilter

STATES = StateFilter("status", Label("Status"), is_more=True)
WIN_BACK = CUSTOMERS.right(Verb.WIN_BACK)
#: The parts of a customer's page to which each row of the list leads, with who may see them.
TABS = (("contacts", CONTACTS), ("interactions", INTERACTIONS), ("orders", ORDERS))
#: The one move that this screen asks for; a customer is lost by its churn case, deleted and restored by buttons.
WINNING_BACK = replace(LIFE, moves=(LIFE.move("win_back"),))


class Customers(CustomerPage, TransferringView, MovingView):
    """客户."""

    route_base = "/customers"
    datamodel = SQLAInterface(Customer)
    screen = CUSTOMERS
    exclude_route_methods = MovingView.exclude_route_methods | {"move_many"}
    record_label = Label("Customer")
    list_columns = ("number", "name", "region", "manager", "level")
    more_columns = (
        *("status", "satisfaction", "credit", "industry", "phone", "address", "website", "legal_representative"),
        *("last_order_on", "created_on"),
    )
    order_columns = ("id", "number", "name", "created_on")
    filters = (
        SearchFilter("number", Label("Customer number"), is_literal=True),
        SearchFilter("name", Label("Name")),
        EntryFilter("region", Label("Region"), category=Category.REGION, offers_none=True),
        PersonFilter("manager", Label("Account manager")),
        EntryFilter("level", Label("Customer level"), category=Category.LEVEL, offers_none=True),
        STATES,
        EntryFilter("industry", Label("Industry"), is_more=True, category=Category.INDUSTRY, offers_none=True),
        CompletenessFilter("completeness", Label("Data"), is_more=True),
        WithoutOrderFilter("without_order", Label("Without an order")),
        OrderedFilter("ordered", Label("Ordered"), is_more=True),
        OrderedFilter("first_order", Label("First order"), is_more=True, is_first=True),
        ScoreFilter("satisfaction", Label("Satisfaction"), is_more=True),
        ScoreFilter("credit", Label("Credit"), is_more=True),
        RangeFilter("created_on", Label("Created on"), is_more=True, value_kind="moment"),
    )
    edit_columns = (*record.TYPED_FIELDS, "manager")
    asked_beside = MappingProxyType({"reason": lambda: reason_field(is_required=False)})
    form_groups = (
        (
            Label("Customer"),
            ("name", "region", "industry", "level", "parent", "manager", "reason", "satisfaction", "credit"),
        ),
        (Label("Address and numbers"), ("address", "postcode", "phone", "fax", "website")),
        (
            Label("Company"),
            ("legal_representative", "licence_no", "registered_capital", "annual_turnover"),
        ),
        (Label("Bank and tax"), ("bank", "bank_account", "local_tax_no", "national_tax_no")),
    )
    empty_title = Label("No customer yet")
    empty_text = Label("A customer appears here when the development of a sales opportunity succeeds.")

    # ---- list -------------------------------------------------------------------------------------------

    def query(self, look: Look) -> listing.Query:
        """Who asks for the deleted ones and may restore them sees them."""
        query = super().query(look)
        if STATES.asks_for_deleted(query.values):
            show_deleted(session())
        return query

    def prepare_rows(self, rows: Sequence[Customer]) -> None:
        """What is open at those that may be deleted, for the question before, and whose the lost ones are."""
        if actor().may(WIN_BACK):
            remember_branches(session(), {row.manager_id for row in rows if row.manager_id and row.status is LOST})
        g.open_counts = open_counts(session(), [row.id for row in rows if self.may_delete(row)])

    def list_context(self, look: Look, query: listing.Query, found: listing.Found) -> dict[str, Any]:
        """With the button that transfers everything found; what is deleted goes to nobody."""
        is_deleted = STATES.asks_for_deleted(query.values)
        on_all = None if is_deleted else self.transfer_all_button(query, found)
        return {**super().list_context(look, query, found), "on_all": on_all}

    def row(self, row: Customer, columns: Sequence[str]) -> Row:
        """The name says what is wrong with a customer; the parts of its page stand among its actions."""
        drawn = super().row(row, columns)
        cells = [_marked(row, cell) if cell.name == "name" else cell for cell in drawn.cells]
        first = [button for button in drawn.buttons if button.key == "edit"]
        others = [button for button in drawn.buttons if button.key != "edit"]
        return replace(drawn, cells=cells, buttons=[*first, *self._tab_buttons(row), *others])

    def _tab_buttons(self, row: Customer) -> list[Button]:
        return [
            Button(screen.label, self.path(f"show/{row.id}?tab={tab}"), tab, "list")
            for tab, screen in TABS
            if actor().may(screen.right(Verb.SEE))
        ]

    # ---- record -----------------------------------------------------------------------------------------

    def load(self, pk: int, relations: Sequence[str] = ()) -> Customer:
        """A deleted one too, with all that belongs to it, for who may restore it."""
        try:
            row: Customer = super().load(pk, relations)
        except OutOfSight:
            if not actor().may(CUSTOMERS.right(Verb.RESTORE)):
                raise
            show_deleted(session())
            row = super().load(pk, relations)
        return row

    def sections(self, row: Customer) -> list[Any]:
        """What its data lack."""
        return [self.missing_section(row)] if row.is_incomplete and row.status is ACTIVE else []

    def missing_section(self, row: Customer) -> dict[str, Any]:
        """What is missing, and the way to the form for who may fill it in."""
        href = self.path(f"edit/{row.id}") if self.may_edit(row) else ""
        return {"template": "crm/missing.html", "names": missing_in_words(row), "href": href}

    def printed_tables(self, row: Customer) -> list[PrintedTable]:
        """The contacts, for who may see contacts."""
        if not actor().may(CONTACTS.right(Verb.SEE)):
            return []
        section = contact_section(row)
        return [PrintedTable(section["title"], section["columns"], [one.cells for one in section["rows"]])]

    @property
    def flow(self) -> Workflow:
        """Winning back."""
        return WINNING_BACK

    def more_buttons(self, row: Customer) -> list[Button]:
        """Transfer, and of a lost one winning it back; of a deleted one its return."""
        if LIFE.is_allowed(LIFE.move("restore"), row, actor()):
            return [self._restore_button(row)]
        may_transfer = row.status is not DELETED and actor().may(TRANSFER)
        return [*MovingView.more_buttons(self, row), *([self.transfer_button(row)] if may_transfer else [])]

    def move_context(self, move: Move, rows: Sequence[Customer]) -> dict[str, Any]:
        """The customer in short."""
        facts = [self.cell(rows[0], name) for name in ("number", "manager", "last_order_on", "status")]
        return {**super().move_context(move, rows), "facts": facts}

    def _restore_button(self, row: Customer) -> Button:
        question = gettext("Restore %(kind)s “%(name)s”?", kind=self.record_label, name=row)
        return Button(
            Label("Restore"),
            self.path(f"restore/{row.id}"),
            "restore",
            "arrow-back-up",
            is_post=True,
            question=question,
        )

    def buttons(self, row: Customer) -> list[Button]:
        """Before the question whether to delete it says what is open."""
        matters = in_sentences(g.get("open_counts", {}).get(row.id, {}))
        return [
            replace(button, question=" ".join([*matters, button.question])) if button.key == "delete" else button
            for button in super().buttons(row)
        ]

    # ---- edit -------------------------------------------------------------------------------------------

    def may_edit(self, row: Customer) -> bool:
        """By its account manager, while it is normal."""
        return record.may_edit(row, actor())

    def check_edit(self, row: Customer) -> None:
        """Refuses everybody else, and in every other state."""
        record.check_edit(row, by=actor())

    def form(self, kind: type[CrmForm], row: Customer) -> CrmForm:
        """Only who may transfer changes the account manager; a parent company out of sight stays as it is."""
        form = super().form(kind, row)
        if actor().may(TRANSFER):
            was = row.manager.username if row.manager is not None else ""
            form["reason"].render_kw = {"data-asked-with": "manager", "data-was": was}
            form["reason"].description = gettext("Needed where the account manager changes, which is a transfer.")
        else:
            form["manager"].is_fixed = True
            del form["reason"]
        if row.parent_id is not None and row.parent is None:
            del form["parent"]
        return form

    def form_address(self, address: str) -> str:
        """With the list from which the form was opened."""
        return f"{self.path(address)}?{urlencode({'next': _list_behind()})}"

    def update(self, row: Customer, values: Mapping[str, Any], version: int | None) -> None:
        """Change what may be typed; another account manager is a transfer."""
        record.edit_customer(session(), row, values, by=actor(), at=now(zone()), version=version)

    def saved(self, row: Customer) -> Response:
        """Say so and go back to the list."""
        flash(gettext("Saved."), "success")
        return redirect(_list_behind())

    # ---- deletion and return ----------------------------------------------------------------------------

    def may_delete(self, row: Customer) -> bool:
        """By its account manager."""
        return LIFE.is_allowed(LIFE.move("delete"), row, actor())

    def check_delete(self, row: Customer) -> None:
        """Refuses everybody else."""
        LIFE.check(session(), row, LIFE.move("delete"), by=actor())

    def remove(self, row: Customer) -> None:
        """Nothing that belongs to it is lost."""
        LIFE.fire(session(), row, "delete", by=actor(), at=now(zone()))

    @expose("/restore/<int:pk>", methods=["POST"])
    @needs(Verb.RESTORE)
    def restore(self, pk: int) -> Response:
        """Bring a deleted one back to the state it had."""
        record.restore_customer(session(), self.load(pk), by=actor(), at=now(zone()))
        session().commit()
        flash(gettext("Restored."), "success")
        return redirect(self.path(f"show/{pk}"))


def missing_in_words(row: Customer) -> str:
    """The names of the fields that a customer lacks."""
    return listed(label_of(Customer, name) for name in row.missing)


def _marked(row: Customer, cell: Cell) -> Cell:
    if row.status is LOST:
        return replace(cell, mark=str(LOST.label))
    if row.status is ACTIVE and row.is_incomplete:
        lacking = gettext("Missing: %(names)s", names=missing_in_words(row))
        return replace(cell, mark=gettext("Data incomplete"), mark_title=lacking)
    return cell


def _list_behind() -> str:
    """The list, with its conditions, from which the reader came to the form."""
    home = f"{Customers.route_base}/list/"
    before = split_address(request.referrer or "")
    behind = f"{before.path}?{before.query}" if before.netloc == request.host and before.path == home else ""
    return came_from() or behind or home
