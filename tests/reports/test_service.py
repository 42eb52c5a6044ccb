"""客户服务分析: requests by kind and year, how long they took, and how many came back."""

import statistics
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text

from app.models import Category, DictionaryEntry, ServiceRequest, ServiceRound, ServiceStatus
from tests.reports.asked import count_at, found, links, named, values
from tests.service_requests import moment, request_of

pytestmark = pytest.mark.usefixtures("no_services")

#: kind, created, minutes until the first allocation, the first handling and the end, and how it went on
SET = (
    ("咨询", "2024-12-31 23:59", 10, 60, 90, 5),
    ("咨询", "2025-01-01 00:00", 20, 70, 200, 4),
    ("咨询", "2025-12-31 23:59", 30, 80, 300, 3),
    ("投诉", "2025-07-01 12:00", 40, 100, 401, 5),
    ("投诉", "2026-01-01 07:30", 50, None, None, None),  # 23:30 UTC on 31 December
    ("投诉", "2026-02-28 12:00", None, None, None, None),
)


@pytest.fixture
def requests(rows, no_services):
    """Six requests, of which the fourth was sent back once, so that its own moments are those of the second round."""
    with rows() as session:
        for kind, created, *took, score in SET:
            assigned, handled, closed = (None if minutes is None else _after(created, minutes) for minutes in took)
            status = "archived" if closed else "assigned" if assigned else "created"
            row = request_of(session, created=created, kind=kind, status=status)
            row.assigned_on, row.handled_on, row.archived_on, row.satisfaction = assigned, handled, closed, score
            if assigned:
                row.assignee = row.created_by
        fourth = session.scalars(select(ServiceRequest).order_by(ServiceRequest.id)).all()[3]
        first = {"handling": "x", "result": "x", "satisfaction": 2, "customer_id": fourth.customer_id, "number": 1}
        moments = {"assigned_on": fourth.assigned_on, "handled_on": fourth.handled_on}
        session.add(ServiceRound(request=fourth, judged_on=_after(SET[3][1], 200), **first, **moments))
        fourth.round, fourth.assigned_on, fourth.handled_on = 2, _after(SET[3][1], 200), _after(SET[3][1], 399)


def _after(created, minutes):
    return moment(created) + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("year", "counts"), [("2024", [1, 0, 0]), ("2025", [2, 1, 0]), ("2026", [0, 2, 0]), ("", [3, 3, 0])]
)
def test_a_year_is_that_of_the_company(requests, as_, year, counts):
    lines = as_("supervisor").get(f"/reports/service/csv?year={year}").get_data(as_text=True).splitlines()
    kinds = ("咨询", "投诉", "建议")
    rows = [f"{place},{kind},{count}" for place, (kind, count) in enumerate(zip(kinds, counts, strict=True), 1)]
    assert lines == ["\ufeff编号,条目,服务数量", *rows, f"合计,,{sum(counts)}"]


def test_durations_by_hand(requests, session_of):
    with session_of("supervisor") as (session, _):
        outcome = found(session, "service")
        times = named(outcome, "How long they took")
        steps = [f"{step}_{which}" for step in ("assign", "process", "close") for which in ("median", "slow")]
        assert values(times, *steps)[0] == (20, 28, 50, 50, 200, 280)
        assert values(times, *steps)[1] == (45, 49, 60, 60, 401, 401)
        assert values(times, *steps)[2] == (None,) * 6
        assert [times.totals[step] for step in steps] == [30, 46, 50, 57, 250, 370]
        assert (times.totals["came_back"], times.totals["part"]) == (1, 167)


def test_medians_of_the_database_are_those_of_python(rows, session_of):
    minutes = [7, 1, 1, 30, 12, 400, 5, 90, 33, 2, 61]
    with rows() as session:
        for place in minutes:
            row = request_of(session, created="2026-03-02 10:00", kind="建议", status=ServiceStatus.ARCHIVED)
            row.archived_on = _after("2026-03-02 10:00", place)
    with session_of("supervisor") as (session, _):
        times = named(found(session, "service"), "How long they took").totals
        assert times["close_median"] == statistics.median(minutes)
        slow = statistics.quantiles([60 * one for one in minutes], n=10, method="inclusive")[-1]
        assert times["close_slow"] == slow // 60
        assert (times["assign_median"], times["process_slow"]) == (None, None)


def test_months_are_those_of_the_company(requests, session_of):
    with session_of("supervisor") as (session, _):
        chart = found(session, "service", year="2025").charts[1]
        assert "2025-01 1" in chart.says and "2025-07 1" in chart.says and "2025-12 1" in chart.says
        alone = found(session, "service", **{"from": "2025-07-01", "to": "2025-07-31"})
        assert "2025-07 1" in alone.charts[1].says


@pytest.mark.parametrize("by", ["kind", "manager", "customer", "status", "score"])
def test_shares_and_totals_add_up(requests, session_of, by):
    with session_of("supervisor") as (session, _):
        outcome = found(session, "service", by=by)
        assert outcome.table.totals == {"count": 6}
        assert named(outcome, "Shares").totals["share"] == 1000
        empty = found(session, "service", by=by, year="1999")
        assert empty.table.totals == {"count": 0} and not empty.facts
        assert len(empty.table.frame) == {"kind": 3, "status": 4, "score": 5}.get(by, 0)


def test_however_many_kinds_there_are_the_durations_are_those_of_all(rows, session_of):
    with rows() as session:
        for place in range(40):
            more = {"position": 100 + place, "value": f"kind-{place}"}
            session.add(DictionaryEntry(category=Category.SERVICE_KIND.value, item=f"种类{place}", **more))
        session.flush()
        request_of(session, kind="种类39", round=2)
    with session_of("supervisor") as (session, _):
        table = named(found(session, "service"), "How long they took")
        assert sum(came_back for (came_back,) in values(table, "came_back")) == table.totals["came_back"] == 1


def test_single_customers_have_no_durations(requests, session_of):
    with session_of("supervisor") as (session, _):
        assert [str(one.title) for one in found(session, "service", by="customer").more] == ["占比"]


@pytest.mark.parametrize(("who", "year"), [("supervisor", ""), ("supervisor", "2025"), ("head_a", "")])
@pytest.mark.usefixtures("requests")
def test_each_figure_leads_to_as_many_requests(session_of, as_, who, year):
    asked = [{"by": by, "year": year} for by in ("kind", "manager", "customer", "status", "score")]
    with session_of(who) as (session, _):
        figures = {pair for one in asked for pair in links(found(session, "service", **one, today=date.today()))}
    browser = as_(who)
    assert len(figures) > 15
    for count, href in figures:
        assert count_at(browser, href) == count, href


def test_a_head_of_department_counts_what_he_sees(rows, session_of):
    with rows() as session:
        request_of(session, assigned="2026-03-02 11:00", to="manager_a")
        request_of(session, assigned="2026-03-02 11:00", to="manager_b")
        request_of(session)
    plain = """
        SELECT count(*) FROM service_requests WHERE coalesce(assignee_id, created_by_id) IN
        (SELECT id FROM ab_user WHERE username IN ('manager_a', 'narrow', 'head_a', 'nobody'))
    """
    with session_of("head_a") as (session, _):
        outcome = found(session, "service")
        assert outcome.table.totals["count"] == session.connection().scalar(text(plain)) == 1
        assert named(outcome, "How long they took").totals["assign_median"] == 60
