"""What the entries of the audit log say, in words: fields by their labels, keys by the names they stand for."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Numeric
from sqlalchemy.orm import ColumnProperty

from app.actions.phones import mask_phone
from app.actions.settings import SETTINGS
from app.extensions import appbuilder
from app.i18n import Label, LazyString, format_moment, gettext, listed
from app.models.announcements import Announcement
from app.models.attachments import Attachment
from app.models.audit import AuditEntry, AuditKind
from app.models.base import ChoiceType, UtcDateTime, mapper_of
from app.models.basedata import DictionaryEntry
from app.models.churn import ChurnCase, ChurnMeasure
from app.models.customers import Contact, Customer
from app.models.interactions import Interaction
from app.models.management_reports import ManagementReport, ManagementReportComment, ManagementReportVersion
from app.models.marketing import Opportunity, PlanItem
from app.models.org import FRAMEWORK_LABELS, Department, Employee, Role, RoleReach
from app.models.service_time import ServicePause
from app.models.services import ServiceRequest, ServiceRound
from app.models.settings import SettingValue
from app.models.work_calendar import SpecialDay
from app.security.audit import COMMAND
from app.security.changes import SECRET
from app.security.rights import SCREENS, all_rights, name_of_module, name_of_right
from app.security.roles import name_of_role
from app.views.presentation import EMPTY
from app.views.record_names import HERE, model_of, names_of, own_word
from app.views.record_pages import may_open, view_for

#: What a record of each kind is called; one of another kind is called as its screen is.
RECORDS: Mapping[Any, LazyString] = {
    Announcement: Label("Announcement"),
    Attachment: Label("Attachment"),
    ChurnCase: Label("Churn case"),
    ChurnMeasure: Label("Measure"),
    Contact: Label("Contact"),
    Customer: Label("Customer"),
    Department: Label("Department"),
    DictionaryEntry: Label("Dictionary entry"),
    Employee: Label("User"),
    Interaction: Label("Interaction"),
    ManagementReport: Label("Management report"),
    ManagementReportComment: Label("Comment"),
    ManagementReportVersion: Label("Submitted version"),
    Opportunity: Label("Sales opportunity"),
    PlanItem: Label("Plan item"),
    Role: Label("Role"),
    RoleReach: Label("Data scope"),
    ServicePause: Label("Waiting for the customer"),
    ServiceRequest: Label("Service request"),
    ServiceRound: Label("Round"),
    SettingValue: Label("System setting"),
    SpecialDay: Label("Day of the work calendar"),
}
#: The words of fields whose models say none, and of what entries tell that are about no record.
LABELS: Mapping[str, LazyString] = {
    **FRAMEWORK_LABELS,
    "active": Label("Enabled"),
    "already_open": Label("Open already"),
    "as_of": Label("Warned for"),
    "chart": Label("Chart"),
    "checked": Label("Customers checked"),
    "conditions": Label("Conditions"),
    "created": Label("Created"),
    "department_id": Label("Department"),
    "external_id": Label("External number"),
    "failed": Label("Failed rows"),
    "file": Label("File"),
    "head_id": Label("Head"),
    "industries": Label("Industries"),
    "is_first": Label("First contact"),
    "kind": Label("Kind"),
    "list": Label("List"),
    "opened": Label("Cases opened"),
    "must_change_password": Label("Must change the password"),
    "name": Label("Name"),
    "parent_id": Label("Above it"),
    "password": Label("Password"),
    "permissions": Label("Rights"),
    "position": Label("Sequence"),
    "reads": Label("Scope for reading"),
    "recovered": Label("Recovered"),
    "regions": Label("Regions"),
    "rows": Label("Rows"),
    "skipped": Label("Skipped"),
    "unmatched": Label("Without a customer"),
    "updated": Label("Changed"),
    "value": Label("Value"),
    "writes": Label("Scope for writing"),
}
#: Values that are words of the program.
WORDS: Mapping[tuple[str, str], LazyString | str] = {
    ("theme", "auto"): Label("Like the system"),
    ("theme", "dark"): Label("Dark"),
    ("theme", "light"): Label("Light"),
    ("locale", "zh"): "简体中文",
    ("locale", "en"): "English",
}
#: How many fields one line tells, and how much of a value.
MOST_TOLD, LONGEST_TOLD = 3, 30
#: The fields that link many with many, of which an entry keeps what was added and what was removed.
LINKS = {"industries", "permissions", "regions", "roles"}
ADDED, REMOVED = Label("added: %(names)s"), Label("removed: %(names)s")
#: The kinds of entries whose reasons are words of the program, kept in English.
OWN_REASONS = frozenset({AuditKind.SIGN_IN_FAILED, AuditKind.SIGN_OUT})


@dataclass(frozen=True)
class Change:
    """One field as people read it; a side without a value is a dash."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Field:
    """A field of a table: its words, its column, and the model that its key leads to."""

    name: str
    label: str | LazyString
    column: Any = None
    target: Any = None


