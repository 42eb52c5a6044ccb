"""Base data: the data dictionary from which choice lists are made."""

from sqlalchemy import Boolean, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.i18n import Choice, Label, is_english
from app.models.base import Model, said


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
    """One choice of one choice list; ``item`` is the Chinese text, ``item_en`` the English one."""

    __tablename__ = "dictionary_entries"
    __table_args__ = (
        UniqueConstraint("category", "value"),
        Index("ix_dictionary_entries_category_position", "category", "position"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    category: Mapped[str] = mapped_column(String(50), info=said(Label("Category")))
    item: Mapped[str] = mapped_column(String(50), info=said(Label("Item")))
    item_en: Mapped[str | None] = mapped_column(String(100), info=said(Label("English text")))
    value: Mapped[str] = mapped_column(String(50), info=said(Label("Value")))
    is_editable: Mapped[bool] = mapped_column(Boolean, default=True, info=said(Label("Editable")))
    position: Mapped[int] = mapped_column(Integer, default=0, info=said(Label("Sequence")))
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, info=said(Label("Active")))

    @property
    def text(self) -> str:
        """The item in the reader's language."""
        return self.item_en if self.item_en and is_english() else self.item

    def __str__(self) -> str:
        return self.text
