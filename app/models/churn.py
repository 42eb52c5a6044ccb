"""Churn cases: customers about to be lost, and the measures taken to keep them."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.i18n import Choice, Label
from app.models.base import NEVER_REUSED, ChoiceType, Model, Recorded, UtcDateTime, said
from app.models.basedata import Category, DictionaryEntry
from app.models.customers import Customer
from app.models.org import Employee


class ChurnStatus(Choice):
    """The life cycle of a churn case."""

    WARNED = "warned", Label("Warned")
    POSTPONED = "postponed", Label("Postponed")
    CONFIRMED = "confirmed", Label("Churn confirmed")
    RECOVERED = "recovered", Label("Recovered")


#: The states of a case that is still open; SQLite takes a partial index for these very words alone.
OPEN = text("status IN ('warned', 'postponed')")


class ChurnCase(Recorded, Model):
    """One customer about to be lost; a customer has at most one that is open.

    ``manager`` is the customer's account manager at the warning; while the case is open it follows the customer.
    ``as_of`` is the day for which the scan looked, ``last_order_on`` the customer's last order by then.
    """

    __tablename__ = "churn_cases"
    __table_args__ = (
        CheckConstraint("status IN ('warned', 'postponed', 'confirmed', 'recovered')", name="status"),
        Index("uq_churn_cases_open", "customer_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_churn_cases_customer_id", "customer_id", "id"),
        Index("ix_churn_cases_status_id", "status", "id"),
        Index("ix_churn_cases_manager_id", "manager_id", "status", "id"),
        NEVER_REUSED,
    )
    seen_through: ClassVar[str] = "customer"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    as_of: Mapped[date] = mapped_column(Date, info=said(Label("Warned for")))
    last_order_on: Mapped[date | None] = mapped_column(Date, info=said(Label("Last order on")))
    status: Mapped[ChurnStatus] = mapped_column(
        ChoiceType(ChurnStatus), default=ChurnStatus.WARNED, info=said(Label("Status"))
    )
    reason: Mapped[str | None] = mapped_column(String(2000), info=said(Label("Churn reason"), is_long=True))
    reason_kind_id: Mapped[int | None] = mapped_column(ForeignKey("dictionary_entries.id"), index=True)
    confirmed_on: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Churn confirmed on")))
    recovered_on: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Recovered on")))

    customer: Mapped[Customer] = relationship(info=said(Label("Customer")))
    manager: Mapped[Employee | None] = relationship(foreign_keys=[manager_id], info=said(Label("Account manager")))
    reason_kind: Mapped[DictionaryEntry | None] = relationship(
        info=said(Label("Churn reason kind"), category=Category.CHURN_REASON)
    )
    measures: Mapped[list[ChurnMeasure]] = relationship(back_populates="case", order_by="ChurnMeasure.id")

    def __str__(self) -> str:
        return self.customer.name


class ChurnMeasure(Recorded, Model):
    """One measure to keep the customer; measures are appended and never changed."""

    __tablename__ = "churn_measures"
    __table_args__ = (Index("ix_churn_measures_case_id", "case_id", "id"), NEVER_REUSED)
    seen_through: ClassVar[str] = "case"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    case_id: Mapped[int] = mapped_column(ForeignKey("churn_cases.id"))
    text: Mapped[str] = mapped_column(String(4000), info=said(Label("Measure"), is_long=True))

    case: Mapped[ChurnCase] = relationship(back_populates="measures", info=said(Label("Churn case")))
    created_by: Mapped[Employee | None] = relationship(
        foreign_keys="ChurnMeasure.created_by_id", info=said(Label("Created by"))
    )

    def __str__(self) -> str:
        return self.text
