"""Every page in a real browser: tried by axe in both themes, on a phone, at 200 % and by keyboard; eight in full."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import Opportunity, OpportunityStatus
from app.security.actor import SYSTEM
from tests.browser_site import COLOURS, RULES, Visitor
from tests.showroom import VIEWPORTS, Place, Showroom

pytestmark = pytest.mark.browser


# ---- the eight pages that are photographed in full -----------------------------------------------------


def list_with_filters(visitor: Visitor, _key: int) -> None:
    """The list with every condition open and rows chosen."""
    visitor.page.goto("/opportunities/list/?status=&created_on_from=2020-01-01")
    for box in visitor.page.query_selector_all("tbody [name=row]:visible")[:2]:
        box.check()


def refused_edit(visitor: Visitor, key: int) -> None:
    """A form that comes back with what was typed and the reasons."""
    page = visitor.page
    page.goto(f"/opportunities/edit/{key}")
    page.fill("main [name=probability]", "101")
    page.fill("main [name=contact_phone]", "12345")
    page.fill("main [name=summary]", "")
    page.evaluate("document.querySelector('main form[method=post]').noValidate = true")
    page.keyboard.press("Control+s")
    page.wait_for_selector("[aria-invalid=true]")


def assign_dialog(visitor: Visitor, key: int) -> None:
    """The dialog that assigns, over the page."""
    page = visitor.page
    page.goto(f"/opportunities/show/{key}")
    page.click("main a[href*='/move/assign/']")
    page.wait_for_selector("#dialog[open] input[type=radio]")
    page.check("#dialog input[type=radio] >> nth=0")


def at(path: str) -> Callable[[Visitor, int], None]:
    """Only open the address."""

    def reach(visitor: Visitor, key: int) -> None:
        answer = visitor.page.goto(path.format(key=key))
        assert answer is not None and answer.status == 200, path

    return reach


#: The page's name: who looks at it and how it is reached.
PAGES: dict[str, tuple[str | None, Callable[[Visitor, int], None]]] = {
    "sign-in": (None, at("/login/")),
    "workbench": ("jingli1", at("/")),
    "list": ("zhuguan", list_with_filters),
    "detail": ("jingli1", at("/opportunities/show/{key}")),
    "edit": ("zhuguan", refused_edit),
    "assign": ("zhuguan", assign_dialog),
    "board": ("zhuguan", at("/opportunities/board")),
    "calendar": ("jingli1", at("/plans/calendar")),
}


def key_for(showroom: Showroom, name: str) -> int:
    """An opportunity in the state the page is about."""
    wanted = Opportunity.status == OpportunityStatus.UNASSIGNED
    if name == "detail":
        wanted = Opportunity.assignee.has(username="jingli1") & (Opportunity.status == OpportunityStatus.ASSIGNED)
    with showroom.app.app_context():
        db.session.info["actor"] = SYSTEM
        return int(db.session.scalars(select(Opportunity.id).where(wanted).order_by(Opportunity.id)).first() or 0)


#: The words of one language in its colours, and of the other in the other ones, which can break contrast alone.
JUDGED = {("zh", "light"): RULES, ("en", "dark"): COLOURS}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_in_both_languages_and_themes_on_desk_and_phone(showroom, name):
    who, reach = PAGES[name]
    key, complaints = key_for(showroom, name), []
    for locale in ("zh", "en"):
        for theme in ("light", "dark"):
            visitor = showroom.visit(who, locale, theme=theme)
            for width in (1366, 390):
                visitor.resize(width)
                reach(visitor, key)
                look = f"{name}-{locale}-{theme}-{width}"
                visitor.shot(look)
                if (locale, theme) in JUDGED:
                    complaints += [f"{look}: {one}" for one in visitor.violations(JUDGED[locale, theme])]
                if visitor.is_wider_than_the_screen():
                    complaints.append(f"{look}: scrolls sideways")
            visitor.close()
    assert complaints == []


#: The pages are looked at in so many shares, by as many processes as there are.
SHARES = 6
#: The pages that every list has alike.
ALIKE = ("/columns", "/filters/add", "/filters/edit/")


# ---- every other page -----------------------------------------------------------------------------------


def faults_of(visitor: Visitor, path: str, *, is_recoloured: bool = False) -> list[str]:
    """What is wrong with the page the visitor is at, in its width and all narrower ones.

    Of one that was looked at before, ``is_recoloured`` asks only for what other colours can break.
    """
    found = [f"{path}: {one}" for one in visitor.violations(COLOURS if is_recoloured else RULES)]
    for width in VIEWPORTS:
        visitor.resize(width)
        if visitor.is_wider_than_the_screen():
            found.append(f"{path}: scrolls sideways at {width}")
    visitor.resize(next(iter(VIEWPORTS)))
    return found


def places_of(showroom: Showroom, share: int, *, is_recoloured: bool) -> list[Place]:
    """One of the shares of the pages; of those which every list has alike, in other colours only the first list's."""
    places, missing = showroom.places
    assert missing == []
    assert len(places) >= 100
    seen: set[str] = set()
    wanted = []
    for place in places:
        alike = next((one for one in ALIKE if one in place.path), "")
        if not (is_recoloured and alike in seen):
            wanted.append(place)
        seen |= {alike} - {""}
    return wanted[share::SHARES]


