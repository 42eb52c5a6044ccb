"""The workbench in a real browser: the charts come after the page, in the colours of its theme, at every width."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.models import Opportunity, StatusMove
from tests.browser_site import Visitor, chromium, served

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

WIDTHS = (360, 390, 1366, 2560)
INKS = "[...document.querySelectorAll('.fig-spark path')].map((path) => getComputedStyle(path).stroke)"


@pytest.fixture
def lately(rows):
    """The opportunities of the cast came about in these days, so that the charts have something to show."""
    with rows() as session:
        moment = datetime.now(UTC) - timedelta(days=9)
        for move in session.scalars(select(StatusMove)):
            move.at = moment
        for row in session.scalars(select(Opportunity).where(Opportunity.status == "failed")):
            row.closed_on = moment


def test_charts_follow_the_page_and_its_theme(strict_app, lately):
    with served(strict_app) as address, chromium() as browser:
        for width in WIDTHS:
            visitor = Visitor(browser, address, width=width).sign_in("supervisor")
            page = visitor.page
            # The first chart of a process loads matplotlib and pandas, which a busy machine takes its time for.
            page.wait_for_selector("#spark-development svg[role=img]", state="attached", timeout=60_000)
            assert not visitor.is_wider_than_the_screen(), width
            assert visitor.violations() == []
            visitor.shot(f"workbench-{width}")
            light = page.evaluate(INKS)
            page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
            assert len(light) >= 2 and page.evaluate(INKS) != light
            assert visitor.violations() == []
            visitor.close()


def test_a_figure_and_a_line_lead_where_they_say(strict_app, lately):
    with served(strict_app) as address, chromium() as browser:
        visitor = Visitor(browser, address).sign_in("supervisor")
        visitor.page.click("#figure-development")
        visitor.page.wait_for_url(re.compile("/plans/list/"))
        visitor.page.goto("/?due=all")
        visitor.page.click(".todo .act >> nth=0")
        visitor.page.wait_for_selector("#dialog[open]")
        visitor.close()
