"""Orders and their lines, a copy of the sales system's, and what a customer bought month by month."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import Date, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.i18n import Choice, Label
from app.models.base import NEVER_REUSED, ChoiceType, Exact, Model, said
from app.models.basedata import Product
from app.models.customers import Customer
from app.models.names import name_key

UNMATCHED = text("customer_id IS NULL")


class OrderStatus(Choice):
    """Whether an order is paid."""

    UNPAID = "unpaid", Label("Unpaid")
    PAID = "paid", Label("Paid")


class Order(Model):
    """One order, which only the link to the sales system writes.

    ``customer_number`` and ``customer_name`` are as the source has them; an order whose customer is unknown or
    ambiguous has no ``customer_id`` until it is matched (definition 09.19); ``customer_key`` is the name in the
    form in which customers' names are compared. ``total`` is what counts: the exact sum of the lines, or where there
    are none ``stated_total``, which the source said (definition 09.5).
    """

    __tablename__ = "orders"
    __table_args__ = (
        # The total and the status too, so that what customers bought in any days is summed up from the index alone.
        Index("ix_orders_customer_id", "customer_id", "ordered_on", "id", "total", "status"),
        Index("ix_orders_ordered_on", "ordered_on", "id"),
        Index("ix_orders_unmatched", "customer_name", sqlite_where=UNMATCHED, postgresql_where=UNMATCHED),
        Index("ix_orders_unmatched_number", "customer_number", sqlite_where=UNMATCHED, postgresql_where=UNMATCHED),
        Index("ix_orders_unmatched_key", "customer_key", sqlite_where=UNMATCHED, postgresql_where=UNMATCHED),
        NEVER_REUSED,
    )
    is_audited: ClassVar[bool] = False
    is_copied: ClassVar[bool] = True
    seen_through: ClassVar[str] = "customer"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    number: Mapped[str] = mapped_column(String(50), unique=True, info=said(Label("Order number")))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    customer_number: Mapped[str | None] = mapped_column(String(50), info=said(Label("Customer number")))
    customer_name: Mapped[str | None] = mapped_column(String(100), info=said(Label("Customer name")))
    customer_key: Mapped[str | None] = mapped_column(String(100))
    ordered_on: Mapped[date] = mapped_column(Date, info=said(Label("Date")))
    address: Mapped[str | None] = mapped_column(String(300), info=said(Label("Delivery address")))
    status: Mapped[OrderStatus] = mapped_column(
        ChoiceType(OrderStatus), default=OrderStatus.UNPAID, info=said(Label("Status"))
    )
    stated_total: Mapped[Decimal | None] = mapped_column(Exact(18, 2))
    total: Mapped[Decimal] = mapped_column(Exact(18, 2), default=0, info=said(Label("Total (yuan)"), is_money=True))
    source: Mapped[str] = mapped_column(String(30), info=said(Label("Data source")))

    customer: Mapped[Customer | None] = relationship(info=said(Label("Customer")))
    lines: Mapped[list[OrderLine]] = relationship(back_populates="order", order_by="OrderLine.line_no")

    @validates("customer_name")
    def _keep_customer_key(self, _key: str, name: str | None) -> str | None:
        self.customer_key = name_key(name) if name else None
        return name

    def __str__(self) -> str:
        return self.number


#: What counts as an order: a return does not (definition 09.7).
NO_RETURN = Order.total >= 0


class OrderLine(Model):
    """One line of an order. The price is the order's, not the catalogue's.

    ``amount`` is quantity x price, rounded half up to the cent (definition 09.5). ``product_name`` is as the source or
    the catalogue had it when the order came in.
    """

    __tablename__ = "order_lines"
    __table_args__ = (UniqueConstraint("order_id", "line_no"), NEVER_REUSED)
    is_audited: ClassVar[bool] = False
    is_copied: ClassVar[bool] = True
    seen_through: ClassVar[str] = "order"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    line_no: Mapped[int] = mapped_column(Integer, info=said(Label("Line")))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"), index=True)
    product_number: Mapped[str | None] = mapped_column(String(50), info=said(Label("Product number")))
    product_name: Mapped[str | None] = mapped_column(String(250), info=said(Label("Goods")))
    quantity: Mapped[Decimal] = mapped_column(Exact(14, 3), info=said(Label("Quantity")))
    unit: Mapped[str | None] = mapped_column(String(20), info=said(Label("Unit")))
    unit_price: Mapped[Decimal] = mapped_column(Exact(18, 6), info=said(Label("Unit price (yuan)"), is_money=True))
    amount: Mapped[Decimal] = mapped_column(Exact(18, 2), info=said(Label("Amount (yuan)"), is_money=True))

    order: Mapped[Order] = relationship(back_populates="lines", info=said(Label("Order")))
    product: Mapped[Product | None] = relationship()

    def __str__(self) -> str:
        return self.product_name or self.product_number or ""


class CustomerMonth(Model):
    """What a customer bought in a month: the kept totals, which the link to the sales system maintains.

    ``month`` is its first day, ``orders`` counts orders that are no returns, ``amount`` is the sum of all.
    """

    __tablename__ = "customer_months"
    __table_args__ = (Index("ix_customer_months_month", "month", "customer_id", "amount"),)
    is_audited: ClassVar[bool] = False
    is_copied: ClassVar[bool] = True
    seen_through: ClassVar[str] = "customer"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), primary_key=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    orders: Mapped[int] = mapped_column(Integer)
    amount: Mapped[Decimal] = mapped_column(Exact(18, 2))

    customer: Mapped[Customer] = relationship()


#: The year that stands for all years together.
ALL_YEARS = 0


class CustomerYear(Model):
    """What a customer bought in a year and in all years, kept like the months.

    ``orders`` counts every order, returns among them. The index serves the customers of a year, the largest first.
    """

    __tablename__ = "customer_years"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True)
    orders: Mapped[int] = mapped_column(Integer)
    amount: Mapped[Decimal] = mapped_column(Exact(18, 2))

    is_audited: ClassVar[bool] = False
    is_copied: ClassVar[bool] = True
    seen_through: ClassVar[str] = "customer"

    customer: Mapped[Customer] = relationship()


Index(
    "ix_customer_years_year",
    *(CustomerYear.year, CustomerYear.amount.desc(), CustomerYear.customer_id, CustomerYear.orders),
)
