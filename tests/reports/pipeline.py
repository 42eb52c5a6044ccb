"""A small pipeline with awkward amounts and times, of which the tests know every figure by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import select

from app.actions.basedata import find_entry
from app.actions.marketing import PIPELINE
from app.models import Category, Employee, Opportunity, OpportunityStatus, PlanItem, StatusMove
from app.security.actor import SYSTEM, Actor
from app.security.rights import all_rights
from tests.cast import opportunity
from tests.reports.finding import ZONE


def at(month, day, hour=9, year=2026):
    """A moment of 2026 in the company's time zone."""
    return datetime(year, month, day, hour, tzinfo=ZONE).astimezone(UTC)


def empty(session):
    """No opportunity is left."""
    for model in (StatusMove, PlanItem, Opportunity):
        for row in session.scalars(select(model)):
            session.delete(row)
        session.flush()


def enter(session, name, created, **more):
    """A new opportunity, and what becomes of it: ``to`` whom it is assigned on ``given``, how it ``ended`` and when."""
    people = {person.username: person for person in session.scalars(select(Employee))}
    to, given, ended, when = (more.pop(key, None) for key in ("to", "given", "ended", "when"))
    amount, region = more.pop("amount", None), more.pop("region", None)
    row = opportunity(name, people[more.pop("by", "supervisor")])
    row.expected_amount = amount and Decimal(amount)
    row.region = region and find_entry(session, Category.REGION, region)
    for key, value in more.items():
        setattr(row, key, value)
    PIPELINE.enter(session, [(row, OpportunityStatus.UNASSIGNED)], by=SYSTEM, at=created)
    row.created_on = created
    if to:
        fire(session, row, "assign", given, assignee=people[to])
    if ended:
        fire(session, row, ended, when, reason="价格")
    return row


def fire(session, row, key, moment, **answers):
    """Make a move as the person who may."""
    by = Actor(row.assignee_id, frozenset(all_rights()), is_system=True)
    PIPELINE.fire(session, row, key, by=by, at=moment, **answers)


def fill(session):
    """Seven opportunities."""
    empty(session)
    enter(session, "甲", at(1, 1, 0), amount="0.05", probability=33, source="展会", region="华东")
    enter(session, "乙", at(1, 5), probability=80, source="展会")
    enter(session, "丙", at(2, 1), amount="1000.00", probability=50, to="manager_a", given=at(2, 3), source="官网")
    won = {"to": "manager_a", "given": at(2, 5), "ended": "succeed", "when": at(2, 15)}
    enter(session, "丁", at(2, 1), amount="333.33", probability=90, region="华东", source="官网", **won)
    won = {"to": "manager_b", "given": at(2, 2), "ended": "succeed", "when": at(2, 22)}
    enter(session, "戊", at(2, 1), amount="200.00", probability=60, source="官网", **won)
    lost = {"to": "manager_b", "given": at(2, 2), "ended": "fail", "when": at(3, 1, 0)}
    enter(session, "己", at(2, 1), amount="100.00", probability=10, region="华南", **lost)
    enter(session, "庚", at(12, 31, 23, 2025), amount="9.99", probability=100)
    for row, day in zip(session.scalars(select(Opportunity).order_by(Opportunity.id)), DAYS, strict=True):
        row.expected_close_on = day


#: When each is expected; today is 2026-03-18.
DAYS = (
    date(2026, 3, 17),
    None,
    date(2026, 3, 31),
    date(2026, 2, 10),
    date(2026, 4, 1),
    date(2026, 3, 1),
    date(2026, 4, 1),
)
