"""Reads dates and moments as people and machines write them."""

import re
import unicodedata
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from app.i18n import Label, Told

DAY = re.compile(r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|年(\d{1,2})月(\d{1,2})日)")
FIRST_YEAR, LAST_YEAR = 1900, 2200


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """The moment a text says, in ``zone``; a date is that day at 00:00. Raises ValueError with a ``Told``."""
    plain = unicodedata.normalize("NFKC", text).strip()
    found = DAY.match(plain)
    try:
        if found is None:
            raise ValueError
        day = date(*(int(digits) for digits in found.groups() if digits))
        moment = datetime.combine(day, _time_of(plain[found.end() :]))
    except ValueError:
        raise ValueError(Told.of(Label("This needs a date such as 2026-03-01, with or without a time."))) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(Told.of(Label("This date is too far away.")))
    return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)


def _time_of(text: str) -> time:
    """The time after a date, 00:00 where there is none; an hour may have one digit. Raises ValueError."""
    plain = text.replace(" ", "").removeprefix("T")
    return time.fromisoformat(plain.zfill(len(plain) + (plain[1:2] == ":"))) if plain else time()
