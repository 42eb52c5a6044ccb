"""Two people at one record: what each of them changed, and the choice between the two field by field.

A form carries the values with which it was opened (``seen``). They come back from the browser and are therefore only
believed in as far as they explain and preselect; what is saved is decided by the record's version.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import inspect
from wtforms import Field, HiddenField

from app.extensions import session
from app.i18n import Label, LazyString, format_moment, gettext
from app.models import Employee
from app.models.base import Model
from app.views.forms import CHOICE, CrmForm
from app.views.presentation import EMPTY, kind_of, text_of

MINE, THEIRS = "mine", "theirs"
#: The most letters that are read of what a browser says it has seen.
LARGEST_MEMORY = 100_000
AN_AMOUNT = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,10})?")
UNCHOSEN = Label("Choose which of the two shall stand.")
UNSETTLED = Label("Nothing is saved yet: some fields still ask for your choice.")


@dataclass(frozen=True)
class Difference:
    """One field in which the record and the form differ, each side as people read it.

    ``was`` is None where it is not known what the form was opened with; ``choice`` is empty where the person
    has to choose.
    """

    name: str
    label: str | LazyString
    was: str | None
    theirs: str
    choice: str


@dataclass(frozen=True)
class Conflict:
    """Who saved the record meanwhile, when, and in what it differs from the form."""

    person: str
    time: str
    is_by_one: bool
    differences: list[Difference]

    @property
    def names(self) -> set[str]:
        """The fields to choose for."""
        return {one.name for one in self.differences}

    @property
    def of_whom(self) -> str:
        """The head over what the other has saved."""
        return gettext("Saved by %(name)s", name=self.person) if self.is_by_one else gettext("Saved meanwhile")

    @property
    def sentence(self) -> str:
        """What happened, and what to do now."""
        return gettext(
            "%(name)s saved this record at %(time)s, after you had opened it. Choose field by field what shall stand.",
            name=self.person,
            time=self.time,
        )


@dataclass(frozen=True)
class Memory:
    """The version and the values with which a form was opened."""

    version: int
    values: Mapping[str, str]

    def __str__(self) -> str:
        return json.dumps([self.version, dict(self.values)], ensure_ascii=False, separators=(",", ":"))


#: Stands for what nobody knows any more, so that every difference asks for a choice.
FORGOTTEN = Memory(0, {})


# ---- what the form was opened with ----------------------------------------------------------------------


def remember(form: CrmForm, row: Any) -> None:
    """Write down in the form with which version and values it is opened."""
    form["version"].data = row.version
    values = {field.short_name: plain(getattr(row, field.short_name)) for field in choosable(form)}
    form["seen"].data = str(Memory(row.version, values))


def recall(form: CrmForm) -> Memory | None:
    """What the form was opened with; None when the browser does not say, or says nonsense."""
    text = str(form["seen"].data or "")
    try:
        version, values = json.loads(text if len(text) <= LARGEST_MEMORY else "")
        known = {str(name): value for name, value in values.items() if isinstance(value, str)}
        "".join((*known, *known.values())).encode()  # half a letter cannot be sent back
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return Memory(version, known) if isinstance(version, int) else None


def choosable(form: CrmForm) -> Iterable[Field]:
    """The fields of the record that a person types."""
    is_beside = form.beside
    return (field for field in form if not isinstance(field, HiddenField) and field.short_name not in is_beside)


def plain(value: Any) -> str:
    """A value as one text for comparing: the same for what is typed, stored and remembered."""
    if value is None:
        return ""
    if isinstance(value, Model):  # its key, without asking the database
        return str(inspect(value).identity[0])
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(sorted(map(plain, value)))
    return str(value).replace("\r\n", "\n")


# ---- what differs now -----------------------------------------------------------------------------------


def is_merging(form: CrmForm) -> bool:
    """Whether the form comes from a person who was shown somebody else's changes."""
    memory = recall(form)
    return memory is not None and form.seen_version is not None and memory.version != form.seen_version


def choices_of(form: CrmForm, posted: Mapping[str, str]) -> dict[str, str]:
    """What the person chose, by field."""
    chosen = {field.short_name: posted.get(f"{CHOICE}{field.short_name}", "") for field in choosable(form)}
    return {name: choice for name, choice in chosen.items() if choice in {MINE, THEIRS}}


def differences(form: CrmForm, row: Any, chosen: Mapping[str, str]) -> list[Difference]:
    """The fields in which ``row`` and the form differ; what only one side changed is chosen already."""
    before = (recall(form) or FORGOTTEN).values
    found = [_difference(field, row, before.get(field.short_name), chosen) for field in choosable(form)]
    return [one for one in found if one is not None]


def _difference(field: Field, row: Any, before: str | None, chosen: Mapping[str, str]) -> Difference | None:
    name: str = field.short_name
    model: Any = type(row)
    value = getattr(row, name)
    mine, theirs = plain(field.data), plain(value)
    if mine == theirs:
        return None
    changed_by_one = THEIRS if mine == before else MINE if theirs == before else ""
    return Difference(
        name,
        field.label.text,
        None if before is None else readable(field, before),
        text_of(value, kind_of(model, name)),
        chosen.get(name, changed_by_one),
    )


def readable(field: Field, text: str) -> str:
    """A remembered value as people read it; it comes from a browser, so it may be anything."""
    if hasattr(field, "readable"):
        return str(field.readable(text))
    if getattr(field, "choices", None):
        shown = {str(choice[0]): str(choice[1]) for choice in field.choices}
        return shown.get(text, EMPTY)
    if getattr(field, "is_money", False) and AN_AMOUNT.fullmatch(text):
        return text_of(Decimal(text))
    return text or EMPTY


def conflict_of(form: CrmForm, row: Any, chosen: Mapping[str, str]) -> Conflict:
    """What stands between the form and ``row``, which is read anew; the form goes on from there."""
    person = session().get(Employee, row.changed_by_id) if row.changed_by_id else None
    memory = recall(form) or FORGOTTEN
    found = Conflict(
        str(person or gettext("the system")),
        format_moment(row.changed_on),
        row.version - memory.version == 1,
        differences(form, row, chosen),
    )
    form["version"].data = row.version
    form["seen"].data = str(memory)
    return found
