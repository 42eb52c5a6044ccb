"""Looking records up by what somebody types: conditions and an order for statements on their models.

The rows come from the model, joined to its tokens, so the wall around them holds as everywhere.
"""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, Select, and_, func, literal, or_, select, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.models.search import Searched, Term, Terms, search_table
from app.search.tokens import beginning_of, long_runs, phone_term, terms_of

#: So many of the newest that are found are compared to say which are the best.
COMPARED = 100


class _Has(FunctionElement[bool]):
    """Whether a row of tokens has the terms."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """It is a condition already: SQLite would compare any other function with 1, and MATCH cannot be."""
        return self


@compiles(_Has, "sqlite")
def _match(element: Any, compiler: Any, **more: Any) -> str:
    tokens, terms = element.clauses
    return f"{compiler.preparer.format_table(tokens.table)} MATCH {compiler.process(terms, **more)}"


@compiles(_Has)
def _contain(element: Any, compiler: Any, **more: Any) -> str:
    tokens, terms = (compiler.process(one, **more) for one in element.clauses)
    return f"{tokens} @@ CAST({terms} AS tsquery)"


class _Key(FunctionElement[int]):
    """The key in the table of tokens, as the records are joined to it."""

    type = Integer()
    inherit_cache = True


@compiles(_Key)
def _plain_key(element: Any, compiler: Any, **more: Any) -> str:
    return str(compiler.process(element.clauses, **more))


@compiles(_Key, "sqlite")
def _computed_key(element: Any, compiler: Any, **more: Any) -> str:
    """FTS5 would else be asked once for each of somebody's records, instead of once: SQLite thinks it cheap."""
    return f"{compiler.process(element.clauses, **more)} + 0"


def found_by(model: Any, text: str) -> list[ColumnElement[bool]]:
    """The conditions under which ``text`` finds a record: all its words, or the whole of it as a phone number."""
    phone = phone_term(text)
    ways = (terms_of(text), (phone,) if phone else ())
    return [*_having(model, *ways), *_together(model, text)]


def _having(model: Any, *ways: tuple[Term, ...]) -> list[ColumnElement[bool]]:
    wanted = tuple(terms for terms in ways if terms)
    table = search_table(model)
    # Without terms nothing is found; false() would take the table out of the statement, which may be ordered by it.
    is_found: Any = _Has(table.c.tokens, literal(wanted, Terms())) if wanted else literal(0) == 1
    return [model.id == _Key(table.c.rowid), is_found]


def _together(model: Any, text: str) -> list[ColumnElement[bool]]:
    names = [getattr(model, name) for name, way in model.searched.items() if way is Searched.NAME]
    return [or_(*(name.contains(run, autoescape=True) for name in names)) for run in long_runs(text)]


def search_order(model: Any, keys: Select[int]) -> Any:
    """The key to order found records by: that of the tokens, where they are searched, and SQLite need not sort."""
    is_searched = hasattr(model, "searched") and search_table(model) in keys.get_final_froms()
    return search_table(model).c.rowid if is_searched else model.id


def ranked(model: Any, text: str, code: Any, *conditions: ColumnElement[bool]) -> Select[int, int]:
    """The keys that ``text`` finds with how well it does, the less the better, some of them twice.

    0: ``code`` is exactly the text; 1: the name begins with it; 2: it is found elsewhere. Of those found in one way
    the newest are taken.
    """
    rowid = search_table(model).c.rowid
    exact = select(model.id, literal(0).label("place")).where(code == text.strip().upper(), *conditions)
    begun = and_(*_having(model, beginning_of(text)), *_together(model, text))
    ways = [
        select(model.id, literal(place).label("place"))
        .where(way, *conditions)
        .order_by(rowid.desc())
        .limit(COMPARED)
        .subquery()
        for place, way in ((1, begun), (2, and_(*found_by(model, text))))
    ]
    found = union_all(exact, *(select(way) for way in ways)).subquery()
    return select(found.c.id, func.min(found.c.place).label("place")).group_by(found.c.id)
