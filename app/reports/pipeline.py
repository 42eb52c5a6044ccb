"""What the reports on opportunities share: their questions, exact weighted amounts, and the lists behind them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, or_, select

from app.i18n import Label
from app.models.basedata import Category, DictionaryEntry
from app.models.marketing import Opportunity
from app.models.org import Employee
from app.reports.engine import Asked, EntryFilter, Filter, PersonFilter
from app.reports.marketing import IN_CENTS

#: Amount × probability, rounded half up to the cent for each opportunity, so that every total is the sum of its rows.
WEIGHTED = cast((IN_CENTS * Opportunity.probability + 50) // 100, BigInteger)
#: Every opportunity, and every one that was assigned.
OPPORTUNITIES, PLANS = "/opportunities/list/", "/plans/list/"
#: The words by which the first of these lists knows what goes on and what has ended.
GOING_ON, ARCHIVED = Label("In progress"), Label("Archived")

QUESTIONS: tuple[Filter, ...] = (
    PersonFilter("manager", Label("Account manager"), is_more=True),
    EntryFilter("region", Label("Region"), is_more=True, category=Category.REGION),
    Filter("source", Label("Source"), is_more=True),
)


def narrowed(asked: Asked) -> list[ColumnElement[bool]]:
    """The conditions of ``QUESTIONS``."""
    found: list[ColumnElement[bool]] = []
    if asked["manager"]:
        person = select(Employee.id).where(Employee.username == asked["manager"])
        found.append(Opportunity.assignee_id.in_(person))
    if asked["region"]:
        found.append(Opportunity.region_id.in_(entries_called(Category.REGION, asked["region"])))
    if asked["source"]:
        found.append(Opportunity.source == asked["source"])
    return found


def entries_called(category: Category, text: str) -> Any:
    """The keys of the entries of a category that are called so in either language."""
    is_called = or_(DictionaryEntry.item == text, DictionaryEntry.item_en == text)
    return select(DictionaryEntry.id).where(DictionaryEntry.category == category.value, is_called)


def same_filters(asked: Asked) -> dict[str, str | None]:
    """``QUESTIONS`` as the lists of opportunities ask them."""
    return {"assignee": asked["manager"], "region": asked["region"], "source": asked["source"]}
