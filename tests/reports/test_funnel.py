"""The funnel: figures known by hand and by SQL of its own, in scope, and each with its records behind it."""

import csv
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from statistics import median

import pytest
from sqlalchemy import insert, select, text

from app.models import Employee, Opportunity, OpportunityStatus, StatusMove
from tests.conftest import SHARED
from tests.reports.finding import assert_drills, cells, find, listed
from tests.reports.pipeline import at, empty, enter, fill, fire

PIPELINE_CSV = SHARED / "data" / "crm-pipeline" / "sales_pipeline.csv"
UNASSIGNED, ASSIGNED, SUCCEEDED, FAILED = (one.value for one in OpportunityStatus)


@pytest.fixture
def company(rows):
    """Seven opportunities."""
    with rows() as session:
        fill(session)
    return rows


def test_every_stage_by_hand(company):
    with company() as session:
        outcome = find(session, "funnel")
        # 0.05 × 33 % is 0.0165, which is 0.02 by the cent.
        assert cells(outcome.table, "status", "count", "share", "amount", "weighted", "days") == [
            (UNASSIGNED, 3, 428, 1004, 1001, 1.5),
            (ASSIGNED, 1, 143, 100000, 50000, 20.0),
            (SUCCEEDED, 2, 286, 53333, 42000, None),
            (FAILED, 1, 143, 10000, 1000, None),
        ]
        assert outcome.table.totals == {"count": 7, "share": 1000, "amount": 164337, "weighted": 94001}
        assert "66.7 %" in outcome.facts[0].sentence


def test_groups_by_hand_and_without_one(company):
    keys = ("name", "count", UNASSIGNED, ASSIGNED, SUCCEEDED, FAILED, "rate", "amount", "weighted", "days")
    with company() as session:
        by_source = find(session, "funnel", by="source").table
        assert cells(by_source, *keys) == [
            ("官网", 3, 0, 1, 2, 0, 1000, 153333, 92000, 15.0),
            ("展会", 2, 2, 0, 0, 0, None, 5, 2, None),
            ("未指定", 2, 1, 0, 0, 1, 0, 10999, 1999, pytest.approx(26.625)),
        ]
        by_manager = find(session, "funnel", by="manager").table
        assert cells(by_manager, *keys) == [
            ("未指定", 3, 3, 0, 0, 0, None, 1004, 1001, None),
            ("林知远", 2, 0, 1, 1, 0, 1000, 133333, 80000, 10.0),
            ("陈禾", 2, 0, 0, 1, 1, 500, 30000, 13000, pytest.approx((20 + 26.625) / 2)),
        ]
        assert [row[:2] for row in cells(find(session, "funnel", by="region").table, *keys)] == [
            ("未指定", 4),
            ("华东", 2),
            ("华南", 1),
        ]
        for by in ("manager", "region", "source"):
            totals = find(session, "funnel", by=by).table.totals
            assert (totals["count"], totals["amount"], totals["weighted"], totals["rate"]) == (7, 164337, 94001, 667)


def test_a_year_is_that_of_the_company(company):
    with company() as session:
        assert find(session, "funnel", year="2025").table.totals["count"] == 1
        assert find(session, "funnel", year="2026").table.totals["count"] == 6
        assert find(session, "funnel", manager="manager_a").table.totals["count"] == 2
        assert find(session, "funnel", region="East China", source="展会").table.totals["count"] == 1


def test_an_opportunity_given_on_stays_in_its_stage(company):
    with company() as session:
        row = session.scalars(select(Opportunity).where(Opportunity.customer_name == "丙")).one()
        other = session.scalars(select(Employee).where(Employee.username == "manager_b")).one()
        fire(session, row, "reassign", at(2, 20), assignee=other, reason="换区")
        fire(session, row, "fail", at(3, 5), reason="价格")
        stays = {row["status"]: row["days"] for row in find(session, "funnel").table.rows()}
        assert stays[ASSIGNED] == pytest.approx((20 + 26.625) / 2)  # of 10, 20, 26.625 and 30


def test_sums_equal_plain_sql(company):
    with company() as session:
        statement = text(
            "SELECT status, count(*), sum(round(expected_amount * 100)) FROM opportunities GROUP BY status"
        )
        plain = {status: (count, int(amount)) for status, count, amount in session.execute(statement)}
        found = cells(find(session, "funnel").table, "status", "count", "amount")
        assert {status: rest for status, *rest in found} == {key: list(value) for key, value in plain.items()}


