"""Date fields in a real browser: chosen by mouse and keyboard, typed, refused, and left to a phone's own picker."""

import pytest
from sqlalchemy import select

from app.models import Opportunity
from tests.browser_site import Visitor, chromium, served, violations

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

MINE = "绍兴织野纺织机械有限公司"


@pytest.mark.parametrize(("locale", "month"), [("zh", "三月"), ("en", "March")])
def test_a_date_is_chosen_by_mouse_and_by_keyboard(visit, locale, month):
    visitor = visit("manager_a", locale)
    page = visitor.page
    page.goto("/opportunities/add")
    field = "[name=expected_close_on]"
    assert page.get_attribute(field, "type") == "text"
    page.fill(field, "2026-3-9")
    page.click(field)
    page.wait_for_selector(".flatpickr-calendar.open")
    assert month in page.locator(".flatpickr-monthDropdown-months option:checked").inner_text()
    assert page.locator(".flatpickr-weekday").first.inner_text().strip() in {"周一", "Mon"}
    assert violations(page) == []
    page.click(".flatpickr-day[aria-label='2026-03-20']")
    assert page.input_value(field) == "2026-03-20"
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(".flatpickr-calendar.open")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.input_value(field) == "2026-03-21"
    page.wait_for_selector(".flatpickr-calendar", state="detached")
    page.evaluate("document.querySelectorAll('form[data-changed]').forEach(form => delete form.dataset.changed)")
    visitor.close()


def test_a_typed_date_is_read_and_a_wrong_one_stays_and_is_told(visit):
    visitor = visit("manager_a")
    page = visitor.page
    page.goto("/opportunities/list/?created_on_from=2026-03-01&created_on_to=")
    field = "[name=created_on_from]"
    for typed in ("2026-4-1", "２０２６０４０１", "2026年4月1日"):
        page.fill(field, typed)
        page.press(field, "Tab")
        assert page.input_value(field) == "2026-04-01"
    page.click(field)
    page.wait_for_selector(".flatpickr-calendar.open")
    page.fill(field, "下周")
    page.press(field, "Enter")
    assert page.input_value(field) == "下周"
    assert "2026-04-01" in page.eval_on_selector(field, "field => field.validationMessage")
    assert "created_on_from=2026-03-01" in page.url
    page.fill(field, "20260402")
    page.press(field, "Enter")
    page.wait_for_url("**created_on_from=2026-04-02*")
    visitor.close()


def test_escape_closes_the_calendar_and_not_the_dialog_around_it(visit):
    visitor = visit("manager_a")
    page = visitor.page
    page.goto("/opportunities/add")
    page.evaluate("""() => {
        const dialog = document.getElementById("dialog");
        dialog.append(document.querySelector("[name=expected_close_on]"));
        dialog.showModal();
    }""")
    page.click("#dialog [data-date]")
    page.wait_for_selector("#dialog .flatpickr-calendar.open")
    box, frame = (page.locator(one).bounding_box() for one in ("#dialog .flatpickr-calendar", "#dialog"))
    assert box["height"] > 200 > frame["height"]  # it stands out of the dialog and is not cut
    page.keyboard.press("Escape")
    page.wait_for_selector(".flatpickr-calendar", state="detached")
    assert page.query_selector("#dialog[open]")
    page.keyboard.press("Tab")
    visitor.close()


def test_a_plan_item_put_in_place_has_a_date_field_too(visit, rows):
    with rows() as session:
        key = session.scalars(select(Opportunity.id).where(Opportunity.customer_name == MINE)).one()
    visitor = visit("manager_a")
    page = visitor.page
    page.goto(f"/plans/show/{key}")
    for day in ("2026-4-1", "2026-04-02"):
        page.fill("#plan-items [name=planned_on]", day)
        page.fill("#plan-items [name=todo]", "拜访")
        page.click("#plan-items tr.add button")
        page.wait_for_selector(f"#plan-items tbody tr:has-text('2026-04-0{day[-1]}')")
        assert page.get_attribute("#plan-items [name=planned_on]", "type") == "text"
    visitor.close()


def test_where_fingers_point_the_device_keeps_its_own_picker(strict_app):
    with served(strict_app) as address, chromium() as browser:
        visitor = Visitor(browser, address)
        known = visitor.sign_in("manager_a").context.storage_state()
        phone = browser.new_context(
            base_url=address,
            has_touch=True,
            is_mobile=True,
            storage_state=known,
            viewport={"width": 390, "height": 844},
        )
        page = phone.new_page()
        page.goto("/opportunities/add")
        page.wait_for_load_state("networkidle")
        assert page.get_attribute("[name=expected_close_on]", "type") == "date"
        phone.close()
        visitor.close()
