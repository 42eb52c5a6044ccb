"""客户贡献分析: its figures are those of independent SQL, add up, and lead to their orders."""

import random
import re
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, select, text, update

from app.actions.orders import keep_order_totals, match_by_hand
from app.actions.verify import CHECKS
from app.models import Customer, CustomerStatus, Employee, Order, OrderStatus, Product, SettingValue
from app.reports.contribution import sources
from app.reports.engine import Slice, ask, report_of
from app.security.actor import SYSTEM
from app.security.scope import copying
from app.views.order_filters import GroupFilter, LinesFilter, WithoutOrderFilter
from tests.reports.finding import listed
from tests.reports.sales import NOW, customers, empty, sell, settle

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 2)
REPORT = report_of("contribution")
PAGE = Slice(0, 25)
#: Days that are no months, so that nothing kept is read: everything, and the year 2025 with the one before.
LIVE = {"from": "1990-01-02", "to": "2100-01-03"}
GROUPS = ("customer", "manager", "department", "region", "industry", "level", "parent", "product")


def asked(**given):
    """What the report is asked."""
    return ask(REPORT.filters, {name: str(value) for name, value in given.items()}, today=TODAY, zone=ZONE)


def found(session, part=None, **given):
    """Its outcome, of all rows or of a page."""
    return REPORT.find(session, asked(**given).of_page(part))


def table(session, part=None, **given):
    """Name and amount of each row."""
    return [(row["name"], row["amount"]) for row in found(session, part, **given).table.rows(part.start if part else 0)]


@pytest.fixture
def trade(rows):
    """Five customers: of both years, grown, shrunk, new and lost; one deleted, one silent, one order of nobody."""
    with rows() as session:
        empty(session)
        of = customers(session, ("增长公司", "下降公司", "新公司", "流失公司", "已删公司", "没有订单公司"))
        pump, valve = (Product(number=number, name=number, source="test") for number in ("P", "V"))
        with copying(session):
            session.add_all((pump, valve))
            session.flush()
        sell(session, of["增长公司"], "2024-05-01", lines=[(pump, "2", "200"), (valve, "1", "10")])
        sell(session, of["增长公司"], "2025-05-01", lines=[(pump, "3", "330"), (None, "1", "0.50")])
        sell(session, of["下降公司"], "2024-01-31", lines=[(pump, "10", "1000")])
        sell(session, of["下降公司"], "2025-12-31", lines=[(pump, "5", "450")], status=OrderStatus.UNPAID)
        sell(session, of["下降公司"], "2025-12-31", "-20")
        sell(session, of["新公司"], "2025-01-01", "70.25")
        sell(session, of["流失公司"], "2024-12-31", "99.99")
        sell(session, of["已删公司"], "2025-06-01", "5000")
        sell(session, None, "2025-06-01", "7", customer_name="谁家公司")
        of["已删公司"].status = CustomerStatus.DELETED
        settle(session)
    return rows


def test_all_years_and_one_year_by_hand(trade, session_of):
    with session_of("supervisor") as (session, _):
        all_years = [("下降公司", 143_000), ("增长公司", 54_050), ("流失公司", 9_999), ("新公司", 7_025)]
        assert table(session) == table(session, PAGE) == table(session, **LIVE) == all_years
        of_2025 = [("下降公司", 43_000), ("增长公司", 33_050), ("新公司", 7_025)]
        assert table(session, year=2025) == table(session, PAGE, year=2025, compare="none") == of_2025
        assert table(session, year=2025, status="paid") == [
            ("增长公司", 33_050),
            ("新公司", 7_025),
            ("下降公司", -2_000),
        ]
        assert table(session, year=2025, status="unpaid") == [("下降公司", 45_000)]
        assert (
            table(session, year=2025, name="zzgs")
            == table(session, PAGE, year=2025, name="增长")
            == [("增长公司", 33_050)]
        )
        assert table(session, **{"from": "2025-05-01", "to": "2025-05-31"}) == [("增长公司", 33_050)]
        assert table(session, year=1997) == table(session, PAGE, year=1997) == []


