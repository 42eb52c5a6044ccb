"""The story of a deal in a real browser: created, assigned, planned, carried out, won."""

import pytest
from sqlalchemy import select

from app.models import Customer, Opportunity, OpportunityStatus
from tests.browser_site import Visitor, chromium, served

pytestmark = pytest.mark.browser

NAME = {"zh": "南通屿帆海工装备有限公司", "en": "Aldgate Marine Ltd"}
WORDS = {
    "zh": {"save": "保存", "assign": "指派", "won": "开发成功", "add": "添加", "result": "执行", "done": "操作成功"},
    "en": {
        "save": "Save",
        "assign": "Assign",
        "won": "Development succeeded",
        "add": "Add",
        "result": "Carry out",
        "done": "Done",
    },
}


@pytest.fixture
def site(strict_app, width):
    with served(strict_app) as address, chromium() as browser:
        yield lambda who, locale, **more: Narrow(
            browser, address, "zh-CN" if locale == "zh" else "en-US", width=width, **more
        ).sign_in(who)


class Narrow(Visitor):
    """Somebody whose every picture is of a page that does not scroll sideways."""

    def shot(self, name):
        """Keep the picture, under a name of its own on a phone."""
        width = self.page.evaluate("window.innerWidth")
        super().shot(name if width > 600 else f"{name}-{width}")
        assert not self.is_wider_than_the_screen(), name


@pytest.mark.parametrize(("locale", "width"), [("zh", 1366)])
def test_from_opportunity_to_customer(site, home, locale):
    tell(site, home, locale)


@pytest.mark.one_database
@pytest.mark.parametrize(("locale", "width"), [("en", 1366), ("zh", 390), ("en", 390)])
def test_from_opportunity_to_customer_in_english_and_on_a_phone(site, home, locale):
    tell(site, home, locale)


def tell(site, home, locale):
    key = create(site, locale)
    assign(site, locale, key)
    plan_and_carry_out(site, locale, key)
    succeed(site, locale, key)
    with home.app(WTF_CSRF_ENABLED=True).app_context():
        from app.extensions import db
        from app.security.actor import SYSTEM

        db.session.info["actor"] = SYSTEM
        opportunity = db.session.get(Opportunity, key)
        assert opportunity.status is OpportunityStatus.SUCCEEDED
        customer = db.session.scalars(select(Customer).where(Customer.name == NAME[locale])).one()
        assert [contact.name for contact in customer.contacts] == ["Ge"]
        assert opportunity.customer_id == customer.id


def create(site, locale):
    visitor = site("manager_a", locale)
    page = visitor.page
    page.goto("/opportunities/list/")
    visitor.shot(f"story-{locale}-1-list")
    page.goto("/opportunities/add")
    page.fill("[name=customer_name]", NAME[locale])
    page.fill("[name=probability]", "101")
    page.fill("[name=summary]", "六套焊接机器人" if locale == "zh" else "Six welding robots")
    page.fill("main [name=description]", "八月交付" if locale == "zh" else "Delivery in August")
    page.fill("[name=contact_name]", "Ge")
    page.fill("[name=contact_phone]", "137 0013 4471")
    page.evaluate("document.querySelector('main form[method=post]').noValidate = true")
    page.click(f"main button[type=submit]:has-text('{WORDS[locale]['save']}')")
    page.wait_for_selector("[aria-invalid=true]")
    assert page.input_value("[name=customer_name]") == NAME[locale]
    visitor.shot(f"story-{locale}-2-refused")
    page.fill("[name=probability]", "60")
    page.click(f"main button[type=submit]:has-text('{WORDS[locale]['save']}')")
    page.wait_for_url("**/opportunities/show/*")
    visitor.shot(f"story-{locale}-3-created")
    key = int(page.url.rsplit("/", 1)[1])
    visitor.close()
    return key


def assign(site, locale, key):
    visitor = site("supervisor", locale)
    page = visitor.page
    page.goto(f"/opportunities/move/assign/{key}")
    page.check("tr:has-text('林知远') input[type=radio]")
    visitor.shot(f"story-{locale}-4-assign")
    page.click("main button[type=submit].btn-primary")
    page.wait_for_url(f"**/opportunities/show/{key}")
    visitor.close()


def plan_and_carry_out(site, locale, key):
    visitor = site("manager_a", locale)
    page, words = visitor.page, WORDS[locale]
    page.goto(f"/plans/show/{key}")
    page.fill("#plan-items [name=planned_on]", "2026-04-01")
    page.fill("#plan-items [name=todo]", "现场勘查" if locale == "zh" else "Visit the site")
    page.click(f"#plan-items button:has-text('{words['add']}')")
    page.wait_for_selector("#plan-items tbody tr:has-text('2026-04-01')")
    assert page.url.endswith(f"/plans/show/{key}")
    page.click(f"#plan-items .act:has-text('{words['result']}')")
    page.fill("#plan-items [name=result]", "客户认可" if locale == "zh" else "They agree")
    visitor.shot(f"story-{locale}-5-plan")
    page.click(f"#plan-items .act:has-text('{words['save']}')")
    page.wait_for_selector("#plan-items .st.s-done")
    visitor.close()


def succeed(site, locale, key):
    visitor = site("manager_a", locale)
    page, words = visitor.page, WORDS[locale]
    page.goto(f"/opportunities/move/succeed/{key}")
    page.click("main button[type=submit].btn-primary")
    page.wait_for_url(f"**/opportunities/show/{key}")
    assert words["done"] in page.inner_text("body")
    visitor.shot(f"story-{locale}-6-succeeded")
    page.click("a[href^='/customers/show/'] >> nth=0")
    page.wait_for_url("**/customers/show/*")
    assert "Ge" in page.inner_text("main")
    visitor.shot(f"story-{locale}-7-customer")
    visitor.close()
