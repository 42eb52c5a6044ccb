"""Forms made from the models: fields, lengths, what is required and how it is checked."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from flask import request
from flask_appbuilder.forms import DynamicForm
from flask_wtf.form import _Auto
from sqlalchemy import Boolean, Date, Integer, Numeric, String
from sqlalchemy.orm import Session
from wtforms import Field, HiddenField, IntegerField, MultipleFileField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from app.actions.basedata import categories, entries
from app.actions.customers.facts import read_licence, read_website
from app.actions.phones import read_phone
from app.errors import Invalid
from app.i18n import Label
from app.models.base import ChoiceType, mapper_of
from app.views.categories import CategoryField, category_in_words
from app.views.choice_fields import ChoiceField, LanguageField, RowField, StarsField, TickField, field_of_link
from app.views.days import DayField
from app.views.edge import read_key
from app.views.framework_texts import FormTexts
from app.views.presentation import decimals_of, label_of
from app.views.range_filter import FIRST_YEAR, LAST_YEAR

REQUIRED = Label("This field is required.")
#: Pictures, unassigned and invisible letters, and line breaks, by their Unicode category.
NOT_IN_NAMES = {"So", "Cn", "Co", "Cf", "Zl", "Zp"}
#: Signs that companies do have in their names.
SIGNS = "©®℃℗™"
#: Before the name of a field: whose value of it shall stand.
CHOICE = "choice-"
MARKUP = re.compile(r"<\s*[/!a-zA-Z]")


class CrmForm(DynamicForm):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """A form that knows which fields it has, so that any other posted field is refused."""

    _fields: dict[str, Field]
    #: Fields whose value stays as it is in the record: neither checked nor saved.
    left_alone: frozenset[str] = frozenset()
    #: Fields that are asked with the record and are no part of it.
    beside: frozenset[str] = frozenset()
    #: What somebody else saved meanwhile; see ``app.views.merging``.
    conflict: Any = None

    class Meta(DynamicForm.Meta):  # type: ignore[misc]  # Flask-AppBuilder has no types
        """Reads what a form of a page sends, and neither JSON nor files in place of texts."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """The posted fields, when nothing else is given."""
            if formdata is not _Auto:
                return formdata
            return request.form if request.method == "POST" else None

        def get_translations(self, form: Any) -> FormTexts:
            """What the checks say."""
            return FormTexts()

    def foreign_fields(self, posted: Iterable[str]) -> set[str]:
        """The posted names that are not fields of this form."""
        known = {field.name for field in self if not isinstance(field, FilesField)} | {"csrf_token"}
        choices = {f"{CHOICE}{name}" for name in known} if "seen" in self else set()
        return set(posted) - known - choices

    def foreign_files(self, posted: Iterable[str]) -> set[str]:
        """The names of posted files that no field of this form asks for."""
        return set(posted) - {field.name for field in self if isinstance(field, FilesField)}

    def validate(self, *arguments: Any, **keywords: Any) -> bool:
        """Check every field but those that are left alone."""
        every = self._fields
        self._fields = {name: field for name, field in every.items() if name not in self.left_alone}
        try:
            return bool(super().validate(*arguments, **keywords))
        finally:
            self._fields = every

    @property
    def seen_version(self) -> int | None:
        """The version of the row as the person saw it; None when the form does not say, 0 (none) for nonsense."""
        text = str(self["version"].data or "") if "version" in self else ""
        return (read_key(text) or 0) if text else None

    def values(self, names: Sequence[str]) -> dict[str, Any]:
        """The checked values of the named fields; an empty text is None."""
        kept = [name for name in names if name in self and name not in self.left_alone]
        return {name: _or_none(self[name].data) for name in kept}

    def accuse(self, refusal: Invalid) -> None:
        """Put each reason under its field."""
        for name, reason in refusal.fields.items():
            if name in self:
                self[name].errors = [*self[name].errors, reason]


def _or_none(value: Any) -> Any:
    return None if value == "" else value


# ---- fields -------------------------------------------------------------------------------------------


class MoneyField(StringField):  # type: ignore[misc]  # WTForms has no types
    """A decimal amount; thousands separators and full-width digits are read, an infinite one is not."""

    is_money = True

    def process_formdata(self, valuelist: list[str]) -> None:
        """Raises ValueError, with the text kept for the form."""
        self.typed = valuelist[0] if valuelist else ""
        plain = unicodedata.normalize("NFKC", self.typed).replace(",", "").replace(" ", "")
        self.data = None
        if not plain:
            return
        try:
            amount = Decimal(plain)
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or "e" in plain.lower():
            raise ValueError(self.gettext("Not a valid decimal value."))
        self.data = amount

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{self.data:.{decimals_of(self.data)}f}"


class FilesField(MultipleFileField):  # type: ignore[misc]  # WTForms has no types
    """One or several files; its data is the list of those that were chosen."""

    def process_formdata(self, _valuelist: list[str]) -> None:
        """Files come apart from the texts of a form."""
        self.data = [one for one in request.files.getlist(self.name) if one.filename]


def plain_text(value: str | None) -> str | None:
    """Without blanks at the ends, in one normal form."""
    return unicodedata.normalize("NFC", value).strip() if isinstance(value, str) else value


def storable(_form: Any, field: Any) -> None:
    """No control characters: they cannot be stored everywhere and nobody types them; lines only in a long text."""
    allowed = "\r\n\t" if isinstance(field, TextAreaField) else ""
    if any(unicodedata.category(letter) in {"Cc", "Cs"} and letter not in allowed for letter in field.data or ""):
        raise ValidationError(Label("This text holds characters that cannot be stored."))


def a_name(_form: Any, field: Any) -> None:
    """A name holds neither markup nor pictures."""
    text = field.data or ""
    if MARKUP.search(text):
        raise ValidationError(Label("A name cannot hold HTML tags."))
    if any(unicodedata.category(letter) in NOT_IN_NAMES and letter not in SIGNS for letter in text):
        raise ValidationError(Label("A name cannot hold emoji or pictures."))


def in_normal_form(read: Callable[[str], str]) -> Any:
    """What ``read`` understands, in the form it gives back; its refusal stands at the field."""

    def check(_form: Any, field: Any) -> None:
        try:
            field.data = read(field.data) if field.data else field.data
        except Invalid as refusal:
            raise ValidationError(refusal.sentence) from None

    return check


a_phone = in_normal_form(lambda text: read_phone(text).text)
#: What a text is, by the mark in its column's info, and how it is checked.
CHECKS: Mapping[str, Any] = {
    "is_phone": a_phone,
    "is_switchboard": a_phone,
    "is_website": in_normal_form(read_website),
    "is_credit_code": in_normal_form(read_licence),
}


def fits(precision: int, scale: int) -> Any:
    """The amount has at most ``scale`` decimals and fits ``precision`` digits."""

    def check(_form: Any, field: Any) -> None:
        if field.data is None:
            return
        if abs(field.data) >= Decimal(10) ** (precision - scale):
            raise ValidationError(Label("This amount is too large."))
        if field.data != round(field.data, scale):
            raise ValidationError(Label("This amount has too many decimals."))

    return check


# ---- from the model -----------------------------------------------------------------------------------


def form_class(
    model: Any,
    names: Sequence[str],
    *,
    has_version: bool = False,
    required: Sequence[str] = (),
    beside: Mapping[str, Any] = MappingProxyType({}),
) -> type[CrmForm]:
    """A form with the named columns and relations of ``model``; ``required`` adds to what the model requires.

    ``beside`` makes further fields by their names, which are asked with the record and are no part of it.
    """
    fields: dict[str, Any] = {name: field_of(model, name, name in required) for name in names}
    fields.update({name: make() for name, make in beside.items()})
    if has_version:
        fields["version"], fields["seen"] = HiddenField(), HiddenField()
    return type(f"{model.__name__}Form", (CrmForm,), {**fields, "beside": frozenset(beside)})


def field_of(model: Any, name: str, is_required: bool = False) -> Field:
    """The field of one column or relation."""
    mapper = mapper_of(model)
    label = label_of(model, name)
    if name in mapper.relationships:
        link = mapper.relationships[name]
        is_required = is_required or any(column.info.get("is_required_on_form") for column in link.local_columns)
        return field_of_link(link, label, InputRequired(REQUIRED) if is_required else Optional())
    return _field_of_column(mapper.columns[name], label, is_required)


def _field_of_column(column: Any, label: Any, is_required: bool) -> Field:
    chosen = _chosen_field(column, label)
    if chosen is not None:
        return chosen
    is_needed = column.info.get("is_required_on_form") or (not column.nullable and column.default is None)
    first = _required(column.type) if is_required or is_needed else Optional()
    if isinstance(column.type, String):
        return _text_field(column, label, first)
    if isinstance(column.type, Integer):
        most, least = column.info.get("most"), column.info.get("least")
        return IntegerField(label, [first, NumberRange(least, most)], render_kw=_limits(least, most))
    if isinstance(column.type, Numeric):
        check = fits(column.type.precision or 18, column.type.scale or 0)
        return MoneyField(label, [first, _at_least(column.info.get("least")), check])
    if isinstance(column.type, Date):
        return DayField(label, [first, _sensible_day])
    raise TypeError(f"no form field for {column.name}")


def _chosen_field(column: Any, label: Any) -> Field | None:
    """The field of a column of which one of a fixed few is chosen; None for every other."""
    default = column.default.arg if column.default else None
    if isinstance(column.type, Boolean):
        return TickField(label, default=bool(default))
    if isinstance(column.type, ChoiceType):
        return ChoiceField(label, [InputRequired(REQUIRED)], options=column.type.choices, default=default)
    return StarsField(label) if column.info.get("is_stars") else None


def _required(kind: Any) -> Any:
    """A text of blanks alone is empty; a zero is a number."""
    return DataRequired(REQUIRED) if isinstance(kind, String) else InputRequired(REQUIRED)


def _text_field(column: Any, label: Any, first: Any) -> Field:
    if column.info.get("is_language"):
        return LanguageField(label, [first])
    in_form = [check for mark, check in CHECKS.items() if column.info.get(mark)]
    checks = [first, storable, *in_form, Length(max=column.type.length)]
    if column.info.get("is_category"):
        return CategoryField(label, checks, render_kw={"maxlength": column.type.length})
    if column.name.endswith("name"):
        checks.append(a_name)
    kind = TextAreaField if column.info.get("is_long") else StringField
    field = kind(label, checks, filters=[plain_text], render_kw={"maxlength": column.type.length})
    if "suggests" in column.info:
        field.kwargs["description"] = ""
        field.kwargs["render_kw"] = {"maxlength": column.type.length, "list": f"{column.name}-suggestions"}
    return field


def _limits(least: int | None, most: int | None) -> dict[str, int]:
    return {name: value for name, value in (("min", least), ("max", most)) if value is not None}


def _at_least(least: int | None) -> Any:
    def check(_form: Any, field: Any) -> None:
        if least is not None and field.data is not None and field.data < least:
            raise ValidationError(Label("This amount cannot be negative."))

    return check


def _sensible_day(_form: Any, field: Any) -> None:
    if field.data is not None and not FIRST_YEAR <= field.data.year <= LAST_YEAR:
        raise ValidationError(Label("This date is too far away."))


def offer_choices(form: CrmForm, session: Session) -> None:
    """Load what the choice fields offer, before anything is checked or changed."""
    for field in form:
        if isinstance(field, RowField):
            field.offer(session)


def suggest(form: CrmForm, model: Any, session: Session) -> None:
    """Give the fields with suggestions their texts."""
    for column in mapper_of(model).columns:
        category = column.info.get("suggests")
        if category is not None and column.key in form:
            form[column.key].suggestions = [entry.text for entry in entries(session, category)]
        elif column.info.get("is_category") and column.key in form:
            form[column.key].suggestions = [category_in_words(one) for one in categories(session)]
