"""Every report photographed in both languages and themes, and the pages of its PDF as pictures."""

import pypdfium2  # type: ignore[import-untyped]  # it has no types
import pytest

from app.reports.engine import reports
from tests.browser_site import SCREENS
from tests.browsing import Browser

pytestmark = pytest.mark.browser
#: What a report is asked for beside the bare page, where that shows more of it.
ASKED = {"contribution": "?year=2026", "composition": "?by=region&cross=level", "funnel": "?by=manager"}
#: What no reader shall meet.
NOT_FOR_PEOPLE = ("None", "nan", "NaT", "\N{REPLACEMENT CHARACTER}", "&lt;")


@pytest.mark.parametrize(("locale", "theme"), [("zh", "light"), ("zh", "dark"), ("en", "light"), ("en", "dark")])
def test_every_report_in_both_languages_and_themes(showroom, locale, theme):
    """What axe says of them, and whether they fit narrower screens, is asked with every other page."""
    complaints = []
    visitor = showroom.visit("zhuguan", locale, theme=theme)
    for name in sorted(reports()):
        visitor.page.goto(f"/reports/{name}{ASKED.get(name, '')}")
        look = f"report-{name}-{locale}-{theme}"
        said = visitor.page.inner_text("main").split()
        complaints += [f"{look}: says {one}" for one in NOT_FOR_PEOPLE if one in said]
        visitor.shot(look)
        if theme == "light":
            visitor.resize(390)
            visitor.shot(f"{look}-390")
            visitor.resize(1366)
    visitor.close()
    assert complaints == []


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_a_pdf_as_pictures_of_its_pages(showroom, locale):
    with showroom.app.app_context():
        reader = Browser(showroom.app, "zhuguan", locale=locale)
    addresses = {name: f"/reports/{name}/pdf{ASKED.get(name, '')}" for name in sorted(reports())}
    addresses["management"] = "/management-reports/pdf/1"
    for name, address in addresses.items():
        answer = reader.get(address)
        assert answer.mimetype == "application/pdf", address
        pages = pypdfium2.PdfDocument(answer.data)
        assert len(pages) >= 1
        text = pages[0].get_textpage().get_text_range()
        assert not any(one in text.split() for one in NOT_FOR_PEOPLE), address
        SCREENS.mkdir(parents=True, exist_ok=True)
        for number in range(min(len(pages), 8)):
            pages[number].render(scale=1).to_pil().save(SCREENS / f"pdf-{name}-{locale}-{number + 1}.png")
