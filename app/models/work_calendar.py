"""The work calendar: the days on which is or is not worked, against what their weekday says."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Boolean, Date, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.i18n import Choice, Label
from app.models.base import NEVER_REUSED, ChoiceType, Model, Recorded, said


class Holiday(Choice):
    """What a special day belongs to: the statutory holidays of China, or something of the company's own."""

    NEW_YEAR = "new_year", Label("New Year's Day")
    SPRING = "spring", Label("Spring Festival")
    TOMB_SWEEPING = "tomb_sweeping", Label("Tomb-Sweeping Day")
    LABOUR = "labour", Label("Labour Day")
    DRAGON_BOAT = "dragon_boat", Label("Dragon Boat Festival")
    MID_AUTUMN = "mid_autumn", Label("Mid-Autumn Festival")
    NATIONAL = "national", Label("National Day")
    OTHER = "other", Label("Other occasion")


class SpecialDay(Recorded, Model):
    """One day that is off, or worked, whatever its weekday; every other day goes by its weekday.

    ``is_statutory`` says that it is of the official calendar of holidays and make-up working days: a year with such
    days is known. ``name`` says more of the occasion in somebody's own words.
    """

    __tablename__ = "special_days"
    __table_args__ = (NEVER_REUSED,)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    day: Mapped[date] = mapped_column(Date, unique=True, info=said(Label("Day")))
    is_working: Mapped[bool] = mapped_column(Boolean, default=False, info=said(Label("Working day")))
    holiday: Mapped[Holiday] = mapped_column(ChoiceType(Holiday), default=Holiday.OTHER, info=said(Label("Occasion")))
    name: Mapped[str | None] = mapped_column(String(50), info=said(Label("Own words")))
    is_statutory: Mapped[bool] = mapped_column(Boolean, default=False, info=said(Label("Statutory")))

    def __str__(self) -> str:
        return self.day.isoformat()
