"""The filters of interactions: whether the next contact was made, and whose customers they are of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select

from app.i18n import Choice, Label
from app.models.customers import Customer, CustomerStatus
from app.models.interactions import AWAITING, Interaction
from app.views.listing import ChoiceFilter, PersonFilter


class NextContact(Choice):
    """Where the next contact stands."""

    OPEN = "open", Label("To be made")
    DONE = "done", Label("Made")
    NONE = "none", Label("Nothing planned")


@dataclass(frozen=True)
class NextContactFilter(ChoiceFilter):
    """One of the states, which no column holds alone."""

    options: tuple[Choice, ...] = tuple(NextContact)

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Nobody is to contact a deleted customer."""
        return [part for state in self.chosen(values) for part in _stands(state)]


def _stands(state: Choice) -> list[ColumnElement[bool]]:
    if state is NextContact.NONE:
        return [Interaction.next_contact_on.is_(None)]
    if state is NextContact.DONE:
        return [Interaction.next_contact_on.is_not(None), Interaction.is_followed_up.is_(True)]
    gone = select(Customer.id).where(Customer.status == CustomerStatus.DELETED)
    return [*AWAITING, Interaction.customer_id.not_in(gone)]


@dataclass(frozen=True)
class KeeperFilter(PersonFilter):
    """The account manager of the customer."""

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """A name nobody has finds nothing."""
        inner = super().conditions(Customer, values, zone)
        return [model.customer_id.in_(select(Customer.id).where(*inner))] if inner else []
