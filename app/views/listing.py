"""Lists: the filters of a screen, the order, the page, and a count that stays cheap at any size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask_babel import force_locale
from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.i18n import Choice, Label, LazyString
from app.models.base import mapper_of
from app.models.basedata import Category, DictionaryEntry
from app.models.org import Employee
from app.reports.engine.grouping import UNSPECIFIED
from app.search import search_order

COUNT_CAP = 10_000
PAGE_SIZES = (10, 25, 50, 100)
#: What stands in an address in place of a saved filter to say that no condition is wanted.
ALL = "all"
LONGEST_VALUE = 200
LAST_PAGE = 10_000_000


class BadAddress(ValueError):
    """A part of the address cannot be read; holds the words for it. Answered with 400."""


@dataclass(frozen=True)
class Filter:
    """One field of the filter block, by its address parameter. ``is_more`` hides it behind 更多条件."""

    name: str
    label: str | LazyString
    is_more: bool = False

    kind = "text"
    #: Whether a choice may be left open.
    offers_all = True

    def names(self) -> tuple[str, ...]:
        """The address parameters it reads."""
        return (self.name,)

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """What the values ask of a row; raises BadAddress."""
        value = values.get(self.name)
        return [getattr(model, self.name).icontains(value, autoescape=True)] if value else []

    def choices(self, found: "Found") -> list[tuple[str, str]]:
        """The values offered, with their texts."""
        return []

    def shown(self, value: str, entries: Sequence[DictionaryEntry] = ()) -> str:
        """The value as the field of the filter block offers it, which chooses from ``entries``."""
        return value

    def chips(self, values: Mapping[str, str], entries: Sequence[DictionaryEntry] = ()) -> list[tuple[str, str]]:
        """The chips that show it is set: the parameter and the text."""
        return [(name, self.shown(values[name], entries)) for name in self.names() if values.get(name)]


@dataclass(frozen=True)
class ExactFilter(Filter):
    """The whole text of a field."""

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Letter case counts."""
        value = values.get(self.name)
        return [getattr(model, self.name) == value] if value else []


@dataclass(frozen=True)
class ChoiceFilter(Filter):
    """One of the states; ``groups`` offers several states under one word."""

    options: tuple[Choice, ...] = ()
    groups: Mapping[LazyString, tuple[Choice, ...]] = field(default_factory=dict)

    kind = "choice"

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Takes the key of a state, or its text in the reader's language or in Chinese."""
        wanted = self.chosen(values)
        column = getattr(model, self.name)
        return [column.in_(wanted) if len(wanted) > 1 else column == wanted[0]] if wanted else []

    def chosen(self, values: Mapping[str, str]) -> tuple[Choice, ...]:
        """The states that are asked for, none where it is left open; raises BadAddress for a word nobody knows."""
        value = values.get(self.name)
        if not value:
            return ()
        wanted = next((states for text, states in self._offers() if value in text), None)
        if wanted is None:
            raise BadAddress(self.label)
        return wanted

    def choices(self, found: "Found") -> list[tuple[str, str]]:
        """Value and text are the same: the state's word."""
        return [(texts[0], texts[0]) for texts, _ in self._offers()]

    def shown(self, value: str, entries: Sequence[DictionaryEntry] = ()) -> str:
        """The word of the state, whichever spelling the address has."""
        return next((texts[0] for texts, _ in self._offers() if value in texts), value)

    def _offers(self) -> list[tuple[tuple[str, ...], tuple[Choice, ...]]]:
        single = [(_texts(option.label, option.value), (option,)) for option in self.options]
        return single + [(_texts(label), states) for label, states in self.groups.items()]


def _texts(label: LazyString, *more: str) -> tuple[str, ...]:
    """Every spelling an address may carry: in the reader's language first, then in each other."""
    return (str(label), *in_each_language(label), *more)


@cache
def in_each_language(label: LazyString) -> tuple[str, ...]:
    """The label in every language of the product, asked for once in the life of a process."""
    spellings = []
    for locale in ("zh", "en"):
        with force_locale(locale):
            spellings.append(str(label))
    return tuple(spellings)


def asks_for_none(value: str) -> bool:
    """Whether what is asked for is that there is no value."""
    return value in _texts(UNSPECIFIED)


