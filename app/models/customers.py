"""Customers and their contacts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    or_,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.i18n import Choice, Label
from app.models.base import NEVER_REUSED, ChoiceType, Model, Recorded, mapper_of, said
from app.models.basedata import Category, DictionaryEntry
from app.models.names import name_key
from app.models.org import Employee
from app.models.search import Searched


class CustomerStatus(Choice):
    """Where a customer stands."""

    ACTIVE = "active", Label("Normal")
    LOST = "lost", Label("Lost")
    DELETED = "deleted", Label("Deleted")


class Gender(Choice):
    """How a contact is addressed."""

    MALE = "male", Label("Male")
    FEMALE = "female", Label("Female")


#: The form asks for it, though the table does not: what was born from an opportunity has little at first.
ON_FORM = {"is_required_on_form": True}


class NumberSeries(Model):
    """The last number given out under one prefix; raised in one statement, so that no number comes twice."""

    __tablename__ = "number_series"
    is_audited: ClassVar[bool] = False

    prefix: Mapped[str] = mapped_column(String(20), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


class Customer(Recorded, Model):
    """An organisation that buys or means to buy.

    Its own phone and fax are those of a company and no person's, so that they are shown to whoever sees it.
    """

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
    deleted_state: ClassVar[CustomerStatus] = CustomerStatus.DELETED
    searched: ClassVar[Mapping[str, Searched]] = {
        "name_key": Searched.NAME,
        "number": Searched.CODE,
        "external_id": Searched.CODE,
        "phone_key": Searched.WHOLE,
    }

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    number: Mapped[str] = mapped_column(String(17), unique=True, info=said(Label("Customer number")))
    name: Mapped[str] = mapped_column(String(100), info=said(Label("Name")))
    name_key: Mapped[str] = mapped_column(String(100))
    phone_key: Mapped[str | None] = mapped_column(String(30), index=True)
    status: Mapped[CustomerStatus] = mapped_column(
        ChoiceType(CustomerStatus), default=CustomerStatus.ACTIVE, info=said(Label("Status"))
    )
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"), info=ON_FORM)
    region_id: Mapped[int | None] = mapped_column(ForeignKey("dictionary_entries.id"), index=True, info=ON_FORM)
    level_id: Mapped[int | None] = mapped_column(ForeignKey("dictionary_entries.id"), index=True, info=ON_FORM)
    industry_id: Mapped[int | None] = mapped_column(ForeignKey("dictionary_entries.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"), index=True)
    satisfaction: Mapped[int | None] = mapped_column(
        Integer, default=3, info=said(Label("Satisfaction"), is_stars=True)
    )
    credit: Mapped[int | None] = mapped_column(Integer, default=3, info=said(Label("Credit"), is_stars=True))
    address: Mapped[str | None] = mapped_column(String(300), info=said(Label("Address"), **ON_FORM))
    postcode: Mapped[str | None] = mapped_column(String(10), info=said(Label("Postcode"), **ON_FORM))
    phone: Mapped[str | None] = mapped_column(String(50), info=said(Label("Phone"), is_switchboard=True, **ON_FORM))
    fax: Mapped[str | None] = mapped_column(String(50), info=said(Label("Fax"), is_switchboard=True, **ON_FORM))
    website: Mapped[str | None] = mapped_column(String(100), info=said(Label("Website"), is_website=True, **ON_FORM))
    licence_no: Mapped[str | None] = mapped_column(
        String(50), index=True, info=said(Label("Business licence number"), is_credit_code=True)
    )
    legal_representative: Mapped[str | None] = mapped_column(
        String(50), info=said(Label("Legal representative"), **ON_FORM)
    )
    registered_capital: Mapped[Decimal | None] = mapped_column(
        Numeric(18, 4), info=said(Label("Registered capital (10,000 yuan)"), least=0)
    )
    annual_turnover: Mapped[Decimal | None] = mapped_column(
        Numeric(18, 4), info=said(Label("Annual turnover (10,000 yuan)"), least=0)
    )
    bank: Mapped[str | None] = mapped_column(String(200), info=said(Label("Bank"), **ON_FORM))
    bank_account: Mapped[str | None] = mapped_column(String(50), info=said(Label("Bank account"), **ON_FORM))
    local_tax_no: Mapped[str | None] = mapped_column(String(50), info=said(Label("Local tax number")))
    national_tax_no: Mapped[str | None] = mapped_column(String(50), info=said(Label("National tax number")))
    #: The latest order that is no return, kept by the link to the sales system.
    last_order_on: Mapped[date | None] = mapped_column(Date, info=said(Label("Last order on"), is_audited=False))
    #: When a lost customer was brought back; its silence counts from then, or from a later order.
    won_back_on: Mapped[date | None] = mapped_column(Date, info=said(Label("Won back on")))
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

    @property
    def missing(self) -> list[str]:
        """What its form asks for and it has not, by the names of the fields."""
        return [name.removesuffix("_id") for name in NEEDED if getattr(self, name) is None]

    @hybrid_property
    def is_incomplete(self) -> bool:
        """Whether something is missing."""
        return bool(self.missing)

    @is_incomplete.inplace.expression
    @classmethod
    def _is_incomplete(cls) -> ColumnElement[bool]:
        """In the very words of the index on it."""
        return or_(*(getattr(cls, name).is_(None) for name in NEEDED))

    def __str__(self) -> str:
        return self.name


_COLUMNS = mapper_of(Customer).columns
#: The columns without which a customer is incomplete.
NEEDED = tuple(name for name, column in _COLUMNS.items() if column.info.get("is_required_on_form"))
_INCOMPLETE = or_(*(_COLUMNS[name].is_(None) for name in NEEDED))
Index("ix_customers_incomplete", _COLUMNS["id"], sqlite_where=_INCOMPLETE, postgresql_where=_INCOMPLETE)


class Contact(Recorded, Model):
    """A person at a customer."""

    __tablename__ = "contacts"
    __table_args__ = (NEVER_REUSED,)
    seen_through: ClassVar[str] = "customer"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    name: Mapped[str] = mapped_column(String(50), info=said(Label("Full name")))
    gender: Mapped[Gender] = mapped_column(ChoiceType(Gender), default=Gender.MALE, info=said(Label("Gender")))
    position: Mapped[str | None] = mapped_column(String(50), info=said(Label("Position"), suggests=Category.POSITION))
    office_phone: Mapped[str | None] = mapped_column(String(50), info=said(Label("Office phone"), is_phone=True))
    mobile: Mapped[str | None] = mapped_column(String(50), info=said(Label("Mobile"), is_phone=True))
    phone_key: Mapped[str | None] = mapped_column(String(30), index=True)
    email: Mapped[str | None] = mapped_column(String(100), info=said(Label("Email")))
    birthday: Mapped[date | None] = mapped_column(Date, info=said(Label("Birthday")))
    memo: Mapped[str | None] = mapped_column(String(300), info=said(Label("Memo"), is_long=True))
    external_id: Mapped[str | None] = mapped_column(String(100), index=True, unique=True)
    is_first: Mapped[bool] = mapped_column(Boolean, default=False)

    customer: Mapped[Customer] = relationship(back_populates="contacts", info=said(Label("Customer")))
    created_by: Mapped[Employee | None] = relationship(foreign_keys="Contact.created_by_id")

    def __str__(self) -> str:
        return self.name
