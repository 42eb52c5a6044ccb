"""Attachments: files that belong to a customer, some of them to one of its interactions."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.i18n import Label
from app.models.base import NEVER_REUSED, Model, Recorded, UtcDateTime, said
from app.models.customers import Customer
from app.models.interactions import Interaction
from app.models.org import Employee


class Attachment(Recorded, Model):
    """One file, which never changes; it lies in the folder of files under ``stored_as``. ``size`` is in bytes."""

    __tablename__ = "attachments"
    __table_args__ = (Index("ix_attachments_customer_id", "customer_id", "id"), NEVER_REUSED)
    seen_through: ClassVar[str] = "customer"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interactions.id"), index=True)
    name: Mapped[str] = mapped_column(String(200), info=said(Label("File")))
    size: Mapped[int] = mapped_column(Integer, info=said(Label("Size")))
    sha256: Mapped[str] = mapped_column(String(64), info=said(Label("Checksum (SHA-256)"), is_audited=False))
    stored_as: Mapped[str] = mapped_column(String(32), unique=True, info={"is_audited": False})
    created_on: Mapped[datetime] = mapped_column(UtcDateTime, info=said(Label("Uploaded on")))

    customer: Mapped[Customer] = relationship(info=said(Label("Customer")))
    interaction: Mapped[Interaction | None] = relationship(info=said(Label("Interaction")))
    created_by: Mapped[Employee | None] = relationship(
        foreign_keys="Attachment.created_by_id", info=said(Label("Uploaded by"))
    )

    def __str__(self) -> str:
        return self.name
