"""The calendar in a real browser: month, week and list, in both languages, on the company's days."""

import pytest
from sqlalchemy import select

from app.clock import now
from app.models import Opportunity, PlanItem
from tests.browser_site import violations

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

MINE = "绍兴织野纺织机械有限公司"


def plan_for(rows, *days):
    with rows() as session:
        row = session.scalars(select(Opportunity).where(Opportunity.customer_name == MINE)).one()
        session.add_all(PlanItem(opportunity=row, planned_on=day, todo=f"拜访{day}") for day in days)


CALENDAR_WORDS = {
    "zh": ("2026年3月", "周一", "已逾期", "下一周", "拜访"),
    "en": ("March 2026", "Mon", "Overdue", "Next week", "拜访"),
}


@pytest.mark.parametrize("locale", CALENDAR_WORDS)
def test_month_and_week_in_the_language_of_the_page(visit, locale):
    title, monday, overdue, next_week, _ = CALENDAR_WORDS[locale]
    visitor = visit("manager_a", locale)
    page = visitor.page
    page.goto("/plans/calendar?date=2026-03-02")
    item = page.locator("[data-date='2026-03-09'] .fc-event")
    item.wait_for()
    assert page.inner_text("#cal-title") == title
    assert page.locator(".fc-col-header-cell").first.inner_text() == monday
    assert overdue in item.inner_text()
    assert MINE in item.inner_text()
    assert violations(page) == []
    page.click("button[data-look=week]")
    assert page.inner_text("#cal-title") == "2026-03-02 – 2026-03-08"
    page.click(f"button[aria-label='{next_week}']")
    page.locator(".fc-dayGridWeek-view .fc-event").wait_for()
    assert page.inner_text("#cal-title") == "2026-03-09 – 2026-03-15"
    assert "date=2026-03-09" in page.url
    assert "view=week" in page.url
    assert violations(page) == []
    page.reload()
    page.locator(".fc-dayGridWeek-view .fc-event").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/plans/show/*#plan-items")
    page.go_back()
    page.locator(".fc-dayGridWeek-view .fc-event").wait_for()
    page.click("a[data-keeps]:not([aria-current])")
    page.locator(".fc-dayGridWeek-view .fc-event >> nth=2").wait_for()
    visitor.close()


def test_no_day_is_shifted_wherever_the_browser_stands(visit, rows, app):
    today = now(app.extensions["crm_zone"]).date()
    plan_for(rows, today)
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        visitor = visit("manager_a")
        session = visitor.context.new_cdp_session(visitor.page)
        session.send("Emulation.setTimezoneOverride", {"timezoneId": zone})
        visitor.page.goto("/plans/calendar")
        visitor.page.locator(f".fc-day-today[data-date='{today}'] .fc-event", has_text=str(today)).wait_for()
        visitor.close()


def test_a_phone_gets_a_list(visit, rows, app):
    plan_for(rows, now(app.extensions["crm_zone"]).date())
    visitor = visit("manager_a", "zh", 390)
    page = visitor.page
    page.goto("/plans/calendar")
    page.locator(".fc-listWeek-view .fc-list-event a").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert violations(page) == []
    visitor.shot("calendar-zh-390")
    page.click("button[data-look=month]")
    page.locator(".fc-listMonth-view .fc-list-event a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/plans/show/*#plan-items")
    visitor.close()


def test_many_items_of_one_day_open_beside_it(visit, rows, app):
    today = now(app.extensions["crm_zone"]).date()
    plan_for(rows, *[today] * 6)
    visitor = visit("manager_a")
    page = visitor.page
    page.goto("/plans/calendar")
    page.click(".fc-daygrid-more-link")
    page.wait_for_selector(".fc-popover")
    assert page.inner_text(".fc-popover-title") == str(today)
    assert page.locator(".fc-popover .fc-event").count() == 6
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.wait_for_selector(".fc-popover", state="detached")
    visitor.close()


def test_a_feed_that_fails_is_told(visit):
    visitor = visit("manager_a")
    page = visitor.page
    page.route("**/plans/events*", lambda route: route.fulfill(status=404, body="{}"))
    page.goto("/plans/calendar")
    page.wait_for_selector("#cal-failed:not([hidden])")
    visitor.close()
