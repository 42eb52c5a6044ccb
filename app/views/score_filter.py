"""The filter of scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement

from app.models.basedata import DictionaryEntry
from app.reports.engine.grouping import SCORES, UNSPECIFIED
from app.views.listing import BadAddress, Filter, Found, asks_for_none


@dataclass(frozen=True)
class ScoreFilter(Filter):
    """A score of 1 to 5, or none."""

    kind = "choice"

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Raises BadAddress for anything else."""
        value, column = values.get(self.name), getattr(model, self.name)
        if not value:
            return []
        if asks_for_none(value):
            return [column.is_(None)]
        if value not in map(str, SCORES):
            raise BadAddress(self.label)
        return [column == int(value)]

    def choices(self, found: Found) -> list[tuple[str, str]]:
        """The best first."""
        return [(str(score), str(score)) for score in SCORES] + [(str(UNSPECIFIED), str(UNSPECIFIED))]

    def shown(self, value: str, entries: Sequence[DictionaryEntry] = ()) -> str:
        """The word for none in the reader's language."""
        return str(UNSPECIFIED) if asks_for_none(value) else value
