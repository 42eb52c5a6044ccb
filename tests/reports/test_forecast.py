"""The forecast: what is expected in which month of the company, what stands apart, and what was won."""

from datetime import date

import pytest
from sqlalchemy import select, text

from app.models import Opportunity
from app.reports.analyses.forecast.months import without_gaps
from tests.reports.finding import assert_drills, cells, find, listed
from tests.reports.pipeline import at, empty, enter, fill

KEYS = ("month", "count", "amount", "weighted", "ended_count", "ended_weighted", "won_count", "won_amount", "attained")


@pytest.fixture
def company(rows):
    """Seven opportunities: one overdue, one without a date, two ahead, three ended."""
    with rows() as session:
        fill(session)
    return rows


def test_months_by_hand_with_overdue_and_undated_apart(company):
    with company() as session:
        table = find(session, "forecast").table
    found = cells(table, *KEYS)
    assert found[0] == ("已逾期", 1, 5, 2, 0, 0, 0, 0, None)
    assert [row[0] for row in found[1:-1]] == [f"2025-{month:02}" for month in range(4, 13)] + [
        f"2026-{month:02}" for month in range(1, 5)
    ]
    assert found[-4:] == [
        ("2026-02", 0, 0, 0, 2, 42000, 2, 53333, 1270),
        # What ended at midnight of the first of March ended in March, though it was February in Greenwich.
        ("2026-03", 1, 100000, 50000, 1, 1000, 0, 0, 0),
        ("2026-04", 1, 999, 999, 0, 0, 0, 0, None),
        ("未定日期", 1, 0, 0, 0, 0, 0, 0, None),
    ]
    assert (table.totals["count"], table.totals["amount"], table.totals["weighted"]) == (4, 101004, 51001)
    assert (table.totals["won_amount"], table.totals["ended_weighted"]) == (53333, 43000)
    assert table.totals["attained"] == 1240


def test_today_is_ahead_and_yesterday_is_overdue(company):
    with company() as session:
        for row in session.scalars(select(Opportunity).where(Opportunity.customer_name.in_(("甲", "丙")))):
            row.expected_close_on = date(2026, 3, 18) if row.customer_name == "甲" else date(2026, 3, 17)
        found = {row[0]: row[1:3] for row in cells(find(session, "forecast").table, *KEYS)}
        assert found["已逾期"] == (1, 100000)
        assert found["2026-03"] == (1, 5)


def test_a_period_narrows_both_sides_and_loses_nothing_undated(company):
    with company() as session:
        given = {"from_": "2026-02-20", "to": "2026-03-31"}
        assert cells(find(session, "forecast", **given).table, *KEYS) == [
            ("已逾期", 1, 5, 2, 0, 0, 0, 0, None),
            ("2026-02", 0, 0, 0, 1, 12000, 1, 20000, 1667),
            ("2026-03", 1, 100000, 50000, 1, 1000, 0, 0, 0),
            ("未定日期", 1, 0, 0, 0, 0, 0, 0, None),
        ]
        ahead = find(session, "forecast", year="2027").table
        assert cells(ahead, *KEYS) == [("未定日期", 1, 0, 0, 0, 0, 0, 0, None)]
        assert len(list(find(session, "forecast", to="2026-12-31").table.rows())) == 240 + 1 + 2


def test_the_amount_won_equals_plain_sql(company):
    with company() as session:
        statement = text("SELECT sum(round(expected_amount * 100)) FROM opportunities WHERE status = 'succeeded'")
        assert find(session, "forecast").table.totals["won_amount"] == int(session.scalar(statement))


@pytest.mark.parametrize("given", [{}, {"from_": "2026-02-20", "to": "2026-03-31"}, {"manager": "manager_b"}])
def test_every_count_leads_to_its_records(company, session_of, as_, given):
    with session_of("supervisor") as (session, _):
        outcome = find(session, "forecast", **given)
    assert_drills(as_("supervisor"), outcome.table)


def test_what_is_overdue_ends_with_the_period(company, session_of, as_):
    with company() as session:
        for row in session.scalars(select(Opportunity).where(Opportunity.customer_name == "丙")):
            row.expected_close_on = date(2025, 6, 1)
    with session_of("supervisor") as (session, _):
        table = find(session, "forecast", year="2025").table
    assert cells(table, "month", "count")[0] == ("已逾期", 1)
    assert_drills(as_("supervisor"), table)


def test_what_ended_on_no_known_day_is_told(company, session_of, as_):
    with company() as session:
        row = session.scalars(select(Opportunity).where(Opportunity.customer_name == "丁")).one()
        row.closed_on = None
    with session_of("supervisor") as (session, _):
        outcome = find(session, "forecast")
    assert outcome.table.totals["won_count"] == 1
    (basis,) = outcome.charts[1].basis
    assert "另有 1 个" in basis.sentence
    assert [listed(as_("supervisor"), href) for href in basis.links.values()] == [2, 1]


def test_a_head_sees_what_his_people_develop(company, session_of):
    with session_of("head_a") as (session, _):
        totals = find(session, "forecast").table.totals
    assert (totals["count"], totals["amount"], totals["won_amount"]) == (1, 100000, 33333)


def test_nothing_is_drawn_of_nothing(rows, as_):
    with rows() as session:
        empty(session)
        outcome = find(session, "forecast")
        assert (outcome.charts, outcome.table.totals["count"], outcome.table.rows_in_all) == ((), 0, 12)
        row = enter(session, "辛", at(1, 1))
        row.expected_close_on = date(9999, 12, 31)
        table = find(session, "forecast").table
        assert cells(table, "month", "count")[-1] == ("2199-12 及以后", 1)
    assert_drills(as_("supervisor"), table)


def test_months_far_apart_are_not_filled_up():
    assert without_gaps([date(2026, 11, 1), date(2027, 2, 1)])[1:3] == [date(2026, 12, 1), date(2027, 1, 1)]
    assert without_gaps([date(2026, 11, 1), date(9999, 12, 1)]) == [date(2026, 11, 1), date(9999, 12, 1)]
