"""The columns of an import: how one cell of each sort is read and checked, and why it is refused.

A kind declares its columns as a ``RowSchema``; lengths and limits come from the model's columns of the same
name.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any, ClassVar, cast

from marshmallow import Schema, ValidationError, fields

from app.actions.imports.amounts import read_amount
from app.actions.imports.directory import Directory, plain_key
from app.actions.imports.moments import read_moment
from app.actions.phones import Phone, read_phone
from app.errors import Invalid
from app.i18n import Label, gettext, listed
from app.models.base import mapper_of
from app.models.basedata import Category

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
CONTROL_IN_LONG_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
MARKUP = re.compile(r"<\s*[/!a-zA-Z]")
CENT = Decimal("0.01")


class RowSchema(Schema):
    """The columns of one kind. A field's name is its header; ``heads`` are the labels understood as well."""

    model: ClassVar[type]

    def __init__(self, directory: Directory) -> None:
        super().__init__()
        self.directory = directory

    @classmethod
    def columns(cls) -> "dict[str, Column]":
        """The columns by field, as declared."""
        return cast("dict[str, Column]", cls._declared_fields)


class Column(fields.Field[Any]):
    """A column; a subclass says in ``read_text`` what becomes of a cell that is not empty."""

    # marshmallow declares it without ClassVar, and only reads it.
    default_error_messages = {"required": cast(str, Label("This field is required."))}  # noqa: RUF012

    def __init__(self, *heads: str, required: bool = False) -> None:
        super().__init__(required=required)
        self.heads = heads

    def make_error(self, key: str, **_more: Any) -> ValidationError:
        """The error with its sentence in the reader's language of this moment."""
        return ValidationError(str(self.error_messages[key]))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_more: Any) -> Any:
        try:
            return self.read(value)
        except Invalid as refusal:
            raise ValidationError(str(refusal)) from None
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def read(self, value: str | Decimal) -> Any:
        """The value of a cell; arithmetic of a map gives a number instead of a text."""
        return self.read_text(_one_line(value))

    def read_text(self, text: str) -> Any:
        """The value of a cell given as one line of text."""
        raise NotImplementedError

    @property
    def directory(self) -> Directory:
        """What this run looks up."""
        return cast(RowSchema, self.root).directory

    @cached_property
    def stored(self) -> Any:
        """The model's column of the same name."""
        return mapper_of(cast(RowSchema, self.root).model).columns[str(self.name)]


def _as_text(value: str | Decimal) -> str:
    return format(value, "f") if isinstance(value, Decimal) else value


def _one_line(value: str | Decimal) -> str:
    text = _as_text(value)
    if CONTROL.search(text):
        raise ValueError(gettext("This text holds characters that cannot be stored."))
    return unicodedata.normalize("NFC", text)


def _plain(text: str) -> str:
    """Full-width digits and signs as plain ones."""
    return unicodedata.normalize("NFKC", text).strip()


class Text(Column):
    """A text that fits its column; a name holds neither markup nor pictures, a long text may have lines."""

    def __init__(self, *heads: str, required: bool = False, longest: int | None = None) -> None:
        super().__init__(*heads, required=required)
        self.longest = longest

    def read(self, value: str | Decimal) -> str:
        """Raises ValueError for what the model cannot hold."""
        text = self._lines(_as_text(value)) if self.stored.info.get("is_long") else _one_line(value)
        longest = self.longest or self.stored.type.length
        if len(text) > longest:
            raise ValueError(
                gettext("This is %(num)d characters long; at most %(most)d fit.", num=len(text), most=longest)
            )
        if str(self.name).endswith("name"):
            refuse_no_name(text)
        return text

    @staticmethod
    def _lines(text: str) -> str:
        text = text.replace("\r\n", "\n")
        if CONTROL_IN_LONG_TEXT.search(text):
            raise ValueError(gettext("This text holds characters that cannot be stored."))
        return unicodedata.normalize("NFC", text)


