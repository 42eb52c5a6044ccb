"""The categories of the dictionary: the product's own in the reader's language, others as they are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_
from wtforms import StringField

from app.actions.basedata import categories
from app.extensions import session
from app.i18n import is_english
from app.models.basedata import Category, DictionaryEntry
from app.views.listing import Filter, Found, in_each_language

OWN = {category.value: category.label for category in Category}


def category_in_words(text: str) -> str:
    """A category as the reader calls it; what is stored is Chinese."""
    return str(OWN[text]) if text in OWN and is_english() else text


def category_named(text: str) -> str:
    """The category as it is stored, by what it is called in either language."""
    known = (value for value, label in OWN.items() if text in {value, *in_each_language(label)})
    return next(known, text)


class CategoryField(StringField):  # type: ignore[misc]  # WTForms has no types
    """A category with the known ones as suggestions; a new one may be typed."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the words of a category for the category."""
        self.data = category_named(valuelist[0].strip()) if valuelist else ""

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else category_in_words(self.data or "")

    def readable(self, text: str) -> str:
        """What ``app.views.merging`` remembers of a value, as people read it."""
        return category_in_words(text)


@dataclass(frozen=True)
class CategoryFilter(Filter):
    """One category."""

    kind = "choice"

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """By what it is called in either language."""
        value = values.get(self.name)
        return [DictionaryEntry.category == category_named(value)] if value else []

    def choices(self, found: Found) -> list[tuple[str, str]]:
        """Every category that has entries."""
        return [(category_in_words(one), category_in_words(one)) for one in categories(session())]

    def shown(self, value: str, entries: Sequence[DictionaryEntry] = ()) -> str:
        """In the reader's language, whichever language the address has."""
        return category_in_words(category_named(value))


@dataclass(frozen=True)
class ItemFilter(Filter):
    """A part of an entry's text in either language."""

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Letter case does not count."""
        value = values.get(self.name)
        texts = (DictionaryEntry.item, DictionaryEntry.item_en)
        return [or_(*(text.icontains(value, autoescape=True) for text in texts))] if value else []
