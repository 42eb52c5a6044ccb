"""Fields in which something is chosen: some of a few rows, one of many people or customers, stars, a tick."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from flask import current_app
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session
from wtforms import BooleanField, Field, SelectField, StringField
from wtforms.validators import ValidationError

from app.actions.basedata import entries
from app.actions.departments import department_tree
from app.actions.org import LONGEST_USERNAME
from app.extensions import session
from app.i18n import Choice, Label, gettext, listed
from app.models.basedata import Category, DictionaryEntry
from app.models.customers import Contact, Customer
from app.models.org import Department, Employee, Role
from app.security.granting import known_roles
from app.views.edge import actor, read_key
from app.views.presentation import EMPTY, text_of

LONGEST_NUMBER = 17
#: Rows with the words by which they are chosen.
Offers = Sequence[tuple[Any, str]]


class RowField(SelectField):  # type: ignore[misc]  # WTForms has no types
    """One row of a few; its data is the row itself or None. ``find`` says what can be chosen."""

    def __init__(self, *arguments: Any, find: Callable[[Session], Offers], **keywords: Any) -> None:
        super().__init__(*arguments, choices=[], coerce=str, **keywords)
        self.find = find
        self.rows: dict[str, Any] = {}

    def offer(self, session: Session) -> None:
        """Load what can be chosen; what is chosen already stays, though nobody could choose it any more."""
        found = list(self.find(session))
        known = [row for row, _ in found]
        found = [*((row, text_of(row)) for row in self.chosen_before() if row not in known), *found]
        self.rows = {key_of(row): row for row, _ in found}
        self.choices = [*self.no_choice(), *((key_of(row), text) for row, text in found)]

    def chosen_before(self) -> Sequence[Any]:
        """The rows of the record that the form is opened with."""
        return [self.object_data] if self.object_data is not None else []

    def no_choice(self) -> Sequence[tuple[str, str]]:
        """What stands first, to choose nothing."""
        return [("", EMPTY)]

    def process_data(self, value: Any) -> None:
        """Keep the row."""
        self.data = value

    def process_formdata(self, valuelist: list[str]) -> None:
        """Keep the posted key until validation knows the rows."""
        self.data = valuelist[0] if valuelist else ""

    def chosen_keys(self) -> set[str]:
        """The keys of what is chosen."""
        return {key_of(self.data)}

    def iter_choices(self) -> Any:
        """The choices, with the chosen ones marked."""
        chosen = self.chosen_keys()
        return ((value, text, value in chosen, {}) for value, text in self.choices)

    def pre_validate(self, form: Any) -> None:
        """The posted key must be one of the offered."""
        self.data = self.row_of(self.data) if self.data else None

    def row_of(self, given: Any) -> Any:
        """The offered row of a key; raises ValidationError."""
        row = self.rows.get(key_of(given))
        if row is None:
            raise ValidationError(self.gettext("Not a valid choice."))
        return row

    def readable(self, text: str) -> str:
        """What ``app.views.merging`` remembers of a value, as people read it."""
        shown = dict(self.choices)
        return listed(shown.get(key, EMPTY) for key in text.split(",")) if text else EMPTY


class RowsField(RowField):
    """Several rows of a few, as ticks; its data is the list of them."""

    is_several = True

    def chosen_before(self) -> Sequence[Any]:
        """The rows of the record that the form is opened with."""
        return self.object_data or []

    def no_choice(self) -> Sequence[tuple[str, str]]:
        """Nothing is ticked."""
        return []

    def process_formdata(self, valuelist: list[str]) -> None:
        """Keep the posted keys until validation knows the rows."""
        self.data = valuelist

    def chosen_keys(self) -> set[str]:
        """The keys of what is ticked."""
        return {key_of(one) for one in self.data or []}

    def pre_validate(self, form: Any) -> None:
        """Each posted key must be one of the offered; the order is that of the choices."""
        chosen = {key_of(self.row_of(one)) for one in self.data or []}
        self.data = [row for key, row in self.rows.items() if key in chosen]


def key_of(row: Any) -> str:
    """The key of a row or the key itself, without asking the database, which may be what has just failed."""
    state = inspect(row, raiseerr=False)
    return str(row or "") if state is None else str(state.identity[0])


class PersonField(StringField):  # type: ignore[misc]  # WTForms has no types
    """One enabled person among many, searched by typing; its data is the person or None, its text the user name."""

    none_found = Label("Nobody found")
    #: Whether it is shown and not asked; what is posted is still checked.
    is_fixed = False

    def __init__(self, *arguments: Any, remote: str = "/choices/colleagues", **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.remote = remote

    def process_formdata(self, valuelist: list[str]) -> None:
        """Raises ValueError for a name that nobody enabled has; who is chosen already may stay."""
        name = valuelist[0].strip() if valuelist else ""
        is_name = name.isprintable() and 0 < len(name) <= LONGEST_USERNAME
        self.data = session().scalar(select(Employee).where(Employee.username == name)) if is_name else None
        if name and not (self.data and (self.data.active or self.data is self.object_data)):
            raise ValueError(gettext("There is no enabled user “%(text)s”.", text=name))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.data.username if isinstance(self.data, Employee) else ""

    def readable(self, text: str) -> str:
        """What ``app.views.merging`` remembers of a value, as people read it."""
        return str(session().get(Employee, read_key(text) or 0) or EMPTY)


class CustomerField(StringField):  # type: ignore[misc]  # WTForms has no types
    """One customer in sight among many, searched by typing; its data is the customer or None, its text the number."""

    remote = "/choices/customers"
    #: Names of companies are long.
    is_half = True
    none_found = Label("No customer found")

    def process_formdata(self, valuelist: list[str]) -> None:
        """Raises ValueError for a number that no customer in sight has; which is chosen already may stay."""
        number = valuelist[0].strip() if valuelist else ""
        is_number = number.isprintable() and 0 < len(number) <= LONGEST_NUMBER
        self.data = session().scalar(select(Customer).where(Customer.number == number)) if is_number else None
        if number and self.data is None:
            raise ValueError(gettext("There is no customer of the number “%(text)s”.", text=number))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.data.number if isinstance(self.data, Customer) else ""

    def readable(self, text: str) -> str:
        """What ``app.views.merging`` remembers of a value, as people read it."""
        return str(session().get(Customer, read_key(text) or 0) or EMPTY)


class StarsField(Field):  # type: ignore[misc]  # WTForms has no types
    """One to five stars, or expressly none; an answer is needed. Its data is the number or None."""

    is_stars = is_half = True

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.flags.required = True

    def process_formdata(self, valuelist: list[str]) -> None:
        """Raises ValueError without an answer, and for any other."""
        if not valuelist:
            raise ValueError(gettext("This field is required."))
        if valuelist[0] not in {value for value, _ in self.answers()}:
            raise ValueError(self.gettext("Not a valid choice."))
        self.data = int(valuelist[0]) if valuelist[0] else None

    def answers(self) -> list[tuple[str, str]]:
        """Every answer with its words."""
        return [("", text_of(None, "stars")), *((str(count), text_of(count, "stars")) for count in range(1, 6))]

    def chosen(self) -> str:
        """The answer that is given."""
        return "" if self.data is None else str(self.data)

    def readable(self, text: str) -> str:
        """What ``app.views.merging`` remembers of a value, as people read it."""
        return dict(self.answers()).get(text, EMPTY)


class ScoreField(StarsField):
    """One to five stars, of which one is to be given."""

    def answers(self) -> list[tuple[str, str]]:
        """Every answer with its words."""
        return [(value, text) for value, text in super().answers() if value]


class ChoiceField(SelectField):  # type: ignore[misc]  # WTForms has no types
    """One of a fixed few, of which one is always chosen; its data is the member."""

    def __init__(self, *arguments: Any, options: type[Choice], **keywords: Any) -> None:
        members = options._value2member_map_
        choices = [(one.value, one.label) for one in options]
        # What is no member stays as it is, and is refused as no valid choice.
        super().__init__(*arguments, choices=choices, coerce=lambda value: members.get(value, value), **keywords)


class TickField(BooleanField):  # type: ignore[misc]  # WTForms has no types
    """Yes or no; no tick is a no."""

    def readable(self, text: str) -> str:
        """What ``app.views.merging`` remembers of a value, as people read it."""
        return text_of(text == str(True))


class LanguageField(SelectField):  # type: ignore[misc]  # WTForms has no types
    """One of the product's languages, each called by its own name."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        known = current_app.config["LANGUAGES"].items()
        super().__init__(*arguments, choices=[("", EMPTY), *((key, one["name"]) for key, one in known)], **keywords)


