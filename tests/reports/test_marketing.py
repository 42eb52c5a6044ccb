"""Marketing in figures: spans, money to the cent, and series that agree with what was on each of their days."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app.actions.marketing import PIPELINE
from app.models import Opportunity, OpportunityStatus, PlanItem, StatusMove
from app.models.org import Employee
from app.reports import marketing as report
from app.reports.engine import frame_of
from app.reports.periods import Span, last_months, last_weeks, midnight, month_start, months_before
from app.security.actor import SYSTEM
from tests.cast import opportunity

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 18)  # a Wednesday
UNASSIGNED, ASSIGNED = OpportunityStatus.UNASSIGNED, OpportunityStatus.ASSIGNED


def at(day, hour=9):
    """A moment of a day in the company's time zone."""
    return datetime(2026, 3, day, hour, tzinfo=ZONE).astimezone(UTC)


# ---- spans ------------------------------------------------------------------------------------------------


def test_weeks_begin_on_monday_and_the_last_ends_today():
    weeks = last_weeks(TODAY, 3)
    assert weeks[0] == Span(date(2026, 3, 2), date(2026, 3, 9))
    assert weeks[2] == Span(date(2026, 3, 16), date(2026, 3, 19))
    assert weeks[2].last == TODAY


def test_months_cross_the_year_and_keep_to_their_length():
    assert [span.first for span in last_months(TODAY, 4)] == [
        date(2025, 12, 1),
        date(2026, 1, 1),
        date(2026, 2, 1),
        date(2026, 3, 1),
    ]
    assert month_start(TODAY, -15) == date(2024, 12, 1)
    assert months_before(date(2024, 2, 29), 12) == date(2023, 2, 28)
    assert months_before(date(2026, 3, 31), 1) == date(2026, 2, 28)
    assert months_before(TODAY, 12) == date(2025, 3, 18)


# ---- figures and series -----------------------------------------------------------------------------------


@pytest.fixture
def company(rows):
    """Two opportunities of manager_a that come and go within March, worth awkward amounts."""
    with rows() as session:
        for model in (StatusMove, PlanItem, Opportunity):
            for row in session.scalars(select(model)):
                session.delete(row)
            session.flush()
        people = {person.username: person for person in session.scalars(select(Employee))}
        seller = people["manager_a"]
        for name, amount, closed in (("甲", "0.10", 10), ("乙", "333333333.33", None), ("丙", None, 17)):
            row = opportunity(name, people["supervisor"], expected_amount=amount and Decimal(amount))
            row.probability = 33
            PIPELINE.enter(session, [(row, UNASSIGNED)], by=SYSTEM, at=at(2))
            _fire(session, row, "assign", at(4), assignee=seller)
            session.add(PlanItem(opportunity=row, planned_on=date(2026, 3, 5), todo="拜访", done_on=at(12)))
            session.add(PlanItem(opportunity=row, planned_on=date(2026, 3, 9), todo="报价"))
            if closed:
                _fire(session, row, "fail" if name == "丙" else "succeed", at(closed), reason="价格")
        gone = opportunity("丁", people["supervisor"])
        PIPELINE.enter(session, [(gone, UNASSIGNED)], by=SYSTEM, at=at(17))
        session.delete(gone)
    return rows


def _fire(session, row, key, moment, **answers):
    """Make a move as the person who may."""
    from app.security.actor import Actor
    from app.security.rights import all_rights

    by = Actor(row.assignee_id, frozenset(all_rights()), is_system=True)
    PIPELINE.fire(session, row, key, by=by, at=moment, **answers)


def test_amounts_are_exact_to_the_cent(company):
    with company() as session:
        found = report.standing(session, ASSIGNED)
        assert (found.count, found.weighted) == (1, Decimal("109999999.9989"))
        (closed,) = report.closings(session, [Span(date(2026, 3, 1), date(2026, 4, 1))], zone=ZONE)
        assert (closed.won, closed.lost, closed.amount, closed.rate) == (1, 1, Decimal("0.10"), 0.5)
        (empty,) = report.closings(session, [Span(date(2030, 3, 1), date(2030, 4, 1))], zone=ZONE)
        assert (empty.count, empty.rate) == (0, None)


def test_stocks_are_reckoned_back_from_today_and_forget_what_was_deleted(company):
    weeks = last_weeks(TODAY, 4)
    with company() as session:
        assert report.flow(session, date(2026, 3, 10), zone=ZONE) == {UNASSIGNED: 0, ASSIGNED: -2}
        for of in (None, session.scalars(select(Employee.id).where(Employee.username == "manager_a")).one()):
            moves = frame_of(session, report.moves_by_span(weeks, zone=ZONE, of=of))
            now = report.standing(session, ASSIGNED, of=of).count
            assert list(report.stock(moves, ASSIGNED, now, 4)) == [0, 3, 2, 1]
            assert list(report.stock(moves, UNASSIGNED, report.count_in(session, UNASSIGNED), 4)) == [0, 0, 0, 0]


def test_rates_and_amounts_of_months(company):
    months = last_months(TODAY, 3)
    with company() as session:
        closed = frame_of(session, report.closings_by_span(months, zone=ZONE))
    assert list(report.won_amounts(closed, 3)) == [0, 0, 0.10]
    rates = report.success_rates(closed, 3, 2)
    assert rates.isna().tolist() == [True, False]
    assert rates.iloc[1] == 50


def test_items_carried_out_and_overdue(company):
    weeks = last_weeks(TODAY, 4)
    with company() as session:
        seller = session.scalars(select(Employee.id).where(Employee.username == "manager_a")).one()
        for of in (None, seller):
            done = frame_of(session, report.items_by_span(weeks, zone=ZONE, of=of))
            assert list(report.counts(done, 4)) == [0, 0, 3, 0]
            frames = [
                frame_of(session, read(weeks, zone=ZONE, of=of)) for read in (report.done_late, report.left_undone)
            ]
            # at the 8th three late ones; at the 15th two left (one was closed with its opportunity); now one
            assert list(report.across(*frames)) == [0, 3, 2, 1]
            week = Span(date(2026, 3, 16), date(2026, 3, 23))
            found = report.planned(session, TODAY, week, of=of, cap=10)
            assert (found.overdue, found.today, found.week, found.later, found.this_week) == (1, 0, 0, 0, 0)
            assert found.oldest == date(2026, 3, 9)


def test_series_of_an_empty_company(rows):
    with rows() as session:
        weeks = last_weeks(date(2000, 1, 5), 4)
        nobody = -1
        moves = frame_of(session, report.moves_by_span(weeks, zone=ZONE, of=nobody))
        assert list(report.stock(moves, ASSIGNED, 0, 4)) == [0, 0, 0, 0]
        closed = frame_of(session, report.closings_by_span(weeks, zone=ZONE, of=nobody))
        assert report.success_rates(closed, 4, 2).isna().all()
        assert list(report.won_amounts(closed, 4)) == [0, 0, 0, 0]
        items = frame_of(session, report.items_by_span(weeks, zone=ZONE, of=nobody))
        assert list(report.counts(items, 4)) == [0, 0, 0, 0]
        late = frame_of(session, report.done_late(weeks, zone=ZONE, of=nobody))
        assert list(report.across(late)) == [0, 0, 0, 0]


def test_a_moment_belongs_to_the_companys_day():
    assert midnight(TODAY, ZONE).astimezone(UTC) == datetime(2026, 3, 17, 16, tzinfo=UTC)
    assert midnight(TODAY, ZONE) - timedelta(seconds=1) < midnight(TODAY, ZONE)
