"""Announcements: what everybody should know, from one day to another."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, Date, Index, Integer, String, or_
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.i18n import Label
from app.models.base import NEVER_REUSED, Model, Recorded, said
from app.models.org import Employee


class Announcement(Recorded, Model):
    """A notice on the workbench; without a last day it stays until somebody ends it."""

    __tablename__ = "announcements"
    __table_args__ = (Index("ix_announcements_starts_on", "starts_on"), NEVER_REUSED)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    title: Mapped[str] = mapped_column(String(100), info=said(Label("Title")))
    text: Mapped[str] = mapped_column(String(2000), info=said(Label("Text"), is_long=True))
    starts_on: Mapped[date] = mapped_column(Date, info=said(Label("First day")))
    ends_on: Mapped[date | None] = mapped_column(Date, info=said(Label("Last day")))

    created_by: Mapped[Employee | None] = relationship(
        foreign_keys="Announcement.created_by_id", info=said(Label("Created by"))
    )

    @classmethod
    def is_current(cls, day: date) -> ColumnElement[bool]:
        """The condition of those that hold on ``day``; the last day is included."""
        return (cls.starts_on <= day) & or_(cls.ends_on.is_(None), cls.ends_on >= day)

    def __str__(self) -> str:
        return self.title
