"""What comes from a sales system: its four kinds, their columns, and the tables in which a load is prepared.

Those tables are the database's temporary ones: they belong to one connection, so that a load in preparation locks
nobody out of anything, and nothing is left of one that was killed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, MetaData, String, Table, Text
from sqlalchemy.types import TypeEngine

from app.integrations.sales_system.cells import Cells, DayCells, NumberCells, TextCells, WholeCells, WordCells
from app.models.base import mapper_of
from app.models.basedata import Product, StockLevel
from app.models.orders import Order, OrderLine, OrderStatus

STATUS_WORDS = {
    OrderStatus.UNPAID.value: ("未回款", "0", "unpaid", "false", "否", "no"),
    OrderStatus.PAID.value: ("已回款", "1", "paid", "true", "是", "yes"),
}
#: The digits of a line's number; those of an amount with its cents, so that the sum of a company's fits as well.
LINE_DIGITS, AMOUNT_DIGITS = 9, 15
STAGE = MetaData()


@dataclass(frozen=True)
class Reader:
    """What the cells of a source are read with: the company's time zone, and whether it books returns."""

    zone: ZoneInfo
    allow_returns: bool


@dataclass(frozen=True)
class Field:
    """One column of a kind: its header, the labels understood as well, and where its values are stored."""

    name: str
    heads: tuple[str, ...]
    type: TypeEngine[Any]
    cells: Callable[[Reader], Cells]
    is_needed: bool = False
    column: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "column", self.column or self.name)


@dataclass(frozen=True)
class Parent:
    """The rows to which the rows of a kind belong: found by their ``number``, which stands in ``field``."""

    model: Any
    field: str
    link: str


@dataclass(frozen=True)
class Kind:
    """One kind of rows: what it is stored as, by which fields a row is known, and its columns.

    ``stage`` holds the rows of a load as they were read; ``fresh`` those of them that are new or different, with the
    ``id`` of the row that is there and of its parent; ``gone`` the rows that the source has no more.
    """

    key: str
    model: Any
    keys: tuple[str, ...]
    fields: tuple[Field, ...]
    parent: Parent | None = None
    derived: tuple[Column[Any], ...] = ()
    stage: Table = field(init=False)
    fresh: Table = field(init=False)
    gone: Table = field(init=False)

    def __post_init__(self) -> None:
        fields = (Column(one.column, one.type) for one in self.fields)
        marks = (Column("row", Integer, primary_key=True, autoincrement=False), Column("is_bad", Boolean))
        stage = _temporary(f"stage_{self.key}", *marks, *fields, *self.derived)
        ids = (Column("id", Integer), Column("parent_id", Integer))
        fresh = _temporary(f"fresh_{self.key}", Column("row", Integer), *ids, Column("owner", String(30)))
        gone = _temporary(f"gone_{self.key}", Column("id", Integer, primary_key=True, autoincrement=False))
        for name, table in (("stage", stage), ("fresh", fresh), ("gone", gone)):
            object.__setattr__(self, name, table)

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """The labels that are understood, by field."""
        return {one.name: one.heads for one in self.fields}

    @property
    def needed(self) -> list[str]:
        """The fields that a source must have."""
        return [one.name for one in self.fields if one.is_needed]

    @property
    def key_fields(self) -> tuple[str, ...]:
        """The staged columns by which a row is known."""
        return (*((self.parent.field,) if self.parent else ()), *self.keys)

    @property
    def stored(self) -> list[str]:
        """The staged columns that the model has too."""
        columns = mapper_of(self.model).columns
        return [one.name for one in self.stage.columns if one.name in columns]


def _temporary(name: str, *columns: Column[Any]) -> Table:
    return Table(name, STAGE, *columns, prefixes=["TEMPORARY"])


def _text(name: str, *heads: str, like: Any, is_needed: bool = False) -> Field:
    longest = like.type.length
    return Field(name, heads, String(longest), lambda _: TextCells(longest), is_needed)


def _number(name: str, *heads: str, like: Any, may_return: bool = False, is_needed: bool = False) -> Field:
    precision, scale = like.type.precision, like.type.scale
    return Field(
        name,
        heads,
        BigInteger(),
        lambda reader: NumberCells(precision, scale, may_be_negative=may_return and reader.allow_returns),
        is_needed,
    )


