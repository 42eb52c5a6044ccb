"""The side menu and the ways between the pages of one screen, as far as the reader may see them."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import g, request

from app.i18n import Label
from app.security.rights import CATALOGUE, MenuPage, Screen, Verb
from app.views.shortcuts import LETTERS

#: What an address asks of one page alone; everything else holds for the other pages of the screen too.
OF_ONE_PAGE = {"sort", "page", "page_size", "date", "view", "scope"}


@dataclass(frozen=True)
class MenuEntry:
    """One page of the menu."""

    label: Any
    href: str
    is_current: bool
    icon: str = ""
    letter: str = ""


@dataclass(frozen=True)
class MenuModule:
    """One module of the menu with the pages its reader may see."""

    label: Any
    icon: str
    screens: list[MenuEntry]

    @property
    def is_open(self) -> bool:
        """Whether the reader is in it."""
        return any(screen.is_current for screen in self.screens)


def menu() -> list[MenuModule]:
    """The modules and pages the actor may see."""
    found = []
    for module in CATALOGUE:
        entries = [entry for screen in module.screens if _is_shown(screen) for entry in _entries(screen)]
        if entries:
            found.append(MenuModule(module.label, module.icon, entries))
    return found


def _is_shown(screen: Screen) -> bool:
    return screen.in_menu and bool(g.actor) and g.actor.may(screen.right(Verb.SEE))


def _entries(screen: Screen) -> list[MenuEntry]:
    """The list of a screen and its further pages; what is none of these belongs to the list."""
    offered = [page for page in (*screen.menu, *screen.pages) if g.actor.may(screen.right(page.verb))]
    pages = [_entry(page, address_of(screen, page)) for page in offered]
    is_within = request.path == screen.home or request.path.startswith(f"/{screen.key}/")
    is_here = is_within and not any(page.is_current for page in pages if page.href != screen.home)
    home = MenuEntry(screen.label, screen.home, is_here, letter=LETTERS.get(screen.key, ""))
    if not screen.menu:
        return [home, *pages]
    return [replace(home, label=page.label) if page.href == home.href else page for page in pages]


def address_of(screen: Screen, page: MenuPage) -> str:
    """The address of a further page of a screen."""
    return page.address or f"/{screen.key}/{page.key}"


def _ways(screen: Screen) -> set[str]:
    """The addresses of a screen that has several pages."""
    pages = {address_of(screen, page) for page in screen.pages}
    return {screen.home, f"/{screen.key}/", *pages} if pages else set()


def _entry(page: MenuPage, href: str) -> MenuEntry:
    """A further page; who makes the move that it is about is still there."""
    is_current = request.path == href or request.path.startswith(f"{href.rpartition('/')[0]}/move/{page.key}/")
    return MenuEntry(page.label, href, is_current, page.icon, LETTERS.get(page.key, ""))


def siblings() -> list[MenuEntry]:
    """The pages that show the same records as this one in another way, itself among them; none for most pages.

    The conditions of the address go along.
    """
    screens = [screen for module in CATALOGUE for screen in module.screens if request.path in _ways(screen)]
    if not screens or not _is_shown(screens[0]):
        return []
    asked = [(name, value) for name, value in request.args.items() if name not in OF_ONE_PAGE]
    query = f"?{urlencode(asked)}" if asked else ""
    first, *others = _entries(screens[0])
    as_list = MenuEntry(Label("List"), first.href, first.is_current, "list")
    short = zip(others, screens[0].pages, strict=True)
    ways = [as_list, *(MenuEntry(page.short, one.href, one.is_current, one.icon) for one, page in short)]
    return [MenuEntry(way.label, way.href + query, way.is_current, way.icon) for way in ways]
