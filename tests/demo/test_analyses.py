"""The analyses of the demo company, whose figures are those of plain SQL written for this test alone."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from app import create_app
from tests.reports.asked import ZONE, found, named, values

TODAY = datetime.now(ZONE).date()


@pytest.fixture(autouse=True)
def in_a_request(settings):
    """Words are those of a reader."""
    with create_app(settings).test_request_context(headers={"Accept-Language": "zh"}):
        yield


def plain(session, statement, **values):
    """The rows of a statement, past the session."""
    return session.connection().execute(text(statement), values).all()


def moment(value):
    """What a database gives of a moment, in the company's time zone; None for none."""
    if value is None:
        return None
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(ZONE)


def day_in(value):
    """What a database gives of a day."""
    return value if isinstance(value, date) else date.fromisoformat(value)


BY_LEVEL = """
SELECT e.item, (SELECT count(*) FROM customers c WHERE c.level_id = e.id AND c.status <> 'deleted')
FROM dictionary_entries e WHERE e.category = '企业客户等级' ORDER BY e.position DESC
"""


def test_customers_by_level(session):
    rows = values(found(session, "composition", today=TODAY).table, "level", "count")
    wanted = [tuple(row) for row in plain(session, BY_LEVEL)]
    none = plain(session, "SELECT count(*) FROM customers WHERE level_id IS NULL AND status <> 'deleted'")[0][0]
    assert rows == wanted + ([("未指定", none)] if none else [])


@pytest.mark.parametrize("field", ["credit", "satisfaction"])
def test_customers_by_score(session, field):
    counts = dict(
        tuple(row)
        for row in plain(session, f"SELECT {field}, count(*) FROM customers WHERE status <> 'deleted' GROUP BY {field}")
    )
    rows = values(found(session, "composition", by=field, today=TODAY).table, "count")
    none = [counts[None]] if None in counts else []
    assert [count for (count,) in rows] == [counts.get(score, 0) for score in (5, 4, 3, 2, 1)] + none


def test_customers_of_half_a_year_ago(session):
    day = TODAY - timedelta(days=182)
    then: Counter[str] = Counter()
    last = {key: moment(at) for key, at in plain(session, "SELECT id, created_on FROM customers")}
    status = dict(map(tuple, plain(session, "SELECT id, status FROM customers")))
    moves = plain(session, "SELECT row_id, before, at FROM status_moves WHERE kind = 'customers' ORDER BY at DESC")
    for key, before, at in moves:
        if moment(at).date() > day and before:
            status[key] = before
    for key, came in last.items():
        then[status[key]] += came.date() <= day
    rows = values(found(session, "composition", by="status", as_of=day.isoformat(), today=TODAY).table, "count")
    assert rows == [(then["active"],), (then["lost"],)]


def test_services_by_kind_and_year(session):
    requests = plain(
        session,
        "SELECT e.item, r.created_on FROM service_requests r JOIN dictionary_entries e ON e.id = r.kind_id",
    )
    counts = Counter((kind, moment(created).year) for kind, created in requests)
    for year in (TODAY.year - 1, TODAY.year):
        rows = values(found(session, "service", year=str(year), today=TODAY).table, "kind", "count")
        assert rows == [(kind, counts[kind, year]) for kind in ("咨询", "投诉", "建议")]


def test_the_median_to_close(session):
    rows = plain(session, "SELECT created_on, archived_on FROM service_requests WHERE archived_on IS NOT NULL")
    took = sorted(int((moment(end) - moment(begin)).total_seconds()) for begin, end in rows)
    middle = (took[(len(took) - 1) // 2] + took[len(took) // 2]) // 2
    times = named(found(session, "service", today=TODAY), "How long they took")
    assert times.totals["close_median"] == middle // 60
    back = plain(session, "SELECT count(DISTINCT request_id) FROM service_rounds WHERE satisfaction < 3")
    assert times.totals["came_back"] == back[0][0] > 0


def test_confirmed_cases_and_what_they_cost(session):
    cases = plain(
        session,
        "SELECT k.id, c.name, k.confirmed_on, k.customer_id, k.last_order_on FROM churn_cases k "
        "JOIN customers c ON c.id = k.customer_id WHERE k.status = 'confirmed'",
    )
    outcome = found(session, "churn", today=TODAY)
    rows = values(outcome.table, "customer", "year")
    cases.sort(key=lambda case: (moment(case[2]), case[0]), reverse=True)
    assert rows == [(name, moment(at).year) for _, name, at, *_ in cases]
    lost = 0
    for *_, customer, last in cases:
        orders = plain(session, "SELECT ordered_on, total FROM orders WHERE customer_id = :key", key=customer)
        end = day_in(last)
        begin = (end.year - 1, end.month, end.day)
        days = [(day_in(day), total) for day, total in orders]
        lost += sum(total for day, total in days if begin < (day.year, day.month, day.day) and day <= end)
    assert named(outcome, "By reason").totals["lost_revenue"] == lost > 0


def test_events_of_the_last_twelve_months(session):
    months = named(found(session, "churn", today=TODAY), "Churn by month")
    first = months.frame["month"].iloc[0]
    cases = plain(session, "SELECT status, recovered_on, confirmed_on, as_of FROM churn_cases")
    recovered = [moment(one[1]) for one in cases if one[0] == "recovered"]
    confirmed = [moment(one[2]) for one in cases if one[0] == "confirmed"]
    warned = [str(one[3]) for one in cases]
    for row in months.rows():
        assert row["recovered"] == sum(f"{at:%Y-%m}" == row["month"] for at in recovered)
        assert row["confirmed"] == sum(f"{at:%Y-%m}" == row["month"] for at in confirmed)
        assert row["warned"] == sum(day[:7] == row["month"] for day in warned)
    assert months.totals["warned"] == sum(day[:7] >= first for day in warned)
