"""The filters of a report as the block above a list draws them; only the report itself makes statements of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.i18n import Choice, Label
from app.models.orders import Order
from app.reports.engine import EntryFilter, Filter, OptionFilter, PeriodFilter, Unreadable
from app.security.scope import system
from app.views import listing
from app.views.listing import BadAddress, Found
from app.views.range_filter import RangeFilter


@dataclass(frozen=True, kw_only=True)
class ReportFilter(listing.Filter):
    """A filter that asks for one value; ``source`` is what the report declares."""

    source: Filter

    @property
    def kind(self) -> str:  # type: ignore[override]  # the base has an attribute
        """How the field is drawn."""
        return self.source.kind

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """None, since there is no list; raises BadAddress for what cannot be read."""
        try:
            self.source.read(values)
        except Unreadable:
            raise BadAddress(self.label) from None
        return []


@dataclass(frozen=True, kw_only=True)
class OptionCondition(ReportFilter):
    """One of some words; where one of them is asked for unless another is, there is no All."""

    source: OptionFilter

    kind = "choice"

    @property
    def offers_all(self) -> bool:  # type: ignore[override]  # the base has an attribute
        """Whether nothing may be asked."""
        return self.source.default is None

    def choices(self, found: Found) -> list[tuple[str, str]]:
        """The options, by their keys."""
        return [(one.value, str(one.label)) for one in self.source.options]

    def shown(self, value: str, entries: Sequence[Any] = ()) -> str:
        """The key of the option, whichever spelling the address has."""
        found = self._read(value)
        return found.value if found else ""

    def chips(self, values: Mapping[str, str], entries: Sequence[Any] = ()) -> list[tuple[str, str]]:
        """The word of the option, unless it is asked for anyway."""
        found = self._read(values.get(self.name, ""))
        return [] if found in {None, self.source.default} else [(self.name, str(found.label))]

    def _read(self, value: str) -> Choice | None:
        """The option; None for one that is not known, or no more."""
        try:
            return self.source.read({self.name: value})
        except Unreadable:
            return None


@dataclass(frozen=True)
class EntryCondition(listing.EntryFilter):
    """One entry of the dictionary."""

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """None, since there is no list."""
        return []


@dataclass(frozen=True, kw_only=True)
class YearCondition(ReportFilter):
    """A calendar year, of those in which somebody ordered."""

    kind = "choice"

    def choices(self, found: Found) -> list[tuple[str, str]]:
        """The years, the latest first."""
        return [(str(year), str(year)) for year in getattr(found, "years", ())]


@dataclass(frozen=True)
class DaysCondition(RangeFilter):
    """The first and the last day."""

    source: Filter = field(kw_only=True)

    def names(self) -> tuple[str, ...]:
        """Two parameters, without the name of the filter."""
        return ("from", "to")

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """None, since there is no list; raises BadAddress for what is no day."""
        return ReportFilter(self.name, self.label, source=self.source).conditions(model, values, zone)


@dataclass
class Counted(Found):
    """How many rows a report has, all of them counted, and the years that are offered."""

    years: Sequence[int] = ()

    @property
    def is_capped(self) -> bool:
        """Never."""
        return False

    @property
    def count_text(self) -> str:
        """``12,345``."""
        return f"{self.count:,}"


def conditions_of(filters: Sequence[Filter]) -> tuple[listing.Filter, ...]:
    """The filters of a report, each as one field of the block."""
    return tuple(one for each in filters for one in _conditions(each))


def _conditions(one: Filter) -> Iterator[listing.Filter]:
    if isinstance(one, PeriodFilter):
        yield YearCondition("year", one.label, one.is_more, source=one)
        yield DaysCondition("days", Label("Days"), is_more=True, source=one)
    elif isinstance(one, OptionFilter):
        yield OptionCondition(one.key, one.label, one.is_more, source=one)
    elif isinstance(one, EntryFilter):
        yield EntryCondition(one.key, one.label, one.is_more, category=one.category)
    else:
        yield ReportFilter(one.key, one.label, one.is_more, source=one)


def years_of_orders(session: Session, today: int, asked: str) -> list[int]:
    """The years from the first order on, the latest first, and the one that is asked for."""
    with system(session, "in which years the company sold is no secret"):
        first = session.scalar(select(Order.ordered_on).order_by(Order.ordered_on, Order.id).limit(1))
    years = set(range(first.year if first else today, today + 1)) | ({int(asked)} if asked else set())
    return sorted(years, reverse=True)