@dataclass(frozen=True)
class Record:
    """What an entry is about; the address is empty where the reader cannot open it."""

    kind: str
    name: str
    href: str = ""


# ---- fields -------------------------------------------------------------------------------------------


@cache
def field_of(table: str | None, name: str) -> Field:
    """What is known of a field; one that is no more is shown by its name."""
    model = model_of(table)
    prop = mapper_of(model).attrs.get(name) if model is not None else None
    if not isinstance(prop, ColumnProperty):
        return Field(name, LABELS.get(name, name))
    column: Any = prop.columns[0]
    links = [one for one in mapper_of(model).relationships if set(one.local_columns) == {column} and not one.uselist]
    label = column.info.get("label") or next((one.info["label"] for one in links if "label" in one.info), None)
    return Field(name, label or LABELS.get(name, name), column, _target(column))


def _target(column: Any) -> Any:
    return next((model_of(key.column.table.name) for key in column.foreign_keys), None)


def kind_in_words(table: str | None) -> str:
    """What a record of the table is called."""
    model = model_of(table)
    view = view_for(model)
    return str(RECORDS.get(model) or (view.screen.label if view else table or EMPTY))


# ---- reading ------------------------------------------------------------------------------------------


class Reading:
    """A page of entries in words; every name on it is asked for at once, and within the reader's sight."""

    def __init__(self, entries: Sequence[AuditEntry], *, shows_phones: bool) -> None:
        self._told: dict[int, dict[str, Any]] = {entry.id: json.loads(entry.changes) for entry in entries}
        self._shows_phones = shows_phones
        wanted = {place for entry in entries for place in self._places(entry)}
        self._names = names_of(wanted)

    def _places(self, entry: AuditEntry) -> Iterable[HERE]:
        if entry.row_id is not None and entry.table_name and may_open(model_of(entry.table_name)):
            yield entry.table_name, entry.row_id
        if entry.table_name == RoleReach.__tablename__ and entry.root_id is not None:
            yield Role.__tablename__, entry.root_id
        for name, values in self._told[entry.id].items():
            target = field_of(entry.table_name, name).target
            if target is not None:
                yield from ((target.__tablename__, value) for value in values if isinstance(value, int))

    def changes(self, entry: AuditEntry) -> list[Change]:
        """Every field in the order of the model."""
        told, model = self._told[entry.id], model_of(entry.table_name)
        known = list(mapper_of(model).attrs.keys()) if model is not None else []
        order = sorted(told, key=lambda name: known.index(name) if name in known else len(known))
        return [self._change(entry, field_of(entry.table_name, name), *told[name]) for name in order]

    def _change(self, entry: AuditEntry, field: Field, old: Any, new: Any) -> Change:
        if field.name in LINKS:
            parts = [linked(field, *one) for one in ((old, REMOVED), (new, ADDED)) if one[0]]
            return Change(str(field.label), EMPTY, str(Label("; ")).join(parts) or EMPTY)
        if entry.table_name is None:
            list_key = (self._told[entry.id].get("list") or [None, None])[1]
            return Change(str(field.label), EMPTY, said(field, new, list_key))
        if entry.table_name == SettingValue.__tablename__:
            return Change(str(field.label), *(_setting_value(entry.row_name, value) for value in (old, new)))
        return Change(str(field.label), self._text(field, old), self._text(field, new))

    def summary(self, entry: AuditEntry) -> str:
        """The first few fields in one line; of what has none, why it happened."""
        changes = self.changes(entry)
        if not changes:
            return reason_in_words(entry) or EMPTY
        parts = [in_one_line(one, LONGEST_TOLD) for one in changes[:MOST_TOLD]]
        return str(Label("; ")).join([*parts, "…"] if len(changes) > MOST_TOLD else parts)

    def in_full(self, entry: AuditEntry) -> str:
        """Every field in one text."""
        return str(Label("; ")).join(in_one_line(one) for one in self.changes(entry))

    def record(self, entry: AuditEntry) -> Record:
        """What it is about: of what is refused the screen."""
        if entry.table_name is None:
            return Record("", _screen_of(entry, self._told[entry.id]))
        kind, model = kind_in_words(entry.table_name), model_of(entry.table_name)
        is_there = (entry.table_name, entry.row_id) in self._names
        href = view_for(model).path(f"show/{entry.row_id}") if is_there and may_open(model) else ""
        return Record(kind, self._name(entry), href)

    def _name(self, entry: AuditEntry) -> str:
        if entry.table_name == RoleReach.__tablename__:
            role = self._names.get((Role.__tablename__, entry.root_id or 0), "")
            return listed(one for one in (role, name_of_module(entry.row_name)) if one)
        if entry.table_name == SettingValue.__tablename__:
            return next((str(one.label) for one in SETTINGS if one.key == entry.row_name), entry.row_name)
        return own_word(entry.table_name, entry.row_name)

    # ---- values ---------------------------------------------------------------------------------------

    def _text(self, field: Field, value: Any) -> str:
        if value is None or value == "":
            return EMPTY
        if value == SECRET:
            return gettext("(not shown)")
        if field.target is not None:
            return self._names.get((field.target.__tablename__, value)) or gettext("no. %(number)s", number=value)
        if field.column is not None and field.column.info.get("is_phone") and not self._shows_phones:
            return mask_phone(str(value))
        return _plain(field, value)


