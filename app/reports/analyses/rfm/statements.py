"""What RFM asks the database: the scores of all customers in scope by window functions, never all rows in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from app.i18n import Choice, Label
from app.models.customers import Customer
from app.models.orders import CustomerMonth
from app.reports.clientele import narrowed
from app.reports.engine import Asked, sum_of
from app.reports.engine.frames import Statement

#: Customers are parted by rank into so many parts of equal size; the best get this score.
BEST = 5
#: From this score on a customer counts as high.
HIGH = 4
SCORES = ("recency", "frequency", "monetary")


class Segment(Choice):
    """What a customer is, by which of its scores are high; who never ordered has none."""

    VALUABLE = "valuable", Label("Important, of value")
    DEVELOP = "develop", Label("Important, to develop")
    KEEP = "keep", Label("Important, to keep")
    RETAIN = "retain", Label("Important, to win back")
    PLAIN_VALUABLE = "plain_valuable", Label("Ordinary, of value")
    PLAIN_DEVELOP = "plain_develop", Label("Ordinary, to develop")
    PLAIN_KEEP = "plain_keep", Label("Ordinary, to keep")
    PLAIN_RETAIN = "plain_retain", Label("Ordinary, to win back")
    NEVER = "never", Label("Never ordered")


#: Recent, often, much: which segment that is.
SEGMENTS = {
    (True, True, True): Segment.VALUABLE,
    (True, False, True): Segment.DEVELOP,
    (False, True, True): Segment.KEEP,
    (False, False, True): Segment.RETAIN,
    (True, True, False): Segment.PLAIN_VALUABLE,
    (True, False, False): Segment.PLAIN_DEVELOP,
    (False, True, False): Segment.PLAIN_KEEP,
    (False, False, False): Segment.PLAIN_RETAIN,
}


def segment_of(recency: int, frequency: int, monetary: int) -> Segment:
    """The one segment of these scores."""
    if not recency:
        return Segment.NEVER
    return SEGMENTS[recency >= HIGH, frequency >= HIGH, monetary >= HIGH]


def is_of_customers(asked: Asked) -> bool:
    """Whether customers are asked for by segment or score, and not the segments."""
    return any(asked[key] for key in ("segment", *SCORES))


def select_customers(asked: Asked) -> Mapping[str, Statement]:
    """How many customers have which scores, and where they are asked for, the customers of one page."""
    scores = scored(asked)
    columns = [scores.c[key] for key in SCORES]
    orders, amount = sum_of(scores.c.orders).label("orders"), sum_of(scores.c.amount).label("amount")
    found = {"scores": select(*columns, func.count().label("count"), orders, amount).group_by(*columns)}
    if is_of_customers(asked):
        found["customers"] = page_of(scores, asked)
    return found


def scored(asked: Asked) -> Any:
    """Each customer with its scores of 1 to 5, or 0 where it never ordered."""
    bought = (
        select(
            CustomerMonth.customer_id,
            sum_of(CustomerMonth.orders).label("orders"),
            sum_of(CustomerMonth.amount).label("amount"),
        )
        .group_by(CustomerMonth.customer_id)
        .subquery()
    )
    orders, amount = (func.coalesce(bought.c[key], 0).label(key) for key in ("orders", "amount"))
    base = (
        select(Customer.id, Customer.last_order_on, orders, amount)
        .outerjoin(bought, bought.c.customer_id == Customer.id)
        .where(*narrowed(asked))
        .subquery()
    )
    by = dict(zip(SCORES, (base.c.last_order_on, base.c.orders, base.c.amount), strict=True))
    return select(*base.c, *(score(base, column).label(key) for key, column in by.items())).subquery()


def score(base: Any, column: Any) -> ColumnElement[int]:
    """By rank among those who ever ordered, the best first; who are equal have the better rank of them."""
    never = base.c.last_order_on.is_(None)
    rank = func.rank().over(partition_by=never, order_by=column.desc())
    among = func.count().over(partition_by=never)
    return case((never, 0), else_=BEST - (rank - 1) * BEST // among)


def page_of(scores: Any, asked: Asked) -> Statement:
    """The customers of the segment and scores that are asked for, who bought most first."""
    conditions = [scores.c[key] == int(asked[key]) for key in SCORES if asked[key]]
    if asked["segment"]:
        conditions.append(is_in(scores, asked["segment"]))
    statement: Statement = select(*scores.c, Customer.name).join(Customer, Customer.id == scores.c.id)
    statement = statement.where(*conditions).order_by(scores.c.amount.desc(), scores.c.id)
    return statement.offset(asked.part.start).limit(asked.part.size) if asked.part else statement


def is_in(scores: Any, segment: Choice) -> Any:
    """Whether a customer is of a segment."""
    recency, frequency, monetary = (scores.c[key] for key in SCORES)
    if segment is Segment.NEVER:
        return recency == 0
    high = next(highs for highs, one in SEGMENTS.items() if one is segment)
    of_each = zip((recency, frequency, monetary), high, strict=True)
    parts: list[Any] = [column >= HIGH if is_high else column < HIGH for column, is_high in of_each]
    return (recency > 0) & parts[0] & parts[1] & parts[2]
