"""The work of employees: made of what was written down, by days of the company, of people in sight."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, select, text

from app.models import Attachment, Customer, Employee, Interaction, PlanItem, ServiceRequest
from app.reports.analyses.work.statements import KINDS
from tests.cast import service
from tests.reports.finding import TODAY, ZONE, assert_drills, cells, find, listed
from tests.reports.pipeline import at, empty, enter

KEYS = ("span", "name", "opportunities", "items", "interactions", "services", "all")


@pytest.fixture
def company(rows, no_services):
    """What three people did in February and March, some of it around midnight."""
    with rows() as session:
        empty(session)
        for model in (Attachment, Interaction):
            session.execute(delete(model), execution_options={"synchronize_session": False})
        people = {person.username: person for person in session.scalars(select(Employee))}
        customers = session.scalars(select(Customer).order_by(Customer.id)).all()
        a, b = people["manager_a"], people["manager_b"]
        row = enter(session, "甲", at(2, 1), by="supervisor", to="manager_a", given=at(2, 1))
        enter(session, "乙", at(3, 1, 0), by="manager_b")
        for day, done in ((3, at(2, 28, 23)), (4, at(3, 1, 0)), (5, None)):
            session.add(PlanItem(opportunity=row, planned_on=date(2026, 3, day), todo="拜访", done_on=done))
        for customer, person, day in ((0, a, 16), (0, a, 17), (1, b, 17), (1, None, 17)):
            met = {"happened_on": date(2026, 3, day), "place": "现场", "summary": "回访"}
            session.add(Interaction(customer=customers[customer], created_by=person, **met))
        for customer, person, moment in ((0, a, at(3, 18)), (1, b, at(2, 3)), (1, b, None)):
            handled = {"handling": "已处理", "handled_on": moment} if moment else {}
            session.add(service(customers[customer], "报修", person, person, **handled))
    return rows


def test_months_by_hand(company):
    with company() as session:
        table = find(session, "work").table
    assert cells(table, *KEYS) == [
        ("2026-03", "林知远", 0, 1, 2, 1, 4),
        ("2026-03", "陈禾", 1, 0, 1, 0, 2),
        ("2026-03", "未指定", 0, 0, 1, 0, 1),
        ("2026-02", "林知远", 0, 1, 0, 0, 1),
        ("2026-02", "许安宁", 1, 0, 0, 0, 1),
        ("2026-02", "陈禾", 0, 0, 0, 1, 1),
    ]
    assert table.totals == {"opportunities": 2, "items": 2, "interactions": 4, "services": 2, "all": 10}


def test_weeks_begin_on_monday_and_days_at_midnight_of_the_company(company):
    with company() as session:
        weeks = cells(find(session, "work", by="week", from_="2026-03-01").table, "span", "name", "all")
        assert weeks == [
            ("2026-03-16 – 03-18", "林知远", 3),
            ("2026-03-16 – 03-18", "未指定", 1),
            ("2026-03-16 – 03-18", "陈禾", 1),
            ("2026-03-01 – 03-01", "林知远", 1),
            ("2026-03-01 – 03-01", "陈禾", 1),
        ]
        days = cells(find(session, "work", by="day", from_="2026-02-28", to="2026-03-01").table, "span", "name", "all")
        assert days == [("2026-03-01", "林知远", 1), ("2026-03-01", "陈禾", 1), ("2026-02-28", "林知远", 1)]
        assert cells(find(session, "work", person="manager_b").table, "span", "all") == [("2026-03", 2), ("2026-02", 1)]


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_every_day_of_a_period_lies_in_one_span(company, by):
    with company() as session:
        assert find(session, "work", by=by, from_="2026-01-14").table.totals["all"] == 10
        assert find(session, "work", by=by, from_="1950-01-01").table.totals["all"] == 10
        assert find(session, "work", by=by, year="2030").table.rows_in_all == 0


def test_counts_equal_plain_sql(company):
    with company() as session:
        totals = find(session, "work", year="2026").table.totals
        wheres = ["opportunities", "plan_items WHERE done_on IS NOT NULL", "interactions"]
        wheres.append("service_requests WHERE handled_on IS NOT NULL")
        plain = [session.scalar(text(f"SELECT count(*) FROM {where}")) for where in wheres]
        assert [totals[work.key] for work in KINDS] == plain


@pytest.mark.parametrize("given", [{}, {"by": "week", "person": "manager_a"}])
def test_every_count_leads_to_its_records(company, session_of, as_, given):
    with session_of("supervisor") as (session, _):
        outcome = find(session, "work", **given)
    assert_drills(as_("supervisor"), outcome.table)
    (basis,) = outcome.charts[0].basis
    totals = [outcome.table.totals[work.key] for work in KINDS]
    assert [listed(as_("supervisor"), href) for href in basis.links.values()] == totals


def test_a_head_sees_the_work_of_his_people_alone(company, session_of):
    with session_of("head_a") as (session, _):
        found = cells(find(session, "work").table, *KEYS)
    # The supervisor created what manager_a develops, but of the supervisor's work the head sees a part at most.
    assert found == [("2026-03", "林知远", 0, 1, 2, 1, 4), ("2026-02", "林知远", 0, 1, 0, 0, 1)]


def test_who_sees_his_own_alone_reads_of_himself_alone(company, session_of):
    with session_of("narrow") as (session, _):
        assert find(session, "work").table.rows_in_all == 0


def test_a_future_moment_is_not_today(company):
    with company() as session:
        row = session.scalars(select(ServiceRequest).where(ServiceRequest.handled_on.is_not(None))).first()
        row.handled_on = datetime.combine(TODAY + timedelta(days=1), datetime.min.time(), ZONE).astimezone(UTC)
        session.flush()
        assert find(session, "work").table.totals["services"] == 1


def test_a_head_is_led_to_the_work_of_people_alone(company, session_of, as_):
    with session_of("head_a") as (session, _):
        everybody, one = find(session, "work"), find(session, "work", person="manager_a")
    # He sees what the supervisor created for manager_a, but his figures leave it out.
    assert_drills(as_("head_a"), everybody.table)
    assert all(column.href(everybody.table.totals) == "" for column in everybody.table.columns if column.href)
    assert everybody.charts[0].basis[0].links == {}
    assert "<svg" in as_("head_a").get("/reports/work").get_data(as_text=True)
    assert_drills(as_("head_a"), one.table)
    assert all(column.href(one.table.totals) for column in one.table.columns if column.href)


def test_namesakes_are_two_people(company):
    with company() as session:
        people = {person.username: person for person in session.scalars(select(Employee))}
        a, b = people["manager_a"], people["manager_b"]
        b.first_name, b.last_name = a.first_name, a.last_name
        session.flush()
        head, most, *_ = (fact.sentence for fact in find(session, "work").facts)
    assert "3 人" in head
    assert most == "林知远最多，5 项。"
