"""Cohorts: who first ordered when and again when, equal to SQL and to figures by hand; and the days between orders."""

from datetime import date
from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import delete, text

from app.models import Customer, CustomerMonth, Order, OrderLine
from app.reports.engine import quantile
from app.security.scope import copying
from tests.reports.finding import assert_drills, cells, find, listed
from tests.reports.test_rfm import FIRST, put_in

#: By customer the days of the orders and their cents; a negative one is a return.
ORDERS = (
    ((date(2025, 1, 15), 100), (date(2025, 4, 15), 50), (date(2025, 12, 31), 7)),
    ((date(2025, 3, 31), 200), (date(2025, 3, 31), 1), (date(2025, 10, 1), -30)),
    ((date(2025, 4, 1), 1000), (date(2025, 7, 1), 10), (date(2025, 8, 1), 10), (date(2026, 1, 1), 10)),
    ((date(2025, 5, 1), -5), (date(2026, 1, 31), 40)),
    ((date(2025, 5, 1), -9),),
    (),
)


@pytest.fixture
def trade(rows):
    """Six customers of manager_a: two of the first quarter of 2025, one of the second, one of 2026, two of none."""
    with rows() as session:
        with copying(session):
            for model in (OrderLine, Order, CustomerMonth):
                session.execute(delete(model), execution_options={"synchronize_session": False})
        session.execute(text("UPDATE customers SET status = 'deleted', last_order_on = NULL"))
        manager = session.scalar(text("SELECT id FROM ab_user WHERE username = 'manager_a'"))
        put_in(session, [(None, 0, 0)] * len(ORDERS), manager)
        for key, orders in enumerate(ORDERS, FIRST):
            trade_of(session, key, orders)
    return rows


def trade_of(session, key, orders):
    """The orders of a customer, and what is kept of them."""
    bought = [day for day, cents in orders if cents >= 0]
    if bought:
        session.execute(
            text("UPDATE customers SET last_order_on = :day WHERE id = :key"), {"day": max(bought), "key": key}
        )
    with copying(session):
        for place, (day, cents) in enumerate(orders):
            order = Order(number=f"{key}-{place}", customer_id=key, ordered_on=day, source="test", total=_yuan(cents))
            session.add(order)
        for month in {day.replace(day=1) for day, _ in orders}:
            of_month = [cents for day, cents in orders if day.replace(day=1) == month]
            kept = {"orders": sum(cents >= 0 for cents in of_month), "amount": _yuan(sum(of_month))}
            session.add(CustomerMonth(customer_id=key, month=month, **kept))


def _yuan(cents):
    from decimal import Decimal

    return Decimal(cents).scaleb(-2)


KEYS = ("name", "customers", "amount", "share_1", "share_2", "share_3", "share_4", "share_5")


def test_cohorts_by_hand(trade):
    with trade() as session:
        table = find(session, "cohorts").table
    assert cells(table, *KEYS) == [
        ("2025 Q1", 2, 328, 500, 0, 500, 0, None),
        ("2025 Q2", 1, 1030, 1000, 0, 1000, None, None),
        ("2026 Q1", 1, 35, None, None, None, None, None),
    ]
    assert (table.totals["customers"], table.totals["amount"]) == (4, 1393)
    assert (table.totals["share_1"], table.totals["share_3"], table.totals["share_5"]) == (667, 667, None)


def test_rows_sum_to_the_customers_with_an_order(trade):
    with trade() as session:
        plain = session.scalar(text("SELECT count(DISTINCT customer_id) FROM orders WHERE total >= 0"))
        amount = session.scalar(
            text("SELECT sum(total) FROM orders WHERE customer_id IN (SELECT customer_id FROM orders WHERE total >= 0)")
        )
        totals = find(session, "cohorts").table.totals
        assert (totals["customers"], totals["amount"]) == (plain, amount)


def test_days_between_orders_by_hand(trade):
    with trade() as session:
        outcome = find(session, "cohorts")
    # 90 and 260 days, the same day, 91, 31 and 153 days.
    (intervals,) = outcome.more
    assert [count for (count,) in cells(intervals, "count")] == [1, 0, 0, 1, 1, 2, 1, 0]
    assert intervals.totals == {"count": 6, "share": 1000}
    assert "90.5" in outcome.facts[0].sentence and "206.5" in outcome.facts[0].sentence


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.lists(some.integers(0, 400), min_size=1, max_size=20))
def test_the_median_of_counted_values_is_that_of_the_values(values):
    counted = {value: values.count(value) for value in values}
    assert quantile(list(counted), list(counted.values()), 0.5) == pytest.approx(median(values))
    assert quantile(list(counted), list(counted.values()), 1) == max(values)
    assert quantile([], [], 0.5) is None


def test_a_period_is_that_of_the_first_order(trade):
    with trade() as session:
        assert [row[0] for row in cells(find(session, "cohorts", year="2026").table, *KEYS)] == ["2026 Q1"]
        some_days = find(session, "cohorts", from_="2025-03-10", to="2025-04-20").table
        assert [row[:2] for row in cells(some_days, *KEYS)] == [("2025 Q1", 1), ("2025 Q2", 1)]


@pytest.mark.parametrize("given", [{}, {"year": "2025"}, {"from_": "2025-03-10", "manager": "manager_a"}])
def test_every_count_and_share_leads_to_its_customers(trade, session_of, as_, given):
    with session_of("supervisor") as (session, _):
        table = find(session, "cohorts", **given).table
    browser = as_("supervisor")
    assert_drills(browser, table)
    columns = {column.key: column for column in table.columns}
    for row in table.rows():
        for later in (1, 2, 3):
            if row[f"share_{later}"] is not None:
                assert listed(browser, columns[f"share_{later}"].href(row)) == row[f"again_{later}"]


def test_who_never_ordered_is_told_apart(trade, session_of, as_):
    with session_of("supervisor") as (session, _):
        (basis,) = find(session, "cohorts").charts[0].basis
    customers, never = basis.links.values()
    assert listed(as_("supervisor"), customers) == 4
    assert '<span class="count">2</span>' in as_("supervisor").get(never).get_data(as_text=True)


def test_customers_out_of_sight_are_in_no_cohort(trade, session_of):
    with session_of("narrow") as (session, _):
        outcome = find(session, "cohorts")
    assert (outcome.table.rows_in_all, outcome.charts, outcome.more) == (0, (), ())


def test_nobody_ordered_twice(trade, rows):
    with rows() as session:
        session.execute(text("DELETE FROM orders WHERE customer_id <> :key"), {"key": FIRST + 3})
        outcome = find(session, "cohorts")
        assert outcome.more == () and len(outcome.charts) == 1
        assert session.get(Customer, FIRST + 3) is not None
