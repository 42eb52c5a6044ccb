"""A customer in figures: years, the months that two years can be compared by, and the course of 24 months."""

from datetime import date
from decimal import Decimal

from sqlalchemy import select

from app.models import Customer, CustomerMonth
from app.reports.customers import Bought, Trade, subsidiaries, trade_of
from tests.related_rows import add_rows, new_customer

TODAY = date(2026, 3, 18)


def bought(session, customer, months):
    """The kept totals of a customer."""
    rows = [{"customer_id": customer.id, "month": one, "orders": 2, "amount": amount} for one, amount in months.items()]
    add_rows(session, CustomerMonth, rows)


def test_years_are_exact_and_only_months_that_ended_are_compared(rows):
    with rows() as session:
        customer = new_customer(session)
        amounts = {
            date(2024, 3, 1): Decimal("9.99"),  # the 25th month back
            date(2024, 12, 1): Decimal("0.10"),
            date(2025, 1, 1): Decimal("0.20"),
            date(2025, 3, 1): Decimal("100.00"),
            date(2025, 12, 1): Decimal("-5.00"),
            date(2026, 2, 1): Decimal("0.30"),
            date(2026, 3, 1): Decimal("7.00"),
            date(2026, 4, 1): Decimal("1000.00"),  # of an order dated ahead
        }
        bought(session, customer, amounts)
        trade = trade_of(session, customer, TODAY)
        assert trade.in_year(2026) == Bought(4, Decimal("7.30"))
        assert trade.in_year(2025) == Bought(6, Decimal("95.20"))
        assert trade.before_this_month(2026) == Bought(2, Decimal("0.30"))
        assert trade.before_this_month(2025) == Bought(2, Decimal("0.20"))
        course = trade.course()
        assert (len(course), course[0], course[-1]) == (24, Decimal(0), Decimal("7.00"))
        assert sum(course) == Decimal("102.60")
        session.rollback()


def test_every_month_of_last_year_is_known_on_any_day():
    for month in range(1, 13):
        trade = Trade(date(2026, month, 28), {})
        assert len(trade.course()) == 24
    with_december = Trade(date(2026, 12, 31), {date(2025, 1, 1): Bought(1, Decimal(1))})
    assert with_december.course()[0] == Decimal(1)


def test_a_group_has_its_own_companies_without_deleted_ones(rows):
    with rows() as session:
        parent, child = session.scalars(select(Customer).order_by(Customer.id)).all()[:2]
        child.parent = parent
        session.flush()
        assert subsidiaries(session, parent, 5) == [child]
        assert subsidiaries(session, child, 5) == []
        session.rollback()


def test_a_group_is_seen_within_ones_sight_alone(rows, session_of):
    with rows() as session:
        parent, child = session.scalars(select(Customer).order_by(Customer.id)).all()[:2]
        child.parent_id, key = parent.id, parent.id
    with session_of("narrow") as (session, _actor):
        assert subsidiaries(session, Customer(id=key), 5) == []
