"""The filters of customers that no other list has: how complete they are, and their state with the deleted ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, not_, select

from app.i18n import Choice, Label
from app.models.customers import CustomerStatus
from app.models.orders import NO_RETURN, Order
from app.security.rights import CUSTOMERS, Verb
from app.views.edge import actor
from app.views.listing import ChoiceFilter
from app.views.range_filter import RangeFilter


class Completeness(Choice):
    """Whether a customer has everything that its form asks for."""

    INCOMPLETE = "incomplete", Label("Incomplete")
    COMPLETE = "complete", Label("Complete")


@dataclass(frozen=True)
class CompletenessFilter(ChoiceFilter):
    """Incomplete or complete, by the columns themselves."""

    options: tuple[Choice, ...] = tuple(Completeness)

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Raises BadAddress for any other word."""
        is_incomplete = model.is_incomplete
        wanted = self.chosen(values)
        return [is_incomplete if one is Completeness.INCOMPLETE else not_(is_incomplete) for one in wanted]


@dataclass(frozen=True)
class StateFilter(ChoiceFilter):
    """The states; the deleted ones for who may restore them."""

    options: tuple[Choice, ...] = tuple(CustomerStatus)

    def _offers(self) -> list[tuple[tuple[str, ...], tuple[Choice, ...]]]:
        may_restore = actor().may(CUSTOMERS.right(Verb.RESTORE))
        return [one for one in super()._offers() if may_restore or one[1] != (CustomerStatus.DELETED,)]

    def asks_for_deleted(self, values: Mapping[str, str]) -> bool:
        """Whether the deleted ones are asked for."""
        return self.chosen(values) == (CustomerStatus.DELETED,)


@dataclass(frozen=True)
class OrderedFilter(RangeFilter):
    """Who ordered on some days, or did so for the first time; a return is no order."""

    is_first: bool = False

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """A text that is no date raises BadAddress."""
        first, last = (self._bound(text, zone, 0) if text else None for text in map(values.get, self.names()))
        if first is None and last is None:
            return []
        by_whom = select(Order.customer_id).where(Order.customer_id.is_not(None), NO_RETURN)
        in_days = by_whom if first is None else by_whom.where(Order.ordered_on >= first)
        in_days = in_days if last is None else in_days.where(Order.ordered_on <= last)
        if not self.is_first or first is None:
            return [model.id.in_(in_days)]
        return [model.id.in_(in_days), model.id.not_in(by_whom.where(Order.ordered_on < first))]