@dataclass(frozen=True)
class EntryFilter(Filter):
    """One entry of the dictionary, by its text in either language or its value; or none, where one may be missing."""

    category: Category = Category.REGION
    offers_none: bool = False

    kind = "choice"

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """An entry nobody knows finds nothing."""
        value = values.get(self.name)
        if not value:
            return []
        if self.offers_none and asks_for_none(value):
            return [getattr(model, f"{self.name}_id").is_(None)]
        entry = select(DictionaryEntry.id).where(
            DictionaryEntry.category == self.category.value,
            or_(DictionaryEntry.item == value, DictionaryEntry.item_en == value),
        )
        return [getattr(model, f"{self.name}_id").in_(entry)]

    def choices(self, found: "Found") -> list[tuple[str, str]]:
        """The entries of the category."""
        none = [(str(UNSPECIFIED), str(UNSPECIFIED))] if self.offers_none else []
        return [(entry.text, entry.text) for entry in found.entries if entry.category == self.category.value] + none

    def shown(self, value: str, entries: Sequence[DictionaryEntry] = ()) -> str:
        """The entry in the reader's language, whichever language the address has."""
        if self.offers_none and asks_for_none(value):
            return str(UNSPECIFIED)
        own = (entry for entry in entries if entry.category == self.category.value)
        return next((entry.text for entry in own if value in {entry.item, entry.item_en}), value)


@dataclass(frozen=True)
class PersonFilter(Filter):
    """One person by user name, typed and searched, never a list of everybody; or nobody."""

    kind = "person"

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """A name nobody has finds nothing."""
        value = values.get(self.name)
        if not value:
            return []
        if asks_for_none(value):
            return [getattr(model, f"{self.name}_id").is_(None)]
        person = select(Employee.id).where(Employee.username == value)
        return [getattr(model, f"{self.name}_id").in_(person)]


@dataclass(frozen=True)
class Query:
    """What an address asks of a list; ``view`` is the key of the saved filter it was opened by, or ``all``."""

    values: Mapping[str, str]
    page: int
    page_size: int
    sort: str
    view: str = ""

    def href(self, path: str, **changes: Any) -> str:
        """The address with some parameters changed; None takes one out."""
        asked: dict[str, Any] = {
            **self.values,
            "view": self.view or None,
            "sort": self.sort or None,
            "page_size": self.page_size,
            "page": self.page,
        }
        asked.update(changes)
        return f"{path}?{urlencode({key: value for key, value in asked.items() if value is not None})}"


@dataclass
class Found:
    """One page of a list: rows, the count up to the cap, and whether there is a next page."""

    rows: Sequence[Any]
    count: int
    has_next: bool
    entries: Sequence[DictionaryEntry] = ()

    @property
    def is_capped(self) -> bool:
        """Whether there are more rows than were counted."""
        return self.count > COUNT_CAP

    @property
    def count_text(self) -> str:
        """``128``, or ``10,000+``."""
        return f"{COUNT_CAP:,}+" if self.is_capped else f"{self.count:,}"


def read_query(
    arguments: Mapping[str, str],
    filters: Sequence[Filter],
    *,
    sortable: Sequence[str],
    sort: str,
    page_size: int,
) -> Query:
    """What the address asks; raises BadAddress for what cannot be read. Unknown parameters are ignored."""
    given = {name: _plain(arguments[name]) for name in names_of(filters) if name in arguments}
    order = arguments.get("sort") or sort
    if order.removeprefix("-") not in sortable:
        raise BadAddress(Label("Order"))
    page = _number(arguments.get("page"), 1, what=Label("Page"), most=LAST_PAGE)
    size = _number(arguments.get("page_size"), page_size, what=Label("Records on a page"), most=max(PAGE_SIZES))
    return Query(given, page, size, order, _view(arguments.get("view", "")))


def names_of(filters: Sequence[Filter]) -> list[str]:
    """Every address parameter that the filters read."""
    return [name for one in filters for name in one.names()]


def names_no_filter(arguments: Mapping[str, str], filters: Sequence[Filter]) -> bool:
    """Whether an address leaves it to the list with which conditions it opens."""
    return not _view(arguments.get("view", "")) and not any(name in arguments for name in names_of(filters))


def _view(text: str) -> str:
    is_key = text.isascii() and text.isdigit() and len(text) <= len(str(LAST_PAGE)) + 2
    return text if is_key or text == ALL else ""


