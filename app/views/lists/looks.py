"""How the person looks at a list: the columns, the page size, the saved filters, and what the address asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from flask import request
from flask_appbuilder import ModelView

from app.actions import lists
from app.extensions import session
from app.i18n import gettext, listed
from app.models.lists import ListView
from app.security.rights import Screen
from app.views import listing
from app.views.edge import actor, zone
from app.views.presentation import label_of


@dataclass(frozen=True)
class Saved:
    """A saved filter with those of its conditions that the list still understands."""

    key: str
    name: str
    values: Mapping[str, str]
    sort: str
    is_own: bool
    is_shared: bool
    owner: str


@dataclass(frozen=True)
class Look:
    """How the person looks at the list; ``start`` is the saved filter it opens with."""

    columns: Sequence[str]
    page_size: int
    saved: Sequence[Saved] = ()
    start: Saved | None = None

    def own(self, *, key: str | None = None, name: str | None = None) -> Saved | None:
        """One's own saved filter of that key, or of that name."""
        mine = (one for one in self.saved if one.is_own)
        return next((one for one in mine if one.name == name or one.key == key), None)


class Looks:
    """A page with conditions that each person keeps under names, and where it is a list arranges for himself."""

    screen: ClassVar[Screen]
    route_base: str
    model: Any
    page_size: int
    list_columns: Sequence[str]
    order_columns: Sequence[str]
    #: Whether it opens with the saved filter that its reader chose for that.
    may_start_filtered: ClassVar[bool] = True
    filters: ClassVar[tuple[listing.Filter, ...]] = ()
    default_filters: ClassVar[Mapping[str, str]] = {}
    default_sort: ClassVar[str] = "-id"
    more_columns: ClassVar[Sequence[str]] = ()
    #: The column that names the record and leads to it; when not said, the name, else the first.
    name_column: str = ""

    @property
    def list_key(self) -> str:
        """What the list is called where looks are kept."""
        return str(self.route_base).strip("/")

    def look(self) -> Look:
        """The person's look, in one statement."""
        found = lists.views_of(session(), self.list_key, by=actor())
        own = next((one for one in found if not one.name and one.owner_id == actor().person_id), None)
        saved = [self._saved(one) for one in found if one.name]
        if own is None:
            return Look(tuple(self.list_columns), self.page_size, saved)
        size = own.page_size if own.page_size in listing.PAGE_SIZES else self.page_size
        start = next((one for one in saved if one.key == str(own.opens_with_id)), None)
        return Look(self.known_columns(own.columns), size, saved, start)

    def _saved(self, one: ListView) -> Saved:
        return Saved(
            str(one.id),
            one.name,
            listing.readable(one.conditions, self.filters, self.model, zone()),
            one.sort if one.sort.removeprefix("-") in (self.order_columns or ()) else self.default_sort,
            one.owner_id == actor().person_id,
            one.department_id is not None,
            str(one.owner),
        )

    def possible_columns(self) -> list[str]:
        """Every column the list can show, those of the screen first."""
        return list(dict.fromkeys((*self.list_columns, *self.more_columns)))

    def known_columns(self, names: Any) -> tuple[str, ...]:
        """Those of ``names`` that the list can show, always with the one that names the record."""
        given = names if isinstance(names, list) else []
        possible = self.possible_columns()
        known = dict.fromkeys(name for name in given if isinstance(name, str) and name in possible)
        if not known:
            return tuple(self.list_columns)
        return tuple(known) if self.name_column in known else (self.name_column, *known)

    def query(self, look: Look) -> listing.Query:
        """What the address asks; one that names no filter gets those the list opens with."""
        is_bare = listing.names_no_filter(request.args, self.filters)
        start = look.start if is_bare else None
        query = listing.read_query(
            request.args,
            self.filters,
            sortable=self.order_columns or (),
            sort=start.sort if start else self.default_sort,
            page_size=look.page_size,
        )
        if start is not None:
            return replace(query, values=start.values, view=start.key)
        return replace(query, values=self.default_values()) if is_bare else query

    def default_values(self) -> dict[str, str]:
        """The conditions with which the screen itself opens, in the reader's language."""
        return {name: str(value) for name, value in self.default_filters.items()}

    def conditions_in_words(self, query: listing.Query) -> str:
        """The conditions as one line; empty when there are none."""
        used = [one for one in self.filters if any(query.values.get(name) for name in one.names())]
        entries = listing.find_entries(session(), used)
        return listed(f"{one.label} {text}" for one in used for _, text in one.chips(query.values, entries))

    def order_in_words(self, query: listing.Query) -> str:
        """By what the rows are ordered; empty where they have one order."""
        if not query.sort:
            return ""
        label = label_of(self.model, query.sort.removeprefix("-"))
        if query.sort.startswith("-"):
            return gettext("%(column)s, descending", column=label)
        return gettext("%(column)s, ascending", column=label)

    def path(self, rest: str) -> str:
        """An address of this view; ``list/`` is its first page."""
        return f"{self.route_base}/{rest}"

    def address(self, query: listing.Query, rest: str) -> str:
        """An address of this view that carries the conditions and the order of the list."""
        return query.href(self.path(rest), page=None, page_size=None)


class ListLooks(Looks, ModelView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """A list that each person arranges for himself."""
