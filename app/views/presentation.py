"""How values stand on a screen: cells, facts, buttons and chips, as the templates draw them."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, cast

from sqlalchemy import Date, Integer, Numeric
from sqlalchemy.orm import ColumnProperty

from app.actions.customers.facts import safe_website
from app.actions.phones import mask_phone
from app.i18n import Choice, LazyString, format_moment, gettext, listed
from app.models.base import ChoiceType, Exact, UtcDateTime, mapper_of
from app.models.basedata import DictionaryEntry
from app.models.org import FRAMEWORK_LABELS, Employee, Role
from app.security.roles import name_of_role

EMPTY = "—"
#: A text of more characters is likely to be cut off in a list.
LONG_TEXT = 24

#: The look of each state: new, open, done, fail, later or bad (a shape and a colour, never colour alone).
STATE_LOOKS = {
    "unassigned": "new",
    "assigned": "open",
    "succeeded": "done",
    "failed": "fail",
    "active": "done",
    "lost": "bad",
    "deleted": "fail",
    "unpaid": "open",
    "paid": "done",
    "warned": "bad",
    "postponed": "open",
    "confirmed": "fail",
    "recovered": "done",
    "created": "new",
    "processed": "later",
    "archived": "done",
    "draft": "later",
    "submitted": "open",
    "reviewed": "done",
}


@dataclass(frozen=True)
class Cell:
    """One value: its text, its kind (text, number, money, date, moment, state, phone, …) and what hangs on it.

    ``mark`` is a word that stands beside the name of a record, with ``mark_title`` to explain it.
    """

    text: str
    kind: str = "text"
    name: str = ""
    label: str | LazyString = ""
    title: str = ""
    href: str = ""
    look: str = ""
    is_wide: bool = False
    mark: str = ""
    mark_title: str = ""

    @property
    def is_number(self) -> bool:
        """Whether the value stands at the right."""
        return self.kind in {"number", "money"}

    @property
    def tip(self) -> str:
        """The whole text of one that a column hardly holds, to be read where no script shows what is cut off."""
        return self.text if len(self.text) > LONG_TEXT else ""


@dataclass(frozen=True)
class Button:
    """Something to do: a link, or with ``is_post`` a form that changes something after its question.

    A link with ``is_dialog`` opens over the page where there are scripts.
    """

    label: str | LazyString
    href: str
    key: str = ""
    icon: str = ""
    is_post: bool = False
    is_danger: bool = False
    is_primary: bool = False
    is_dialog: bool = False
    question: str = ""


@dataclass(frozen=True)
class Column:
    """The head of a list column; ``sort_href`` is empty where the list cannot be sorted by it.

    The column with ``is_name`` names the record and leads to it.
    """

    name: str
    label: str | LazyString
    kind: str
    sort_href: str = ""
    sorted: str = ""
    is_name: bool = False

    @property
    def is_number(self) -> bool:
        """Whether its values stand at the right."""
        return self.kind in {"number", "money"}

    @cached_property
    def css(self) -> str:
        """The classes of its cells, none for a plain text; a running number stands at the left like a name."""
        if self.is_name:
            return "c-name"
        if self.name == "id":
            return "c-id"
        kind = "" if self.kind == "text" else f"k-{self.kind}"
        return f"{kind} num" if self.is_number else kind


@dataclass(frozen=True)
class Row:
    """A list row: key, version, name, cells, and what may be done with it."""

    key: int
    version: int
    name: str
    cells: Sequence[Cell]
    buttons: Sequence[Button] = ()
    href: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a life cycle: past, here or ahead, with a line that says when and by whom."""

    label: str
    place: str
    note: str = ""


@dataclass(frozen=True)
class Event:
    """One line of a record's history."""

    what: str
    when: str
    more: str = ""
    icon: str = "arrow-right"


@dataclass
class Page:
    """What every page of a screen shares."""

    title: str | LazyString
    module: str | LazyString
    crumbs: list[tuple[str | LazyString, str]] = field(default_factory=list)


