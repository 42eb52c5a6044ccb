"""Figures, changes and days as a short text says them."""

import math
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from app.i18n import Label, LazyString, format_day, gettext
from app.reports.money import NO_BREAK
from app.views.presentation import EMPTY


def size_in_words(size: int) -> str:
    """Bytes in a unit that keeps them short."""
    for unit, least in (("MB", 1024**2), ("KB", 1024)):
        if size >= least:
            return f"{size / least:,.1f}{NO_BREAK}{unit}"
    return f"{size}{NO_BREAK}B"


def percent(share: float | None) -> str:
    """A share from 0 to 1 as a number of per cent; a dash for none."""
    return EMPTY if share is None else f"{share * 100:.1f}"


def signed(number: float) -> str:
    """With its sign, which for less is a true minus."""
    return f"{'+' if number > 0 else '−'}{abs(number):,}"


def toned(text: str, tone: str) -> Markup:
    """A text in the colour of good (ok), of bad, or of neither."""
    return Markup('<span class="{}">{}</span>').format(tone, text) if tone else escape(text)


def changed(
    number: float, sentence: LazyString, *, same: LazyString, less_is_better: bool = False, **values: Any
) -> Markup:
    """``sentence`` with its ``%(change)s`` in the colour of what it means; ``same`` where nothing changed."""
    if not number:
        return escape(str(same)) % values
    tone = "ok" if (number < 0) == less_is_better else "bad"
    return escape(str(sentence)) % {"change": toned(signed(number), tone), **values}


def in_words(sentence: LazyString, values: Iterable[float | None], *, decimals: int = 0) -> str:
    """``sentence`` with its ``%(values)s`` as numbers in a row, a dash where there is none."""
    texts = [EMPTY if value is None or math.isnan(value) else f"{value:,.{decimals}f}" for value in values]
    return str(sentence) % {"values": str(Label(", ")).join(texts)}


def day_in_words(day: date, today: date) -> str:
    """Month and day; with the year where it is another one."""
    return f"{day:%m-%d}" if day.year == today.year else day.isoformat()


def moment_in_words(moment: datetime, today: date, zone: ZoneInfo) -> str:
    """The time of today, yesterday as a word, else the day."""
    local = moment.astimezone(zone)
    days = (today - local.date()).days
    return f"{local:%H:%M}" if days == 0 else gettext("Yesterday") if days == 1 else day_in_words(local.date(), today)


def heading_day(day: date) -> str:
    """A day with its weekday."""
    return format_day(day, "yyyy-MM-dd EEEE")
