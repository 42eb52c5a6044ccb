"""Interactions: what was talked about with a customer, and when the next contact is due."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, UnaryExpression, text
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql.operators import custom_op

from app.i18n import Label
from app.models.base import NEVER_REUSED, Model, Recorded, said
from app.models.basedata import Category, DictionaryEntry
from app.models.customers import Contact, Customer
from app.models.org import Employee

OPEN = text("next_contact_on IS NOT NULL AND NOT is_followed_up")


class Interaction(Recorded, Model):
    """A visit, call, mail or meeting. Its next contact is due until somebody says it is done."""

    __tablename__ = "interactions"
    __table_args__ = (
        Index("ix_interactions_customer_id", "customer_id", "happened_on", "id"),
        Index("ix_interactions_next_contact_on", "next_contact_on", "id", sqlite_where=OPEN, postgresql_where=OPEN),
        NEVER_REUSED,
    )
    seen_through: ClassVar[str] = "customer"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    kind_id: Mapped[int | None] = mapped_column(ForeignKey("dictionary_entries.id"), index=True)
    happened_on: Mapped[date] = mapped_column(Date, info=said(Label("Happened on")))
    place: Mapped[str] = mapped_column(String(200), info=said(Label("Meeting place")))
    summary: Mapped[str] = mapped_column(String(500), info=said(Label("Summary")))
    detail: Mapped[str | None] = mapped_column(String(2000), info=said(Label("Detail"), is_long=True))
    memo: Mapped[str | None] = mapped_column(String(300), info=said(Label("Memo"), is_long=True))
    next_contact_on: Mapped[date | None] = mapped_column(Date, info=said(Label("Next contact on")))
    is_followed_up: Mapped[bool] = mapped_column(Boolean, default=False, info=said(Label("Next contact done")))
    external_id: Mapped[str | None] = mapped_column(String(100), unique=True)

    customer: Mapped[Customer] = relationship(info=said(Label("Customer")))
    contact: Mapped[Contact | None] = relationship(info=said(Label("Contact")))
    kind: Mapped[DictionaryEntry | None] = relationship(
        info=said(Label("Interaction kind"), category=Category.INTERACTION_KIND)
    )
    created_by: Mapped[Employee | None] = relationship(
        foreign_keys="Interaction.created_by_id", info=said(Label("Recorded by"))
    )

    def __str__(self) -> str:
        return self.summary


#: The conditions of an interaction whose next contact is still to be made. They are the very words of the index:
#: SQLite takes a partial index for no others, and would be given ``is_followed_up = 0`` for a plain "not".
AWAITING: tuple[Any, ...] = (
    Interaction.next_contact_on.is_not(None),
    UnaryExpression(Interaction.is_followed_up.expression, operator=custom_op("NOT"), type_=Boolean()),
)
