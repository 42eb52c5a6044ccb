"""The one transaction in which a load takes the place of what was there: only what is fresh or gone is written."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Table, and_, case, delete, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from app.actions.imports import Report
from app.actions.orders import follow, found_customer, keep_order_totals
from app.integrations.sales_system.comparing import Load
from app.integrations.sales_system.kinds import (
    KINDS,
    MATCHES,
    MEANT,
    ORDER_LINES,
    ORDERS,
    PRODUCTS,
    STOCK,
    TOUCHED_CUSTOMERS,
    TOUCHED_ORDERS,
    Kind,
)
from app.integrations.sales_system.staging import settle
from app.models.base import rows_hit
from app.models.basedata import Product, StockLevel
from app.models.orders import Order, OrderLine

UNSYNCHRONISED = {"synchronize_session": False}
#: What the lines of a load come to, by order.
TOTALS = (
    select(ORDER_LINES.stage.c.order_number.label("number"), func.sum(ORDER_LINES.stage.c.amount).label("total"))
    .where(~ORDER_LINES.stage.c.is_bad)
    .group_by(ORDER_LINES.stage.c.order_number)
    .subquery()
)


def switch(session: Session, load: Load, reports: dict[str, Report], *, at: datetime) -> dict[str, int]:
    """Write everything; fills the counts of the reports in and returns how many rows of each kind were removed."""
    last = session.scalar(select(func.max(Order.id))) or 0
    _note_customers(session, Order.id.in_(select(TOUCHED_ORDERS.c.id)))
    removed = {kind.key: _remove(session, kind) for kind in (STOCK, ORDER_LINES, ORDERS)}
    for kind in load.kinds:
        _change(session, kind, load)
        _add(session, kind, load)
        _count(session, kind, reports[kind.key])
    removed["products"] = _remove_products(session)
    _link_products(session)
    keep_order_totals(session, select(TOUCHED_ORDERS.c.id))
    _match(session)
    _note_customers(session, or_(Order.id > last, Order.id.in_(select(TOUCHED_ORDERS.c.id))))
    _note_customers(session, Order.id.in_(select(MATCHES.c.id)))
    settle(session, TOUCHED_CUSTOMERS)
    follow(session, select(TOUCHED_CUSTOMERS.c.id), at)
    return {key: removed[key] for key in KINDS if key in load.given}


def _count(session: Session, kind: Kind, report: Report) -> None:
    there = kind.fresh.c.id
    report.updated, written = session.execute(select(func.count(there), func.count()).select_from(kind.fresh)).one()
    report.created = written - report.updated
    report.skipped = report.rows - report.failed - written


def _note_customers(session: Session, condition: Any) -> None:
    """Keep in mind whose orders are concerned."""
    known = select(TOUCHED_CUSTOMERS.c.id)
    concerned = select(Order.customer_id).where(
        condition, Order.customer_id.is_not(None), Order.customer_id.not_in(known)
    )
    session.execute(insert(TOUCHED_CUSTOMERS).from_select(["id"], concerned.distinct()))


# ---- away ---------------------------------------------------------------------------------------------


def _remove(session: Session, kind: Kind) -> int:
    return _delete(session, kind.model, kind.model.id.in_(select(kind.gone.c.id)))


def _delete(session: Session, model: Any, condition: Any) -> int:
    return rows_hit(session, delete(model).where(condition).execution_options(**UNSYNCHRONISED))


def _remove_products(session: Session) -> int:
    """Products that are gone leave their name on the lines; what lay of them anywhere goes with them."""
    gone = select(PRODUCTS.gone.c.id)
    if session.scalar(gone.limit(1)) is None:
        return 0
    unlinked = update(OrderLine).where(OrderLine.product_id.in_(gone)).values(product_id=None)
    session.execute(unlinked, execution_options=UNSYNCHRONISED)
    _delete(session, StockLevel, StockLevel.product_id.in_(gone))
    return _remove(session, PRODUCTS)


# ---- changed ------------------------------------------------------------------------------------------


def _change(session: Session, kind: Kind, load: Load) -> None:
    s, fresh, model = kind.stage, kind.fresh, kind.model
    values: dict[str, Any] = {
        one.column: s.c[one.column] for one in load.given[kind.key] if one.column not in kind.key_fields
    }
    if kind is ORDERS:
        values |= _customer_of_changed(load)
    elif kind is ORDER_LINES:
        values |= _product_of_changed(load)
    if not load.is_import and hasattr(model, "source"):
        values["source"] = literal(load.source)
    if values:
        statement = update(model).where(model.id == fresh.c.id, fresh.c.row == s.c.row).values(values)
        session.execute(statement, execution_options=UNSYNCHRONISED)


def _customer_of_changed(load: Load) -> dict[str, Any]:
    """Whose a changed order is, anew where the source says another customer now."""
    s = ORDERS.stage
    given = {one.column for one in load.given["orders"]}
    number = s.c.customer_number if "customer_number" in given else Order.customer_number
    key = s.c.customer_key if "customer_name" in given else Order.customer_key
    is_other = or_(Order.customer_number.is_distinct_from(number), Order.customer_key.is_distinct_from(key))
    is_open = or_(is_other, Order.customer_id.is_(None))
    return {
        "customer_key": key,
        "customer_id": case((is_open, found_customer(number, key)), else_=Order.customer_id),
    }


def _product_of_changed(load: Load) -> dict[str, Any]:
    s = ORDER_LINES.stage
    values: dict[str, Any] = {"amount": s.c.amount}
    if any(one.name == "product_number" for one in load.given["order_lines"]):
        number = s.c.product_number
        product = select(Product.id).where(Product.number == number).correlate(s).scalar_subquery()
        values["product_id"] = product
        values["product_name"] = _name_of_line()
    return values


# ---- new ----------------------------------------------------------------------------------------------


def _add(session: Session, kind: Kind, load: Load) -> None:
    s, fresh = kind.stage, kind.fresh
    values: dict[str, Any] = {name: s.c[name] for name in kind.stored}
    origin: Any = fresh.join(s, s.c.row == fresh.c.row)
    if hasattr(kind.model, "source"):
        values["source"] = literal(load.source)
    if kind is ORDERS:
        origin = _with_customers_and_lines(session, origin)
        total = func.coalesce(TOTALS.c.total, s.c.stated_total, 0)
        values |= {"customer_id": MEANT.c.customer_id, "total": total}
    elif kind.parent:
        origin = origin.join(kind.parent.model, kind.parent.model.number == s.c[kind.parent.field])
        values[kind.parent.link] = kind.parent.model.id
    if kind is ORDER_LINES:
        origin = origin.outerjoin(Product, Product.number == s.c.product_number)
        values |= {"product_id": Product.id, "product_name": _name_in(s, Product)}
    new: Select[Any] = select(*values.values()).select_from(origin).where(fresh.c.id.is_(None))
    session.execute(insert(kind.model).from_select(list(values), new))


def _with_customers_and_lines(session: Session, orders: Any) -> Any:
    """New orders with the customers they mean, each looked for once, and with the sums of the lines that come along."""
    s = ORDERS.stage
    said = [func.coalesce(s.c.customer_number, "").label("number"), func.coalesce(s.c.customer_key, "").label("key")]
    pairs = select(*said).select_from(orders).where(ORDERS.fresh.c.id.is_(None)).distinct().subquery()
    meant = select(pairs.c.number, pairs.c.key, found_customer(pairs.c.number, pairs.c.key))
    session.execute(insert(MEANT).from_select(["customer_number", "customer_key", "customer_id"], meant))
    settle(session, MEANT)
    is_meant = and_(MEANT.c.customer_number == said[0], MEANT.c.customer_key == said[1])
    return orders.outerjoin(MEANT, is_meant).outerjoin(TOTALS, TOTALS.c.number == s.c.number)


def _name_in(s: Table, product: Any) -> Any:
    """What a line calls its product: as the source does, else as the catalogue does now."""
    return func.coalesce(s.c.product_name, *_catalogue_name(product))


def _catalogue_name(product: Any) -> Iterator[Any]:
    yield func.substr(
        product.name + func.coalesce("-" + product.model, "") + func.coalesce("-" + product.batch, ""),
        1,
        OrderLine.product_name.type.length,
    )


def _name_of_line() -> Any:
    """The name that a changed line has: its own, else that of another product where the number changed."""
    s = ORDER_LINES.stage
    other = select(*_catalogue_name(Product)).where(Product.number == s.c.product_number).correlate(s).scalar_subquery()
    is_other = OrderLine.product_number.is_distinct_from(s.c.product_number)
    return func.coalesce(s.c.product_name, case((is_other, other), else_=OrderLine.product_name))


# ---- what belongs together ------------------------------------------------------------------------------


def _link_products(session: Session) -> None:
    """Lines that came before their product find it."""
    product = select(Product.id).where(Product.number == OrderLine.product_number).correlate(OrderLine)
    is_open = (OrderLine.product_id.is_(None), OrderLine.product_number.is_not(None), product.exists())
    statement = update(OrderLine).where(*is_open).values(product_id=product.scalar_subquery())
    session.execute(statement, execution_options=UNSYNCHRONISED)


def _match(session: Session) -> None:
    statement = update(Order).where(Order.id == MATCHES.c.id, Order.customer_id.is_(None))
    session.execute(statement.values(customer_id=MATCHES.c.customer_id), execution_options=UNSYNCHRONISED)
