"""What the reports on customers share: their questions, and the conditions these stand for."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from app.i18n import Label
from app.models.basedata import Category
from app.models.customers import Customer, CustomerStatus
from app.models.org import Employee
from app.reports.engine import Asked, EntryFilter, Filter, PersonFilter
from app.reports.pipeline import entries_called

LIST = "/customers/list/"

QUESTIONS: tuple[Filter, ...] = (
    PersonFilter("manager", Label("Account manager")),
    EntryFilter("region", Label("Region"), category=Category.REGION),
    EntryFilter("level", Label("Customer level"), is_more=True, category=Category.LEVEL),
    EntryFilter("industry", Label("Industry"), is_more=True, category=Category.INDUSTRY),
)
ENTRIES = tuple(one for one in QUESTIONS if isinstance(one, EntryFilter))


def narrowed(asked: Asked) -> list[ColumnElement[bool]]:
    """The conditions of ``QUESTIONS``; deleted customers are out, whoever asks."""
    found: list[ColumnElement[bool]] = [Customer.status != CustomerStatus.DELETED]
    if asked["manager"]:
        found.append(Customer.manager_id.in_(select(Employee.id).where(Employee.username == asked["manager"])))
    for one in ENTRIES:
        if asked[one.key]:
            found.append(getattr(Customer, f"{one.key}_id").in_(entries_called(one.category, asked[one.key])))
    return found


def same_filters(asked: Asked) -> dict[str, str | None]:
    """``QUESTIONS`` as the list of customers asks them."""
    return {one.key: asked[one.key] for one in QUESTIONS}
