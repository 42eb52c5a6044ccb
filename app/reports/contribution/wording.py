"""Amounts and changes as a sentence says them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from app.i18n import gettext, is_english
from app.reports.engine import Column, Kind
from app.reports.engine.wording import shown

#: Ten thousand yuan, in cents: people count by them in Chinese.
TEN_THOUSAND = 10_000 * 100


def money(cents: int) -> str:
    """An amount with its unit; in Chinese from ten thousand yuan on in these."""
    if is_english() or abs(cents) < TEN_THOUSAND:
        return gettext("%(amount)s yuan", amount=shown(Column("", "", Kind.MONEY), cents))
    return gettext("%(amount)s ten thousand yuan", amount=f"{in_ten_thousands(cents):,.1f}".replace("-", "−"))


def in_ten_thousands(cents: int) -> Decimal:
    """An amount in ten thousand yuan, rounded half up to one decimal."""
    return (Decimal(cents) / TEN_THOUSAND).quantize(Decimal("0.1"), ROUND_HALF_UP)


def percent(tenths: int) -> str:
    """A share."""
    return shown(Column("", "", Kind.SHARE), tenths)


def signed_percent(tenths: int) -> str:
    """A change."""
    return shown(Column("", "", Kind.CHANGE), tenths)
