"""The filter by what a record does not have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement

from app.i18n import Choice, Label
from app.models.base import mapper_of
from app.views.listing import ChoiceFilter


class Missing(Choice):
    """What may be missing, by its column or relation."""

    ASSIGNEE = "assignee", Label("Assigned to")
    REGION = "region", Label("Region")
    SOURCE = "source", Label("Source")
    EXPECTED_AMOUNT = "expected_amount", Label("Expected amount (yuan)")
    EXPECTED_CLOSE_ON = "expected_close_on", Label("Expected close date")
    CLOSED_ON = "closed_on", Label("Closed on")
    CREATED_BY = "created_by", Label("Created by")
    HANDLED_BY = "handled_by", Label("Handled by")


@dataclass(frozen=True)
class MissingFilter(ChoiceFilter):
    """One of ``options``, which the record does not have."""

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Raises BadAddress for any other word."""
        columns = mapper_of(model).columns
        names = (one.value if one.value in columns else f"{one.value}_id" for one in self.chosen(values))
        return [getattr(model, name).is_(None) for name in names]
