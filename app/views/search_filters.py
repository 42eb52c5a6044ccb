"""The filters of lists that look records up by their search text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select

from app.extensions import session
from app.models.basedata import DictionaryEntry
from app.models.customers import Customer
from app.search import found_by
from app.views.edge import read_key
from app.views.listing import BadAddress, Filter


@dataclass(frozen=True)
class SearchFilter(Filter):
    """A part of the name, its pinyin or initials, or the beginning of a number.

    ``is_literal`` asks that the field itself holds what is typed, for a field that nobody spells.
    """

    is_literal: bool = False

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """What has neither letters nor digits finds nothing."""
        value = values.get(self.name)
        if not value:
            return []
        literal = [getattr(model, self.name).icontains(value, autoescape=True)] if self.is_literal else []
        return [*found_by(model, value), *literal]


@dataclass(frozen=True)
class CustomerFilter(Filter):
    """The customer of a record, as the search of customers finds it."""

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Customers out of sight are not found."""
        value = values.get(self.name)
        if not value:
            return []
        return [model.customer_id.in_(select(Customer.id).where(*found_by(Customer, value)))]


@dataclass(frozen=True)
class CustomerKeyFilter(Filter):
    """One customer by its key, as reports ask for it; nobody types it."""

    kind = "hidden"

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Raises BadAddress for what is no key."""
        value = values.get(self.name)
        if not value:
            return []
        key = read_key(value)
        if key is None:
            raise BadAddress(self.label)
        return [getattr(model, self.name) == key]

    def chips(self, values: Mapping[str, str], entries: Sequence[DictionaryEntry] = ()) -> list[tuple[str, str]]:
        """The name of the customer, for who sees it."""
        value = values.get(self.name)
        if not value:
            return []
        key = read_key(value)
        name = session().scalar(select(Customer.name).where(Customer.id == key))
        return [(self.name, name or value)]
