"""The matrix in a real browser: whole rows, columns and modules, what needs what, and the preview that follows."""

import pytest

from app.models import Role

pytestmark = [pytest.mark.browser, pytest.mark.one_database]


@pytest.fixture
def matrix(visit, strict_app):
    """The matrix of the account managers, opened by the administrator."""
    from app.extensions import db

    with strict_app.app_context():
        key = db.session.query(Role).filter_by(name="Account manager").one().id

    def open_(width=1366):
        visitor = visit("admin", "zh", width)
        visitor.page.goto(f"/roles/show/{key}")
        return visitor

    return open_


def box(page, right):
    """The tick of a right."""
    return page.locator(f'[name="right"][value="{right}"]')


def test_ticking_follows_what_needs_what_and_is_previewed_and_saved(matrix):
    visitor = matrix()
    page = visitor.page
    page.get_by_role("button", name="权限管理的界面").click()
    box(page, "users.hand_over").check()
    assert box(page, "users.see").is_checked()
    box(page, "users.see").uncheck()
    assert not box(page, "users.hand_over").is_checked()
    page.get_by_label("销售机会管理：整行").click()
    assert box(page, "opportunities.assign").is_checked()
    page.get_by_role("button", name="打印", exact=True).click()
    assert not box(page, "plans.print").is_checked()
    page.select_option('[name="reads.customers"]', "own")
    page.get_by_role("button", name="保存 10 处改动").wait_for()
    assert "林知远" in page.inner_text("#role-preview")
    assert page.locator(".matrix .added").count() == 3 and page.locator(".matrix .removed").count() == 7
    page.fill('[name="note"]', "试行")
    page.get_by_role("button", name="保存 10 处改动").click()
    page.get_by_text("相关人员下一次点击时生效").wait_for()
    assert box(page, "opportunities.reassign").is_checked() and not box(page, "opportunities.print").is_checked()
    visitor.close()


def test_screens_and_actions_are_found_and_nothing_is_saved_by_enter(matrix):
    visitor = matrix()
    page = visitor.page
    field = page.get_by_label("查找界面或操作")
    field.fill("手机号")
    field.press("Enter")
    assert page.locator(".matrix tbody:visible").count() == 1
    assert page.locator(".matrix tbody tr:not(.mod):visible").count() == 1
    field.fill("没有这个")
    assert page.get_by_text("没有匹配的界面或操作").is_visible()
    field.fill("")
    page.get_by_label("工作台：整个模块").click()
    assert box(page, "announcements.delete").is_checked()
    page.get_by_label("工作台：整个模块").click()
    assert not box(page, "announcements.see").is_checked()
    visitor.page.evaluate("delete document.getElementById('matrix').dataset.changed")
    visitor.close()


@pytest.mark.parametrize("is_saving", [False, True])
def test_ticks_outlive_a_session(matrix, is_saving):
    visitor = matrix()
    page = visitor.page
    box(page, "opportunities.assign").check()
    page.get_by_role("button", name="保存 1 处改动").wait_for()
    cookies = visitor.context.cookies()
    visitor.context.clear_cookies()
    if is_saving:
        page.get_by_role("button", name="保存 1 处改动").click()
    else:
        box(page, "customers.see_phones").uncheck()
    page.wait_for_url("**/login/**")
    visitor.context.add_cookies(cookies)
    page.goto(page.url)  # who is signed in is led on to where he was
    page.get_by_text("您之前填写的内容已恢复").wait_for()
    assert box(page, "opportunities.assign").is_checked()
    assert box(page, "customers.see_phones").is_checked() is is_saving
    page.get_by_role("button", name="保存 1 处改动" if is_saving else "保存 2 处改动").click()
    page.get_by_text("相关人员下一次点击时生效").wait_for()
    visitor.complaints = [one for one in visitor.complaints if "401" not in one]
    visitor.close()


@pytest.mark.parametrize("width", [390, 1366])
def test_everybody_can_use_it(matrix, width):
    visitor = matrix(width)
    page = visitor.page
    box(page, "customers.see_phones").uncheck()
    page.get_by_role("button", name="保存 1 处改动").wait_for()
    assert visitor.violations() == []
    assert not visitor.is_wider_than_the_screen()
    for path in ("/roles/list/", "/roles/compare", "/roles/holders?right=plans.plan", "/roles/versions/1"):
        page.evaluate("document.querySelectorAll('form').forEach((form) => delete form.dataset.changed)")
        page.goto(path)
        assert visitor.violations() == [], path
        assert not visitor.is_wider_than_the_screen(), path
    visitor.close()
