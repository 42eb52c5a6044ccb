"""The link to the sales system on the screen: each refresh, the rows it set aside, and orders without a customer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import current_app, flash, redirect, request
from flask_appbuilder.models.sqla.interface import SQLAInterface
from wtforms.validators import InputRequired

from app.actions.orders import match_by_hand
from app.actions.sales_system import Freshness, freshness
from app.clock import now
from app.errors import OutOfSight, WrongState
from app.extensions import session
from app.i18n import Label, LazyString, format_moment, gettext, ngettext
from app.jobs.sales_system import refresh_now
from app.models.orders import Order, OrderStatus
from app.models.sales_system import Refresh, RefreshState, SetAside
from app.security.rights import ORDERS, PRODUCTS, SALES_SYSTEM, STOCK, Verb
from app.views import listing
from app.views.choice_fields import CustomerField
from app.views.durations import length_in_words
from app.views.edge import actor, zone
from app.views.forms import REQUIRED, CrmForm
from app.views.guards import expose, needs
from app.views.listing import ChoiceFilter, Filter
from app.views.lists import Look
from app.views.model_view import CrmModelView
from app.views.presentation import EMPTY, Button, Cell, Column, Row, text_of
from app.views.range_filter import RangeFilter
from app.views.saving import attempt, refuse_foreign_fields

LOOKS = {RefreshState.RUNNING: "open", RefreshState.DONE: "done", RefreshState.FAILED: "bad"}
#: The kinds of rows as people call them.
KINDS: Mapping[str, LazyString] = {
    "products": PRODUCTS.label,
    "stock": STOCK.label,
    "orders": ORDERS.label,
    "order_lines": Label("Order lines"),
}
#: What is counted of a kind, in the order of the table.
COUNTS: Mapping[str, LazyString] = {
    "rows": Label("Rows read"),
    "created": Label("Added"),
    "updated": Label("Changed"),
    "skipped": Label("Unchanged"),
    "removed": Label("Removed"),
    "failed": Label("Set aside"),
    "unmatched": Label("Without a customer"),
}


class SalesSystem(CrmModelView):
    """销售系统: every refresh, the newest first."""

    route_base = "/sales-system"
    datamodel = SQLAInterface(Refresh)
    screen = SALES_SYSTEM
    record_label = Label("refresh")
    list_template = "crm/refreshes.html"
    name_column = "started_at"
    list_columns = ("started_at", "source", "state", "milliseconds", "outcome", "person")
    more_columns = ("id", "ended_at")
    order_columns = ("id", "started_at", "milliseconds")
    show_columns = ("source", "state", "started_at", "ended_at", "milliseconds", "person", "outcome")
    filters = (
        Filter("source", Label("Data source")),
        ChoiceFilter("state", Label("State"), options=tuple(RefreshState)),
        RangeFilter("started_at", Label("Started"), value_kind="moment"),
    )
    empty_title = Label("Nothing was refreshed yet")
    empty_text = Label("Products, stock and orders come from the sales system as soon as it is named in the settings.")

    def list_context(self, look: Look, query: listing.Query, found: listing.Found) -> dict[str, Any]:
        """With the age of each copy, and the button to refresh at once."""
        return {
            **super().list_context(look, query, found),
            "copies": [copy_in_words(one) for one in freshness(session())],
            "refresh": self.refresh_button(),
        }

    def refresh_button(self) -> Button | None:
        """For who may, where a sales system is named in the settings."""
        if not _is_linked() or not actor().may(SALES_SYSTEM.right(Verb.REFRESH)):
            return None
        return Button(Label("Refresh now"), self.path("refresh"), "refresh", "refresh", is_post=True, is_primary=True)

    @expose("/refresh", methods=["POST"])
    @needs(Verb.REFRESH)
    def refresh(self) -> Any:
        """Have everything refreshed at once."""
        if not _is_linked():
            raise WrongState(Label("CRM_SALES_CONFIG is not set: there is no sales system to read from."))
        refresh_now(session(), by=actor(), at=now())
        session().commit()
        flash(gettext("It begins at once."), "success")
        return redirect(self.path("list/"))

    def column(self, name: str, query: listing.Query) -> Column:
        """The state stands as one, although no life cycle moves it."""
        column = super().column(name, query)
        return replace(column, kind="state") if name == "state" else column

    def cell(self, row: Refresh, name: str, *, is_wide: bool = False) -> Cell:
        """Moments with their time, and durations in words."""
        cell = super().cell(row, name, is_wide=is_wide)
        if name == "state":
            return replace(cell, kind="state", look=LOOKS[row.state])
        if name == "milliseconds":
            return replace(cell, text=EMPTY if row.milliseconds is None else length_in_words(row.milliseconds))
        return replace(cell, text=cell.title or cell.text, title="") if cell.kind == "moment" else cell

    def record(self, row: Refresh) -> dict[str, Any]:
        """Called by its source and when it began."""
        name = gettext("%(source)s, %(time)s", source=row.source, time=text_of(row.started_at))
        return {**super().record(row), "name": name}

    def sections(self, row: Refresh) -> list[Any]:
        """What was counted, kind by kind."""
        columns = [Column("kind", gettext("Kind"), "text", is_name=True)]
        columns += [Column(key, label, "number") for key, label in COUNTS.items()]
        rows = [_counts_row(row, kind) for kind in KINDS if kind in row.counts]
        empty = gettext("Nothing was counted.")
        return [
            {"template": "crm/related.html", "title": gettext("Rows"), "columns": columns, "rows": rows, "empty": empty}
        ]


def _is_linked() -> bool:
    return bool(current_app.config["CRM_SETTINGS"].sales_config)


def copy_in_words(copy: Freshness) -> dict[str, Any]:
    """How old the copy of a source is, and why it was not refreshed since."""
    if copy.success is None:
        told = gettext("%(source)s: nothing was taken in yet.", source=copy.source)
    else:
        moment = format_moment(copy.success.ended_at or copy.success.started_at)
        told = gettext("%(source)s: as of %(time)s.", source=copy.source, time=moment)
    if copy.failure is None:
        return {"text": told, "why": ""}
    failed = format_moment(copy.failure.ended_at or copy.failure.started_at)
    why = gettext("The refresh of %(time)s failed: %(why)s", time=failed, why=copy.failure.outcome or EMPTY)
    return {"text": told, "why": why}


def _counts_row(refresh: Refresh, kind: str) -> Row:
    counts = refresh.counts[kind]
    cells = [Cell(kind_in_words(kind)), *(Cell(f"{counts.get(key, 0):,}", "number") for key in COUNTS)]
    return Row(
        0, 0, kind, cells, href=f"/set-aside/list/?source={refresh.source}&kind={kind}" if counts.get("failed") else ""
    )


def kind_in_words(kind: str) -> str:
    """A kind of rows as people call it; one that is unknown by its key."""
    return str(KINDS.get(kind, kind))


def match_form() -> CrmForm:
    """Whose it is."""
    fields = {"customer": CustomerField(Label("Customer"), [InputRequired(REQUIRED)])}
    return type("MatchForm", (CrmForm,), fields)()


class RowsSetAside(CrmModelView):
    """未入库行: what the latest refresh could not take in, and why."""

    route_base = "/set-aside"
    datamodel = SQLAInterface(SetAside)
    screen = SALES_SYSTEM
    list_title = Label("Rows set aside")
    name_column = "kind"
    list_columns = ("kind", "row", "column", "reason", "content", "source")
    order_columns = ("id", "row")
    show_columns = ("source", "kind", "row", "column", "reason")
    filters = (
        Filter("source", Label("Data source")),
        Filter("kind", Label("Kind")),
        Filter("column", Label("Column")),
    )
    empty_title = Label("Every row could be taken in")
    empty_text = Label("A row that cannot be read is listed here with the reason until its source has it right.")

    def cell(self, row: SetAside, name: str, *, is_wide: bool = False) -> Cell:
        """The kind in words, and what the row held on one line."""
        cell = super().cell(row, name, is_wide=is_wide)
        if name == "kind":
            return replace(cell, text=kind_in_words(row.kind))
        if name == "content":
            return replace(cell, text=" · ".join(str(value) for value in row.content.values() if value) or EMPTY)
        return cell

    def record(self, row: SetAside) -> dict[str, Any]:
        """Called by its kind and place."""
        name = gettext("%(kind)s, row %(row)s", kind=kind_in_words(row.kind), row=row.row)
        return {**super().record(row), "name": name}

    def sections(self, row: SetAside) -> list[Any]:
        """What the row held, cell by cell."""
        columns = [Column("head", gettext("Column"), "text", is_name=True), Column("value", gettext("Value"), "text")]
        rows = [Row(0, 0, head, [Cell(head), Cell(text_of(value))]) for head, value in row.content.items()]
        return [
            {"template": "crm/related.html", "title": gettext("Content"), "columns": columns, "rows": rows, "empty": ""}
        ]


class UnmatchedOrders(CrmModelView):
    """未匹配订单: orders of no customer we know, seen by whoever sees every customer."""

    route_base = "/unmatched-orders"
    datamodel = SQLAInterface(Order)
    screen = SALES_SYSTEM
    list_title = Label("Unmatched orders")
    name_column = "number"
    list_columns = ("number", "ordered_on", "customer_number", "customer_name", "total", "source")
    order_columns = ("id", "number", "ordered_on", "customer_name")
    show_columns = ("number", "ordered_on", "customer_number", "customer_name", "address", "status", "total", "source")
    filters = (
        Filter("number", Label("Order number")),
        Filter("customer_number", Label("Customer number")),
        Filter("customer_name", Label("Customer name")),
        RangeFilter("ordered_on", Label("Date")),
        ChoiceFilter("status", Label("Status"), options=tuple(OrderStatus), is_more=True),
    )
    empty_title = Label("Every order has its customer")
    empty_text = Label("An order whose customer is unknown or has a name that several have waits here.")

    def more_buttons(self, row: Order) -> list[Button]:
        """The way to its customer."""
        if not actor().may(SALES_SYSTEM.right(Verb.MATCH)):
            return []
        return [Button(Label("Match"), self.path(f"match/{row.id}"), "match", "link", is_primary=True, is_dialog=True)]

    @expose("/match/<int:pk>", methods=["GET", "POST"])
    @needs(Verb.MATCH)
    def match(self, pk: int) -> Any:
        """Ask whose order it is, and give him all that name their customer so, now and later."""
        row, form = self.load(pk), match_form()
        context = self._match_context(row)
        if request.method == "GET":
            return self.render_template("crm/move.html", form=form, notice="", **context)
        refuse_foreign_fields(form)
        done: list[int] = []
        at = now(zone())
        failure = attempt(
            form, lambda: done.append(match_by_hand(session(), row, form["customer"].data, by=actor(), at=at))
        )
        if failure is not None:
            return self.render_template("crm/move.html", form=form, notice=failure.notice, **context), failure.code
        flash(ngettext("Matched: %(num)s order.", "Matched: %(num)s orders.", done[0]), "success")
        return redirect(self.path("list/"))

    def _match_context(self, row: Order) -> dict[str, Any]:
        return {
            "page": self.record_page(row, gettext("Match orders")),
            "facts": self.facts(row),
            "rows": [],
            "action_href": self.path(f"match/{row.id}"),
            "cancel_href": self.path("list/"),
            "submit_label": gettext("Match"),
            "is_danger": False,
            "move": None,
        }

    def load(self, pk: int, relations: Any = ()) -> Order:
        """One that is still unmatched; raises OutOfSight."""
        row: Order = super().load(pk, relations)
        if row.customer_id is not None:
            raise OutOfSight(Order, pk)
        return row

    def base_conditions(self) -> Any:
        """Those that have found their customer are in the order history."""
        return (Order.customer_id.is_(None),)