def refuse_no_name(text: str) -> None:
    """Raises ValueError for markup and pictures."""
    if MARKUP.search(text):
        raise ValueError(gettext("A name cannot hold HTML tags."))
    if not text.isascii() and any(unicodedata.category(letter) in {"So", "Cn", "Co"} for letter in text):
        raise ValueError(gettext("A name cannot hold emoji or pictures."))


class Whole(Column):
    """A whole number within the limits of its column."""

    def read_text(self, text: str) -> int:
        """Raises ValueError."""
        number = read_amount(_plain(text).removesuffix("%"))
        least, most = self.stored.info["least"], self.stored.info["most"]
        if number is None or number != number.to_integral_value() or not least <= number <= most:
            raise ValueError(gettext("This needs a whole number from %(least)d to %(most)d.", least=least, most=most))
        return int(number)


class Money(Column):
    """An amount to the last digit its column has. What arithmetic gave is rounded half up, what was typed never."""

    def read(self, value: str | Decimal) -> Decimal:
        """Raises ValueError."""
        amount = value if isinstance(value, Decimal) else read_amount(_one_line(value))
        if amount is None:
            raise ValueError(gettext("Not a valid decimal value."))
        if amount < 0:
            raise ValueError(gettext("This amount cannot be negative."))
        if amount >= Decimal(10) ** (self.stored.type.precision - self.stored.type.scale):
            raise ValueError(gettext("This amount is too large."))
        rounded = amount.quantize(Decimal(1).scaleb(-self.stored.type.scale), ROUND_HALF_UP)
        if rounded != amount and not isinstance(value, Decimal):
            raise ValueError(gettext("This amount has too many decimals."))
        return rounded


class Day(Column):
    """A date; a moment with a zone becomes the day it is in the company's zone."""

    def read_text(self, text: str) -> date:
        """Raises ValueError."""
        return self.moment(text).date()

    def moment(self, text: str) -> datetime:
        """The moment a text says, in the company's zone. Raises ValueError."""
        return read_moment(text, self.directory.zone)


class Moment(Day):
    """A point of time; without a zone it is one in the company's."""

    def read_text(self, text: str) -> datetime:
        """Raises ValueError."""
        return self.moment(text)


class PhoneNumber(Column):
    """A phone number, checked and in its normal form."""

    def read_text(self, text: str) -> Phone:
        """Raises Invalid."""
        return read_phone(text)


class Entry(Column):
    """The key of a dictionary entry, given by its item in either language or its value."""

    def __init__(self, *heads: str, category: Category, required: bool = False) -> None:
        super().__init__(*heads, required=required)
        self.category = category

    def read_text(self, text: str) -> Any:
        """Raises ValueError."""
        return self.directory.entry(self.category, text)


class Entries(Entry):
    """The keys of several entries, with ``;`` between them."""

    def read_text(self, text: str) -> list[int]:
        """Raises ValueError."""
        return [self.directory.entry(self.category, part) for part in split_list(text)]


def split_list(text: str) -> list[str]:
    """The parts of a cell that lists several, each once."""
    parts = [part.strip() for part in text.replace("；", ";").split(";")]
    return list(dict.fromkeys(part for part in parts if part))


class PersonColumn(Column):
    """Somebody given by user name, or by a full name that only one person has."""

    def read_text(self, text: str) -> Any:
        """Raises ValueError."""
        return self.directory.person(text)


class OneOf(Column):
    """One of a few values, each said by certain words."""

    def __init__(self, *heads: str, words: Mapping[Any, Sequence[str]]) -> None:
        super().__init__(*heads)
        self.values_by_word = {plain_key(word): value for value, said in words.items() for word in said}
        self.shown = [word for said in words.values() for word in said[:2]]

    def read_text(self, text: str) -> Any:
        """Raises ValueError."""
        key = plain_key(_plain(text))
        if key not in self.values_by_word:
            raise ValueError(gettext("This needs one of: %(words)s", words=listed(self.shown)))
        return self.values_by_word[key]
