"""The frame of a list: its filter block, chips, pager and sizes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.models.basedata import DictionaryEntry
from app.views import listing
from app.views.lists import Look, Tabs

GAP: tuple[str, None] = ("…", None)
AROUND = 2


@dataclass(frozen=True)
class FilterField:
    """One field of the filter block as drawn."""

    name: str
    names: tuple[str, ...]
    label: Any
    kind: str
    is_more: bool
    value: dict[str, str]
    choices: list[tuple[str, str]]
    remote: str
    offers_all: bool = True


@dataclass(frozen=True)
class Pager:
    """Where the list stands: addresses are empty where there is no such page."""

    page: int
    pages: int | None
    first: str
    previous: str
    next: str
    last: str
    numbers: list[tuple[str, str | None]]


def list_frame(view: Any, query: listing.Query, found: listing.Found) -> dict[str, Any]:
    """Everything around the rows of a list."""
    path = view.path("list/")
    return {
        "found": found,
        "query": query,
        "path": path,
        "filters": [_field(one, query, found) for one in view.filters],
        "chips": _chips(view, path, query, found.entries),
        "pager": _pager(path, query, found),
        "page_sizes": [(size, query.href(path, page_size=size, page=1)) for size in listing.PAGE_SIZES],
        "exact_href": query.href(view.path("count"), page=None, sort=None, page_size=None),
        "reset_href": path,
    }


def look_frame(view: Any, look: Look, query: listing.Query, found: listing.Found) -> dict[str, Any]:
    """What a list that each person arranges for himself has beside: tabs of saved filters, columns, page size."""
    tabs = Tabs(view, query, look, found.entries)
    starts_filtered = look.start or view.default_filters
    return {
        "tabs": tabs.drawn() if view.filters else [],
        "tab_buttons": tabs.buttons(),
        "save_filter_href": view.address(query, "filters/add"),
        "columns_href": view.address(query, "columns"),
        "page_size_href": view.address(query, "page-size"),
        "kept_view": query.view or (listing.ALL if starts_filtered else ""),
    }


def _field(one: listing.Filter, query: listing.Query, found: listing.Found) -> FilterField:
    names = one.names()
    value = {name: one.shown(query.values.get(name, ""), found.entries) for name in names}
    remote = "/choices/people" if one.kind == "person" else ""
    choices = one.choices(found)
    return FilterField(one.name, names, one.label, one.kind, one.is_more, value, choices, remote, one.offers_all)


def _chips(view: Any, path: str, query: listing.Query, entries: Sequence[DictionaryEntry]) -> list[tuple[str, str]]:
    """A chip for each condition; taking one away sends it empty, so that a default does not come back."""
    return [
        (f"{one.label} {text}", query.href(path, **{name: "", "page": 1}))
        for one in view.filters
        for name, text in one.chips(query.values, entries)
    ]


def _pager(path: str, query: listing.Query, found: listing.Found) -> Pager:
    pages = None if found.is_capped else max(1, -(-found.count // query.page_size))
    return pager_of(query.page, pages, lambda number: query.href(path, page=number), has_next=found.has_next)


def pager_of(page: int, pages: int | None, href: Callable[[int], str], *, has_next: bool | None = None) -> Pager:
    """The pager at ``page`` of ``pages`` (None: nobody knows how many), each at the address that ``href`` makes."""
    has_before = page > 1
    has_next = bool(pages and page < pages) if has_next is None else has_next
    return Pager(
        page,
        pages,
        href(1) if has_before else "",
        href(page - 1) if has_before else "",
        href(page + 1) if has_next else "",
        href(pages) if pages and page < pages else "",
        [(str(number), "" if number == page else href(number)) if number else GAP for number in _near(page, pages)],
    )


def _near(page: int, pages: int | None) -> list[int]:
    """The page numbers drawn; 0 stands for a gap."""
    last = pages or page + AROUND
    wanted = sorted({1, last, *range(max(1, page - AROUND), min(last, page + AROUND) + 1)})
    drawn: list[int] = []
    for number in wanted:
        if drawn and number > drawn[-1] + 1:
            drawn.append(0)
        drawn.append(number)
    return drawn if pages else [*drawn, 0]
