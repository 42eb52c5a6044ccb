"""What customers are counted by, and the day on which."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import case

from app.i18n import Choice, Label, gettext
from app.models.basedata import Category
from app.models.customers import Customer, CustomerStatus
from app.reports.engine import Asked
from app.reports.engine.grouping import ByChoice, ByEntry, ByPerson, ByScore, Grouping, Value
from app.reports.periods import midnight, months_before

if TYPE_CHECKING:
    from pandas import DataFrame

#: The ages in years that part one group of ages from the next.
AGES = (1, 2, 3, 5, 10)


class By(Choice):
    """What customers are counted by."""

    LEVEL = "level", Label("By level")
    CREDIT = "credit", Label("By credit")
    SATISFACTION = "satisfaction", Label("By satisfaction")
    REGION = "region", Label("By region")
    MANAGER = "manager", Label("By account manager")
    INDUSTRY = "industry", Label("By industry")
    STATUS = "status", Label("By status")
    AGE = "age", Label("By age as customer")


def day_of(asked: Asked) -> date:
    """The day that the figures are of."""
    return past_day(asked) or asked.today


def past_day(asked: Asked) -> date | None:
    """The past day that is asked for; today and days to come are today."""
    day: date | None = asked["as_of"]
    return day if day is not None and day < asked.today else None


@dataclass(frozen=True)
class ByAge(Grouping):
    """By the whole years since the customer was entered, as of the day that is asked for."""

    may_be_none = False

    def column(self, asked: Asked) -> Any:
        """The number of the group of ages, 0 for the youngest."""
        edges = (midnight(day, asked.zone) for day in self._first_days(asked))
        return case(*((self.of >= edge, place) for place, edge in enumerate(edges)), else_=len(AGES))

    @staticmethod
    def _first_days(asked: Asked) -> list[date]:
        """The first day of entry of each group: whoever was entered on it is not yet so old."""
        return [months_before(day_of(asked), 12 * years) + timedelta(days=1) for years in AGES]

    def values(self, asked: Asked, names: DataFrame | None, found: Collection[Any]) -> Iterator[Value]:
        """The groups of ages, the youngest first, each with the days of entry by which the list asks for it."""
        firsts = self._first_days(asked)
        for place, word in enumerate(ages_in_words()):
            asks = {}
            if place < len(firsts):
                asks["created_on_from"] = firsts[place].isoformat()
            if place:
                asks["created_on_to"] = (firsts[place - 1] - timedelta(days=1)).isoformat()
            yield Value(place, word, asks)


def ages_in_words() -> list[str]:
    """The youngest first."""
    between = [gettext("%(first)d to %(last)d years", first=first, last=last) for first, last in pairwise(AGES)]
    return [gettext("Less than a year"), *between, gettext("%(years)d years and more", years=AGES[-1])]


GROUPINGS: Mapping[Choice, Grouping] = {
    one.choice: one
    for one in (
        ByEntry(By.LEVEL, Label("Customer level"), "level", Customer.level_id, Category.LEVEL, is_best_last=True),
        ByScore(By.CREDIT, Label("Customer credit"), "credit", Customer.credit),
        ByScore(By.SATISFACTION, Label("Customer satisfaction"), "satisfaction", Customer.satisfaction),
        ByEntry(By.REGION, Label("Region"), "region", Customer.region_id, Category.REGION),
        ByPerson(By.MANAGER, Label("Account manager"), "manager", Customer.manager_id),
        ByEntry(By.INDUSTRY, Label("Industry"), "industry", Customer.industry_id, Category.INDUSTRY),
        ByChoice(By.STATUS, Label("Status"), "status", Customer.status, (CustomerStatus.ACTIVE, CustomerStatus.LOST)),
        ByAge(By.AGE, Label("Age as customer"), "created_on", Customer.created_on),
    )
}


def fields_of(groupings: Sequence[Grouping]) -> list[str]:
    """The fields in which the audit log keeps what customers are counted by; an age follows from the day of entry."""
    return [one.of.key for one in groupings]
