"""Texts that show themselves in the reader's language, and the base of translated enumerations."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

import flask_babel
from flask import g, has_app_context
from flask_babel.speaklater import LazyString

__all__ = [
    "Choice",
    "Label",
    "LazyString",
    "Told",
    "company_zone",
    "format_day",
    "format_moment",
    "gettext",
    "is_english",
    "listed",
    "ngettext",
    "speaking",
]

#: Texts as they were found in the catalogues, by language and message: a page asks for some hundreds.
_FOUND: dict[tuple[str, str], str] = {}


def translated(message: str) -> str:
    """``message`` in the reader's language, looked up once in the life of a process."""
    locale = _locale()
    if locale is None:
        return message
    key = (locale.language, message)
    found = _FOUND.get(key)
    if found is None:
        found = _FOUND[key] = str(flask_babel.get_translations().ugettext(message))
    return found


def _locale() -> flask_babel.Locale | None:
    """The reader's, straight from where Flask-Babel keeps it: by way of the proxy each text took twice as long."""
    kept = getattr(g._get_current_object(), "_flask_babel", None) if has_app_context() else None
    return getattr(kept, "babel_locale", None) or flask_babel.get_locale()


class Label(LazyString):  # type: ignore[misc]  # speaklater has no types
    """A text that shows itself in the language of whoever reads it; ``message`` is its English."""

    def __init__(self, message: str) -> None:
        super().__init__(translated, message)
        self.message = message


@dataclass(frozen=True)
class Told:
    """A sentence that is kept to be read later, by each reader in his own language.

    ``message`` is the English text and ``values`` fill its ``%(name)s``: texts and numbers, as JSON keeps them.
    """

    message: str
    values: dict[str, str | int] = field(default_factory=dict)

    @classmethod
    def of(cls, sentence: "str | LazyString | Self", **values: str | int) -> Self:
        """A ``Label`` with its values; any other text stays as it is, and so does what is told already."""
        if isinstance(sentence, cls):
            return sentence
        return cls(sentence.message if isinstance(sentence, Label) else str(sentence), values)

    def __str__(self) -> str:
        return gettext(self.message, **self.values) if self.message else ""


def gettext(message: str, **values: object) -> str:
    """``message`` in the reader's language, with its ``%(name)s`` filled."""
    found = translated(message)
    return found % values if values else found


def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
    """The form for ``num`` things in the reader's language, with ``%(num)s`` and the rest filled."""
    return str(flask_babel.ngettext(singular, plural, num, **values))


def listed(names: Iterable[object]) -> str:
    """Several names in one sentence, with the sign that the reader's language puts between them."""
    # Translators: what stands between the names of a list.
    return gettext(", ").join(str(name) for name in names)


class Choice(StrEnum):
    """An enumeration stored by its value and shown by its translated ``label``."""

    label: LazyString

    def __new__(cls, value: str, label: LazyString) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


def company_zone() -> ZoneInfo:
    """The company's time zone, in which moments are shown; UTC where no application runs."""
    return ZoneInfo(str(flask_babel.get_timezone()) if has_app_context() else "UTC")


def format_moment(moment: datetime) -> str:
    """``moment`` as YYYY-MM-DD HH:MM in the company's time zone."""
    return moment.astimezone(company_zone()).isoformat(" ", "minutes")[:16]


def format_day(day: date, pattern: str) -> str:
    """``day`` in the reader's language by a CLDR pattern, as ``EEE`` for its short weekday."""
    return str(flask_babel.format_date(day, pattern))


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """A block in which every text is in that language, whoever reads it."""
    with flask_babel.force_locale(language):
        yield


def is_english() -> bool:
    """Whether the reader's language is English."""
    locale = _locale()
    return locale is not None and locale.language == "en"
