"""Base data: the data dictionary from which choice lists are made, and the sales system's products and stock."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.i18n import Choice, Label, is_english
from app.models.base import NEVER_REUSED, Exact, Model, UtcDateTime, said


class Category(Choice):
    """The choice lists the product itself uses."""

    LEVEL = "企业客户等级", Label("Customer level")
    SERVICE_KIND = "服务类型", Label("Service kind")
    REGION = "地区", Label("Region")
    INDUSTRY = "行业", Label("Industry")
    POSITION = "职位", Label("Position")
    INTERACTION_KIND = "交往方式", Label("Interaction kind")
    CHURN_REASON = "流失原因类别", Label("Churn reason kind")
    SOURCE = "机会来源", Label("Source")


class DictionaryEntry(Model):
    """One choice of one choice list; ``item`` is the Chinese text, ``item_en`` the English one.

    One that is not editable is neither changed nor deleted, whoever asks (``app.security.scope``). Who switches an
    entry off keeps it on old records and takes it from the choice lists.
    """

    __tablename__ = "dictionary_entries"
    __table_args__ = (
        UniqueConstraint("category", "value"),
        Index("ix_dictionary_entries_category_position", "category", "position"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    category: Mapped[str] = mapped_column(
        String(50), info=said(Label("Category"), is_category=True, then_by=("position",))
    )
    item: Mapped[str] = mapped_column(String(50), info=said(Label("Item")))
    item_en: Mapped[str | None] = mapped_column(String(100), info=said(Label("English text")))
    value: Mapped[str] = mapped_column(String(50), info=said(Label("Value")))
    is_editable: Mapped[bool] = mapped_column(Boolean, default=True, info=said(Label("Editable")))
    position: Mapped[int] = mapped_column(Integer, default=0, info=said(Label("Sequence"), least=0, most=9999))
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, info=said(Label("Active")))
    #: Who changed it last; the entries that the product brings along were changed by nobody.
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    changed_on: Mapped[datetime | None] = mapped_column(UtcDateTime)
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # as SQLAlchemy wants it

    @property
    def text(self) -> str:
        """The item in the reader's language."""
        return self.item_en if self.item_en and is_english() else self.item

    def __str__(self) -> str:
        return self.text


class Product(Model):
    """What the company sells: a copy of the sales system's, which only the link to it writes.

    ``source`` names the source it came from, so that a whole load removes what is gone there alone.
    """

    __tablename__ = "products"
    __table_args__ = (Index("ix_products_name", "name", "id"), NEVER_REUSED)
    is_audited: ClassVar[bool] = False
    is_copied: ClassVar[bool] = True

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    number: Mapped[str] = mapped_column(String(50), unique=True, info=said(Label("Product number")))
    name: Mapped[str] = mapped_column(String(100), info=said(Label("Name")))
    model: Mapped[str | None] = mapped_column(String(100), info=said(Label("Model")))
    batch: Mapped[str | None] = mapped_column(String(50), info=said(Label("Grade / batch")))
    unit: Mapped[str | None] = mapped_column(String(20), info=said(Label("Unit")))
    price: Mapped[Decimal | None] = mapped_column(Exact(18, 6), info=said(Label("Unit price (yuan)"), is_money=True))
    memo: Mapped[str | None] = mapped_column(String(300), info=said(Label("Memo")))
    source: Mapped[str] = mapped_column(String(30))

    def __str__(self) -> str:
        """Name, model and batch, as order lines call it."""
        return "-".join(part for part in (self.name, self.model, self.batch) if part)


class StockLevel(Model):
    """How much of a product lies at one place of one warehouse; a copy too."""

    __tablename__ = "stock"
    __table_args__ = (UniqueConstraint("product_id", "warehouse", "location"), NEVER_REUSED)
    is_audited: ClassVar[bool] = False
    is_copied: ClassVar[bool] = True

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("Running number")))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    warehouse: Mapped[str] = mapped_column(String(100), index=True, info=said(Label("Warehouse")))
    location: Mapped[str] = mapped_column(String(100), info=said(Label("Location")))
    quantity: Mapped[Decimal] = mapped_column(Exact(14, 3), info=said(Label("Number of pieces")))
    memo: Mapped[str | None] = mapped_column(String(300), info=said(Label("Memo")))
    source: Mapped[str] = mapped_column(String(30))

    product: Mapped[Product] = relationship(info=said(Label("Product")))

    def __str__(self) -> str:
        return f"{self.product} {self.warehouse} {self.location}"
