"""Order history: what customers ordered, to look at and to print; it comes from the sales system."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import func, select

from app.errors import OutOfSight
from app.extensions import session
from app.i18n import Label, gettext
from app.models.customers import Customer, CustomerStatus
from app.models.orders import Order, OrderLine, OrderStatus
from app.security.rights import ORDERS, Verb
from app.security.scope import ONE_BY_ONE
from app.views.customers.tabs import CustomerTab
from app.views.listing import COUNT_CAP, ChoiceFilter, Filter
from app.views.model_view import CrmModelView
from app.views.order_filters import GroupFilter, LinesFilter
from app.views.presentation import Button, Cell, Column, Row, cell_of, in_digits, kind_of, label_of
from app.views.printing import PrintedTable
from app.views.range_filter import RangeFilter
from app.views.search_filters import CustomerFilter
from app.views.sections import capped

#: The most orders on the page of a customer, and the most lines on the page of an order.
ORDERS_SHOWN, LINES_SHOWN = 50, 1_000
LINE_COLUMNS = ("product_name", "quantity", "unit", "unit_price", "amount")


class Orders(CrmModelView):
    """历史订单."""

    route_base = "/orders"
    datamodel = SQLAInterface(Order)
    screen = ORDERS
    name_column = "number"
    list_columns = ("number", "ordered_on", "customer", "address", "status", "total")
    needed_relations = ("customer",)
    show_columns = ("number", "ordered_on", "customer", "address", "total", "status")
    order_columns = ("id", "number", "ordered_on", "total")
    default_sort = "-ordered_on"
    filters = (
        Filter("number", Label("Order number")),
        CustomerFilter("customer", Label("Customer")),
        RangeFilter("ordered_on", Label("Date")),
        ChoiceFilter("status", Label("Status"), options=tuple(OrderStatus)),
        LinesFilter("lines", Label("Order lines"), is_more=True),
        GroupFilter("of", Label("Orders of")),
    )
    empty_title = Label("No order yet")
    empty_text = Label("Orders come from the sales system.")

    def base_conditions(self) -> Sequence[Any]:
        """Orders of known customers that are not deleted."""
        return (Order.customer.has(Customer.status != CustomerStatus.DELETED),)

    def load(self, pk: int, relations: Sequence[str] = ()) -> Order:
        """The same of a single one; raises OutOfSight."""
        row: Order = super().load(pk, relations)
        if row.customer is None or row.customer.status is CustomerStatus.DELETED:
            raise OutOfSight(Order, pk)
        return row

    def sections(self, row: Order) -> list[Any]:
        """The lines."""
        return [line_section(row)]

    def printed_tables(self, row: Order) -> list[PrintedTable]:
        """The lines, with their sum as the last."""
        section = line_section(row)
        rows = [one.cells for one in section["rows"]]
        return [PrintedTable(section["title"], section["columns"], [*rows, section["foot"]] if rows else [])]


def line_section(order: Order) -> dict[str, Any]:
    """The lines of an order, and the exact sum of all of them."""
    of_order = OrderLine.order_id == order.id
    lines = session().scalars(select(OrderLine).where(of_order).order_by(OrderLine.line_no).limit(LINES_SHOWN)).all()
    count, total = session().execute(select(func.count(OrderLine.id), func.sum(OrderLine.amount)).where(of_order)).one()
    title = gettext("Order lines")
    if count > len(lines):
        title = gettext("Order lines, the first %(most)s", most=in_digits(len(lines), 0))
    blanks = [Cell("", "")] * (len(LINE_COLUMNS) - 2)
    return {
        "template": "crm/related.html",
        "title": title,
        "count": in_digits(count, 0),
        "columns": [Column(name, label_of(OrderLine, name), kind_of(OrderLine, name)) for name in LINE_COLUMNS],
        "rows": [_line_row(line) for line in lines],
        "foot": [Cell(gettext("Total"), ""), *blanks, Cell(in_digits(total or 0, 2), "money")],
        "empty": Label("The sales system has no lines of this order, only its total."),
    }


def _line_row(line: OrderLine) -> Row:
    """What was ordered is called as it was then; where the product is known, it leads there."""
    cells = [cell_of(line, name) for name in LINE_COLUMNS]
    href = f"/products/show/{line.product_id}" if line.product_id else ""
    return Row(line.id, 0, str(line), [replace(cells[0], text=str(line) or cells[0].text, href=href), *cells[1:]])


# ---- on the page of a customer --------------------------------------------------------------------------


def order_section(customer: Customer) -> dict[str, Any]:
    """The latest orders of a customer, and the way to all of them."""
    names = ("number", "ordered_on", "address", "status", "total")
    of_customer = Order.customer_id == customer.id
    latest = select(Order).where(of_customer).order_by(Order.ordered_on.desc(), Order.id.desc()).limit(ORDERS_SHOWN)
    rows = session().scalars(latest, execution_options=ONE_BY_ONE).all()
    first = select(Order.id).where(of_customer).limit(COUNT_CAP + 1).subquery()
    count = session().scalar(select(func.count()).select_from(first), execution_options=ONE_BY_ONE) or 0
    href = f"/orders/list/?{urlencode({'customer': customer.number})}"
    return {
        "template": "crm/related.html",
        "title": Label("Order history"),
        "count": capped(count),
        "columns": [
            Column(name, label_of(Order, name), kind_of(Order, name), is_name=name == "number") for name in names
        ],
        "rows": [
            Row(one.id, 0, str(one), [cell_of(one, name) for name in names], (), f"/orders/show/{one.id}")
            for one in rows
        ],
        "more": Button(Label("All orders"), href, "all"),
        "empty": Label("No order yet"),
    }


CUSTOMER_TAB = CustomerTab("orders", Label("Order history"), ORDERS.right(Verb.SEE), order_section, place=30)
