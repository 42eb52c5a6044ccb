"""The filters of plan items by what belongs to their opportunity: whether they are still open, and whose they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select

from app.i18n import Choice, Label
from app.models.marketing import Opportunity, OpportunityStatus, PlanItem
from app.views.listing import ChoiceFilter, PersonFilter


class PlanItemState(Choice):
    """Where a plan item stands, by its result and its opportunity."""

    OPEN = "open", Label("To be carried out")
    DONE = "done", Label("Carried out")
    LEFT = "left", Label("Not carried out")


@dataclass(frozen=True)
class PlanItemStateFilter(ChoiceFilter):
    """One of the states, which no column holds."""

    options: tuple[Choice, ...] = tuple(PlanItemState)

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Open are those of opportunities in development only."""
        return [part for state in self.chosen(values) for part in _stands(state)]


def _stands(state: Choice) -> list[ColumnElement[bool]]:
    if state is PlanItemState.DONE:
        return [PlanItem.done_on.is_not(None)]
    developed = select(Opportunity.id).where(Opportunity.status == OpportunityStatus.ASSIGNED)
    is_open = PlanItem.opportunity_id.in_(developed)
    return [PlanItem.done_on.is_(None), is_open if state is PlanItemState.OPEN else ~is_open]


@dataclass(frozen=True)
class DeveloperFilter(PersonFilter):
    """The person whom the opportunity is assigned to."""

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """A name nobody has finds nothing."""
        inner = super().conditions(Opportunity, values, zone)
        return [PlanItem.opportunity_id.in_(select(Opportunity.id).where(*inner))] if inner else []
