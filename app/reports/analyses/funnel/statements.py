"""What the funnel asks the database: counts and sums of each stage, how long the stages took, and names of groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from app.i18n import Choice, Label
from app.models.basedata import Category, DictionaryEntry
from app.models.history import StatusMove
from app.models.marketing import Opportunity
from app.models.org import Employee
from app.reports.engine import Asked, medians, rows_at, seconds_of, sum_of, within
from app.reports.engine.frames import Statement
from app.reports.marketing import IN_CENTS
from app.reports.pipeline import OPPORTUNITIES, WEIGHTED, narrowed, same_filters


class Grouping(Choice):
    """What the rows are."""

    STAGE = "stage", Label("Stage")
    MANAGER = "manager", Label("Account manager")
    REGION = "region", Label("Region")
    SOURCE = "source", Label("Source")


GROUPS: Mapping[Grouping, Any] = {
    Grouping.MANAGER: Opportunity.assignee_id,
    Grouping.REGION: Opportunity.region_id,
    Grouping.SOURCE: Opportunity.source,
}


def select_opportunities(asked: Asked) -> Mapping[str, Statement]:
    """Everything is said of the opportunities that came in within the period."""
    group = GROUPS.get(asked["by"])
    keys = [Opportunity.status] if group is None else [group.label("key"), Opportunity.status]
    period = asked["period"]
    conditions = [*narrowed(asked), *([period.holds(Opportunity.created_on, asked.zone)] if period else [])]
    statement: Statement = select(
        *keys,
        func.count().label("count"),
        func.count(Opportunity.expected_amount).label("priced"),
        sum_of(IN_CENTS).label("amount"),
        sum_of(WEIGHTED).label("weighted"),
    )
    statement = statement.select_from(Opportunity).where(*conditions).group_by(*keys)
    return {"stages": statement, "stays": stays(group, conditions), "names": names(asked["by"])}


def stays(group: Any, conditions: Sequence[ColumnElement[bool]]) -> Statement:
    """The median of how long opportunities stayed in a stage that they have left, by the history of their states."""
    left_at = func.lead(StatusMove.at).over(partition_by=StatusMove.row_id, order_by=StatusMove.id)
    keys = [] if group is None else [group.label("key")]
    stay = (
        select(*keys, StatusMove.after.label("status"), (seconds_of(left_at) - seconds_of(StatusMove.at)).label("took"))
        .join(Opportunity, Opportunity.id == StatusMove.row_id)
        .where(StatusMove.kind == Opportunity.__tablename__, *conditions)
        # Who gives an opportunity to somebody else leaves it in its stage.
        .where(or_(StatusMove.before.is_(None), StatusMove.before != StatusMove.after))
        .subquery()
    )
    return medians(stay, ["status"] if group is None else ["key", "status"], "took")


def names(by: Grouping) -> Statement:
    """What the groups are called; a stage and a source are called by themselves."""
    if by is Grouping.MANAGER:
        return select(Employee.id, Employee.username, Employee.first_name, Employee.last_name)
    of_regions = DictionaryEntry.category == Category.REGION.value
    return select(DictionaryEntry.id, DictionaryEntry.item, DictionaryEntry.item_en).where(of_regions)


def listed_at(asked: Asked, path: str = OPPORTUNITIES, /, **more: str | None) -> str:
    """The list of the opportunities that the report is about, or of some of them."""
    return rows_at(path, {**same_filters(asked), **within("created_on", asked["period"]), **more})