def _setting_value(key: str, value: Any) -> str:
    """The value of a setting, kept as JSON, as its page shows it; of one that is no more as it is."""
    setting = next((one for one in SETTINGS if one.key == key), None)
    return EMPTY if value is None else str(value) if setting is None else setting.shown(json.loads(value))


def _plain(field: Field, value: Any) -> str:
    """A value that needs nothing but its type."""
    kind = field.column.type if field.column is not None else None
    shown = next((shown for type_, shown in TYPES if isinstance(kind, type_)), None)
    if shown is not None:
        return str(shown(kind, value))
    return str(WORDS.get((field.name, str(value)), value))


#: How stored values of each type are read; a type of column and a value make the text.
TYPES: tuple[tuple[type, Callable[[Any, Any], Any]], ...] = (
    (ChoiceType, lambda kind, value: next((one.label for one in kind.choices if one.value == value), value)),
    (UtcDateTime, lambda _kind, value: format_moment(datetime.fromisoformat(value))),
    (Boolean, lambda _kind, value: gettext("Yes") if value else gettext("No")),
    (Numeric, lambda _kind, value: f"{Decimal(value):,f}"),
)


def linked(field: Field, pairs: Any, sentence: LazyString) -> str:
    """The names of what was linked or is no more."""
    return str(sentence) % {"names": listed(_part(field.name, *pair) for pair in pairs)}


def _part(field: str, _key: int, name: str) -> str:
    if field == "permissions":
        return name_of_right(name)
    return name_of_role(name) if field == "roles" else name


def said(field: Field, value: Any, list_key: str | None) -> str:
    """What an entry tells that is about no record: a list and its conditions, a kind, a number."""
    view = next((one for one in appbuilder().baseviews if list_key and one.route_base == f"/{list_key}"), None)
    if field.name == "list" and view is not None:
        return str(view.list_title)
    if field.name == "conditions" and view is not None:
        chips = [(one.label, text) for one in view.filters for _, text in one.chips(value)]
        return listed(f"{label} {text}" for label, text in chips) or gettext("All")
    if field.name == "kind" and value in SCREENS:
        return str(SCREENS[value].label)
    return EMPTY if value is None else str(value)


def in_one_line(change: Change, longest: int | None = None) -> str:
    """A change as a part of a line, with no more than so much of each value."""
    old, new = (_cut(value, longest) for value in (change.old, change.new))
    if change.old == EMPTY:
        return gettext("%(field)s: %(value)s", field=change.label, value=new)
    return gettext("%(field)s: %(old)s → %(new)s", field=change.label, old=old, new=new)


def _cut(text: str, longest: int | None) -> str:
    return text if longest is None or len(text) <= longest else f"{text[:longest]}…"


def reason_in_words(entry: AuditEntry) -> str:
    """Why it happened, as somebody gave it; what the program itself gives is in the reader's language."""
    if entry.kind is AuditKind.REFUSED:
        return refusal_in_words(entry.reason)[1]
    return gettext(entry.reason) if entry.kind in OWN_REASONS and entry.reason else entry.reason


def refusal_in_words(reason: str) -> tuple[str, str]:
    """The address of a refused request, and why it was refused: the rights it needs, or the sentence told."""
    address, _, why = reason.partition(": ")
    rights = why.split(" / ")
    if set(rights) <= set(all_rights()):
        return address, gettext("Needs the right: %(names)s", names=listed(name_of_right(one) for one in rights))
    return address, gettext(why) if why else gettext("This page does not exist, or you may not see it.")


def _screen_of(entry: AuditEntry, told: Mapping[str, Any]) -> str:
    """The screen that a refused request asked for, or whose list was exported or taken in."""
    words = entry.reason.split("/")
    key = words[1] if entry.kind is AuditKind.REFUSED and len(words) > 1 else ""
    for name in ("list", "kind"):
        key = key or str((told.get(name) or [None, ""])[1])
    return str(SCREENS[key].label) if key in SCREENS else EMPTY


def who(entry: AuditEntry) -> str:
    """The person, with the user name of that moment; a command of the machine, or the program itself."""
    if entry.person is not None:
        return str(entry.person)
    if entry.person_name == COMMAND:
        return gettext("a command")
    return entry.person_name or gettext("the system")
