"""The link to the sales system on the screen."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.i18n import Told
from app.models import CustomerMonth, Job, Order, Refresh, RefreshState, SetAside
from app.security.scope import copying
from tests.browsing import text_of

MOMENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
COUNTS = {"orders": {"rows": 5, "created": 2, "updated": 3, "failed": 1, "unmatched": 1}}


@pytest.fixture
def refreshed(rows):
    """A refresh that set a row aside and left an order without a customer."""
    with rows() as session:
        done = Refresh(
            source="ERP", state=RefreshState.DONE, started_at=MOMENT, milliseconds=61_000, counts=COUNTS, stamps={}
        )
        session.add(done)
        session.flush()
        row = {"number": "A7", "ordered_on": "2026-02-31"}
        reason, where = Told("This field is required."), {"kind": "orders", "row": 7, "column": "ordered_on"}
        session.add(SetAside(refresh_id=done.id, source="ERP", reason=reason, content=row, **where))
        order = Order(number="U1", ordered_on=date(2026, 3, 1), total=Decimal("1234.50"), source="ERP")
        order.customer_name = "无锡朔光机电有限公司"
        with copying(session):
            session.add(order)


def test_each_refresh_tells_what_it_counted(as_, refreshed):
    browser = as_("admin")
    listed = text_of(browser.get("/sales-system/list/"))
    assert "ERP 已完成" in listed and "1 分 1 秒" in listed
    shown = text_of(browser.get("/sales-system/show/1"))
    assert "历史订单 5 2 3 0 0 1 1" in shown
    assert 'href="/set-aside/list/?source=ERP&amp;kind=orders"' in browser.get("/sales-system/show/1").text


def test_a_row_set_aside_shows_what_it_held_and_why(as_, refreshed):
    browser = as_("admin")
    assert "历史订单 7 ordered_on 该字段为必填项。" in text_of(browser.get("/set-aside/list/?kind=orders"))
    assert "2026-02-31" in text_of(browser.get("/set-aside/show/1"))
    assert "A7" not in text_of(browser.get("/set-aside/list/?kind=stock"))


def test_orders_without_a_customer_are_listed_for_who_may_see_the_link(as_, refreshed):
    assert "U1" in text_of(as_("admin").get("/unmatched-orders/list/"))
    for path in ("/sales-system/list/", "/set-aside/list/", "/unmatched-orders/list/"):
        assert as_("supervisor").get(path).status_code == 403


def test_the_three_pages_lead_to_each_other(as_, refreshed):
    for path in ("/sales-system/list/", "/set-aside/list/", "/unmatched-orders/list/"):
        ways = as_("admin").get(path).text.partition('class="ways"')[2].partition("</nav>")[0]
        assert ways.count("<a ") == 3 and ways.count("aria-current") == 1, path


def test_an_order_is_matched_by_hand(as_, rows, refreshed):
    browser = as_("admin")
    assert "/unmatched-orders/match/3" in browser.get("/unmatched-orders/list/").text
    wrong = browser.post("/unmatched-orders/match/3", {"customer": "KH26030200000A"})
    assert wrong.status_code == 422 and "KH26030200000A" in wrong.text
    answer = browser.post("/unmatched-orders/match/3", {"customer": "KH260302000002"})
    assert (answer.status_code, answer.location) == (302, "/unmatched-orders/list/")
    assert "U1" in text_of(browser.get("/orders/list/?number=U1"))
    assert browser.get("/unmatched-orders/match/3").status_code == 404
    with rows() as session:
        kept = session.get(CustomerMonth, (2, date(2026, 3, 1)))
        assert (kept.orders, kept.amount) == (2, Decimal("1619.00"))


def test_the_age_of_each_copy_is_told(as_, rows, refreshed):
    assert "ERP：数据截至 2026-03-02 17:30。" in text_of(as_("admin").get("/sales-system/list/"))
    with rows() as session:
        failed = Refresh(source="ERP", state=RefreshState.FAILED, started_at=MOMENT, stamps={}, counts={})
        failed.outcome = Told("This field is required.")
        session.add(failed)
    assert " 刷新失败：该字段为必填项。" in text_of(as_("admin").get("/sales-system/list/"))


def test_who_may_refreshes_at_once(as_, app, rows, monkeypatch):
    browser = as_("admin")
    assert "/sales-system/refresh" not in browser.get("/sales-system/list/").text
    assert browser.post("/sales-system/refresh").status_code == 409
    monkeypatch.setitem(app.config, "CRM_SETTINGS", replace(app.config["CRM_SETTINGS"], sales_config="sales.toml"))
    assert "/sales-system/refresh" in browser.get("/sales-system/list/").text
    assert as_("supervisor").post("/sales-system/refresh").status_code == 403
    assert browser.post("/sales-system/refresh").status_code == 302
    with rows() as session:
        assert [job.kind for job in session.query(Job) if job.kind == "refresh_sales"] == ["refresh_sales"]
    assert browser.post("/sales-system/refresh").status_code == 409
