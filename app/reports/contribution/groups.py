"""What the contribution is summed up to: the key of each group, what it is called, and the orders behind it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.i18n import Choice, Label, gettext
from app.models.basedata import DictionaryEntry, Product
from app.models.customers import Customer
from app.models.orders import Order, OrderLine
from app.models.org import Department, Employee, written_name
from app.reports.engine import word_of
from app.reports.engine.frames import Statement

if TYPE_CHECKING:
    from pandas import DataFrame

#: The key of the group of those that have none.
NONE = 0
#: So many keys stand in one statement; of more groups the names of all are read.
MOST_KEYS = 1_000


class By(Choice):
    """What the contribution is summed up to."""

    CUSTOMER = "customer", Label("Customer")
    MANAGER = "manager", Label("Account manager")
    DEPARTMENT = "department", Label("Department")
    REGION = "region", Label("Region")
    INDUSTRY = "industry", Label("Industry")
    LEVEL = "level", Label("Customer level")
    PARENT = "parent", Label("Parent company")
    PRODUCT = "product", Label("Product")


def key_of(by: By) -> ColumnElement[int]:
    """The key of the group that a customer belongs to, NONE for none; a parent company is of its own group."""
    return func.coalesce(_KEYS[by], NONE)


_DEPARTMENT = (
    select(Employee.department_id).where(Employee.id == Customer.manager_id).correlate(Customer).scalar_subquery()
)
_KEYS: Mapping[By, Any] = {
    By.CUSTOMER: Customer.id,
    By.MANAGER: Customer.manager_id,
    By.DEPARTMENT: _DEPARTMENT,
    By.REGION: Customer.region_id,
    By.INDUSTRY: Customer.industry_id,
    By.LEVEL: Customer.level_id,
    By.PARENT: func.coalesce(Customer.parent_id, Customer.id),
}


def orders_of(by: By, key: int) -> ColumnElement[bool]:
    """The condition of the orders behind a group; of a product those that hold it, of none those without any."""
    if by is not By.PRODUCT:
        return Order.customer_id.in_(select(Customer.id).where(key_of(by) == key))
    lines = select(OrderLine.id).where(OrderLine.order_id == Order.id)
    if key != NONE:
        return lines.where(OrderLine.product_id == key).exists()
    return or_(~lines.exists(), lines.where(OrderLine.product_id.is_(None)).exists())


# ---- what it is called ----------------------------------------------------------------------------------


def names_of(by: By, keys: Collection[int]) -> Statement:
    """The names of groups, and of customers their level and manager too; those out of sight are missing."""
    key, statement = _NAMES[by]()
    return statement.where(key.in_(keys)) if len(keys) <= MOST_KEYS else statement


_PERSON = (Employee.username, Employee.first_name, Employee.last_name)


def _customers() -> tuple[InstrumentedAttribute[int], Statement]:
    level = aliased(DictionaryEntry)
    columns = (Customer.id.label("key"), Customer.name, level.item.label("level"), level.item_en.label("level_en"))
    statement = select(*columns, *_PERSON)
    statement = statement.outerjoin(level, Customer.level_id == level.id)
    return Customer.id, statement.outerjoin(Employee, Customer.manager_id == Employee.id)


def _people() -> tuple[InstrumentedAttribute[int], Statement]:
    return Employee.id, select(Employee.id.label("key"), *_PERSON)


def _entries() -> tuple[InstrumentedAttribute[int], Statement]:
    item, item_en = DictionaryEntry.item, DictionaryEntry.item_en
    return DictionaryEntry.id, select(DictionaryEntry.id.label("key"), item.label("word"), item_en.label("word_en"))


def _products() -> tuple[InstrumentedAttribute[int], Statement]:
    return Product.id, select(Product.id.label("key"), Product.name, Product.model, Product.batch)


def _named(model: Any) -> tuple[InstrumentedAttribute[int], Statement]:
    return model.id, select(model.id.label("key"), model.name)


_NAMES: Mapping[By, Callable[[], tuple[InstrumentedAttribute[int], Statement]]] = {
    By.CUSTOMER: _customers,
    By.MANAGER: _people,
    By.DEPARTMENT: lambda: _named(Department),
    By.REGION: _entries,
    By.INDUSTRY: _entries,
    By.LEVEL: _entries,
    By.PARENT: lambda: _named(Customer),
    By.PRODUCT: _products,
}


def called(by: By, names: DataFrame) -> dict[int, dict[str, str | None]]:
    """By key: the ``name``, and of customers ``level`` and ``manager``; what is in the dictionary in both languages."""
    return {int(row["key"]): _words(by, row) for row in names.to_dict("records")}


def _words(by: By, row: Mapping[Any, Any]) -> dict[str, str | None]:
    if by is By.CUSTOMER:
        return {**{word: row[word] for word in ("name", "level", "level_en")}, "manager": _person(row)}
    if by is By.MANAGER:
        return {"name": _person(row)}
    if by is By.PRODUCT:
        return {"name": "-".join(row[part] for part in ("name", "model", "batch") if isinstance(row[part], str))}
    return {"name": row["name"]} if "name" in row else {"name": row["word"], "name_en": row["word_en"]}


def in_words(rows: DataFrame) -> DataFrame:
    """The rows with their names and levels in the reader's language; a group without a name has a word for it."""
    names = [word_of(*words) for words in zip(rows["name"], rows["name_en"], strict=True)]
    levels = [word_of(*words) for words in zip(rows["level"], rows["level_en"], strict=True)]
    named = [name or word_for_missing(int(key)) for name, key in zip(names, rows["key"], strict=True)]
    return rows.assign(name=named, level=levels)


def _person(row: Mapping[Any, Any]) -> str | None:
    if not isinstance(row["username"], str):
        return None
    return written_name(row["first_name"] or "", row["last_name"] or "") or row["username"]


def word_for_missing(key: int) -> str:
    """What a group without a name is called: it is none, or one that the reader does not see."""
    return gettext("Unspecified") if key == NONE else gettext("Out of your sight")
