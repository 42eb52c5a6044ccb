"""The clock: which moment it is in the company's time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def now(zone: ZoneInfo | None = None) -> datetime:
    """This moment, aware, in ``zone`` (UTC when not given); its ``date()`` is the company's day."""
    return datetime.now(zone or UTC)
