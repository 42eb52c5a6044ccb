"""The board in a real browser: dragged, refused, cancelled and done by keyboard, in both languages."""

import pytest
from sqlalchemy import select

from app.models import Opportunity, OpportunityStatus
from tests.browser_site import violations
from tests.views.test_board import many

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

NEW, MINE, OTHERS = "苏州澄岳精密机械有限公司", "绍兴织野纺织机械有限公司", "温州霁川电气有限公司"


def card(page, name):
    return page.locator(".opp", has_text=name)


def carry(page, name, status):
    """Take a card over the column of a status, without letting go."""
    start = card(page, name).locator(".opp-what").bounding_box()
    end = page.locator(f"[data-status={status}]").bounding_box()
    page.mouse.move(start["x"] + 20, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 40, start["y"] + 20, steps=4)
    page.mouse.move(end["x"] + end["width"] / 2, start["y"] + 20, steps=10)


def column_of(page, name):
    return card(page, name).evaluate("card => card.parentElement.dataset.status")


def status_of(rows, name):
    with rows() as session:
        return session.scalars(select(Opportunity.status).where(Opportunity.customer_name == name)).one()


@pytest.mark.parametrize(("locale", "words"), [("zh", ("指派", "指派成功")), ("en", ("Assign", "Assigned."))])
def test_a_dropped_card_asks_its_question_and_is_assigned(visit, rows, locale, words):
    word, done = words
    visitor = visit("supervisor", locale)
    page = visitor.page
    page.goto("/opportunities/board?customer_name=" + NEW[:2])
    carry(page, NEW, "assigned")
    assert page.inner_text(".may-drop .lane-word") == word
    page.mouse.up()
    page.wait_for_selector("#dialog[open]")
    assert status_of(rows, NEW) is OpportunityStatus.UNASSIGNED
    page.check("#dialog tr:has-text('陈禾') input[type=radio]")
    page.click("#dialog button[type=submit]")
    page.wait_for_selector(".toast-line.t-ok")
    assert done in page.inner_text(".toasts")
    assert "/opportunities/board?customer_name=" in page.url
    assert column_of(page, NEW) == "assigned"
    assert "陈禾" in card(page, NEW).inner_text()
    assert status_of(rows, NEW) is OpportunityStatus.ASSIGNED
    visitor.close()


def test_cancelling_puts_the_card_back(visit, rows):
    visitor = visit("supervisor")
    page = visitor.page
    page.goto("/opportunities/board")
    before = page.locator("[data-status=unassigned] .opp-name").all_inner_texts()
    for way_out in ("Escape", "#dialog .panel-foot [data-close]"):
        carry(page, NEW, "assigned")
        page.mouse.up()
        page.wait_for_selector("#dialog[open]")
        assert column_of(page, NEW) == "assigned"
        page.keyboard.press(way_out) if way_out == "Escape" else page.click(way_out)
        page.wait_for_selector("#dialog[open]", state="hidden")
        assert page.locator("[data-status=unassigned] .opp-name").all_inner_texts() == before
    assert status_of(rows, NEW) is OpportunityStatus.UNASSIGNED
    visitor.close()


def test_a_question_that_cannot_be_asked_puts_the_card_back(visit):
    visitor = visit("supervisor")
    page = visitor.page
    page.goto("/opportunities/board")
    page.route("**/opportunities/move/**", lambda route: route.abort())
    carry(page, NEW, "assigned")
    page.mouse.up()
    page.wait_for_selector(".toast-line.t-bad")
    page.wait_for_selector(f"[data-status=unassigned] .opp:has-text('{NEW}')")
    visitor.complaints.clear()  # the browser tells of the broken connection
    visitor.close()


@pytest.mark.parametrize(
    ("who", "drop"),
    [
        ("supervisor", (NEW, "succeeded", "“未指派”不能直接变为“开发成功”。")),
        ("manager_a", (NEW, "assigned", "您没有权限进行此操作。")),
        ("manager_a", (OTHERS, "failed", "负责人")),
    ],
)
def test_an_impossible_drop_is_refused_with_a_word_why(visit, who, drop):
    name, status, why = drop
    visitor = visit(who)
    page = visitor.page
    page.goto("/opportunities/board")
    before = column_of(page, name)
    carry(page, name, status)
    lane = page.locator(".lane.no-drop", has=page.locator(f"[data-status={status}]"))
    assert why in lane.locator(".lane-word").inner_text()
    page.mouse.up()
    page.wait_for_selector(".is-dragging", state="detached")
    assert column_of(page, name) == before
    assert page.query_selector("#dialog[open]") is None
    visitor.close()


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_the_menu_of_a_card_does_the_same_by_keyboard(visit, rows, locale):
    visitor = visit("manager_a", locale)
    page = visitor.page
    page.goto("/opportunities/board")
    card(page, MINE).locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#dialog[open] [name=reason]")
    page.fill("#dialog [name=reason]", "预算取消")
    page.click("#dialog button[type=submit]")
    page.wait_for_selector(".toast-line.t-ok")
    assert column_of(page, MINE) == "failed"
    assert status_of(rows, MINE) is OpportunityStatus.FAILED
    visitor.close()


def test_more_cards_come_in_place_and_can_be_moved(visit, rows):
    many(rows, 25, status=OpportunityStatus.UNASSIGNED)
    visitor = visit("supervisor")
    page = visitor.page
    page.goto("/opportunities/board?customer_name=批量")
    assert page.locator("[data-status=unassigned] .opp").count() == 20
    page.focus(".lane-more a")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-status=unassigned] .opp >> nth=24")
    assert page.evaluate("document.activeElement.textContent") == "批量004公司"
    assert page.query_selector(".lane-more") is None
    card(page, "批量000公司").scroll_into_view_if_needed()
    carry(page, "批量000公司", "assigned")
    page.mouse.up()
    page.wait_for_selector("#dialog[open]")
    visitor.close()


@pytest.mark.parametrize("width", [360, 1366])
def test_the_board_scrolls_in_its_own_box_and_axe_has_nothing_against_it(visit, width):
    for locale in ("zh", "en"):
        visitor = visit("supervisor", locale, width)
        visitor.page.goto("/opportunities/board")
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(visitor.page) == []
        visitor.shot(f"board-{locale}-{width}")
        visitor.close()
