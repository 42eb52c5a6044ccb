"""The merged stream: whatever the rows and the pages, none is lost or doubled, and an index serves each source."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from app.models import (
    AuditEntry,
    Customer,
    DictionaryEntry,
    Interaction,
    Order,
    ServiceRequest,
    ServiceRound,
    StatusMove,
)
from app.reports import customers as report
from app.reports.services import STEPS
from app.reports.timeline import Source, merged
from app.security.scope import ONE_BY_ONE
from tests.related_rows import add_rows, new_customer, relate, told_of

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2026, 3, 1)


def moves_of(customer):
    """With those of its opportunities and churn cases."""
    return report.moves_of(customer, with_opportunities=True, with_cases=True)


def changes_of(customer):
    """Of the customer and its contacts."""
    return report.changes_of(customer, ("customers", "contacts"))


SOURCES = (
    Source("interaction", Interaction.happened_on, report.interactions_of),
    Source("order", Order.ordered_on, report.orders_of),
    Source("move", StatusMove.at, moves_of),
    Source("change", AuditEntry.at, changes_of),
    STEPS,
)
#: Few days and hours, midnight among them, so that many rows fall together.
DAYS = st.lists(st.integers(0, 3), max_size=8)
HOURS = st.lists(st.sampled_from([0, 1, 9, 24, 33, 48]), max_size=8)
KINDS = ("customers", "opportunities", "churn_cases")
ROWS = {"talks": DAYS, "orders": DAYS, "moves": HOURS, "changes": HOURS, "services": HOURS}


def at(hours):
    """A moment so many hours after a midnight of the company."""
    return (datetime(2026, 3, 1, tzinfo=ZONE) + timedelta(hours=hours)).astimezone(UTC)


def fill(session, customer, *, talks=(), orders=(), moves=(), changes=(), services=()):
    """The customer with these rows, of dates by days and of moments by hours since the first of March."""
    key, moment = customer.id, at(0)
    talk = {"customer_id": key, "place": "北京", "summary": "谈", "is_followed_up": False}
    talk |= {"created_on": moment, "changed_on": moment, "version": 1}
    add_rows(session, Interaction, [{**talk, "happened_on": FIRST + timedelta(days=day)} for day in talks])
    order = {"customer_id": key, "status": "paid", "source": "test", "total": Decimal(1)}
    dated = [(f"SO{number}", FIRST + timedelta(days=day)) for number, day in enumerate(orders)]
    add_rows(session, Order, [{**order, "number": number, "ordered_on": day} for number, day in dated])
    move = {"kind": "customers", "row_id": key, "move": "win_back", "after": "active"}
    add_rows(session, StatusMove, [{**move, "at": at(hours)} for hours in moves])
    add_rows(session, AuditEntry, [{**told_of(key), "at": at(hours)} for hours in changes])
    for hours in services:
        serve(session, customer, hours)


def serve(session, customer, hours):
    """A request that came, was handled and judged at one and the same moment."""
    kind = session.scalars(select(DictionaryEntry.id).where(DictionaryEntry.category == "服务类型")).first()
    asked = {"customer_id": customer.id, "customer_name": "x", "kind_id": kind, "summary": "s", "request": "r"}
    asked |= {"status": "archived", "created_on": at(hours), "handled_on": at(hours), "changed_on": at(hours)}
    add_rows(session, ServiceRequest, [asked])
    request = session.scalars(select(ServiceRequest.id).order_by(ServiceRequest.id.desc()).limit(1)).one()
    judged = {"request_id": request, "customer_id": customer.id, "number": 1, "handling": "h", "result": "r"}
    add_rows(session, ServiceRound, [{**judged, "satisfaction": 5, "judged_on": at(hours)}])


def found_by(session, source, about):
    """The places of everything that a source has, however many there are."""
    if source is STEPS:
        found = (row for step in STEPS.steps for row in session.execute(step.rows(about)))
        return [(row.moment, row.kind, row.key) for row in found]
    rows = session.execute(source.rows(about)).unique()
    return [(moment_of(getattr(row[0], source.moment.key)), source.kind, row[0].id) for row in rows]


def pages(session, customer, size, sources=SOURCES):
    """Page after page until there is none, as a reader goes through them."""
    before, found = None, []
    while True:
        shown = merged(session, customer, sources, before=before, size=size + 1, zone=ZONE)
        found += shown[:size]
        if len(shown) <= size:
            return found
        before = shown[size - 1].place


def moment_of(value):
    """A date stands at the beginning of its day."""
    return datetime(value.year, value.month, value.day, tzinfo=ZONE) if type(value) is date else value


@pytest.fixture
def customer(rows):
    """A look at one customer as the system; what is added goes away again."""
    with rows() as session:
        about = new_customer(session)
        session.commit()
        yield session, about
        session.rollback()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filled=st.fixed_dictionaries(ROWS), size=st.integers(1, 7))
def test_the_pages_together_are_the_sorted_union(customer, filled, size):
    session, about = customer
    session.rollback()
    fill(session, about, **filled)
    union = [place for source in SOURCES for place in found_by(session, source, about)]
    read = [entry.place for entry in pages(session, about, size)]
    assert len(union) >= sum(map(len, filled.values()))
    assert read == sorted(union, reverse=True)


def test_dates_are_never_shifted_and_stand_below_the_hours_of_their_day(customer):
    session, about = customer
    fill(session, about, talks=[1], orders=[1], moves=[24, 25], changes=[23])
    second = date(2026, 3, 2)
    # The log tells of the cast itself first, which came to be today.
    places = [(entry.on, entry.place.kind) for entry in pages(session, about, 3) if entry.on <= second]
    assert places == [
        (second, "move"),
        (second, "order"),
        (second, "move"),
        (second, "interaction"),
        (FIRST, "change"),
    ]


def test_a_page_reads_no_more_rows_than_it_shows_however_many_there_are(customer):
    session, about = customer
    relate(session, about, 2_000)
    for source in (one for one in SOURCES if one.kind not in {"move", "service"}):
        page = source.newest(session, about, None, size=21, zone=ZONE)
        assert len(page) == 21
        for start in (None, page[-1].place):
            # Of the 21, and of the few that others have among them.
            assert read_by(session, source, about, start) <= 2 * 21, source.kind


def test_the_steps_of_services_are_read_in_the_order_of_their_indexes(customer):
    session, about = customer
    relate(session, about, 2_000)
    page = STEPS.newest(session, about, None, size=21, zone=ZONE)
    assert len(page) == 3 * 21  # of each step so many, of which the stream takes the newest
    for start in (None, page[20].place):
        for step in STEPS.steps:
            assert read_by(session, step, about, start) <= 2 * 21, step.kind


@pytest.mark.parametrize("who", ["manager_a", "head_a", "narrow"])
def test_the_moves_of_one_record_are_looked_up_whoever_reads(rows, session_of, who):
    with rows() as session:
        key = session.scalars(select(Customer.id)).first()
        move = {"move": "win_back", "after": "active", "at": at(1)}
        others = [{**move, "kind": kind, "row_id": 1_000 + number} for number in range(2_000) for kind in KINDS]
        add_rows(session, StatusMove, [*others, {**move, "kind": "customers", "row_id": key}])
        session.commit()
        session.connection().exec_driver_sql("ANALYZE")
    with session_of(who) as (session, _actor):
        found = SOURCES[2].newest(session, Customer(id=key), None, size=21, zone=ZONE)
        assert len(found) == (0 if who == "narrow" else 2)  # with that of its churn case
        assert read_by(session, SOURCES[2], Customer(id=key), None) <= 21


def read_by(session, source, about, before):
    """How many rows of its table a statement reads; on SQLite at most the limit, where an index keeps the order."""
    asked = []

    def listen(_connection, _cursor, statement, parameters, *_rest):
        asked.append((statement, parameters))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", listen)
    try:
        session.execute(source.first(about, before, size=21, zone=ZONE), execution_options=ONE_BY_ONE)
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    statement, parameters = asked[0]
    connection = session.connection()
    if engine.dialect.name == "sqlite":
        plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        table = source.moment.class_.__tablename__
        assert any(re.search(rf"SEARCH {table} USING (COVERING )?INDEX ix_{table}", step) for step in plan), plan
        if source.kind == "move":  # few, which are sorted
            return 1 if any("(kind=? AND row_id=?)" in step for step in plan) else 10_000
        return 10_000 if "USE TEMP B-TREE FOR ORDER BY" in plan else 21
    explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar()
    plan = explained if isinstance(explained, list) else json.loads(explained)
    return rows_read(plan[0]["Plan"], source.moment.class_.__tablename__)


def rows_read(node, table):
    """The rows of ``table`` that a plan of PostgreSQL read, those it threw away too."""
    own = node.get("Relation Name") == table
    count = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] if own else 0
    return count + sum(rows_read(below, table) for below in node.get("Plans", ()))