def test_the_columns_of_the_specification_come_first(trade, as_):
    lines = as_("supervisor").get("/reports/contribution/csv?year=2025").get_data(as_text=True).splitlines()
    assert lines[0].startswith("\ufeff编号,客户名称,订单金额（元）,")
    assert lines[1].startswith("1,下降公司,430.00,")
    assert lines[-1].startswith("合计,,830.75,")


def test_what_is_known_of_each_row(trade, session_of):
    with session_of("supervisor") as (session, _):
        first, second, third = found(session, year=2025).table.rows()
    names = ("share", "cumulative", "abc", "previous", "change", "change_share", "rank_change", "manager")
    assert [first[name] for name in names] == [518, 518, "A", 100_000, -57_000, -570, 0, "林知远"]
    assert [second[name] for name in names] == [398, 915, "A", 21_000, 12_050, 574, 0, "林知远"]
    assert [third[name] for name in names] == [84, 1000, "B", None, 7_025, None, None, "林知远"]


def test_the_bridge_and_what_it_is_made_of(trade, session_of):
    with session_of("supervisor") as (session, _):
        outcome = found(session, year=2025)
    said = " ".join(fact.sentence for fact in outcome.facts)
    assert "830.75\N{NO-BREAK SPACE}元" in said and "2024" in said
    most, parts = outcome.more
    assert [(row["name"], row["change"], row["volume"], row["price"], row["mix"]) for row in most.rows()] == [
        ("下降公司", -57_000, -50_000, -5_000, -2_000),
        ("增长公司", 12_050, 10_000, 3_000, -950),
        ("流失公司", -9_999, None, None, None),
        ("新公司", 7_025, None, None, None),
    ]
    assert [(row["count"], row["change"], row["volume"], row["price"], row["mix"]) for row in parts.rows()] == [
        (1, 12_050, 10_000, 3_000, -950),
        (1, -57_000, -50_000, -5_000, -2_000),
    ]
    assert parts.totals["change"] == parts.totals["volume"] + parts.totals["price"] + parts.totals["mix"] == -44_950


def test_customers_without_an_order_are_told_and_linked(trade, session_of, as_):
    with session_of("supervisor") as (session, _):
        in_sight = len(session.scalars(select(Customer.id)).all())
        fact = found(session, year=2025).facts[-1]
        assert fact.sentence.startswith(f"{in_sight - 3} ")
        [href] = fact.links.values()
        conditions = WithoutOrderFilter("without_order", "").conditions(
            Customer,
            {"without_order": "any", "without_ordered_on_from": "2025-01-01", "without_ordered_on_to": "2025-12-31"},
            ZONE,
        )
        assert len(session.scalars(select(Customer.id).where(*conditions)).all()) == in_sight - 3
    page = as_("supervisor").get(href).get_data(as_text=True)
    assert "没有订单公司" in page and "流失公司" in page and "增长公司" not in page


def test_incomplete_records_are_told_and_linked(trade, session_of, as_):
    with session_of("admin") as (session, _):
        pareto, bridge = found(session, year=2025).charts
    links = {text: href for fact in (*pareto.basis, *bridge.basis) for text, href in fact.links.items()}
    assert [fact.sentence.split(" ")[0] for fact in pareto.basis][1:] == ["1", "2"]
    assert len(bridge.basis) == 5  # of 2025 three, of 2024 two: nobody's orders are all of 2025
    admin = as_("admin")
    for href in links.values():
        assert admin.get(href).status_code == 200, href
    with session_of("admin") as (session, _):
        of_year = (Order.ordered_on >= date(2025, 1, 1), Order.customer_id.is_not(None))
        lineless = LinesFilter("lines", "").conditions(Order, {"lines": "without"}, ZONE)
        assert len(session.scalars(select(Order.id).where(*of_year, *lineless)).all()) == 2


