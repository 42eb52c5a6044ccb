"""Pages to be printed: exactly the rows that are filtered, within sight and right, masked as everywhere."""

from urllib.parse import quote

import pytest
from flask_appbuilder.security.sqla.models import PermissionView, Role
from sqlalchemy import select

from app.models import Customer
from app.security.rights import permission_of
from app.views import printing
from tests.browsing import text_of
from tests.views.test_lists import heads_of, many, save
from tests.views.test_marketing import key_named
from tests.walk import counted, everything

PRINT = "/opportunities/print/"


def take_away(rows, role, right):
    """A role loses a right."""
    permission, view = permission_of(right)
    with rows() as session:
        found = session.scalars(select(PermissionView)).all()
        one = next(each for each in found if (each.permission.name, each.view_menu.name) == (permission, view))
        holder = session.scalars(select(Role).where(Role.name == role)).one()
        holder.permissions.remove(one)


def test_the_printed_list_is_the_filtered_one_with_ones_columns(as_):
    browser = as_("manager_a")
    browser.post("/opportunities/columns", {"order": ["customer_name", "region"], "column": ["region"]})
    page = browser.get(f"{PRINT}?status=&region={quote('华东')}&sort=customer_name")
    text = text_of(page)
    assert heads_of(page) == ["客户名称", "地区"]
    assert "苏州澄岳" in text
    assert "金华稷禾" not in text
    for words in ("知客 CRM", "销售机会管理", "地区 华东", "按客户名称升序", "记录数 1", "打印：林知远 20"):
        assert words in text, words
    assert "条件 状态 未指派" in text_of(browser.get(PRINT))  # as the list opens
    assert "条件 全部" in text_of(browser.get(f"{PRINT}?view=all"))
    english = text_of(as_("manager_a", locale="en").get(f"{PRINT}?status=&region={quote('华东')}"))
    assert "Region East China" in english
    assert "Created on, descending" in english


def test_ones_default_is_printed_as_the_list_opens(as_):
    browser = as_("manager_a")
    save(browser, is_default="y")
    assert "条件 地区 华东" in text_of(browser.get(PRINT))


def test_what_is_too_much_is_said(as_, rows, monkeypatch):
    many(rows, 12)
    monkeypatch.setattr(printing, "MOST_PRINTED", 10)
    page = as_("manager_a").get(f"{PRINT}?view=all&page_size=100&page=2")
    assert "共 19 条，此处只含前 10 条" in text_of(page)
    assert page.get_data(as_text=True).count("<tr>") == 11
    assert "此处只含前" not in text_of(as_("manager_a").get(f"{PRINT}?status=failed"))


def test_a_record_is_printed_with_what_hangs_on_it(as_, rows):
    key = key_named(rows, "绍兴")
    for screen in ("opportunities", "plans"):
        text = text_of(as_("manager_a").get(f"/{screen}/print/{key}"))
        for words in ("绍兴织野纺织机械有限公司", "13912345678", "电话确认改造范围", "2026-03-09"):
            assert words in text, (screen, words)
    customer = key_named(rows, "镇江岚砺", Customer)
    assert "蒋经理" in text_of(as_("manager_a").get(f"/customers/print/{customer}"))


def test_phones_are_masked_on_paper(as_, rows):
    key = key_named(rows, "绍兴")
    for path in (f"{PRINT}?status=", f"/opportunities/print/{key}", "/customers/print/1"):
        text = text_of(as_("executive").get(path))
        assert "****" in text
        assert "13912345678" not in text
        assert "13800138000" not in text


def test_rows_out_of_sight_are_not_printed(as_, rows):
    text = text_of(as_("narrow").get(f"{PRINT}?status="))
    assert "盐城风澜" in text
    assert "记录数 1 " in text
    assert as_("narrow").get(f"/opportunities/print/{key_named(rows, '温州')}").status_code == 404
    for key in ("0", "2147483648", "99999999999999999999"):
        assert as_("narrow").get(f"/opportunities/print/{key}").status_code == 404


def test_the_right_to_print_is_needed_and_the_right_to_see(as_, rows):
    key = key_named(rows, "绍兴")
    pages = ("/opportunities/list/", f"/opportunities/show/{key}")
    for path in pages:
        assert "/opportunities/print/" in as_("executive").get(path).get_data(as_text=True)
    take_away(rows, "Executive", "opportunities.print")
    for path in pages:
        assert "/opportunities/print/" not in as_("executive").get(path).get_data(as_text=True)
    for path in (PRINT, f"{PRINT}{key}"):
        assert as_("executive").get(path).status_code == 403
    assert as_("executive").get(f"/plans/print/{key}").status_code == 200
    take_away(rows, "Account manager", "plans.see")
    assert as_("manager_a").get("/plans/print/").status_code == 403
    assert as_("manager_a").get(f"/plans/print/{key}").status_code == 403
    assert "电话确认改造范围" not in text_of(as_("manager_a").get(f"{PRINT}{key}"))


@pytest.mark.parametrize("path", ["/contacts/print/", "/plan-items/print/", "/contacts/print/1", "/plan-items/print/1"])
def test_what_is_not_printed_has_no_address(as_, path):
    assert as_("admin").get(path).status_code == 404


def test_printing_costs_few_statements_however_many_rows(as_, rows, app):
    counts = []
    for _ in range(2):
        with counted(app) as seen:
            assert as_("manager_a").get(f"{PRINT}?view=all").status_code == 200
        counts.append(len(seen))
        many(rows, 40)
    assert counts[0] == counts[1] <= 12


@pytest.mark.parametrize("query", ["status=nothing", "sort=password", "created_on_from=never", "page=0"])
def test_an_address_that_cannot_be_read(as_, app, query):
    before = everything(app)
    assert as_("manager_a").get(f"{PRINT}?{query}").status_code == 400
    assert as_("manager_a").post(PRINT).status_code == 405
    assert everything(app) == before
