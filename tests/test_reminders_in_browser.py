"""The bell in a real browser: it opens in place, is read, finds what is due by itself, and leads on without scripts."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.clock import now
from app.models import PlanItem
from tests.browser_site import Visitor, chromium, served, violations
from tests.cast import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.one_database]


def test_the_bell(strict_app, rows):
    with rows() as session:
        for item in session.scalars(select(PlanItem)):
            item.planned_on = now().date() - timedelta(days=1)
    with served(strict_app) as address, chromium() as browser:
        visitor = Visitor(browser, address).sign_in("manager_a")
        finds_what_is_due(visitor.page)
        opens_and_closes(visitor.page)
        is_read_in_place(visitor)
        visitor.close()
        leads_on_without_a_script(browser, address)


def finds_what_is_due(page):
    """The workbench asks by itself, once an hour."""
    page.wait_for_selector("#bell-link sup")
    assert page.get_attribute("#bell-link", "aria-label") == "提醒，1 条未读"
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/check") else None)
    page.goto("/")
    page.wait_for_load_state("networkidle")
    assert asked == []


def opens_and_closes(page):
    page.click("#bell-link")
    page.wait_for_selector("#bell-pop li.is-unread")
    assert page.get_attribute("#bell-link", "aria-expanded") == "true"
    assert violations(page) == []
    page.focus("#bell-pop .told-open")
    page.keyboard.press("Escape")
    assert page.is_hidden("#bell-pop")
    assert page.evaluate("document.activeElement.id") == "bell-link"
    page.keyboard.press("Enter")
    page.wait_for_selector("#bell-pop li.is-unread")
    page.click("h1")
    assert page.is_hidden("#bell-pop")
    page.click("#bell-link")
    page.wait_for_selector("#bell-pop li.is-unread")
    page.click("#bell-link")
    assert page.is_hidden("#bell-pop")


def is_read_in_place(visitor):
    page = visitor.page
    page.click("#bell-link")
    page.wait_for_selector("#bell-pop li.is-unread")
    visitor.shot("reminders-1-bell")
    page.click("#bell-pop .bar .act")
    page.wait_for_selector("#bell-link:not(:has(sup))")
    assert page.is_visible("#bell-pop li:not(.is-unread)")
    page.click("#bell-pop li:first-child .told-open")
    page.wait_for_url("**/plans/show/*")
    for path in ("list/", "settings"):
        page.goto(f"/reminders/{path}")
        visitor.shot(f"reminders-2-{path.strip('/')}")
        assert violations(page) == []


def leads_on_without_a_script(browser, address):
    context = browser.new_context(base_url=address, locale="zh-CN", java_script_enabled=False)
    page = context.new_page()
    page.goto("/login/")
    page.fill("[name=username]", "manager_a")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.click("#bell-link")
    page.wait_for_url("**/reminders/list/")
    page.click("ul.told li:first-child button")
    page.wait_for_url("**/plans/show/*")
    context.close()