@pytest.mark.parametrize(("theme", "locale"), [("light", "zh"), ("dark", "en")])
@pytest.mark.parametrize("share", range(SHARES))
def test_every_page_is_without_violations_and_fits_every_width(showroom, theme, locale, share):
    is_recoloured = theme == "dark"
    places = places_of(showroom, share, is_recoloured=is_recoloured)
    complaints = []
    for who in {place.who for place in places}:
        visitor = showroom.visit(who, locale, theme=theme)
        for place in [one for one in places if one.who == who]:
            visitor.page.goto(place.path)
            complaints += faults_of(visitor, place.path, is_recoloured=is_recoloured)
        visitor.close()
    print(f"\n{len(places)} pages, {theme}, {locale}")
    assert complaints == []


def test_a_planted_fault_is_found(showroom):
    visitor = showroom.visit("jingli1")
    visitor.page.goto("/opportunities/list/")
    planted = '<img src="/favicon.svg"><p id="pale">pale words</p>'
    visitor.page.evaluate("html => document.querySelector('main').insertAdjacentHTML('afterbegin', html)", planted)
    visitor.page.evaluate("document.querySelector('#pale').style.cssText = 'color: #eee; background: #fff'")
    visitor.page.evaluate("document.querySelector('main').style.width = '3000px'")
    found = faults_of(visitor, "planted")
    assert any("image-alt" in one for one in found)
    assert any("color-contrast" in one for one in faults_of(visitor, "planted", is_recoloured=True))
    assert any("sideways" in one for one in found)
    visitor.context.close()


# ---- by keyboard ----------------------------------------------------------------------------------------

#: What a person can do something with, in sight.
REACHABLE = """() => [...document.querySelectorAll(
  'a[href], button, input:not([type=hidden]), select, textarea, summary')].filter(found =>
  found.checkVisibility({visibilityProperty: true, opacityProperty: true}) && !found.disabled && found.tabIndex >= 0
  && !found.closest('details:not([open]) > :not(summary)') && !found.closest('dialog:not([open])')).length"""
FOCUSED = """() => {
  const found = document.activeElement, look = getComputedStyle(found);
  const shows = (style) => (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
    || style.boxShadow !== 'none';
  found.dataset.reached = found.dataset.reached ?? String(document.querySelectorAll('[data-reached]').length);
  const parent = found.parentElement ? getComputedStyle(found.parentElement) : look;
  return {key: found.dataset.reached, name: found.outerHTML.slice(0, 120), tag: found.tagName,
          isVisible: shows(look) || shows(parent)};
}"""


@pytest.mark.parametrize("name", ["workbench", "list", "detail", "edit", "assign", "board", "calendar"])
def test_the_keyboard_goes_through_with_focus_in_sight(showroom, name):
    who, reach = PAGES[name]
    visitor = showroom.visit(who)
    reach(visitor, key_for(showroom, name))
    page, hidden = visitor.page, []
    reached: set[str] = set()
    wanted = page.evaluate(REACHABLE)
    for _ in range(2 * wanted + 10):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused["tag"] == "BODY":
            continue
        if not focused["isVisible"]:
            hidden.append(focused["name"])
        if focused["key"] == "0" and len(reached) > 1:
            break
        reached.add(focused["key"])
    assert hidden == []
    assert len(reached) >= 5
    visitor.close()
