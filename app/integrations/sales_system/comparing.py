"""What a load would change, worked out from the stage while nobody is locked out yet."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session, aliased

from app.actions.orders import found_customer
from app.i18n import Label, Told
from app.integrations.sales_system.kinds import (
    FAULTS,
    KINDS,
    MATCHES,
    ORDER_LINES,
    ORDERS,
    PRODUCTS,
    TOUCHED_ORDERS,
    Field,
    Kind,
    Parent,
)
from app.integrations.sales_system.reading import told_as_json
from app.integrations.sales_system.settings import IMPORT
from app.integrations.sales_system.staging import settle, write
from app.models.basedata import Product
from app.models.orders import Order, OrderLine

#: So many bad rows are handled at once.
BATCH = 1_000
UNKNOWN = {
    "stock": Label("There is no product “%(text)s”."),
    "order_lines": Label("There is no order “%(text)s”."),
}
TWICE = Label("Row %(row)s says the same already.")
FOREIGN = Label("This belongs to the source “%(name)s”.")


@dataclass
class Load:
    """What is being taken in: from which source, which fields of which kinds, and which kinds whole.

    ``has_order`` says that the rows of the source have an order of their own, by which lines without a number get one.
    """

    source: str
    given: dict[str, Sequence[Field]] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    has_order: bool = True

    @property
    def is_import(self) -> bool:
        """Whether it is a file by hand, which may change the rows of any source and removes none."""
        return self.source == IMPORT

    @property
    def kinds(self) -> list[Kind]:
        """The kinds that are there, parents before children."""
        return [kind for key, kind in KINDS.items() if key in self.given]


def compare(session: Session, load: Load) -> None:
    """Fill the tables of what is fresh and gone, and set aside what only all rows together show to be wrong."""
    for kind in load.kinds:
        if kind is ORDER_LINES:
            _number_lines(session, load)
        _set_doubles_aside(session, kind)
        _find_fresh(session, kind, load)
        if kind.key in load.whole:
            _find_gone(session, kind, load)
        _set_foreign_aside(session, kind, load)
        if kind.parent:
            _set_orphans_aside(session, kind, kind.parent)
    _find_touched(session)
    _find_matches(session)


# ---- what is wrong ------------------------------------------------------------------------------------


def _set_doubles_aside(session: Session, kind: Kind) -> None:
    """Of several rows with one key the first counts."""
    s = kind.stage
    keys = [s.c[name] for name in kind.key_fields]
    double = select(*keys, func.min(s.c.row).label("first")).where(~s.c.is_bad).group_by(*keys)
    double_keys = double.having(func.count() > 1).subquery()
    same = and_(*(double_keys.c[key.name] == key for key in keys))
    found = select(s, double_keys.c.first).join(double_keys, same).where(~s.c.is_bad, s.c.row > double_keys.c.first)
    _set_aside(session, kind, kind.keys[0], found=found, told=lambda row: Told.of(TWICE, row=row["first"]))


def _set_foreign_aside(session: Session, kind: Kind, load: Load) -> None:
    """A row of another source is not ours to change; what was taken in by hand is."""
    s, fresh = kind.stage, kind.fresh
    found = select(s, fresh.c.owner).join(fresh, fresh.c.row == s.c.row)
    is_foreign = fresh.c.owner.not_in((load.source, IMPORT))
    if not load.is_import:
        place = kind.key_fields[0]
        _set_aside(
            session, kind, place, found=found.where(is_foreign), told=lambda row: Told.of(FOREIGN, name=row["owner"])
        )


def _set_orphans_aside(session: Session, kind: Kind, parent: Parent) -> None:
    """A row needs its parent: one that is there and stays, or one that comes with it."""
    s, fresh = kind.stage, kind.fresh
    above = PRODUCTS if parent.model is Product else ORDERS
    number = s.c[parent.field]
    comes = exists().where(above.stage.c.number == number, ~above.stage.c.is_bad)
    goes = select(parent.model.number).join(above.gone, above.gone.c.id == parent.model.id)
    for found in (
        select(s).join(fresh, fresh.c.row == s.c.row).where(fresh.c.parent_id.is_(None), ~comes),
        select(s).where(number.in_(goes), ~s.c.is_bad),
    ):
        _set_aside(
            session,
            kind,
            parent.field,
            found=found,
            told=lambda row: Told.of(UNKNOWN[kind.key], text=row[parent.field]),
        )


def _set_aside(
    session: Session, kind: Kind, column: str, *, found: Select[Any], told: Callable[[Mapping[Any, Any]], Told]
) -> None:
    """Mark the rows of the stage that a select finds as bad, which it finds no more then; tell what was read."""
    while rows := session.execute(found.order_by(kind.stage.c.row).limit(BATCH)).mappings().all():
        faults = [(kind.key, row["row"], column, told_as_json(told(row)), _content_of(kind, row)) for row in rows]
        write(session, FAULTS, faults)
        bad = [row["row"] for row in rows]
        session.execute(update(kind.stage).where(kind.stage.c.row.in_(bad)).values(is_bad=True))
        session.execute(delete(kind.fresh).where(kind.fresh.c.row.in_(bad)))


def _content_of(kind: Kind, row: Mapping[Any, Any]) -> str:
    """The staged values of a row as JSON, by field."""
    values = {one.name: row[one.column] for one in kind.fields if row[one.column] is not None}
    return json.dumps({name: str(value) for name, value in values.items()}, ensure_ascii=False, sort_keys=True)


# ---- what is fresh, gone, touched -----------------------------------------------------------------------


def _number_lines(session: Session, load: Load) -> None:
    """Number the lines that have no number, after those of their order that have one.

    The rows of a database have no order of their own, so that the product decides there.
    """
    s = ORDER_LINES.stage
    if session.scalar(select(s.c.row).where(s.c.line_no.is_(None)).limit(1)) is None:
        return
    order_by = [s.c.row] if load.has_order else [s.c.product_number, s.c.product_name, s.c.row]
    last = func.coalesce(func.max(s.c.line_no).over(partition_by=s.c.order_number), 0)
    place = func.row_number().over(partition_by=(s.c.order_number, s.c.line_no.is_(None)), order_by=order_by)
    numbered = select(s.c.row, s.c.line_no, (last + place).label("place")).subquery()
    is_it = (s.c.row == numbered.c.row, numbered.c.line_no.is_(None))
    session.execute(update(s).where(*is_it).values(line_no=numbered.c.place))


def _find_fresh(session: Session, kind: Kind, load: Load) -> None:
    """The rows that are not there yet, or there with other values."""
    s, model, parent = kind.stage, kind.model, kind.parent
    there = [getattr(model, name) == s.c[name] for name in kind.keys]
    if parent is None:
        origin = s.outerjoin(model, and_(*there))
        parent_id: Any = literal(None)
    else:
        link = getattr(model, parent.link) == parent.model.id
        above = s.outerjoin(parent.model, parent.model.number == s.c[parent.field])
        origin = above.outerjoin(model, and_(link, *there))
        parent_id = parent.model.id
    owner = model.source if hasattr(model, "source") else parent.model.source  # type: ignore[union-attr]  # lines'
    different = or_(model.id.is_(None), *_differences(kind, load, owner))
    fresh = select(s.c.row, model.id, parent_id, owner).select_from(origin).where(~s.c.is_bad, different)
    session.execute(insert(kind.fresh).from_select(["row", "id", "parent_id", "owner"], fresh))
    settle(session, kind.fresh)


def _differences(kind: Kind, load: Load, owner: Any) -> list[ColumnElement[bool]]:
    s = kind.stage
    found = []
    for one in load.given[kind.key]:
        if one.column in kind.key_fields:
            continue
        differs = getattr(kind.model, one.column).is_distinct_from(s.c[one.column])
        # Without a name of its own a line keeps the one that the catalogue had when the order came in.
        is_own = kind is not ORDER_LINES or one.name != "product_name"
        found.append(differs if is_own else and_(differs, s.c.product_name.is_not(None)))
    return found if load.is_import else [*found, owner != load.source]


def _find_gone(session: Session, kind: Kind, load: Load) -> None:
    """The rows of this source that it has no more; a row that became unreadable stays as it was."""
    s, model, parent = kind.stage, kind.model, kind.parent
    same = [getattr(model, name) == s.c[name] for name in kind.keys]
    gone: Select[Any] = select(model.id)
    if parent is not None:
        gone = gone.join(getattr(model, parent.link.removesuffix("_id")))
        same.append(s.c[parent.field] == parent.model.number)
    owned = model if hasattr(model, "source") else parent.model  # type: ignore[union-attr]  # lines'
    adopted = select(ORDERS.fresh.c.id).where(ORDERS.fresh.c.owner == IMPORT)
    is_own = owned.source == load.source
    if kind is ORDER_LINES:
        is_own = or_(is_own, Order.id.in_(adopted))
    session.execute(insert(kind.gone).from_select(["id"], gone.where(is_own, ~exists().where(*same))))
    settle(session, kind.gone)


def _find_touched(session: Session) -> None:
    """The orders that are there already and whose total or customer may change, or that go."""
    lines, orders = ORDER_LINES, ORDERS
    line = aliased(OrderLine)
    touched = (
        select(orders.fresh.c.id).where(orders.fresh.c.id.is_not(None)),
        select(orders.gone.c.id),
        select(lines.fresh.c.parent_id).where(lines.fresh.c.parent_id.is_not(None)),
        select(line.order_id).join(lines.gone, lines.gone.c.id == line.id),
    )
    session.execute(insert(TOUCHED_ORDERS).from_select(["id"], touched[0].union(*touched[1:])))
    settle(session, TOUCHED_ORDERS)


def _find_matches(session: Session) -> None:
    """Orders that were nobody's and whose customer is known by now; those that change are matched when they do."""
    found = found_customer(Order.customer_number, Order.customer_key)
    meant = select(Order.id, found.label("customer_id")).where(
        Order.customer_id.is_(None), Order.id.not_in(select(TOUCHED_ORDERS.c.id))
    )
    pairs = meant.subquery()
    known = select(pairs.c.id, pairs.c.customer_id).where(pairs.c.customer_id.is_not(None))
    session.execute(insert(MATCHES).from_select(["id", "customer_id"], known))