# ---- from the model -----------------------------------------------------------------------------------


def _entries(session: Session, category: Category) -> Offers:
    return [(entry, entry.text) for entry in entries(session, category)]


def _departments(session: Session) -> Offers:
    return [(branch.department, "　" * branch.depth + str(branch.department)) for branch in department_tree(session)]


def _roles(session: Session) -> Offers:
    return [(one.role, text_of(one.role)) for one in known_roles(session, by=actor()) if one.is_givable]


def _nobody_yet(_session: Session) -> Offers:
    """Contacts are those of one customer, whom the form of a request names."""
    return []


#: What can be chosen of each model, where it is few enough to be listed.
CHOICES: dict[Any, Callable[[Session], Offers]] = {Contact: _nobody_yet, Department: _departments, Role: _roles}


#: Of which there are so many that one is searched by typing.
SEARCHED: dict[Any, Any] = {Customer: CustomerField, Employee: PersonField}


def field_of_link(link: Any, label: Any, check: Any) -> Field:
    """The field of one relation, with what it asks first."""
    target = link.mapper.class_
    if target in SEARCHED:
        return SEARCHED[target](label, [check])
    find = partial(_entries, category=link.info["category"]) if target is DictionaryEntry else CHOICES[target]
    return (RowsField if link.uselist else RowField)(label, [check], find=find)
