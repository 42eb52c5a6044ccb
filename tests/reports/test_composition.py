"""客户构成分析: every customer stands at one value of each kind, today and on a past day."""

import itertools
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pandas import DataFrame
from sqlalchemy import null, select, text

from app.actions.basedata import find_entry
from app.actions.customers.life import LIFE
from app.i18n import Label
from app.models import Category, Customer, CustomerStatus, StatusMove
from app.reports.analyses.composition.crossing import Crossing, Side
from app.reports.analyses.composition.groupings import By
from app.security.actor import load_actor
from tests.reports.asked import TODAY, count_at, found, links, named, values
from tests.service_requests import moment, person

#: name: (level, credit, satisfaction, region, manager, status, created on)
SET = {
    "甲": ("战略合作伙伴", 5, 4, "华东", "manager_a", "active", "2026-11-22 23:59"),
    "乙": ("战略合作伙伴", 3, None, "华东", "manager_b", "lost", "2025-11-23 00:00"),
    "丙": ("普通客户", 3, 1, "北京", "manager_a", "active", "2025-11-22 23:59"),
    "丁": (None, None, 3, None, "manager_b", "active", "2024-11-22 12:00"),
    "戊": ("普通客户", 3, 3, "北京", None, "active", "2016-11-22 23:59"),
    "己": ("大客户", 1, 5, "华南", "manager_a", "deleted", "2024-01-01 08:00"),
}


@pytest.fixture
def company(rows):
    """Six customers beside the two of the cast, who are put away."""
    with rows() as session:
        for one in session.scalars(select(Customer)):
            one.status = CustomerStatus.DELETED
        for place, (name, (level, credit, satisfaction, region, manager, status, created)) in enumerate(SET.items()):
            session.add(
                Customer(
                    number=f"KH26112200000{place}",
                    name=name,
                    level=find_entry(session, Category.LEVEL, level) if level else None,
                    region=find_entry(session, Category.REGION, region) if region else None,
                    credit=credit or null(),
                    satisfaction=satisfaction or null(),
                    manager=person(session, manager) if manager else None,
                    status=status,
                    created_on=moment(created),
                )
            )


LEVELS = [("战略合作伙伴", 2), ("合作伙伴", 0), ("大客户", 0), ("重点开发客户", 0), ("普通客户", 2), ("未指定", 1)]


def test_the_best_level_comes_first_and_values_without_customers_stay(company, as_):
    lines = as_("supervisor").get("/reports/composition/csv").get_data(as_text=True).splitlines()
    assert lines[0] == "\ufeff编号,客户等级,客户数量"
    assert lines[1:-1] == [f"{place},{name},{count}" for place, (name, count) in enumerate(LEVELS, 1)]
    assert lines[-1] == "合计,,5"


def test_scores_and_states_by_hand(company, session_of):
    with session_of("supervisor") as (session, _):
        assert values(found(session, "composition", by="credit").table, "count") == [(1,), (0,), (3,), (0,), (0,), (1,)]
        satisfaction = found(session, "composition", by="satisfaction")
        assert values(satisfaction.table, "count") == [(0,), (1,), (2,), (0,), (1,), (1,)]
        assert values(found(session, "composition", by="status").table, "count") == [(4,), (1,)]
        managers = values(found(session, "composition", by="manager").table, "count")
        assert managers == [(2,), (2,), (1,)]


def test_an_age_changes_at_midnight_of_the_company(company, session_of):
    with session_of("supervisor") as (session, _):
        ages = found(session, "composition", by="age").table
        assert values(ages, "count") == [(2,), (1,), (1,), (0,), (0,), (1,)]


@pytest.mark.parametrize(
    "case",
    [
        ("2025-02-28", "2024-02-29 10:00", 0),
        ("2025-03-01", "2024-02-29 10:00", 1),
        ("2024-02-29", "2023-02-28 10:00", 1),
        ("2024-02-29", "2023-03-01 00:00", 0),
    ],
)
def test_a_year_has_gone_by_though_it_was_a_leap_year(rows, company, case):
    today, born, place = case
    with rows() as session:
        session.scalars(select(Customer).where(Customer.name == "甲")).one().created_on = moment(born)
        session.flush()
        outcome = found(session, "composition", by="age", today=date.fromisoformat(today))
        alone = found(session, "composition", by="age", cross="credit", today=date.fromisoformat(today))
        # 甲 is the only one with five points of credit.
        assert named(alone, alone.more[1].title).frame["count_0"].tolist().index(1) == place
        assert outcome.table.totals == {"count": 5}


def test_shares_add_up_and_cells_to_both_sums(company, session_of):
    with session_of("supervisor") as (session, _):
        for by, cross in itertools.product(By, By):
            outcome = found(session, "composition", by=by.value, cross=cross.value)
            parts = named(outcome, "Shares")
            assert parts.totals["share"] == 1000 == sum(row["share"] for row in parts.rows())
            assert outcome.table.totals == {"count": 5}
            if by is not cross:
                cells = outcome.more[1]
                columns = [one.key for one in cells.columns[1:-1]]
                assert all(row["count"] == sum(row[key] for key in columns) for row in cells.rows())
                assert cells.totals["count"] == 5 == sum(cells.totals[key] for key in columns)


PLAIN = """
SELECT {column}, count(*) FROM customers WHERE status <> 'deleted' {more} GROUP BY {column}
"""
COLUMNS = {"level": "level_id", "credit": "credit", "satisfaction": "satisfaction", "region": "region_id"}


