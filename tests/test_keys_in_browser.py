"""The keyboard and the top bar in a real browser; two editors without scripts; what was typed after a refusal."""

from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from app.models import Opportunity
from app.security.rights import CATALOGUE, REPORTS
from app.views.shortcuts import LETTERS, WORKBENCH, letters_of
from tests.browser_site import Visitor, chromium, served, violations
from tests.browsing import text_of

LIST = "/opportunities/list/?status="


# ---- without a browser --------------------------------------------------------------------------------------


def test_every_screen_has_a_letter_of_its_own_and_of_the_reports_the_first():
    screens = [screen for module in CATALOGUE for screen in module.screens if screen.in_menu]
    screens = [screen for screen in screens if screen not in REPORTS[1:]]
    keys = [WORKBENCH, *(one.key for one in screens), *(page.key for one in screens for page in one.pages)]
    assert list(LETTERS) == keys
    assert len(set(LETTERS.values())) == len(keys)
    assert LETTERS[WORKBENCH] == "w"


def test_letters_are_given_in_order_and_run_out_in_peace():
    assert letters_of(["plans", "people", "pp", "p-p"]) == {"plans": "p", "people": "e", "pp": "a", "p-p": "b"}
    many = letters_of([f"screen{number}" for number in range(30)])
    assert len(many) == len(set(many.values())) == 26


@pytest.mark.parametrize(("who", "offered"), [("manager_a", ["/opportunities/add"]), ("executive", []), ("nobody", [])])
def test_the_top_bar_offers_what_one_may_begin(as_, who, offered):
    page = as_(who).get("/").text
    assert ("data-create" in page) is bool(offered)
    for href in offered:
        assert f'class="pop-item" href="{href}"' in page


def test_help_lists_the_screens_one_may_open_and_only_them(as_):
    page = as_("manager_a").get("/help/keys")
    assert page.status_code == 200
    text = text_of(page)
    assert "销售机会管理" in text and "工作台" in text and "关闭单键快捷键" not in text.replace("data-off", "")
    assert "销售机会管理" not in text_of(as_("nobody").get("/help/keys"))
    part = as_("manager_a").get("/help/keys", headers={"HX-Request": "true"}).text
    assert "<html" not in part and "data-close" in part
    assert as_().get("/help/keys").status_code == 302
    assert "Keyboard" in text_of(as_("manager_a", locale="en").get("/help/keys"))


# ---- with one -----------------------------------------------------------------------------------------------


@pytest.fixture
def site(strict_app):
    """The application served, and a browser."""
    with served(strict_app) as address, chromium() as browser:
        yield lambda locale="zh-CN", width=1366: Visitor(browser, address, locale, width=width)


@pytest.mark.browser
@pytest.mark.one_database
def test_keys_lead_where_the_help_says(site):
    visitor = site().sign_in("manager_a")
    page = visitor.page
    page.goto(LIST)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "customer_name"
    page.keyboard.type("n?gp/")  # letters while one types
    assert page.input_value("[name=customer_name]") == "n?gp/"
    assert page.url.endswith(LIST) and not page.query_selector("dialog[open]")
    page.evaluate("document.activeElement.blur()")
    for letter, address in ((LETTERS["plans"], "/plans/list/"), (LETTERS["customers"], "/customers/list/"), ("w", "/")):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        page.wait_for_url(lambda url, address=address: urlsplit(url).path == address)
    page.keyboard.press("q")
    page.keyboard.press("g")
    page.keyboard.press(LETTERS["roles"])  # no screen of his
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "/opportunities/add"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.goto(LIST)
    page.keyboard.press("n")
    page.wait_for_url("**/opportunities/add")
    visitor.close()


@pytest.mark.browser
@pytest.mark.one_database
@pytest.mark.parametrize(("locale", "title"), [("zh-CN", "键盘快捷键"), ("en", "Keyboard")])
def test_the_help_opens_over_the_page_and_keys_can_be_switched_off(site, locale, title):
    visitor = site(locale).sign_in("manager_a")
    page = visitor.page
    page.goto(LIST)
    page.keyboard.press("?")
    page.wait_for_selector("dialog#dialog[open] .keys")
    assert page.inner_text("#dialog-title") == title
    assert violations(page) == []
    visitor.shot(f"keys-{locale}")
    page.keyboard.press("g")
    page.keyboard.press(LETTERS["plans"])  # nothing while a dialog is open
    page.click("[data-keys-switch]")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog#dialog", state="hidden")
    assert page.url.endswith(LIST)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    page.wait_for_timeout(300)
    assert not page.query_selector("dialog[open]")
    page.click("[data-help]")  # the link goes on to work
    page.click("[data-keys-switch]")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog#dialog", state="hidden")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("g")
    page.keyboard.press(LETTERS["plans"])
    page.wait_for_url("**/plans/list/")
    visitor.close()


@pytest.mark.browser
@pytest.mark.one_database
@pytest.mark.parametrize("width", [1366, 390])
def test_two_editors_and_refusals_have_no_fault_and_fit(site, rows, width):
    with rows() as session:
        key = session.scalars(select(Opportunity.id).where(Opportunity.customer_name.startswith("苏州"))).one()
    path = f"/opportunities/edit/{key}"
    first, second = site(width=width).sign_in("manager_a"), site(width=width).sign_in("supervisor")
    for one, text in ((first, "他们的概要"), (second, "我的概要")):
        one.page.goto(path)
        one.page.fill("[name=summary]", text)
    first.page.fill("[name=contact_name]", "新联系人")
    page = second.page
    first.page.keyboard.press("Control+s")
    first.page.wait_for_url(f"**/opportunities/show/{key}")
    page.keyboard.press("Control+s")
    page.wait_for_selector(".merge-fields")
    visible = page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert visible
    assert violations(page) == []
    second.shot(f"two-editors-{width}")
    page.fill(".merge-fields [name=summary]", "两边合起来")  # typing is choosing
    assert page.is_checked("[name=choice-summary][value=mine]")
    assert page.is_checked("[name=choice-contact_name][value=theirs]")
    page.click("main button[type=submit]")
    page.wait_for_url(f"**/opportunities/show/{key}")
    assert "两边合起来" in page.inner_text("main") and "新联系人" in page.inner_text("main")
    page.goto("/no/such/page")
    assert violations(page) == []
    second.shot(f"not-found-{width}")
    first.close()
    second.close()


@pytest.mark.browser
@pytest.mark.one_database
def test_what_was_too_large_comes_back_when_the_form_opens_again(site):
    visitor = site().sign_in("manager_a")
    page = visitor.page
    page.goto("/opportunities/add")
    page.fill("[name=customer_name]", "苏州某某有限公司")
    page.fill("[name=summary]", "六套")
    page.fill("[name=probability]", "50")
    page.evaluate(
        "field => { field.removeAttribute('maxlength'); field.value = '长'.repeat(1900000); }",
        page.query_selector("textarea[name=description]"),
    )
    page.click("main button[type=submit]")
    page.wait_for_selector(".refusal")
    assert page.is_visible("[data-kept]")
    assert violations(page) == []
    page.click(".refusal .btn-primary")
    page.wait_for_url("**/opportunities/add")
    page.wait_for_selector(".toast-line")
    assert page.input_value("[name=customer_name]") == "苏州某某有限公司"
    assert len(page.input_value("textarea[name=description]")) == 1_900_000
    page.evaluate("delete document.querySelector('form[data-changed]').dataset.changed")
    visitor.close()
