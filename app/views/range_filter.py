"""The filter of a list from one value to another: days, moments by their days, or numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement

from app.i18n import Label, gettext
from app.models.basedata import DictionaryEntry
from app.views.days import read_day
from app.views.listing import BadAddress, Filter

FIRST_YEAR, LAST_YEAR = 1900, 2200
#: More than any amount has, and few enough for every database.
MOST_DIGITS = 20


@dataclass(frozen=True)
class RangeFilter(Filter):
    """From and to, both included. Days of a moment are days of the company's time zone."""

    value_kind: str = "date"

    @property
    def kind(self) -> str:  # type: ignore[override]  # the base has an attribute
        """``date_range`` or ``number_range``."""
        return f"{'date' if self.value_kind != 'number' else 'number'}_range"

    def names(self) -> tuple[str, ...]:
        """Two parameters."""
        return (f"{self.name}_from", f"{self.name}_to")

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """A text that is no date or number raises BadAddress."""
        column = getattr(model, self.name)
        first, last = (values.get(name) for name in self.names())
        found: list[ColumnElement[bool]] = []
        if first:
            found.append(column >= self._bound(first, zone, 0))
        if last:
            is_moment = self.value_kind == "moment"
            found.append(column < self._bound(last, zone, 1) if is_moment else column <= self._bound(last, zone, 0))
        return found

    def _bound(self, text: str, zone: ZoneInfo, days_on: int) -> Any:
        try:
            if self.value_kind == "number":
                number = Decimal(text)
                if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
                    raise BadAddress(self.label)
                return number
            typed = read_day(text)
            if typed is None:
                raise BadAddress(self.label)
            day = typed + timedelta(days=days_on)
            if not FIRST_YEAR <= day.year <= LAST_YEAR:
                raise BadAddress(self.label)
        except (ValueError, InvalidOperation, OverflowError):
            raise BadAddress(self.label) from None
        return datetime.combine(day, time(), zone) if self.value_kind == "moment" else day

    def chips(self, values: Mapping[str, str], entries: Sequence[DictionaryEntry] = ()) -> list[tuple[str, str]]:
        """One chip for each bound."""
        first, last = self.names()
        texts = ((first, Label("from %(value)s")), (last, Label("to %(value)s")))
        return [(name, gettext(str(text), value=values[name])) for name, text in texts if values.get(name)]
