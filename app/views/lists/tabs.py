"""The tabs above a list: every row, the screen's own filter and the saved ones, and what may be done with those."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.i18n import Label, gettext
from app.models.basedata import DictionaryEntry
from app.views import listing
from app.views.lists.looks import Look, Saved
from app.views.presentation import Button


@dataclass(frozen=True)
class Tab:
    """One way to look at the list."""

    label: Any
    href: str
    is_current: bool = False
    icon: str = ""
    title: str = ""


@dataclass(frozen=True)
class Tabs:
    """The tabs of one list as one person has them; ``entries`` tell in which words the address speaks of them."""

    view: Any
    query: listing.Query
    look: Look
    entries: Sequence[DictionaryEntry] = ()

    def drawn(self) -> list[Tab]:
        """Everything, the screen's own filter, then the saved ones; the one that is shown is marked."""
        current = self.current()
        usual = self.view.default_values()
        own = [_everything(), *([_unsaved(usual)] if usual else [])]
        return [self._tab(one, is_current=one == current) for one in (*own, *self.look.saved)]

    def current(self) -> Saved | None:
        """What is shown: the filter the address was opened by, else one of the same conditions, else None."""
        offers = [_everything(), _unsaved(self.view.default_values()), *self.look.saved]
        shown = self._plain(self.query.values)
        same = [one for one in offers if self._plain(one.values) == shown]
        return next((one for one in same if one.key == self.query.view), same[0] if same else None)

    def _plain(self, values: Mapping[str, str]) -> dict[str, str]:
        """Conditions in one spelling, to compare them."""
        given = ((one, name) for one in self.view.filters for name in one.names() if values.get(name))
        return {name: one.shown(values[name], self.entries) for one, name in given}

    def _tab(self, one: Saved, *, is_current: bool) -> Tab:
        path = self.view.path("list/")
        if one.key:
            query = listing.Query(one.values, 1, self.look.page_size, one.sort, one.key)
        else:
            view = "" if one.values or not self._starts_filtered() else listing.ALL
            query = listing.Query(one.values, 1, self.look.page_size, self.view.default_sort, view)
        href = query.href(path, page=None, page_size=None, sort=query.sort if one.key else None)
        return Tab(self._label(one), href.rstrip("?"), is_current, self._icon(one), self._title(one))

    def _starts_filtered(self) -> bool:
        return bool(self.look.start or self.view.default_filters)

    def _label(self, one: Saved) -> Any:
        if one.key:
            return one.name
        texts = [text for each in self.view.filters for _, text in each.chips(one.values)]
        return " ".join(texts) or Label("All")

    def _icon(self, one: Saved) -> str:
        if one.key and one == self.look.start:
            return "star"
        return "users" if one.is_shared else ""

    def _title(self, one: Saved) -> str:
        if one.key and one == self.look.start:
            return gettext("This list opens with it")
        if one.key and not one.is_own:
            return gettext("Shared by %(name)s", name=one.owner)
        return gettext("Shared with my department") if one.is_shared else ""

    def buttons(self) -> list[Button]:
        """What may be done with the saved filter that is shown."""
        current = self.current()
        if current is None or not current.key:
            return []
        start = [self._start_button(current)] if self.view.may_start_filtered else []
        return [self._edit_button(current), *start, self._delete_button(current)] if current.is_own else start

    def _edit_button(self, one: Saved) -> Button:
        href = self.view.address(self.query, f"filters/edit/{one.key}")
        return Button(Label("Rename or share"), href, "edit", "pencil", is_dialog=True)

    def _start_button(self, one: Saved) -> Button:
        is_start = one == self.look.start
        label = Label("Do not open the list with it") if is_start else Label("Open the list with it")
        href = self.view.address(self.query, f"filters/start/{0 if is_start else one.key}")
        return Button(label, href, "start", "star", is_post=True)

    def _delete_button(self, one: Saved) -> Button:
        href = self.view.path(f"filters/delete/{one.key}")
        question = gettext("Delete %(kind)s “%(name)s”?", kind=gettext("saved filter"), name=one.name)
        return Button(Label("Delete"), href, "delete", "trash", is_post=True, is_danger=True, question=question)


def _everything() -> Saved:
    return _unsaved({})


def _unsaved(values: Mapping[str, str]) -> Saved:
    """Conditions that the screen itself offers."""
    return Saved("", "", values, "", is_own=False, is_shared=False, owner="")
