"""Values as people read them on a page, and as files hold them; every page and file writes a column the same way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from app.i18n import gettext
from app.reports.engine.table import Column, Kind

EMPTY = "—"
MINUS = "\N{MINUS SIGN}"
MONEY = {Kind.MONEY, Kind.MONEY_CHANGE}
SHARES = {Kind.SHARE, Kind.CHANGE}
SIGNED = {Kind.CHANGE, Kind.MONEY_CHANGE}
#: What stands at the right.
NUMBERS = frozenset(Kind) - {Kind.TEXT, Kind.DAY, Kind.YEAR}


def exact(column: Column, value: Any) -> Any:
    """A value as a program takes it: amounts in yuan and shares in percent as Decimal, days as dates; None for none."""
    if value is None:
        return None
    if column.kind in MONEY:
        return Decimal(int(value)).scaleb(-2)
    if column.kind in SHARES:
        return Decimal(int(value)).scaleb(-1)
    if column.kind is Kind.TEXT:
        return str(value)
    if column.kind is Kind.DAY:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    return float(value) if column.kind is Kind.DECIMAL else int(value)


def plain(column: Column, value: Any) -> str:
    """A value as a csv file has it: no thousands, no units; empty for none."""
    found = exact(column, value)
    return "" if found is None else str(found)


def shown(column: Column, value: Any) -> str:
    """A value as a page has it: thousands, units, signs; a dash for none, and for a place that was kept."""
    found = exact(column, value)
    if found is None:
        return EMPTY
    if column.kind is Kind.MINUTES:
        return duration(found)
    if column.kind in {Kind.TEXT, Kind.DAY, Kind.YEAR, Kind.NUMBER}:
        return str(found)
    if column.kind is Kind.RANK_CHANGE:
        return f"{'↑' if found > 0 else '↓'}{abs(found)}" if found else EMPTY
    digits = 2 if column.kind in MONEY else 1 if column.kind in {*SHARES, Kind.DECIMAL} else 0
    sign = "+" if column.kind in SIGNED and found > 0 else ""
    unit = " %" if column.kind in SHARES else ""
    return f"{sign}{found:,.{digits}f}{unit}".replace("-", MINUS)


def duration(minutes: int) -> str:
    """Whole minutes as days, hours and minutes, the two largest that are not zero."""
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return gettext("%(days)d d %(hours)d h", days=days, hours=hours)
    if hours:
        return gettext("%(hours)d h %(minutes)d min", hours=hours, minutes=minutes)
    return gettext("%(minutes)d min", minutes=minutes)


def yuan(cents: int) -> str:
    """An amount within a sentence."""
    return shown(Column("amount", "", Kind.MONEY), cents)


def percent(tenths: int) -> str:
    """A share within a sentence, without its sign."""
    return f"{tenths / 10:.1f}"
