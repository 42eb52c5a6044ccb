"""RFM: fifths by rank, ties to the better, and every customer in exactly one segment."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import create_engine, delete, insert, select, text, update
from sqlalchemy.orm import Session

from app.models import Customer, CustomerMonth, CustomerStatus
from app.models.base import mapper_of
from app.reports.analyses.rfm import tidy
from app.reports.analyses.rfm.statements import HIGH, SCORES, Segment, page_of, scored, segment_of, select_customers
from app.reports.engine import Slice, ask, frame_of, report_of
from app.security.actor import SYSTEM
from app.security.scope import copying
from tests.reports.finding import TODAY, ZONE, cells, find, listed
from tests.reports.sales import customers, empty, sell, settle

TIME = datetime(2026, 3, 1, tzinfo=UTC)
FIRST = 1000
REPORT = report_of("rfm")


def put_in(session, buyers, manager_id=None):
    """Customers by how many days ago they ordered last (None: never), how often, and for how many cents."""
    same = {"version": 1, "created_on": TIME, "changed_on": TIME, "status": CustomerStatus.ACTIVE}
    of_customers = [
        {
            **{"id": key, "number": f"KH{key:015}", "name": f"客户{key}", "name_key": f"{key}", **same},
            **{"manager_id": manager_id, "last_order_on": None if ago is None else TODAY - timedelta(days=ago)},
        }
        for key, (ago, _, _) in enumerate(buyers, FIRST)
    ]
    session.execute(insert(Customer), of_customers)
    # Half of it in an earlier month, so that several months are summed up.
    for key, (ago, orders, cents) in enumerate(buyers, FIRST):
        parts = ((date(2026, 1, 1), orders // 2, cents // 2), (date(2026, 2, 1), -(-orders // 2), -(-cents // 2)))
        for month, count, part in parts if ago is not None else ():
            told = {"key": key, "month": month, "orders": count, "amount": part}
            session.execute(text("INSERT INTO customer_months VALUES (:key, :month, :orders, :amount)"), told)


def asked(**texts):
    """What is asked of the report."""
    return ask(REPORT.filters, texts, today=TODAY, zone=ZONE)


# ---- for any customers ------------------------------------------------------------------------------------

BUYERS = some.lists(
    some.one_of(
        some.just((None, 0, 0)),
        some.tuples(some.integers(0, 6), some.integers(1, 5), some.integers(-300, 300)),
    ),
    min_size=1,
    max_size=25,
)


@pytest.fixture(scope="module")
def memory():
    """The two tables, and nothing else."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        for model in (Customer, CustomerMonth):
            table: Any = mapper_of(model).local_table
            columns = ", ".join(f"{column.name} {column.type.compile(engine.dialect)}" for column in table.columns)
            connection.execute(text(f"CREATE TABLE {table.name} ({columns})"))
    yield engine
    engine.dispose()


def score_of(value, values):
    """By how many are better: the best fifth has 5."""
    return 5 - 5 * sum(other > value for other in values) // len(values)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(buyers=BUYERS)
def test_everybody_is_in_exactly_one_segment_and_ties_go_to_the_better(memory, buyers):
    with Session(memory) as session:
        session.info["actor"] = SYSTEM
        put_in(session, buyers)
        found = {row.id: tuple(getattr(row, key) for key in SCORES) for row in session.execute(select(scored(asked())))}
        outcome = REPORT.find(session, asked())
        keys = {
            one: [row.id for row in session.execute(page_of(scored(asked()), asked(segment=one)))] for one in Segment
        }
    bought = {key: one for key, one in enumerate(buyers, FIRST) if one[0] is not None}
    values = list(zip(*((-ago, orders, cents) for ago, orders, cents in bought.values()), strict=True))
    for key, (ago, orders, cents) in enumerate(buyers, FIRST):
        mine = zip((-(ago or 0), orders, cents), values, strict=False)
        assert found[key] == ((0, 0, 0) if ago is None else tuple(score_of(one, everybody) for one, everybody in mine))
    assert sorted(key for one in keys.values() for key in one) == sorted(found)
    assert all(key in keys[segment_of(*scores)] for key, scores in found.items())
    assert dict(cells(outcome.table, "segment", "count")) == {one: len(those) for one, those in keys.items()}
    assert outcome.table.totals["share"] == 1000
    assert outcome.table.totals["count"] == len(buyers)
    amount = sum(cents for _, _, cents in bought.values())
    assert outcome.table.totals["amount"] == amount
    assert outcome.table.totals["amount_share"] == (1000 if amount > 0 else None)


# ---- on the screen ----------------------------------------------------------------------------------------


@pytest.fixture
def ten(rows):
    """Ten customers of manager_a, the first the best in everything, one who never ordered, and one of manager_b."""
    with rows() as session:
        with copying(session):
            session.execute(delete(CustomerMonth), execution_options={"synchronize_session": False})
        gone = update(Customer).values(status=CustomerStatus.DELETED, last_order_on=None)
        session.execute(gone, execution_options={"synchronize_session": False})
        keys = dict(session.execute(text("SELECT username, id FROM ab_user")).all())
        buyers = [*((place, 20 - place, 1000 - place) for place in range(10)), (None, 0, 0), (400, 1, 1)]
        put_in(session, buyers, keys["manager_a"])
        last = update(Customer).where(Customer.id == FIRST + 11).values(manager_id=keys["manager_b"])
        session.execute(last, execution_options={"synchronize_session": False})
    return rows