#: The kinds that a column says itself by a mark in its info.
MARKED_KINDS = {"is_phone": "phone", "is_money": "money", "is_stars": "stars", "is_website": "website"}
MOST_STARS = 5


@cache
def kind_of(model: Hashable, name: str) -> str:
    """The kind of a column or relation of ``model``."""
    attribute = mapper_of(cast(type, model)).all_orm_descriptors.get(name)
    prop = getattr(attribute, "property", None)
    if not isinstance(prop, ColumnProperty):
        return "text"
    column = prop.columns[0]
    marked = next((kind for mark, kind in MARKED_KINDS.items() if column.info.get(mark)), "")
    if marked:
        return marked
    kinds = {
        ChoiceType: "state" if name == "status" else "text",
        UtcDateTime: "moment",
        Date: "date",
        Integer: "number",
        Numeric: "number",
        Exact: "number",
    }
    return next((kind for type_, kind in kinds.items() if isinstance(column.type, type_)), "text")


@cache
def label_of(model: Hashable, name: str) -> Any:
    """The words by which a column or relation is shown; raises KeyError when the model says none."""
    mapper = mapper_of(cast(type, model))
    known: Any = mapper.relationships if name in mapper.relationships else mapper.all_orm_descriptors
    return known[name].info.get("label") or FRAMEWORK_LABELS[name]


def text_of(value: Any, kind: str = "text") -> str:
    """A value as people read it; nothing is shown as a dash."""
    if kind == "stars":
        return _stars(value)
    if value is None or value in ("", []):
        return EMPTY
    if kind == "money":
        return in_digits(value, 2)
    if kind == "number" and isinstance(value, Decimal):
        return in_digits(value, 0)
    for type_, shown in TEXTS:
        if isinstance(value, type_):
            return shown(value)
    return str(value)


def in_digits(value: Decimal | int, least: int) -> str:
    """A number with its thousands apart and as many decimals as it has, at least so many."""
    return f"{value:,.{decimals_of(Decimal(value), least)}f}"


def _stars(count: int | None) -> str:
    """Some of five stars with their number."""
    if count is None:
        return gettext("Unspecified")
    return f"{'★' * count}{'☆' * (MOST_STARS - count)} {count}"


def decimals_of(value: Decimal, least: int = 2) -> int:
    """How many decimals it takes to show a number whole, at least so many."""
    return max(least, -int(value.normalize().as_tuple().exponent))


#: How values of each type are read; a moment is a date too, so it comes first.
TEXTS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (Choice, lambda value: str(value.label)),
    (DictionaryEntry, lambda value: value.text),
    (bool, lambda value: gettext("Yes") if value else gettext("No")),
    (datetime, format_moment),
    (date, date.isoformat),
    (Decimal, lambda value: in_digits(value, 2)),
    # The default roles are named in English and shown in the reader's language; others as they were called.
    (Role, lambda value: name_of_role(value.name)),
    (list, lambda value: listed(text_of(one) for one in value)),
)


def cell_of(row: Any, name: str, *, href: str = "", is_wide: bool = False) -> Cell:
    """The cell of one field of ``row``."""
    model: Any = type(row)
    value, kind = getattr(row, name), kind_of(model, name)
    text = text_of(value, kind)
    title = ""
    if kind == "moment" and value:
        text, title = text[:10], text
    look = STATE_LOOKS.get(str(value), "later") if kind == "state" and value else ""
    href = safe_website(value) if kind == "website" else href
    return Cell(text, kind, name, label_of(model, name), title, href, look, is_wide)


def masked(cell: Cell) -> Cell:
    """The cell of a phone number with its middle digits hidden."""
    return cell if cell.text == EMPTY else replace(cell, text=mask_phone(cell.text))


def person_of(value: Employee | None) -> str:
    """A person's name, or a dash."""
    return EMPTY if value is None else str(value)
