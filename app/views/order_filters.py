"""The filters by which a figure of a report leads to its orders, and to customers without any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, true

from app.extensions import session
from app.i18n import Choice, Label, gettext
from app.models.basedata import DictionaryEntry
from app.models.orders import Order, OrderStatus
from app.reports.contribution.addresses import ANY, has_lines, has_no_order
from app.reports.contribution.groups import NONE, By, called, names_of, orders_of, word_for_missing
from app.reports.engine import frame_of
from app.views.listing import BadAddress, ChoiceFilter, Filter
from app.views.range_filter import RangeFilter

#: More than any key has.
MOST_DIGITS = 9


class Lines(Choice):
    """Whether an order has lines; one without counts by what the sales system says it comes to."""

    WITH = "with", Label("With lines")
    WITHOUT = "without", Label("Without lines")


@dataclass(frozen=True)
class LinesFilter(ChoiceFilter):
    """Orders with or without lines."""

    options: tuple[Choice, ...] = tuple(Lines)

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Raises BadAddress for any other word."""
        return [has_lines() if one is Lines.WITH else ~has_lines() for one in self.chosen(values)]


@dataclass(frozen=True)
class GroupFilter(Filter):
    """The orders behind a row of the contribution report, as ``region:3``; nobody types it."""

    kind = "hidden"

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Raises BadAddress for what is no group."""
        value = values.get(self.name)
        return [orders_of(*self._group(value))] if value else []

    def chips(self, values: Mapping[str, str], entries: Sequence[DictionaryEntry] = ()) -> list[tuple[str, str]]:
        """The kind and the name of the group."""
        value = values.get(self.name)
        if not value:
            return []
        by, key = self._group(value)
        names = called(by, frame_of(session(), names_of(by, [key]))) if key != NONE else {}
        name = names.get(key, {}).get("name") or word_for_missing(key)
        return [(self.name, gettext("%(kind)s: %(name)s", kind=by.label, name=name))]

    def _group(self, value: str) -> tuple[By, int]:
        kind, _, key = value.partition(":")
        found = next((one for one in By if one.value == kind), None)
        if found is None or not (key.isascii() and key.isdigit() and len(key) <= MOST_DIGITS):
            raise BadAddress(self.label)
        return found, int(key)


@dataclass(frozen=True)
class WithoutOrderFilter(Filter):
    """Customers without an order between two days, or without one of a status; ``any`` asks for either."""

    kind = "hidden"

    def names(self) -> tuple[str, ...]:
        """The status, and the first and last day."""
        return (self.name, *self._days().names())

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Raises BadAddress for another status or what is no day."""
        value = values.get(self.name)
        if not value:
            return []
        status = next((one for one in OrderStatus if one.value == value), None)
        if status is None and value != ANY:
            raise BadAddress(self.label)
        first, last = self._days().names()
        given = {"ordered_on_from": values.get(first, ""), "ordered_on_to": values.get(last, "")}
        days = RangeFilter("ordered_on", self.label).conditions(Order, given, zone)
        return [has_no_order(and_(true(), *days), status)]

    def chips(self, values: Mapping[str, str], entries: Sequence[DictionaryEntry] = ()) -> list[tuple[str, str]]:
        """One chip, which takes the whole condition away."""
        value = values.get(self.name)
        if not value:
            return []
        status = next((str(one.label) for one in OrderStatus if one.value == value), "")
        days = [text for _, text in self._days().chips(values)]
        return [(self.name, " ".join(part for part in (status, *days) if part))]

    def _days(self) -> RangeFilter:
        return RangeFilter("without_ordered_on", self.label)
