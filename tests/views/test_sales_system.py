"""The link to the sales system on the screen."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.i18n import Told
from app.models import Order, Refresh, RefreshState, SetAside
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
