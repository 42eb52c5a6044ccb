"""Amounts, shares and periods as a sentence says them."""

from __future__ import annotations

from decimal import Decimal

from app.i18n import gettext
from app.reports.engine import Column, Kind, Period
from app.reports.engine.wording import shown
from app.reports.money import money_in_words


def money(cents: int) -> str:
    """An amount with its unit."""
    return money_in_words(Decimal(cents).scaleb(-2)).replace("-", "\N{MINUS SIGN}")


def percent(tenths: int) -> str:
    """A share."""
    return shown(Column("", "", Kind.SHARE), tenths)


def signed_percent(tenths: int) -> str:
    """A change."""
    return shown(Column("", "", Kind.CHANGE), tenths)


def period_in_words(period: Period) -> str:
    """A year as people say it, other periods by their days."""
    return gettext("%(year)s", year=period.year) if period.year else str(period)
