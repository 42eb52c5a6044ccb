"""Service requests: what a customer asks for, how it was handled, and what the customer said to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, cast

from sqlalchemy import Boolean, CheckConstraint, ColumnElement, Computed, ForeignKey, Index, Integer, String, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.i18n import Choice, Label
from app.models.base import NEVER_REUSED, ChoiceType, Model, Recorded, UtcDateTime, said
from app.models.basedata import Category, DictionaryEntry
from app.models.customers import Customer
from app.models.org import Employee


class ServiceStatus(Choice):
    """The life cycle of a service request."""

    CREATED = "created", Label("Newly created")
    ASSIGNED = "assigned", Label("Allocated")
    PROCESSED = "processed", Label("Processed")
    ARCHIVED = "archived", Label("Archived")


#: The states of a request for which something is still to be done.
OPEN_STATES = (ServiceStatus.CREATED, ServiceStatus.ASSIGNED, ServiceStatus.PROCESSED)


class Priority(Choice):
    """How urgent a service request is."""

    NORMAL = "normal", Label("Ordinary")
    URGENT = "urgent", Label("Urgent")
    MOST_URGENT = "most_urgent", Label("Most urgent")


HAS_DEADLINE = text("due_on IS NOT NULL")


class ServiceRequest(Recorded, Model):
    """One request of a customer, with the blocks of the round that it is in.

    ``customer_name`` is what the customer was called when the request came in; it stands on the request, whether or not
    its reader sees the customer. ``due_on`` is the deadline of the step that it waits for, empty where none runs;
    ``is_overdue_told`` says whether the supervisor knows that it passed. ``level`` counts how often it was escalated,
    ``round`` how often it was assigned to be handled, from 1.
    """

    __tablename__ = "service_requests"
    __table_args__ = (
        CheckConstraint("status IN ('created', 'assigned', 'processed', 'archived')", name="status"),
        CheckConstraint("satisfaction BETWEEN 1 AND 5", name="satisfaction"),
        Index("ix_service_requests_status_id", "status", "id"),
        Index("ix_service_requests_assignee_id", "assignee_id", "status", "id"),
        Index("ix_service_requests_handled_by_id", "handled_by_id", "status", "id"),
        Index("ix_service_requests_responsible_id", "responsible_id", "status", "created_on", "id"),
        Index("ix_service_requests_created_on_id", "created_on", "id"),
        # The timeline of a customer reads each step by its own moment.
        Index("ix_service_requests_customer_id", "customer_id", "created_on", "id"),
        Index("ix_service_requests_customer_id_handled_on", "customer_id", "handled_on", "id"),
        Index("ix_service_requests_customer_id_status", "customer_id", "status", "id"),
        Index("ix_service_requests_kind_id", "kind_id", "id"),
        Index("ix_service_requests_due_on", "due_on", "id", sqlite_where=HAS_DEADLINE, postgresql_where=HAS_DEADLINE),
        NEVER_REUSED,
    )
    scope_module: ClassVar[str] = "services"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    kind_id: Mapped[int] = mapped_column(ForeignKey("dictionary_entries.id"), info={"is_required_on_form": True})
    summary: Mapped[str] = mapped_column(String(500), info=said(Label("Summary")))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), info={"is_required_on_form": True})
    customer_name: Mapped[str] = mapped_column(String(100), info=said(Label("Customer")))
    request: Mapped[str] = mapped_column(String(3000), info=said(Label("Service request"), is_long=True))
    priority: Mapped[Priority] = mapped_column(
        ChoiceType(Priority), default=Priority.NORMAL, info=said(Label("Priority"))
    )
    level: Mapped[int] = mapped_column(Integer, default=0, info=said(Label("Escalation level")))
    status: Mapped[ServiceStatus] = mapped_column(
        ChoiceType(ServiceStatus), default=ServiceStatus.CREATED, info=said(Label("Status"))
    )
    round: Mapped[int] = mapped_column(Integer, default=1, info=said(Label("Round")))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    assigned_on: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Allocated on")))
    handling: Mapped[str | None] = mapped_column(String(3000), info=said(Label("Service handling"), is_long=True))
    handled_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    handled_on: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Handled on")))
    result: Mapped[str | None] = mapped_column(String(500), info=said(Label("Handling result"), is_long=True))
    satisfaction: Mapped[int | None] = mapped_column(Integer, info=said(Label("Score"), is_stars=True))
    archived_on: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Archived on")))
    due_on: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Due on")))
    is_overdue_told: Mapped[bool] = mapped_column(Boolean, default=False, info={"is_audited": False})
    # Made by the database, so that whoever writes a row, the wall finds it by an index.
    stored_responsible_id: Mapped[int | None] = mapped_column(
        "responsible_id",
        Computed("coalesce(assignee_id, created_by_id)"),
        deferred=True,
        info={"is_audited": False},
    )
    external_id: Mapped[str | None] = mapped_column(String(100), unique=True)

    kind: Mapped[DictionaryEntry] = relationship(info=said(Label("Service kind"), category=Category.SERVICE_KIND))
    customer: Mapped[Customer | None] = relationship(info=said(Label("Customer")))
    assignee: Mapped[Employee | None] = relationship(foreign_keys=[assignee_id], info=said(Label("Allocated to")))
    handled_by: Mapped[Employee | None] = relationship(foreign_keys=[handled_by_id], info=said(Label("Handled by")))
    created_by: Mapped[Employee | None] = relationship(
        foreign_keys="ServiceRequest.created_by_id", info=said(Label("Created by"))
    )
    rounds: Mapped[list[ServiceRound]] = relationship(back_populates="request", order_by="ServiceRound.number")

    @hybrid_property
    def responsible_id(self) -> int | None:
        """The person the row belongs to: the assignee, and before there is one the creator."""
        return self.assignee_id if self.assignee_id is not None else self.created_by_id

    @responsible_id.inplace.expression
    @classmethod
    def _responsible_id(cls) -> ColumnElement[Any]:
        return cast(ColumnElement[Any], cls.stored_responsible_id)

    def __str__(self) -> str:
        return self.summary


class ServiceRound(Model):
    """One round of a request that the customer has judged: who handled it how, and what came of it. Never changed.

    ``customer_id`` is the request's, so that an index finds the rounds of a customer in their order.
    """

    __tablename__ = "service_rounds"
    __table_args__ = (
        CheckConstraint("satisfaction BETWEEN 1 AND 5", name="satisfaction"),
        Index("uq_service_rounds_request_id", "request_id", "number", unique=True),
        Index("ix_service_rounds_judged_on", "judged_on", "request_id"),
        Index("ix_service_rounds_customer_id", "customer_id", "judged_on", "id"),
        NEVER_REUSED,
    )
    seen_through: ClassVar[str] = "request"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("service_requests.id", ondelete="CASCADE"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"), info={"is_audited": False})
    number: Mapped[int] = mapped_column(Integer, info=said(Label("Round")))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    assigned_on: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Allocated on")))
    handling: Mapped[str] = mapped_column(String(3000), info=said(Label("Service handling"), is_long=True))
    handled_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    handled_on: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Handled on")))
    result: Mapped[str] = mapped_column(String(500), info=said(Label("Handling result"), is_long=True))
    satisfaction: Mapped[int] = mapped_column(Integer, info=said(Label("Score"), is_stars=True))
    judged_on: Mapped[datetime] = mapped_column(UtcDateTime, info=said(Label("Judged on")))

    request: Mapped[ServiceRequest] = relationship(back_populates="rounds", info=said(Label("Service request")))
    assignee: Mapped[Employee | None] = relationship(foreign_keys=[assignee_id], info=said(Label("Allocated to")))
    handled_by: Mapped[Employee | None] = relationship(foreign_keys=[handled_by_id], info=said(Label("Handled by")))

    @validates("request")
    def _keep_customer(self, _key: str, request: ServiceRequest) -> ServiceRequest:
        self.customer_id = request.customer_id
        return request

    def __str__(self) -> str:
        return self.result