@pytest.mark.parametrize("by", GROUPS)
@pytest.mark.parametrize("given", [{}, {"year": 2025}, {"year": 2025, "status": "paid"}])
def test_behind_each_figure_are_its_orders(trade, session_of, as_, *, by, given):
    supervisor = as_("supervisor")
    with session_of("supervisor") as (session, _):
        outcome = found(session, by=by, **given)
        assert outcome.table.totals["amount"] == sum(amount for _, amount in table(session, by=by, **given))
        [href_of] = [column.href for column in outcome.table.columns if column.key == "amount"]
        for row in outcome.table.rows():
            orders = select(Order.total).where(
                *GroupFilter("of", "").conditions(Order, {"of": f"{by}:{row['key']}"}, ZONE)
            )
            orders = orders.where(Order.customer_id.is_not(None))
            if "year" in given:
                orders = orders.where(Order.ordered_on >= date(2025, 1, 1))
            if "status" in given:
                orders = orders.where(Order.status == OrderStatus.PAID)
            if by != "product":
                assert sum(session.scalars(orders)) * 100 == row["amount"]
            assert supervisor.get(href_of(row)).status_code == 200


@pytest.mark.parametrize("wrong", ["of=region", "of=planet:1", "of=region:x", "lines=some"])
def test_a_group_nobody_knows_is_refused(as_, wrong):
    assert as_("supervisor").get(f"/orders/list/?{wrong}").status_code == 400


@pytest.mark.parametrize("wrong", ["without_order=later", "without_order=any&without_ordered_on_from=x"])
def test_no_order_of_what_nobody_knows_is_refused(as_, wrong):
    assert as_("supervisor").get(f"/customers/list/?{wrong}").status_code == 400


def test_a_manager_without_a_name_has_the_user_name(trade, session_of):
    with trade() as session:
        person = session.scalars(select(Employee).where(Employee.username == "manager_a")).one()
        person.first_name = person.last_name = ""
    with session_of("supervisor") as (session, _):
        assert table(session, by="manager") == [("manager_a", 214_074)]
        assert {row["manager"] for row in found(session).table.rows()} == {"manager_a"}


def test_the_total_before_is_of_those_who_ordered_now_too_and_leads_nowhere(trade, session_of):
    with session_of("supervisor") as (session, _):
        told = found(session, year=2025).table
    [href_of] = [column.href for column in told.columns if column.key == "previous"]
    assert href_of(dict(told.totals)) == ""
    assert all("ordered_on_from=2024-01-01" in href_of(row) for row in told.rows())


def test_a_figure_leads_past_the_filter_with_which_a_list_opens(trade, session_of, as_):
    supervisor = as_("supervisor")
    supervisor.post("/orders/filters/add?status=unpaid", {"name": "未付款", "is_default": "y"})
    with session_of("supervisor") as (session, _):
        basis = found(session).charts[0].basis[0]
    [(count, href)] = basis.links.items()
    assert listed(supervisor, "/orders/list/") == 1
    assert listed(supervisor, href) == int(count)


def test_the_number_of_orders_is_the_link_and_not_a_part_of_the_year(trade, as_):
    body = as_("supervisor").get("/reports/contribution?year=2025").get_data(as_text=True)
    assert re.search(r'依据 <a href="[^"]*">\d+</a> 笔订单（2025', body), re.findall("依据.*", body)


def test_no_row_is_lost_by_grouping(trade, session_of):
    with session_of("supervisor") as (session, _):
        for given in ({}, {"year": 2025}, LIVE, {"year": 2025, "status": "paid"}):
            whole = sum(amount for _, amount in table(session, **given))
            for by in GROUPS:
                assert sum(amount for _, amount in table(session, by=by, **given)) == whole, by
        assert table(session, by="level") == [("未指定", 214_074)]
        assert table(session, by="product", year=2025) == [("P", 78_000), ("未指定", 5_075)]


def test_the_cuts_of_the_classes_are_settings(trade, rows, session_of):
    def classes(session):
        return [row["abc"] for row in found(session, PAGE).table.rows()]

    with session_of("supervisor") as (session, _):
        assert classes(session) == ["A", "A", "B", "C"]
    with rows() as session:
        session.add_all((SettingValue(key="abc_a", value="50"), SettingValue(key="abc_b", value="60")))
    with session_of("supervisor") as (session, _):
        assert classes(session) == ["A", "C", "C", "C"]


# ---- what is kept is what the orders say -------------------------------------------------------------------


