"""Customers and their contacts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.i18n import Choice, Label
from app.models.base import NEVER_REUSED, ChoiceType, Model, Recorded, said
from app.models.basedata import Category, DictionaryEntry
from app.models.names import name_key
from app.models.org import Employee


class CustomerStatus(Choice):
    """Where a customer stands."""

    ACTIVE = "active", Label("Normal")
    LOST = "lost", Label("Lost")
    DELETED = "deleted", Label("Deleted")


class Gender(Choice):
    """How a contact is addressed."""

    MALE = "male", Label("Male")
    FEMALE = "female", Label("Female")


class NumberSeries(Model):
    """The last number given out under one prefix; raised in one statement, so that no number comes twice."""

    __tablename__ = "number_series"
    is_audited: ClassVar[bool] = False

    prefix: Mapped[str] = mapped_column(String(20), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


class Customer(Recorded, Model):
    """An organisation that buys or means to buy."""

    __tablename__ = "customers"
    __table_args__ = (
        Index("ix_customers_name_key", "name_key"),
        Index("ix_customers_status_last_order_on", "status", "last_order_on"),
        # The state too, so that a count of somebody's customers reads the index alone.
        Index("ix_customers_manager_id", "manager_id", "id", "status"),
        CheckConstraint("status IN ('active', 'lost', 'deleted')", name="status"),
        NEVER_REUSED,
    )
    scope_module: ClassVar[str] = "customers"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    number: Mapped[str] = mapped_column(String(17), unique=True, info=said(Label("Customer number")))
    name: Mapped[str] = mapped_column(String(100), info=said(Label("Name")))
    name_key: Mapped[str] = mapped_column(String(100))
    phone_key: Mapped[str | None] = mapped_column(String(30), index=True)
    status: Mapped[CustomerStatus] = mapped_column(
        ChoiceType(CustomerStatus), default=CustomerStatus.ACTIVE, info=said(Label("Status"))
    )
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    region_id: Mapped[int | None] = mapped_column(ForeignKey("dictionary_entries.id"), index=True)
    level_id: Mapped[int | None] = mapped_column(ForeignKey("dictionary_entries.id"), index=True)
    industry_id: Mapped[int | None] = mapped_column(ForeignKey("dictionary_entries.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"), index=True)
    satisfaction: Mapped[int | None] = mapped_column(Integer, default=3, info=said(Label("Satisfaction")))
    credit: Mapped[int | None] = mapped_column(Integer, default=3, info=said(Label("Credit")))
    address: Mapped[str | None] = mapped_column(String(300), info=said(Label("Address")))
    postcode: Mapped[str | None] = mapped_column(String(10), info=said(Label("Postcode")))
    phone: Mapped[str | None] = mapped_column(String(50), info=said(Label("Phone")))
    fax: Mapped[str | None] = mapped_column(String(50), info=said(Label("Fax")))
    website: Mapped[str | None] = mapped_column(String(100), info=said(Label("Website")))
    licence_no: Mapped[str | None] = mapped_column(String(50), info=said(Label("Business licence number")))
    legal_representative: Mapped[str | None] = mapped_column(String(50), info=said(Label("Legal representative")))
    registered_capital: Mapped[Decimal | None] = mapped_column(
        Numeric(18, 4), info=said(Label("Registered capital (10,000 yuan)"))
    )
    annual_turnover: Mapped[Decimal | None] = mapped_column(
        Numeric(18, 4), info=said(Label("Annual turnover (10,000 yuan)"))
    )
    bank: Mapped[str | None] = mapped_column(String(200), info=said(Label("Bank")))
    bank_account: Mapped[str | None] = mapped_column(String(50), info=said(Label("Bank account")))
    local_tax_no: Mapped[str | None] = mapped_column(String(50), info=said(Label("Local tax number")))
    national_tax_no: Mapped[str | None] = mapped_column(String(50), info=said(Label("National tax number")))
    #: The latest order that is no return, kept by the link to the sales system.
    last_order_on: Mapped[date | None] = mapped_column(Date, info=said(Label("Last order on"), is_audited=False))
    external_id: Mapped[str | None] = mapped_column(String(100), unique=True)
    duplicate_reason: Mapped[str | None] = mapped_column(
        String(500), info=said(Label("Why it was created beside one of the same name"))
    )

    manager: Mapped[Employee | None] = relationship(foreign_keys=[manager_id], info=said(Label("Account manager")))
    created_by: Mapped[Employee | None] = relationship(foreign_keys="Customer.created_by_id")
    region: Mapped[DictionaryEntry | None] = relationship(
        foreign_keys=[region_id], info=said(Label("Region"), category=Category.REGION)
    )
    level: Mapped[DictionaryEntry | None] = relationship(
        foreign_keys=[level_id], info=said(Label("Customer level"), category=Category.LEVEL)
    )
    industry: Mapped[DictionaryEntry | None] = relationship(
        foreign_keys=[industry_id], info=said(Label("Industry"), category=Category.INDUSTRY)
    )
    parent: Mapped[Customer | None] = relationship(remote_side=[id], info=said(Label("Parent company")))
    contacts: Mapped[list[Contact]] = relationship(back_populates="customer", order_by="Contact.id")

    @validates("name")
    def _keep_name_key(self, _key: str, name: str) -> str:
        self.name_key = name_key(name)
        return name

    @hybrid_property
    def responsible_id(self) -> int | None:
        """The person the row belongs to."""
        return self.manager_id

    def __str__(self) -> str:
        return self.name


class Contact(Recorded, Model):
    """A person at a customer."""

    __tablename__ = "contacts"
    __table_args__ = (NEVER_REUSED,)
    seen_through: ClassVar[str] = "customer"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    name: Mapped[str] = mapped_column(String(50), info=said(Label("Name")))
    gender: Mapped[Gender] = mapped_column(ChoiceType(Gender), default=Gender.MALE, info=said(Label("Gender")))
    position: Mapped[str | None] = mapped_column(String(50), info=said(Label("Position"), suggests=Category.POSITION))
    office_phone: Mapped[str | None] = mapped_column(String(50), info=said(Label("Office phone"), is_phone=True))
    mobile: Mapped[str | None] = mapped_column(String(50), info=said(Label("Mobile"), is_phone=True))
    phone_key: Mapped[str | None] = mapped_column(String(30), index=True)
    email: Mapped[str | None] = mapped_column(String(100), info=said(Label("Email")))
    birthday: Mapped[date | None] = mapped_column(Date, info=said(Label("Birthday")))
    memo: Mapped[str | None] = mapped_column(String(300), info=said(Label("Memo")))
    external_id: Mapped[str | None] = mapped_column(String(100), index=True, unique=True)
    is_first: Mapped[bool] = mapped_column(Boolean, default=False)

    customer: Mapped[Customer] = relationship(back_populates="contacts", info=said(Label("Customer")))
    created_by: Mapped[Employee | None] = relationship(foreign_keys="Contact.created_by_id")

    def __str__(self) -> str:
        return self.name
