"""Search text: what of a record is searched, and the table that holds one row of tokens for each record.

A model names in ``searched`` which of its attributes are searched, and how. Its table is an FTS5 table on SQLite and
one with an inverted index on PostgreSQL; both are made by migrations, since no metadata can describe them alike.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Column, Dialect, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.models.base import Model

PREFIX = "search_"
#: Before what a name begins with.
BEGINNING = "^"


class Searched(StrEnum):
    """How an attribute is found."""

    #: By any part of it, and by its pinyin or initials from any character on.
    NAME = "name"
    #: By its beginning.
    CODE = "code"
    #: Only whole (definition 09.4).
    WHOLE = "whole"


class Tokens(TypeDecorator[AbstractSet[str]]):
    """The tokens of a record; none holds a blank or a quotation mark."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(TSVECTOR() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: AbstractSet[str] | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return " ".join(f"'{token}'" if dialect.name == "postgresql" else token for token in sorted(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> AbstractSet[str] | None:
        return None if value is None else frozenset(token.strip("'") for token in value.split())


@dataclass(frozen=True)
class Term:
    """One token that is looked for, or what it begins with."""

    text: str
    is_beginning: bool = False


#: What no record has.
NOWHERE = Term(BEGINNING)


class Terms(TypeDecorator[tuple[tuple[Term, ...], ...]]):
    """What is looked for: any of several ways, each of which needs all of its terms."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[tuple[Term, ...], ...] | None, dialect: Dialect) -> str:
        # Terms hold letters, digits and marks of our own, so what is typed can be no part of the language around them.
        wanted = [terms for terms in value or () if terms] or [(NOWHERE,)]
        if dialect.name == "postgresql":
            ways = (" & ".join(f"'{one.text}'{':*' * one.is_beginning}" for one in terms) for terms in wanted)
            return " | ".join(f"({way})" for way in ways)
        ways = (" AND ".join(f'"{one.text}"{" *" * one.is_beginning}' for one in terms) for terms in wanted)
        return " OR ".join(f"({way})" for way in ways)


@cache
def search_table(model: Any) -> Table:
    """The table of the tokens of ``model``; its ``rowid`` is the record's key."""
    rowid = Column("rowid", Integer, primary_key=True, autoincrement=False)
    return Table(f"{PREFIX}{model.__tablename__}", MetaData(), rowid, Column("tokens", Tokens))


@cache
def searched_models() -> tuple[Any, ...]:
    """Every model that is searched."""
    return tuple(mapper.class_ for mapper in Model.registry.mappers if hasattr(mapper.class_, "searched"))


def is_compared(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether a new migration is made from a table's differences; of the tables of search text none is."""
    return not (kind == "table" and (name or "").startswith(PREFIX))
