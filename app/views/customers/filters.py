"""The filters of customers that no other list has: how complete they are, and their state with the deleted ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, not_

from app.i18n import Choice, Label
from app.models.customers import CustomerStatus
from app.security.rights import CUSTOMERS, Verb
from app.views.edge import actor
from app.views.listing import ChoiceFilter


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