def readable(values: Any, filters: Sequence[Filter], model: Any, zone: ZoneInfo) -> dict[str, str]:
    """What the filters still understand of conditions that were kept; the rest is left out."""
    kept = values if isinstance(values, Mapping) else {}
    return {
        name: kept[name]
        for one in filters
        for name in one.names()
        if isinstance(kept.get(name), str) and _understands(one, {name: kept[name]}, model, zone)
    }


def _understands(one: Filter, value: Mapping[str, str], model: Any, zone: ZoneInfo) -> bool:
    try:
        one.conditions(model, {name: _plain(text) for name, text in value.items()}, zone)
    except BadAddress:
        return False
    return any(value.values())


def _plain(value: str) -> str:
    if len(value) > LONGEST_VALUE or "\x00" in value:
        raise BadAddress(Label("Conditions"))
    return value.strip()


def _number(text: str | None, default: int, *, what: LazyString, most: int) -> int:
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > len(str(LAST_PAGE)):
        raise BadAddress(what)
    if not 1 <= int(text) <= most:
        raise BadAddress(what)
    return int(text)


def narrowed(
    model: Any, filters: Sequence[Filter], query: Query, *, zone: ZoneInfo, base: Sequence[Any] = ()
) -> Select[int]:
    """The keys of the rows the query asks for, in no order."""
    conditions = [part for one in filters for part in one.conditions(model, query.values, zone)]
    return select(model.id).where(*base, *conditions)


def find(session: Session, model: Any, keys: Select[int], query: Query, *, options: Sequence[Any]) -> Found:
    """One page: keys first and rows after, so that a far page stays cheap; ordered in total by the key."""
    name = query.sort.removeprefix("-")
    is_down = query.sort.startswith("-")
    columns = [search_order(model, keys)]
    if name != "id":
        column = getattr(model, name)
        # What belongs together stands together; a hybrid is no column and says nothing of it.
        then = getattr(column, "info", {}).get("then_by", ())
        columns = [column, *(getattr(model, one) for one in then), *columns]
    order = [column.desc() if is_down else column.asc() for column in columns]
    paged = keys.order_by(*order).limit(query.page_size + 1).offset((query.page - 1) * query.page_size)
    found = list(session.scalars(paged))
    page = found[: query.page_size]
    rows = session.scalars(of_keys(model, tuple(options)), {"keys": page}).unique().all() if page else []
    places = {key: place for place, key in enumerate(page)}
    return Found(sorted(rows, key=lambda row: places[row.id]), 0, len(found) > query.page_size)


@lru_cache(maxsize=500)
def of_keys(model: Any, options: Sequence[Any]) -> Select[Any]:
    """The rows of some keys; made once for options that are kept too."""
    return select(model).where(model.id.in_(bindparam("keys", expanding=True))).options(*options)


@lru_cache(maxsize=500)
def joined(model: Any, names: Sequence[str]) -> tuple[Any, ...]:
    """Those of ``names`` that are relations, loaded with their rows."""
    relations = mapper_of(model).relationships
    return tuple(joinedload(getattr(model, name)) for name in dict.fromkeys(names) if name in relations)


def count(session: Session, keys: Select[int], cap: int | None = COUNT_CAP) -> int:
    """How many rows there are, counted up to one more than ``cap`` (None: to the end)."""
    inner = keys.limit(cap + 1) if cap is not None else keys
    counted = select(func.count()).select_from(inner.subquery())
    return session.scalar(counted, execution_options={"in_no_order": True}) or 0


def find_entries(session: Session, filters: Sequence[Filter]) -> Sequence[DictionaryEntry]:
    """The dictionary entries that the filters offer, in one statement."""
    categories = [one.category.value for one in filters if isinstance(one, EntryFilter)]
    if not categories:
        return []
    return session.scalars(_offered(), {"categories": categories}).all()


@cache
def _offered() -> Select[DictionaryEntry]:
    """Made once, since most lists ask it."""
    is_asked = DictionaryEntry.category.in_(bindparam("categories", expanding=True))
    offered = select(DictionaryEntry).where(is_asked, DictionaryEntry.is_active.is_(True))
    return offered.order_by(DictionaryEntry.position, DictionaryEntry.id)