@pytest.mark.parametrize("by", COLUMNS)
def test_a_head_of_department_counts_what_he_sees(company, session_of, by):
    in_sight = "AND manager_id IN (SELECT id FROM ab_user WHERE username IN ('manager_a', 'narrow', 'head_a'))"
    with session_of("head_a") as (session, _):
        plain = dict(session.connection().execute(text(PLAIN.format(column=COLUMNS[by], more=in_sight))).all())
        outcome = found(session, "composition", by=by)
        assert outcome.table.totals["count"] == sum(plain.values()) == 2
        assert sorted(row["count"] for row in outcome.table.rows() if row["count"]) == sorted(plain.values())


@pytest.mark.parametrize("who", ["supervisor", "head_a"])
def test_each_figure_leads_to_as_many_customers(company, session_of, as_, who):
    asked = [{"by": by.value, "cross": "region"} for by in By] + [{"by": "manager", "cross": "age"}]
    with session_of(who) as (session, _):
        figures = {pair for one in asked for pair in links(found(session, "composition", **one, today=date.today()))}
    browser = as_(who)
    assert len(figures) > 60
    for count, href in figures:
        assert count_at(browser, href) == count, href


# ---- as of a past day -------------------------------------------------------------------------------------


@pytest.fixture
def history(company, rows, monkeypatch):
    """On 1 July 丙 was a 大客户 of manager_b, 乙 was not lost yet, and 戊 was deleted and restored since."""
    with rows() as session:
        by_name = {one.name: one for one in session.scalars(select(Customer))}
        third = by_name["丙"]
        for at, level, manager in (
            ("2026-06-30 23:59", "大客户", "manager_b"),
            ("2026-07-02 00:00", "重点开发客户", "manager_b"),
            ("2026-07-03 00:00", "普通客户", "manager_a"),
        ):
            monkeypatch.setattr("app.security.audit.now", partial(moment, at))
            third.level, third.manager = find_entry(session, Category.LEVEL, level), person(session, manager)
            session.flush()
        for name, before, after, at in (
            ("乙", "active", "lost", "2026-07-02 00:00"),
            ("戊", "active", "deleted", "2026-06-01 00:00"),
            ("戊", "deleted", "active", "2026-07-02 00:01"),
        ):
            key = by_name[name].id
            session.add(StatusMove(kind="customers", row_id=key, move="x", before=before, after=after, at=moment(at)))


def test_what_has_changed_since_is_taken_back(history, session_of):
    with session_of("supervisor") as (session, _):
        levels = values(found(session, "composition", as_of="2026-07-01").table, "count")
        assert levels == [(1,), (0,), (1,), (0,), (0,), (1,)]  # 甲 came later, 戊 was deleted
        assert values(found(session, "composition", by="status", as_of="2026-07-01").table, "count") == [(3,), (0,)]
        assert values(found(session, "composition", by="status", as_of="2026-07-02").table, "count") == [(3,), (1,)]
        managers = found(session, "composition", by="manager", cross="level", as_of="2026-07-01")
        assert [row["count"] for row in managers.table.rows()] == [3]
        later = values(found(session, "composition", as_of="2026-07-02").table, "count")
        assert later == [(1,), (0,), (0,), (1,), (1,), (1,)]


def test_a_past_day_says_what_it_cannot_tell_and_leads_nowhere(history, session_of):
    with session_of("supervisor") as (session, _):
        outcome = found(session, "composition", as_of="2026-07-01")
        assert len(outcome.facts) == 5 and not list(links(outcome))
        ahead = found(session, "composition", as_of=(TODAY + timedelta(days=9)).isoformat())
        assert ahead.table.totals == {"count": 5}


def test_the_moves_of_the_product_are_taken_back(company, rows):
    with rows() as session:
        customer = session.scalars(select(Customer).where(Customer.name == "丁")).one()
        LIFE.fire(session, customer, "lose", by=load_actor(session, customer.manager), at=datetime.now(UTC))
        session.flush()
        tomorrow = datetime.now(UTC).date() + timedelta(days=2)
        counts = [
            values(found(session, "composition", by="status", today=tomorrow, **more).table, "count")
            for more in ({}, {"as_of": (tomorrow - timedelta(days=4)).isoformat()})
        ]
        assert counts[0][1] == (2,) and counts[1][1] == (1,)


# ---- for any customers -----------------------------------------------------------------------------------


@given(some.dictionaries(some.tuples(some.integers(0, 30), some.integers(0, 30)), some.integers(1, 10**6)))
def test_no_customer_is_lost_between_the_cells(counts):
    rows = [(*cell, count) for cell, count in counts.items()]
    cells = DataFrame(rows, columns=["key", "other", "count"])
    sides: list[Side] = []
    for side in ("key", "other"):
        keys = sorted(set(cells[side]))
        sums = [int(cells.loc[cells[side] == key, "count"].sum()) for key in keys]
        frame = DataFrame({"value": [f"v{key}" for key in keys], "asks": [{"x": str(key)} for key in keys]})
        sides.append(Side(Label("X"), frame.assign(count=sums, key=keys).astype({"count": "int64"})))
    crossing = Crossing.of(sides[0], sides[1], cells)
    assert sum(map(sum, crossing.counts)) == sum(counts.values())
    assert len(crossing.counts) <= 10
