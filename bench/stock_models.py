"""The tables of the product as a plain Flask-AppBuilder application declares them."""

from datetime import datetime
from typing import Any

from flask import g
from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, ForeignKey, Integer, Numeric, String
from sqlalchemy.orm import relationship


def _now() -> datetime:
    return datetime.now()


def _me() -> Any:
    return g.user.id


def _key_of_name(context: Any) -> str:
    values = context.get_current_parameters()
    return str(values.get("name") or values.get("customer_name")).casefold()


class Marks:
    """Who made and changed a row and when, as the framework's AuditMixin writes it, under our columns' names."""

    created_on = Column(DateTime(timezone=True), default=_now, nullable=False)
    changed_on = Column(DateTime(timezone=True), default=_now, onupdate=_now, nullable=False)
    version = Column(Integer, default=1, nullable=False)
    created_by_id = Column(Integer, ForeignKey("ab_user.id"), default=_me)
    changed_by_id = Column(Integer, ForeignKey("ab_user.id"), default=_me, onupdate=_me)


class DictionaryEntry(Model):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """One choice of one choice list."""

    __tablename__ = "dictionary_entries"

    id = Column(Integer, primary_key=True)
    category = Column(String(50), nullable=False)
    item = Column(String(50), nullable=False)
    item_en = Column(String(100))
    value = Column(String(50), nullable=False)
    is_editable = Column(Boolean, default=True, nullable=False)
    position = Column(Integer, default=0, nullable=False)
    is_active = Column(Boolean, default=True, nullable=False)

    def __repr__(self) -> str:
        return str(self.item)


class Customer(Marks, Model):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """An organisation that buys."""

    __tablename__ = "customers"

    id = Column(Integer, primary_key=True)
    number = Column(String(17), unique=True, nullable=False)
    name = Column(String(100), nullable=False)
    name_key = Column(String(100), default=_key_of_name, nullable=False)
    phone_key = Column(String(30))
    status = Column(String(20), default="active", nullable=False)
    manager_id = Column(Integer, ForeignKey("ab_user.id"))
    region_id = Column(Integer, ForeignKey("dictionary_entries.id"))
    level_id = Column(Integer, ForeignKey("dictionary_entries.id"))
    industry_id = Column(Integer, ForeignKey("dictionary_entries.id"))
    parent_id = Column(Integer, ForeignKey("customers.id"))
    satisfaction = Column(Integer)
    credit = Column(Integer)
    address = Column(String(300))
    postcode = Column(String(10))
    phone = Column(String(50))
    fax = Column(String(50))
    website = Column(String(100))
    licence_no = Column(String(50))
    legal_representative = Column(String(50))
    registered_capital = Column(Numeric(18, 4))
    annual_turnover = Column(Numeric(18, 4))
    bank = Column(String(200))
    bank_account = Column(String(50))
    local_tax_no = Column(String(50))
    national_tax_no = Column(String(50))
    external_id = Column(String(100), unique=True)
    duplicate_reason = Column(String(500))

    manager = relationship(User, foreign_keys=[manager_id])
    region = relationship(DictionaryEntry, foreign_keys=[region_id])
    level = relationship(DictionaryEntry, foreign_keys=[level_id])
    industry = relationship(DictionaryEntry, foreign_keys=[industry_id])

    def __repr__(self) -> str:
        return str(self.name)


class Contact(Marks, Model):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """A person at a customer."""

    __tablename__ = "contacts"

    id = Column(Integer, primary_key=True)
    customer_id = Column(Integer, ForeignKey("customers.id"), nullable=False)
    name = Column(String(50), nullable=False)
    gender = Column(String(20), default="male", nullable=False)
    position = Column(String(50))
    office_phone = Column(String(50))
    mobile = Column(String(50))
    phone_key = Column(String(30))
    email = Column(String(100))
    memo = Column(String(300))
    is_first = Column(Boolean, default=False, nullable=False)

    customer = relationship(Customer)

    def __repr__(self) -> str:
        return str(self.name)