def in_words(outcome, name):
    return [(row["name"], row[name], row["share"], row["cumulative"], row["abc"]) for row in outcome.table.rows()]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_kept_is_what_the_orders_say_after_random_changes(rows, session_of, seed):
    dice = random.Random(seed)
    with rows() as session:
        empty(session)
        of = list(customers(session, [f"客户{place}公司" for place in range(12)]).values())
        for _ in range(60):
            whose = dice.choice([*of, None])
            sell(session, whose, day_of(dice), str(Decimal(dice.randint(-2_000, 90_000)) / 100), customer_number="X9")
        settle(session)
        change_at_random(session, dice, of)
        for check in CHECKS:
            if check.key in {"months", "years", "order_totals", "last_orders"}:
                assert list(check.run(session, NOW)) == []
    with session_of("supervisor") as (session, _):
        live = found(session, **LIVE)
        assert in_words(found(session), "amount") == in_words(live, "amount")
        pages = [row for start in range(0, 14, 4) for row in in_words_of_page(session, start)]
        assert pages == in_words(live, "amount")
        by_day = {"from": "2024-12-31", "to": "2025-12-31", "compare": "none"}
        for year in (2023, 2024, 2025):
            sql = text(
                "SELECT sum(total) FROM orders JOIN customers ON customers.id = customer_id"
                " WHERE ordered_on BETWEEN :first AND :last AND customers.status <> 'deleted'"
            )
            bounds: dict[str, str | date] = {"first": f"{year}-01-01", "last": f"{year}-12-31"}
            if session.get_bind().dialect.name == "postgresql":
                bounds = {name: date.fromisoformat(str(value)) for name, value in bounds.items()}
            whole = session.connection().execute(sql, bounds).scalar() or 0
            assert found(session, year=year).table.totals["amount"] == whole
            assert found(session, PAGE, year=year, compare="none").table.totals["amount"] == whole
        assert sources.source_of(asked(**by_day)) is sources.ORDERS


def in_words_of_page(session, start):
    part = Slice(start, 4)
    rows = found(session, part).table.rows(start, 4)
    return [(row["name"], row["amount"], row["share"], row["cumulative"], row["abc"]) for row in rows]


def day_of(dice):
    return str(date(dice.randint(2023, 2025), dice.randint(1, 12), dice.randint(1, 28)))


def change_at_random(session, dice, of):
    """Orders come, change, move to another day, go and find their customer; a customer is deleted."""
    orders = list(session.scalars(select(Order)))
    with copying(session):
        for order in dice.sample(orders, 20):
            values = {
                "stated_total": Decimal(dice.randint(-500, 5_000)),
                "ordered_on": date.fromisoformat(day_of(dice)),
            }
            session.execute(update(Order).where(Order.id == order.id).values(values))
        keep_order_totals(session, select(Order.id))
        for order in dice.sample(orders, 5):
            session.execute(delete(Order).where(Order.id == order.id))
    session.expire_all()
    settle(session)
    nobodys = session.scalars(select(Order).where(Order.customer_id.is_(None))).first()
    if nobodys is not None:
        match_by_hand(session, nobodys, of[0], by=SYSTEM, at=NOW)
    of[1].status = CustomerStatus.DELETED


# ---- scope ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", [{}, {"year": 2025}, {"year": 2025, "by": "manager"}, {"year": 2025, "by": "product"}]
)
def test_a_head_sees_the_sum_over_what_he_may_see(trade, session_of, as_, given):
    with trade() as session:
        other = customers(session, ("二部公司",), "manager_b")["二部公司"]
        sell(session, other, "2025-03-03", "1000000")
        settle(session)
    with session_of("head_a") as (session, _):
        own = select(Order.total).where(Order.customer_id.is_not(None))
        if given:
            own = own.where(Order.ordered_on >= date(2025, 1, 1))
        total = sum(session.scalars(own)) * 100
        assert found(session, **given).table.totals["amount"] == total
        assert found(session, PAGE, **given).table.totals["amount"] == total
        assert "二部" not in str(table(session, **given))
    query = "&".join(f"{name}={value}" for name, value in given.items())
    head = as_("head_a")
    for path in ("/reports/contribution", "/reports/contribution/csv"):
        body = head.get(f"{path}?{query}").get_data(as_text=True)
        assert "二部公司" not in body and "1,000,000" not in body
