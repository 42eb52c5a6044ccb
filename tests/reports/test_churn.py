"""客户流失分析: who was lost when and why, what it costs, and what saved the others."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import null, select, text

from app.actions.basedata import find_entry
from app.models import (
    Category,
    ChurnCase,
    ChurnMeasure,
    Customer,
    CustomerStatus,
    Order,
    StatusMove,
)
from app.reports.engine import Slice
from app.security.scope import copying
from tests.cast import SOURCE
from tests.reports.asked import count_at, found, links, named, values
from tests.service_requests import moment, person

pytestmark = pytest.mark.usefixtures("no_cases")

#: customer: (region, manager, warned for, ended, status, kind of reason, reason, last order)
CASES = {
    "甲": ("华东", "manager_a", "2025-06-07", "2025-12-31 23:59", "confirmed", "价格", "太贵", "2024-02-29"),
    "乙": ("华东", "manager_b", "2025-11-01", "2026-01-01 07:30", "confirmed", "价格", "有更便宜的", "2025-03-31"),
    "丙": ("北京", "manager_a", "2026-01-03", "2026-02-10 12:00", "confirmed", None, "没有回应", "2025-05-05"),
    "丁": ("北京", "manager_a", "2026-01-10", "2026-03-01 12:00", "recovered", None, None, "2025-06-01"),
    "戊": (None, "manager_b", "2026-02-07", None, "postponed", None, None, "2025-07-01"),
}
#: customer, day and yuan; those beside the twelve months up to the last order do not count
ORDERS = (
    *(("甲", "2023-02-28", "1000"), ("甲", "2023-03-01", "10.25"), ("甲", "2024-02-29", "20.50")),
    *(
        ("乙", "2024-03-31", "1000"),
        ("乙", "2024-04-01", "30"),
        ("乙", "2025-03-31", "40"),
        ("乙", "2025-04-01", "1000"),
    ),
    *(("丁", "2025-06-01", "99.99"), ("丁", "2026-02-28", "1000")),
)
MEASURES = (
    ("丁", "2026-01-31 23:59", "上门拜访"),
    ("丁", "2026-02-01 00:00", "重新报价"),
    ("戊", "2026-02-20 12:00", "电话"),
)


@pytest.fixture
def cases(rows):
    """Five customers with a case each beside the two of the cast, who are put away."""
    with rows() as session:
        for one in session.scalars(select(Customer)):
            one.status = CustomerStatus.DELETED
        session.flush()
        made = {}
        for place, (name, one) in enumerate(CASES.items()):
            made[name] = _case(session, place, name, *one)
            session.add(made[name])
        session.flush()
        for name, at, what in MEASURES:
            session.add(ChurnMeasure(case=made[name], text=what, created_on=moment(at)))
        for name in "甲乙丙":
            case = made[name]
            case.customer.status = CustomerStatus.LOST
            key = {"kind": "customers", "row_id": case.customer_id, "at": case.confirmed_on}
            session.add(StatusMove(move="lose", before="active", after="lost", **key))
        with copying(session):
            for place, (name, day, yuan) in enumerate(ORDERS):
                order = Order(number=f"C{place}", customer=made[name].customer, ordered_on=date.fromisoformat(day))
                order.total, order.source = Decimal(yuan), SOURCE
                session.add(order)
            session.flush()


def _case(session, place, name, *one):
    region, manager, warned, ended, status, kind, reason, last = one
    customer = Customer(number=f"KH26112200001{place}", name=name, manager=person(session, manager))
    customer.region = find_entry(session, Category.REGION, region) if region else None
    customer.created_on = moment("2024-01-01 12:00")
    case = ChurnCase(customer=customer, manager=customer.manager, status=status, reason=reason)
    case.as_of, case.last_order_on = date.fromisoformat(warned), date.fromisoformat(last)
    case.reason_kind = find_entry(session, Category.CHURN_REASON, kind) if kind else None
    case.confirmed_on = moment(ended) if status == "confirmed" else null()
    case.recovered_on = moment(ended) if status == "recovered" else null()
    return case


def test_the_confirmed_ones_with_their_year_in_the_company(cases, as_):
    lines = as_("supervisor").get("/reports/churn/csv").get_data(as_text=True).splitlines()
    assert lines == [
        "\ufeff编号,年份,客户,客户经理,流失原因",
        "1,2026,丙,林知远,没有回应",
        "2,2026,乙,陈禾,有更便宜的",
        "3,2025,甲,林知远,太贵",
        "合计,,,,",
    ]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"name": "乙"}, ["乙"]),
        ({"manager": "manager_a"}, ["丙", "甲"]),
        ({"manager": "manager_a", "name": "乙"}, []),
        ({"manager": "nobody-at-all"}, []),
        ({"year": "2025"}, ["甲"]),
        ({"year": "2026", "to": "2026-01-31"}, ["乙"]),
    ],
)
def test_filters(cases, session_of, asked, names):
    with session_of("supervisor") as (session, _):
        outcome = found(session, "churn", **asked)
        assert values(outcome.table, "customer") == [(name,) for name in names]
        assert outcome.table.rows_in_all == len(names)


def test_pages_are_taken_by_the_database(cases, session_of):
    with session_of("supervisor") as (session, _):
        table = found(session, "churn", part=Slice(2, 2)).table
        assert (len(table.frame), table.rows_in_all) == (1, 3)
        assert [(row["number"], row["customer"]) for row in table.rows(2, 2)] == [(3, "甲")]


def test_the_revenue_of_twelve_months_by_hand(cases, session_of):
    with session_of("supervisor") as (session, _):
        by_reason = named(found(session, "churn"), "By reason")
        assert values(by_reason, "value", "lost", "lost_revenue")[0] == ("价格", 2, 3075 + 7000)
        assert values(by_reason, "value", "lost", "share")[-1] == ("未指定", 1, 333)
        assert by_reason.totals == {"lost": 3, "lost_revenue": 10075, "share": 1000}
        by_region = named(found(session, "churn", by="region"), "By region")
        rows = {row["value"]: row for row in by_region.rows()}
        assert (rows["华东"]["lost"], rows["华东"]["lost_revenue"], rows["华东"]["saved"]) == (2, 10075, 0)
        assert (rows["北京"]["lost"], rows["北京"]["saved"], rows["北京"]["saved_revenue"]) == (1, 1, 9999)
        by_manager = named(found(session, "churn", by="manager", year="2026"), "By account manager")
        assert values(by_manager, "value", "lost", "saved") == [("林知远", 1, 1), ("陈禾", 1, 0)]


def test_months_and_the_churn_rate_by_hand(cases, session_of):
    with session_of("supervisor") as (session, _):
        months = named(found(session, "churn", year="2026", today=date(2026, 3, 31)), "Churn by month")
        keys = ("month", "warned", "postponed", "recovered", "confirmed", "active", "rate")
        assert values(months, *keys) == [
            ("2026-01", 2, 1, 0, 1, 4, 250),
            ("2026-02", 1, 2, 0, 1, 3, 333),
            ("2026-03", 0, 0, 1, 0, 2, 0),
        ]
        assert months.totals == {"warned": 3, "postponed": 3, "recovered": 1, "confirmed": 2, "active": 4, "rate": 500}
        before = named(found(session, "churn", year="2024", today=date(2026, 3, 31)), "Churn by month")
        assert values(before, "active", "rate")[:2] == [(0, None), (5, 0)]


def test_a_customer_won_back_is_active_again(cases, rows):
    with rows() as session:
        customer = session.scalars(select(Customer).where(Customer.name == "乙")).one()
        customer.status = CustomerStatus.ACTIVE
        back = {"kind": "customers", "row_id": customer.id, "move": "win_back", "before": "lost", "after": "active"}
        session.add(StatusMove(at=moment("2026-02-15 12:00"), **back))
        session.flush()
        months = named(found(session, "churn", year="2026", today=date(2026, 3, 31)), "Churn by month")
        assert values(months, "active") == [(4,), (3,), (3,)]


def test_what_was_done_in_the_saved_cases(cases, session_of):
    with session_of("supervisor") as (session, _):
        outcome = found(session, "churn")
        measures = named(outcome, "Measures in the saved cases")
        assert values(measures, "customer", "recovered_on", "measured_on", "measure") == [
            ("丁", date(2026, 3, 1), date(2026, 1, 31), "上门拜访"),
            ("丁", date(2026, 3, 1), date(2026, 2, 1), "重新报价"),
        ]


def test_nothing_found_is_no_error(session_of, as_):
    with session_of("supervisor") as (session, _):
        outcome = found(session, "churn", year="1999")
        assert outcome.table.rows_in_all == 0
        assert named(outcome, "Churn by month").totals["rate"] is None
    assert as_("supervisor").get("/reports/churn?year=1999&page=3").status_code == 200


@pytest.mark.parametrize(
    ("who", "more"),
    [("supervisor", {}), ("head_a", {"year": "2026"}), ("supervisor", {"manager": "manager_a", "name": "丁"})],
)
@pytest.mark.usefixtures("cases")
def test_each_figure_leads_to_as_many_cases(session_of, as_, who, more):
    asked = [{"by": by, **more} for by in ("reason", "region", "level", "manager")]
    with session_of(who) as (session, _):
        figures = {pair for one in asked for pair in links(found(session, "churn", **one))}
    browser = as_(who)
    assert len(figures) > 60
    for count, href in figures:
        assert count_at(browser, href) == count, href


def test_a_head_of_department_sees_the_cases_of_his_customers(cases, session_of):
    plain = """
        SELECT count(*) FROM churn_cases JOIN customers ON customers.id = customer_id
        WHERE churn_cases.status = 'confirmed' AND customers.manager_id IN
        (SELECT id FROM ab_user WHERE username IN ('manager_a', 'narrow', 'head_a', 'nobody'))
    """
    with session_of("head_a") as (session, _):
        outcome = found(session, "churn")
        assert outcome.table.rows_in_all == session.connection().scalar(text(plain)) == 2
        assert named(outcome, "By reason").totals["lost_revenue"] == 3075
        months = named(outcome, "Churn by month")
        assert months.totals["active"] == 3  # 甲, 丙 and 丁 on 1 December
