"""Lists in a real browser: columns put in order by keyboard, cards that say what they hold, a row deleted, paper."""

import pytest

from tests.browser_site import Visitor, chromium, served

pytestmark = [pytest.mark.browser, pytest.mark.one_database]


def test_a_list_is_arranged_saved_and_printed(strict_app):
    with served(strict_app) as address, chromium() as browser:
        visitor = Visitor(browser, address).sign_in("manager_a")
        put_columns_in_order(visitor.page)
        save_the_filter(visitor)
        delete_a_row(visitor.page)
        visitor.close()
        look_at_cards(Visitor(browser, address, width=390).sign_in("manager_b"))
        print_on_paper(Visitor(browser, address, "en").sign_in("executive"))


def put_columns_in_order(page):
    """The region goes to the front, by keyboard alone."""
    page.goto("/opportunities/list/?view=all")
    page.click("a[href*='/columns']")
    page.wait_for_selector("#dialog[open]")
    page.check("#dialog [value=region][name=column]")
    up = page.locator("#dialog button[value='up:region']")
    for _ in range(30):
        up.focus()
        page.keyboard.press("Enter")
    page.click("#dialog .btn-primary")
    page.wait_for_selector(".olist thead th:has-text('地区')")
    assert page.locator(".olist thead th:not(.check)").first.inner_text() == "地区"
    page.click("a[href*='/columns']")
    page.click("#dialog [name=reset]")
    page.wait_for_selector(".olist thead th:has-text('编号')")


def save_the_filter(visitor):
    """A filter is saved in a dialog, becomes the default, and opens the list."""
    page = visitor.page
    page.goto("/opportunities/list/?status=&customer_name=苏州")
    page.click("a[href*='filters/add']")
    page.fill("#dialog [name=name]", "苏州的")
    page.check("#dialog [name=is_default]")
    visitor.shot("lists-1-save")
    page.press("#dialog [name=name]", "Enter")
    page.wait_for_selector(".tab[aria-current]:has-text('苏州的')")
    page.goto("/opportunities/list/")
    assert page.inner_text(".tab[aria-current]").strip() == "苏州的"
    assert page.locator("tbody tr").count() == 1
    visitor.shot("lists-2-saved")
    page.click(".views-acts summary")
    page.click(".views-acts button:has-text('删除')")
    page.click("#confirm button[value=yes]")
    page.wait_for_selector(".tab[aria-current]:has-text('未指派')")


def delete_a_row(page):
    """The one form of all rows deletes after the question, and not without it."""
    page.goto("/opportunities/list/?view=all")
    row = "tr:has-text('金华稷禾')"
    page.click(f"{row} button.bad")
    page.click("#confirm button[value='']")
    assert page.is_visible(row)
    page.click(f"{row} button.bad")
    assert "金华稷禾农机有限公司" in page.inner_text("#confirm-text")
    page.click("#confirm button[value=yes]")
    page.wait_for_selector(".toast-line.t-ok")
    page.goto("/opportunities/list/?view=all")
    assert not page.is_visible(row)


def look_at_cards(visitor):
    """On a phone each cell says what it is, and nothing is wider than the screen."""
    page = visitor.page
    for name in ("opportunities", "plans", "customers", "contacts", "plan-items"):
        page.goto(f"/{name}/list/?view=all")
        assert page.evaluate("document.documentElement.scrollWidth") == 390, name
    page.goto("/opportunities/list/?view=all")
    cell = page.locator("tbody td:has-text('顾工')").first
    assert cell.evaluate("cell => getComputedStyle(cell, '::before').content").startswith('"联系人')
    visitor.shot("lists-3-cards")
    visitor.close()


def print_on_paper(visitor):
    """The page for paper calls the browser's printing and has no menu."""
    page = visitor.page
    page.goto("/opportunities/list/?status=")
    page.click(".acts a:has-text('Print')")
    page.wait_for_url("**/opportunities/print/*")
    page.evaluate("window.print = () => { document.title = 'printed' }")
    page.click("[data-print]")
    assert page.title() == "printed"
    assert not page.query_selector(".side, .top")
    visitor.shot("lists-4-paper")
    visitor.close()
