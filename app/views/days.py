"""Days as people type them, and the field and the feed that read them."""

import re
import unicodedata
from datetime import date
from typing import Any

from wtforms import DateField
from wtforms.widgets import DateInput

from app.i18n import Label

#: What is said of a text that is no day; the page says it too, before anything is sent.
EXPECTED = Label("Please give the date as year-month-day, for example 2026-04-01.")
#: Year, month and day with any of the usual signs between them, or eight digits without.
TYPED = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?|([0-9]{4})([0-9]{2})([0-9]{2})")


def read_day(text: str) -> date | None:
    """The day in ``2026-04-01``, ``2026-4-1``, ``2026/4/1``, ``2026年4月1日`` or ``20260401``; None for anything else.

    Full-width digits and signs count as plain ones.
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    found = TYPED.fullmatch(plain)
    if found is None:
        return None
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        return date(year, month, day)
    except ValueError:
        return None


class DayInput(DateInput):  # type: ignore[misc]  # WTForms has no types
    """A date input that tells the page's script that it is one, and what is expected of it."""

    def __call__(self, field: Any, **more: Any) -> Any:
        """The input."""
        return super().__call__(field, data_date=str(EXPECTED), **more)


class DayField(DateField):  # type: ignore[misc]  # WTForms has no types
    """One day, read as people type it; what cannot be read stays in the field."""

    widget = DayInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Raises ValueError with what is expected."""
        self.data = None
        if not valuelist or not valuelist[0]:
            return
        self.data = read_day(valuelist[0])
        if self.data is None:
            raise ValueError(EXPECTED)