class Order(Model):  # type: ignore[misc]  # likewise
    """An order of the sales system."""

    __tablename__ = "orders"

    id = Column(Integer, primary_key=True)
    number = Column(String(50), nullable=False)
    customer_id = Column(Integer, ForeignKey("customers.id"))
    ordered_on = Column(Date, nullable=False)
    address = Column(String(300))
    status = Column(String(20), nullable=False)
    total = Column(BigInteger, nullable=False)

    customer = relationship(Customer)

    def __repr__(self) -> str:
        return str(self.number)


class Opportunity(Marks, Model):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """A possible new customer."""

    __tablename__ = "opportunities"

    id = Column(Integer, primary_key=True)
    source = Column(String(50))
    customer_name = Column(String(100), nullable=False)
    probability = Column(Integer, nullable=False)
    summary = Column(String(200), nullable=False)
    contact_name = Column(String(50))
    contact_phone = Column(String(50))
    description = Column(String(2000), nullable=False)
    status = Column(String(20), default="unassigned", nullable=False)
    assignee_id = Column(Integer, ForeignKey("ab_user.id"))
    assigned_on = Column(DateTime(timezone=True))
    region_id = Column(Integer, ForeignKey("dictionary_entries.id"))
    industry_id = Column(Integer, ForeignKey("dictionary_entries.id"))
    expected_amount = Column(Numeric(14, 2))
    expected_close_on = Column(Date)
    close_reason = Column(String(500))
    closed_on = Column(DateTime(timezone=True))
    customer_id = Column(Integer, ForeignKey("customers.id"))
    name_key = Column(String(100), default=_key_of_name, nullable=False)
    phone_key = Column(String(30))
    external_id = Column(String(100), unique=True)

    assignee = relationship(User, foreign_keys=[assignee_id])
    created_by = relationship(User, foreign_keys="Opportunity.created_by_id")
    region = relationship(DictionaryEntry, foreign_keys=[region_id])
    industry = relationship(DictionaryEntry, foreign_keys=[industry_id])
    customer = relationship(Customer)

    def __repr__(self) -> str:
        return str(self.customer_name)


class ServiceRequest(Marks, Model):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """Something a customer asks for."""

    __tablename__ = "service_requests"

    id = Column(Integer, primary_key=True)
    kind_id = Column(Integer, ForeignKey("dictionary_entries.id"), nullable=False)
    summary = Column(String(500), nullable=False)
    customer_id = Column(Integer, ForeignKey("customers.id"), nullable=False)
    customer_name = Column(String(100), nullable=False)
    request = Column(String(3000), nullable=False)
    priority = Column(String(20), default="normal", nullable=False)
    level = Column(Integer, default=0, nullable=False)
    status = Column(String(20), default="created", nullable=False)
    round = Column(Integer, default=1, nullable=False)
    assignee_id = Column(Integer, ForeignKey("ab_user.id"))
    assigned_on = Column(DateTime(timezone=True))
    handling = Column(String(3000))
    handled_by_id = Column(Integer, ForeignKey("ab_user.id"))
    handled_on = Column(DateTime(timezone=True))
    result = Column(String(500))
    satisfaction = Column(Integer)
    archived_on = Column(DateTime(timezone=True))
    due_on = Column(DateTime(timezone=True))
    is_overdue_told = Column(Boolean, default=False, nullable=False)
    external_id = Column(String(100), unique=True)

    kind = relationship(DictionaryEntry)
    customer = relationship(Customer)
    assignee = relationship(User, foreign_keys=[assignee_id])
    handled_by = relationship(User, foreign_keys=[handled_by_id])
    created_by = relationship(User, foreign_keys="ServiceRequest.created_by_id")

    def __repr__(self) -> str:
        return str(self.summary)