def test_segments_by_hand(ten):
    with ten() as session:
        outcome = find(session, "rfm")
    found = {row["segment"]: row for row in outcome.table.rows()}
    # Of eleven the first three are in the best fifth and the next two in the second.
    assert [one for one, row in found.items() if row["count"]] == [
        Segment.VALUABLE,
        Segment.PLAIN_RETAIN,
        Segment.NEVER,
    ]
    best = found[Segment.VALUABLE]
    assert (best["count"], best["share"], best["orders"], best["amount"]) == (5, 417, 90, 4990)
    assert outcome.table.totals == {"count": 12, "orders": 156, "amount": 9956, "share": 1000, "amount_share": 1000}


def test_the_scope_that_is_shown_is_ranked(ten, session_of):
    with session_of("head_a") as (session, _):
        outcome = find(session, "rfm")
        assert outcome.table.totals["count"] == 11
        assert dict(cells(outcome.table, "segment", "count"))[Segment.VALUABLE] == 4
    with session_of("supervisor") as (session, _):
        assert find(session, "rfm", manager="manager_b").table.totals["count"] == 1
        # Who is alone is the best of all.
        only = find(session, "rfm", manager="manager_b", segment="valuable").table
        assert cells(only, "name", "recency", "frequency", "monetary", "days") == [("客户1011", 5, 5, 5, 400)]


def test_a_segment_leads_to_its_customers_page_by_page(ten, session_of, as_):
    with session_of("supervisor") as (session, _):
        table = REPORT.find(session, asked(segment="valuable").of_page(Slice(2, 2))).table
        assert (table.rows_in_all, table.totals) == (5, {"orders": 90, "amount": 4990})
        assert cells(table, "name", "number") != []
        assert [row["name"] for row in table.rows(2, 2)] == ["客户1002", "客户1003"]
        everybody = find(session, "rfm").table
        (basis,) = find(session, "rfm").charts[0].basis
        hrefs = [(row["count"], href(row)) for row in everybody.rows() for href in [everybody.columns[3].href]]
        total = everybody.columns[3].href(everybody.totals)
    browser = as_("supervisor")
    for count, href in hrefs:
        page = browser.get(href).get_data(as_text=True)
        assert f'<span class="count">{count}</span>' in page
    assert listed(browser, total) == 12
    assert listed(browser, basis.links["12 家客户"]) == 12


def test_scores_are_asked_for_one_by_one(ten, session_of):
    with session_of("supervisor") as (session, _):
        assert find(session, "rfm", recency="5").table.rows_in_all == 3
        assert find(session, "rfm", recency="5", frequency="1").table.rows_in_all == 0


def test_no_customer_is_no_error(ten, session_of):
    with session_of("narrow") as (session, _):
        outcome = find(session, "rfm")
    assert (outcome.charts, outcome.table.totals["count"], outcome.table.totals["share"]) == ((), 0, None)


def test_high_is_the_better_two_fifths():
    assert HIGH == 4
    assert segment_of(4, 5, 4) is Segment.VALUABLE
    assert segment_of(3, 4, 4) is Segment.KEEP
    assert segment_of(0, 0, 0) is Segment.NEVER


def test_orders_are_asked_once_for_the_segments_and_twice_for_customers(ten):
    assert list(select_customers(asked())) == ["scores"]
    assert list(select_customers(asked(segment="keep"))) == ["scores", "customers"]
    with ten() as session:
        frames = {name: frame_of(session, statement) for name, statement in select_customers(asked()).items()}
        assert len(frames["scores"]) <= 5**3 + 1
        assert tidy(frames, asked()).table.rows_in_all == 9


def test_an_amount_leads_to_the_orders_of_its_customer_alone(rows, session_of, as_):
    with rows() as session:
        empty(session)
        first, second = customers(session, ("甲公司", "乙公司")).values()
        second.name = f"{first.number} 二厂"
        for customer in (first, second):
            sell(session, customer, "2026-03-01", "10", customer_name=customer.name)
        sell(session, first, "2026-03-02", "-1")
        settle(session)
    with session_of("supervisor") as (session, _):
        tables = [find(session, "rfm", segment=one.value).table for one in Segment if one is not Segment.NEVER]
    by_key = {column.key: column for column in tables[0].columns}
    assert by_key["orders"].href is None  # a return is no order, but the list has it
    hrefs = {row["name"]: by_key["amount"].href(row) for table in tables for row in table.rows()}
    browser = as_("supervisor")
    assert sorted((listed(browser, href), name.split()[-1]) for name, href in hrefs.items()) == [
        (1, "二厂"),
        (2, "甲公司"),
    ]
