"""The names of records by their tables and keys, as far as the reader may see them."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import String, cast, func, literal, select, union_all

from app.extensions import session
from app.i18n import is_english
from app.models.attachments import Attachment
from app.models.base import Model
from app.models.basedata import DictionaryEntry
from app.models.customers import Contact, Customer
from app.models.interactions import Interaction
from app.models.marketing import Opportunity
from app.models.org import Department, Employee, Role, written_name
from app.models.services import ServiceRequest
from app.security.roles import name_of_role
from app.views.record_pages import may_open

#: The table and the key of a record.
HERE = tuple[str, int]
#: The columns that name a record.
NAMES: Mapping[Any, Any] = {
    Attachment: Attachment.name,
    Contact: Contact.name,
    Customer: Customer.name,
    Department: Department.name,
    Interaction: Interaction.summary,
    Opportunity: Opportunity.customer_name,
    Role: Role.name,
    ServiceRequest: ServiceRequest.summary,
}
#: Those whose names are made of two columns, and how.
COMPOSED: Mapping[Any, tuple[Any, Any, Callable[[str, str], str]]] = {
    Employee: (Employee.first_name, Employee.last_name, written_name),
    DictionaryEntry: (
        DictionaryEntry.item,
        func.coalesce(DictionaryEntry.item_en, ""),
        lambda item, english: english if english and is_english() else item,
    ),
}


@cache
def model_of(table: str | None) -> Any:
    """The product's own model of a table, not the framework's below it; None for a table that is no more."""
    found = [one for one in Model.registry.mappers if one.class_.__tablename__ == table]
    return next((one.class_ for one in found if len(list(one.self_and_descendants)) == 1), None)


def names_of(wanted: Iterable[HERE]) -> dict[HERE, str]:
    """The names of the records that are there and in sight, in one statement."""
    keys: dict[str, set[int]] = {}
    for table, key in wanted:
        keys.setdefault(table, set()).add(key)
    parts = [_named(model_of(table), ids) for table, ids in sorted(keys.items()) if _is_named(model_of(table))]
    if not parts:
        return {}
    statement: Any = union_all(*parts) if len(parts) > 1 else parts[0]
    return {(table, key): _said_of(table, *name) for table, key, *name in session().execute(statement)}


def _is_named(model: Any) -> bool:
    """Names of walled records are for who may open their screen, within the wall."""
    is_walled = hasattr(model, "scope_module") or hasattr(model, "seen_through")
    return model is not None and (may_open(model) if is_walled else True)


def _named(model: Any, ids: set[int]) -> Any:
    none = literal("")
    first, second, *_ = COMPOSED.get(model, (NAMES.get(model, none), none))
    columns = (
        literal(model.__tablename__, String),
        model.id,
        cast(first, String).label("first"),
        cast(second, String).label("second"),
    )
    return select(*columns).where(model.id.in_(ids))


def _said_of(table: str, first: str, second: str) -> str:
    compose = next((how for model, (_, _, how) in COMPOSED.items() if model.__tablename__ == table), None)
    return compose(first, second) if compose else own_word(table, first)


def own_word(table: str | None, name: str) -> str:
    """The name of a record; that of a role of the product's own in the reader's language."""
    return name_of_role(name) if table == Role.__tablename__ else name
