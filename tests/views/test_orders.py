"""Order history on the screen: whose orders are seen, what stands on a page, and that nothing is written."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.models import Customer, CustomerStatus, Order, OrderLine, OrderStatus
from app.security.scope import copying
from app.views.customers.tabs import tabs_for
from app.views.orders import LINES_SHOWN, order_section
from tests.browsing import text_of


@pytest.fixture
def more(rows):
    """Orders beside those of the cast: an older paid one without lines, one nobody's, one with three lines."""
    with rows() as session, copying(session):
        first = session.scalars(select(Customer).order_by(Customer.id)).first()
        old = Order(number="90001", customer=first, ordered_on=date(2025, 1, 31), status=OrderStatus.PAID)
        old.total = old.stated_total = Decimal("1234567.8")
        unmatched = Order(number="90002", customer_name="无人认领公司", ordered_on=date(2026, 3, 5))
        same_day = Order(number="90003", customer=first, ordered_on=date(2026, 3, 2), total=Decimal("0.02"))
        for line_no in (1, 2, 3):
            line = OrderLine(line_no=line_no, quantity=Decimal("0.001"), unit_price=Decimal("6.666666"), unit="克")
            line.amount, line.product_name = Decimal("0.01"), "试剂-甲"
            same_day.lines.append(line)
        for order in (old, unmatched, same_day):
            order.source = "test"
            session.add(order)
        session.flush()
        return {order.number: order.id for order in (old, unmatched, same_day)}


def numbers(page):
    """The orders of a page, in their order."""
    words = text_of(page).split()
    return [word for word in words if word.startswith(("9000", "202603020"))]


def test_the_newest_stand_first_and_unmatched_ones_nowhere(as_, more):
    browser = as_("manager_a")
    assert numbers(browser.get("/orders/list/")) == ["90003", "20260302002", "20260302001", "90001"]
    assert browser.get("/orders/count").get_data(as_text=True) == "4"
    assert browser.get(f"/orders/show/{more['90002']}").status_code == 404
    assert browser.get(f"/orders/print/{more['90002']}").status_code == 404
    assert "无人认领公司" not in text_of(as_("admin").get("/orders/list/?number=90002"))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("number=2003", []),
        ("number=0001", ["90001"]),
        ("customer=泰州", ["20260302002"]),
        ("customer=KH260302000001", ["90003", "20260302001", "90001"]),
        ("customer=KH260302000009", []),
        ("ordered_on_from=2026-03-02", ["90003", "20260302002", "20260302001"]),
        ("ordered_on_to=2025-01-31", ["90001"]),
        ("status=已回款", ["90001"]),
        ("status=unpaid&customer=泰州", ["20260302002"]),
        ("sort=total", ["90003", "20260302001", "20260302002", "90001"]),
    ],
)
def test_filters_and_order(as_, more, asked, found):
    page = as_("manager_a").get(f"/orders/list/?{asked}")
    assert [one for one in numbers(page) if one not in asked] == [one for one in found if one not in asked]


def test_columns_and_page(as_, more):
    browser = as_("manager_a")
    assert "订单编号 日期 客户 送货地址 状态 总金额（元）" in text_of(browser.get("/orders/list/"))
    text = text_of(browser.get(f"/orders/show/{more['90003']}"))
    assert "订单编号 90003" in text and "状态 未回款" in text and "总金额（元） 0.02" in text
    assert "商品 数量 单位 单价（元） 金额（元）" in text
    assert text.count("试剂-甲 0.001 克 6.666666 0.01") == 3 and "合计 0.03" in text
    without = text_of(browser.get(f"/orders/show/{more['90001']}"))
    assert "1,234,567.80" in without and "销售系统中该订单没有明细" in without


def test_a_product_of_a_line_leads_to_it(as_, rows):
    with rows() as session:
        key = session.scalars(select(Order.id).where(Order.number == "20260302001")).one()
    page = as_("manager_a").get(f"/orders/show/{key}")
    assert 'href="/products/show/1"' in page.get_data(as_text=True)
    assert "温度传感器-T-2-一级 4 只 86.50 346.00" in text_of(page) and "合计 384.50" in text_of(page)


def test_print(as_, more):
    browser = as_("executive")
    assert "90003" in text_of(browser.get("/orders/print/"))
    text = text_of(browser.get(f"/orders/print/{more['90003']}"))
    assert "合计 0.03" in text and "未回款" in text


def test_only_within_sight_and_by_right(as_, more):
    assert numbers(as_("narrow").get("/orders/list/")) == []
    assert as_("narrow").get(f"/orders/show/{more['90001']}").status_code == 404
    assert as_("nobody").get("/orders/list/").status_code == 403


def test_orders_of_a_deleted_customer_are_not_shown_and_those_of_a_lost_one_are(as_, rows, more):
    with rows() as session:
        first, second = session.scalars(select(Customer).order_by(Customer.id)).all()
        first.status, second.status = CustomerStatus.DELETED, CustomerStatus.LOST
    browser = as_("manager_a")
    assert numbers(browser.get("/orders/list/")) == ["20260302002"]
    assert browser.get(f"/orders/show/{more['90001']}").status_code == 404


def test_many_lines_are_summed_in_full(as_, rows, more):
    with rows() as session, copying(session):
        for line_no in range(4, LINES_SHOWN + 20):
            line = OrderLine(order_id=more["90003"], line_no=line_no, quantity=Decimal(1), unit_price=Decimal(1))
            line.amount = Decimal("0.10")
            session.add(line)
    text = text_of(as_("manager_a").get(f"/orders/show/{more['90003']}"))
    assert "订单明细（前 1,000 行） 1,019" in text and "合计 101.63" in text


def test_the_tab_of_a_customer_has_the_latest_and_the_way_to_all(session_of, more):
    with session_of("manager_a") as (session, actor):
        assert "orders" in [tab.key for tab in tabs_for(actor)]
        section = order_section(session.scalars(select(Customer).order_by(Customer.id)).first())
        assert [row.name for row in section["rows"]] == ["90003", "20260302001", "90001"]
        assert section["count"] == "3" and section["more"].href == "/orders/list/?customer=KH260302000001"
