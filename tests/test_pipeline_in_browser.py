"""The real sales pipeline in a real browser: listed, fifty assigned at once, one planned and won, in both languages."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.models import Employee, Opportunity
from tests.browser_site import Visitor, chromium, served
from tests.cast import hashed

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "docs" / "examples"
PIPELINE = ROOT.parent / "shared" / "data" / "crm-pipeline"
COUNTS = {"succeeded": "4,238", "failed": "2,474", "assigned": "504", "unassigned": "166"}
WORDS = {"zh": {"saved": "指派成功"}, "en": {"saved": "Assigned"}}


@pytest.mark.skipif(not PIPELINE.exists(), reason="the sales pipeline is not beside the project")
def test_fifty_are_assigned_planned_and_won(strict_app, rows):
    take_in(strict_app, rows)
    with served(strict_app) as address, chromium() as browser:
        for locale in ("zh", "en"):
            assign_fifty(Visitor(browser, address, locale).sign_in("dustin.brinkmann"), locale)
            plan_and_win(Visitor(browser, address, locale).sign_in("moses.frase"), locale)
    with rows() as session:
        moses = session.scalars(select(Employee).where(Employee.username == "moses.frase")).one()
        mine = select(func.count()).where(Opportunity.assignee_id == moses.id, Opportunity.assigned_on.is_not(None))
        assert session.scalar(mine.where(Opportunity.status == "assigned", Opportunity.source.is_not(None))) >= 98


def take_in(app, rows):
    """Import people and opportunities; the sales pipeline and the cast's seven are in the list then."""
    runner = app.test_cli_runner()
    for kind, file, name in (
        ("users", "sales_teams", "supervisors"),
        ("users", "sales_teams", "users"),
        ("opportunities", "sales_pipeline", "opportunities"),
    ):
        map_file = EXAMPLES / f"crm-pipeline-{name}.toml"
        words = ["crm", "import", kind, str(PIPELINE / f"{file}.csv"), "--map", str(map_file)]
        assert runner.invoke(args=words).exit_code == 0
    with rows() as session:
        for person in session.scalars(select(Employee).where(Employee.username.contains("."))):
            person.password = hashed()


def assign_fifty(visitor, locale):
    """As the supervisor: see the counts per status, choose a whole page of fifty, give them to one manager."""
    page = visitor.page
    if locale == "zh":
        for status, count in COUNTS.items():
            page.goto(f"/opportunities/list/?status={status}")
            assert page.inner_text("h1 .count") == count
    page.goto("/opportunities/list/?status=unassigned&page_size=50&sort=id")
    page.check("thead input[type=checkbox]")
    visitor.shot(f"pipeline-{locale}-1-chosen")
    page.click("#selection button[formaction]")
    page.wait_for_url("**/opportunities/moves/assign*")
    page.check("tr:has-text('Moses Frase') input[type=radio]")
    visitor.shot(f"pipeline-{locale}-2-assign")
    page.click("main button[type=submit].btn-primary")
    page.wait_for_url("**/opportunities/list/")
    assert WORDS[locale]["saved"] in page.inner_text("body")
    assert "50" in page.inner_text("body")
    visitor.close()


def plan_and_win(visitor, locale):
    """As the manager: plan the next step of the newest of his, carry it out, win it."""
    page = visitor.page
    page.goto("/plans/list/?status=assigned&assignee=moses.frase&sort=-assigned_on&page_size=50")
    visitor.shot(f"pipeline-{locale}-3-plans")
    page.click("tbody tr:first-child a[href^='/plans/show/']")
    page.wait_for_url("**/plans/show/*")
    key = page.url.rsplit("/", 1)[1].split("#")[0]
    page.fill("#plan-items [name=planned_on]", "2026-04-01")
    page.fill("#plan-items [name=todo]", "Visit")
    page.click("#plan-items tr.add button")
    page.wait_for_selector("#plan-items tbody tr:has-text('2026-04-01')")
    page.goto(f"/opportunities/move/succeed/{key}")
    if page.query_selector("input[name=customer_choice][value=new]"):
        page.check("input[name=customer_choice]:not([value=new]) >> nth=0")
    page.click("main button[type=submit].btn-primary")
    page.wait_for_url(f"**/opportunities/show/{key}")
    assert page.query_selector(".st.s-done")
    visitor.shot(f"pipeline-{locale}-4-won")
    visitor.close()