@pytest.mark.parametrize("by", ["stage", "manager", "region", "source"])
def test_every_count_leads_to_its_records(company, session_of, as_, by):
    with session_of("supervisor") as (session, _):
        outcome = find(session, "funnel", by=by, year="2026")
    assert_drills(as_("supervisor"), outcome.table)
    (basis,) = outcome.charts[0].basis
    assert [listed(as_("supervisor"), href) for href in basis.links.values()] == [6, 1]


def test_a_head_sees_what_his_people_develop(company, session_of):
    with session_of("head_a") as (session, _):
        assert find(session, "funnel", by="manager").table.totals["count"] == 2
        assert [row["name"] for row in find(session, "funnel", by="manager").table.rows()] == ["林知远"]
        assert find(session, "funnel").table.totals["amount"] == 133333


def test_nothing_is_shown_of_nothing(rows):
    with rows() as session:
        empty(session)
        for by in ("stage", "source"):
            outcome = find(session, "funnel", by=by)
            assert (outcome.charts, outcome.facts, outcome.table.totals["count"]) == ((), (), 0)
        enter(session, "辛", at(1, 1))
        assert "暂无成功率" in find(session, "funnel").facts[0].sentence


# ---- a real pipeline --------------------------------------------------------------------------------------


@pytest.fixture
def deals():
    """The opportunities of the sample company."""
    if not PIPELINE_CSV.exists():
        pytest.skip("the sample data is not here")
    with PIPELINE_CSV.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


STAGES = {"Prospecting": UNASSIGNED, "Engaging": ASSIGNED, "Won": SUCCEEDED, "Lost": FAILED}


def test_a_real_pipeline_gives_its_own_figures(rows, deals):
    with rows() as session:
        empty(session)
        put_in(session, deals)
        by_stage = find(session, "funnel").table
        counts = Counter(deal["deal_stage"] for deal in deals)
        assert dict(cells(by_stage, "status", "count")) == {STAGES[stage]: count for stage, count in counts.items()}
        assert counts["Won"] == 4238 and by_stage.totals["count"] == 8800
        won = sum(int(deal["close_value"]) for deal in deals if deal["deal_stage"] == "Won")
        assert dict(cells(by_stage, "status", "amount"))[SUCCEEDED] == 100 * won == 1000553400
        by_source = find(session, "funnel", by="source").table
        assert by_source.totals["rate"] == 632  # 4,238 of 6,711
        assert {name: found for name, *found in cells(by_source, "name", "count", SUCCEEDED, "days")} == of_products(
            deals
        )


def put_in(session, deals):
    """As opportunities with their history; the product stands for the source."""
    people = session.scalars(select(Employee.id)).all()
    values, moves = [], []
    for key, deal in enumerate(deals, 1_000_000):
        begun, closed = (noon(deal[name]) for name in ("engage_date", "close_date"))
        status = STAGES[deal["deal_stage"]]
        values.append(
            {
                **{"id": key, "customer_name": deal["account"] or "-", "name_key": "-", "source": deal["product"]},
                **{"probability": 50, "summary": deal["opportunity_id"], "description": "-", "status": status},
                **{"expected_amount": deal["close_value"] or None, "created_on": begun or noon("2017-01-01")},
                **{"changed_on": noon("2017-12-31"), "created_by_id": people[0], "assigned_on": begun},
                **{"assignee_id": None if status == UNASSIGNED else people[key % 2], "closed_on": closed, "version": 1},
            }
        )
        steps = [(None, UNASSIGNED, begun), (UNASSIGNED, ASSIGNED, begun), (ASSIGNED, status, closed)]
        for before, after, moment in steps:
            if moment and before != after:
                told = {"kind": "opportunities", "row_id": key, "move": "x", "by_id": None}
                moves.append({**told, "before": before, "after": after, "at": moment})
    session.execute(insert(Opportunity), values)
    session.execute(insert(StatusMove), moves)


def noon(day):
    """A moment of a day, None for none."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) if day else None


def of_products(deals):
    """Of each product how many deals, how many won, and the median of the days they took, reckoned here."""
    counts: Counter[str] = Counter()
    won: Counter[str] = Counter()
    took = defaultdict(list)
    for deal in deals:
        counts[deal["product"]] += 1
        won[deal["product"]] += deal["deal_stage"] == "Won"
        if deal["close_date"]:
            took[deal["product"]].append((noon(deal["close_date"]) - noon(deal["engage_date"])).days)
    return {product: [counts[product], won[product], median(took[product])] for product in counts}