PRODUCTS = Kind(
    "products",
    Product,
    ("number",),
    (
        _text("number", "产品编号", "编号", "Product number", like=Product.number, is_needed=True),
        _text("name", "名称", "产品名称", "Name", like=Product.name, is_needed=True),
        _text("model", "型号", "Model", like=Product.model),
        _text("batch", "等级/批次", "等级", "批次", "Grade / batch", like=Product.batch),
        _text("unit", "单位", "Unit", like=Product.unit),
        _number("price", "单价（元）", "单价", "Unit price (yuan)", "unit price", like=Product.price),
        _text("memo", "备注", "Memo", like=Product.memo),
    ),
)
STOCK = Kind(
    "stock",
    StockLevel,
    ("warehouse", "location"),
    (
        _text("product_number", "产品编号", "产品", "Product number", "Product", like=Product.number, is_needed=True),
        _text("warehouse", "仓库", "Warehouse", like=StockLevel.warehouse, is_needed=True),
        _text("location", "货位", "Location", like=StockLevel.location, is_needed=True),
        _number("quantity", "件数", "数量", "Number of pieces", like=StockLevel.quantity, is_needed=True),
        _text("memo", "备注", "Memo", like=StockLevel.memo),
    ),
    Parent(Product, "product_number", "product_id"),
)
ORDERS = Kind(
    "orders",
    Order,
    ("number",),
    (
        _text("number", "订单编号", "编号", "Order number", like=Order.number, is_needed=True),
        _text("customer_number", "客户编号", "Customer number", like=Order.customer_number),
        _text("customer_name", "客户名称", "客户", "Customer name", "Customer", like=Order.customer_name),
        Field("ordered_on", ("日期", "下单日期", "Date"), Date(), lambda reader: DayCells(reader.zone), True),
        _text("address", "送货地址", "地址", "Delivery address", like=Order.address),
        Field("status", ("状态", "Status"), String(20), lambda _: WordCells(STATUS_WORDS)),
        Field(
            "total",
            ("总金额（元）", "总金额", "Total (yuan)"),
            BigInteger(),
            lambda reader: NumberCells(AMOUNT_DIGITS, 2, may_be_negative=reader.allow_returns),
            column="stated_total",
        ),
    ),
    derived=(Column("customer_key", String(100)),),
)
ORDER_LINES = Kind(
    "order_lines",
    OrderLine,
    ("line_no",),
    (
        _text("order_number", "订单编号", "Order number", like=Order.number, is_needed=True),
        Field("line_no", ("行号", "Line"), Integer(), lambda _: WholeCells(LINE_DIGITS)),
        _text("product_number", "产品编号", "Product number", like=OrderLine.product_number),
        _text("product_name", "商品", "产品", "产品名称", "Product", like=OrderLine.product_name),
        _number("quantity", "数量", "Quantity", like=OrderLine.quantity, may_return=True, is_needed=True),
        _text("unit", "单位", "Unit", like=OrderLine.unit),
        _number(
            "unit_price",
            *("单价（元）", "单价", "Unit price (yuan)"),
            like=OrderLine.unit_price,
            may_return=True,
            is_needed=True,
        ),
    ),
    Parent(Order, "order_number", "order_id"),
    derived=(Column("amount", BigInteger),),
)
#: In the order in which they are taken in: parents before children.
KINDS: Mapping[str, Kind] = {kind.key: kind for kind in (PRODUCTS, STOCK, ORDERS, ORDER_LINES)}

#: The rows that cannot be taken in; reason and content as JSON, as ``SetAside`` keeps them.
FAULTS = _temporary(
    "stage_faults",
    Column("kind", String(30)),
    Column("row", Integer),
    Column("column", String(100)),
    Column("reason", Text),
    Column("content", Text),
)
#: Orders that are there already and whose total or customer may change.
TOUCHED_ORDERS = _temporary("touched_orders", Column("id", Integer, primary_key=True, autoincrement=False))
#: Customers whose kept totals are worked out anew.
TOUCHED_CUSTOMERS = _temporary("touched_customers", Column("id", Integer, primary_key=True, autoincrement=False))
#: Who is meant by each number and name of customers in new orders, empty where an order has none.
MEANT = _temporary(
    "meant_customers",
    Column("customer_number", String(50), primary_key=True),
    Column("customer_key", String(100), primary_key=True),
    Column("customer_id", Integer),
)
#: Orders that are there without a customer, and who is meant.
MATCHES = _temporary(
    "found_matches",
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("customer_id", Integer),
)
