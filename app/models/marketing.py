"""Sales opportunities and the plan items by which they are developed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, cast

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.i18n import Choice, Label
from app.models.base import NEVER_REUSED, ChoiceType, Model, Recorded, UtcDateTime, said
from app.models.basedata import Category, DictionaryEntry
from app.models.customers import Customer
from app.models.names import name_key
from app.models.org import Employee


class OpportunityStatus(Choice):
    """The life cycle of an opportunity."""

    UNASSIGNED = "unassigned", Label("Unassigned")
    ASSIGNED = "assigned", Label("Assigned")
    SUCCEEDED = "succeeded", Label("Succeeded")
    FAILED = "failed", Label("Failed")


class Opportunity(Recorded, Model):
    """A possible new customer."""

    __tablename__ = "opportunities"
    __table_args__ = (
        CheckConstraint("probability BETWEEN 0 AND 100", name="probability"),
        CheckConstraint("status IN ('unassigned', 'assigned', 'succeeded', 'failed')", name="status"),
        Index("ix_opportunities_status_id", "status", "id"),
        Index("ix_opportunities_assignee_id_status", "assignee_id", "status"),
        Index("ix_opportunities_responsible_id", "responsible_id", "status", "created_on", "id"),
        Index("ix_opportunities_created_on_id", "created_on", "id"),
        Index("ix_opportunities_name_key", "name_key"),
        # The board reads each of its columns by the moment since when an opportunity is in it.
        Index("ix_opportunities_status_created_on", "status", "created_on", "id"),
        Index("ix_opportunities_status_assigned", "status", text("coalesce(assigned_on, created_on)"), "id"),
        Index("ix_opportunities_status_closed", "status", text("coalesce(closed_on, created_on)"), "id"),
        Index("ix_opportunities_closed_on", "closed_on", "status", "assignee_id", "created_by_id", "expected_amount"),
        NEVER_REUSED,
    )
    scope_module: ClassVar[str] = "marketing"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    source: Mapped[str | None] = mapped_column(String(50), info=said(Label("Source"), suggests=Category.SOURCE))
    customer_name: Mapped[str] = mapped_column(String(100), info=said(Label("Customer name")))
    probability: Mapped[int] = mapped_column(Integer, info=said(Label("Probability (%)"), least=0, most=100))
    summary: Mapped[str] = mapped_column(String(200), info=said(Label("Summary")))
    contact_name: Mapped[str | None] = mapped_column(String(50), info=said(Label("Contact")))
    contact_phone: Mapped[str | None] = mapped_column(String(50), info=said(Label("Contact phone"), is_phone=True))
    description: Mapped[str] = mapped_column(String(2000), info=said(Label("Description"), is_long=True))
    status: Mapped[OpportunityStatus] = mapped_column(
        ChoiceType(OpportunityStatus), default=OpportunityStatus.UNASSIGNED, info=said(Label("Status"))
    )
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    assigned_on: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Assigned on")))
    region_id: Mapped[int | None] = mapped_column(ForeignKey("dictionary_entries.id"), index=True)
    industry_id: Mapped[int | None] = mapped_column(ForeignKey("dictionary_entries.id"), index=True)
    expected_amount: Mapped[Decimal | None] = mapped_column(
        Numeric(14, 2), info=said(Label("Expected amount (yuan)"), is_money=True, least=0)
    )
    expected_close_on: Mapped[date | None] = mapped_column(Date, info=said(Label("Expected close date")))
    close_reason: Mapped[str | None] = mapped_column(String(500), info=said(Label("Reason for ending")))
    closed_on: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Closed on")))
    # Made by the database, so that whoever writes a row, the wall finds it by an index.
    stored_responsible_id: Mapped[int | None] = mapped_column(
        "responsible_id",
        Computed("coalesce(assignee_id, created_by_id)"),
        deferred=True,
        info={"is_audited": False},
    )
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"), index=True)
    name_key: Mapped[str] = mapped_column(String(100))
    phone_key: Mapped[str | None] = mapped_column(String(30), index=True)
    external_id: Mapped[str | None] = mapped_column(String(100), unique=True)

    assignee: Mapped[Employee | None] = relationship(foreign_keys=[assignee_id], info=said(Label("Assigned to")))
    created_by: Mapped[Employee | None] = relationship(
        foreign_keys="Opportunity.created_by_id", info=said(Label("Created by"))
    )
    region: Mapped[DictionaryEntry | None] = relationship(
        foreign_keys=[region_id], info=said(Label("Region"), category=Category.REGION)
    )
    industry: Mapped[DictionaryEntry | None] = relationship(
        foreign_keys=[industry_id], info=said(Label("Industry"), category=Category.INDUSTRY)
    )
    customer: Mapped[Customer | None] = relationship(info=said(Label("Customer")))
    plan_items: Mapped[list[PlanItem]] = relationship(
        back_populates="opportunity", order_by="(PlanItem.planned_on, PlanItem.id)"
    )

    @validates("customer_name")
    def _keep_name_key(self, _key: str, name: str) -> str:
        self.name_key = name_key(name)
        return name

    @hybrid_property
    def responsible_id(self) -> int | None:
        """The person the row belongs to: the assignee, and before there is one the creator."""
        return self.assignee_id if self.assignee_id is not None else self.created_by_id

    @responsible_id.inplace.expression
    @classmethod
    def _responsible_id(cls) -> ColumnElement[Any]:
        return cast(ColumnElement[Any], cls.stored_responsible_id)

    @hybrid_property
    def is_common(self) -> bool:
        """Whether everybody who sees the row and holds the right may write it."""
        return self.status == OpportunityStatus.UNASSIGNED

    def __str__(self) -> str:
        return self.customer_name


class PlanItem(Recorded, Model):
    """One dated step of developing an opportunity."""

    __tablename__ = "plan_items"
    __table_args__ = (
        Index("ix_plan_items_done_on_planned_on", "done_on", "planned_on", "opportunity_id"),
        NEVER_REUSED,
    )
    seen_through: ClassVar[str] = "opportunity"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    opportunity_id: Mapped[int] = mapped_column(ForeignKey("opportunities.id", ondelete="CASCADE"), index=True)
    planned_on: Mapped[date] = mapped_column(Date, index=True, info=said(Label("Date")))
    todo: Mapped[str] = mapped_column(String(500), info=said(Label("Plan"), is_long=True))
    result: Mapped[str | None] = mapped_column(String(500), info=said(Label("Result"), is_long=True))
    done_on: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Done on")))

    opportunity: Mapped[Opportunity] = relationship(back_populates="plan_items", info=said(Label("Sales opportunity")))
    created_by: Mapped[Employee | None] = relationship(
        foreign_keys="PlanItem.created_by_id", info=said(Label("Created by"))
    )

    def __str__(self) -> str:
        return self.todo
