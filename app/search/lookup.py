"""Looking records up by what somebody types: conditions and an order for statements on their models.

The rows come from the model, joined to its tokens, so the wall around them holds as everywhere.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Select,
    String,
    bindparam,
    func,
    literal,
    or_,
    select,
    union_all,
)
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
    return [
        *_having(model, literal(_ways(text), Terms())),
        *_together(model, [literal(run) for run in long_runs(text)]),
    ]


def keys_found_by(model: Any, text: str) -> Select[int]:
    """The keys of the records that ``text`` finds by name or number, also of those that the reader does not see.

    It is for what tells the reader the name itself; a phone number, which it does not tell, finds nothing.
    """
    table = search_table(model)
    return select(table.c.rowid).where(_Has(table.c.tokens, literal((terms_of(text), ()), Terms())))


def _ways(text: str) -> tuple[tuple[Term, ...], ...]:
    phone = phone_term(text)
    return terms_of(text), (phone,) if phone else ()


def _having(model: Any, terms: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    table = search_table(model)
    return [model.id == _Key(table.c.rowid), _Has(table.c.tokens, terms)]


def _together(model: Any, runs: Iterable[ColumnElement[str]]) -> list[ColumnElement[bool]]:
    names = [getattr(model, name) for name, way in model.searched.items() if way is Searched.NAME]
    return [or_(*(name.contains(run) for name in names)) for run in runs]


def search_order(model: Any, keys: Select[int]) -> Any:
    """The key to order found records by: that of the tokens, where they are searched, and SQLite need not sort."""
    is_searched = hasattr(model, "searched") and search_table(model) in keys.get_final_froms()
    return search_table(model).c.rowid if is_searched else model.id


# ---- the best -------------------------------------------------------------------------------------------


def ranked(model: Any, code: Any, *conditions: ColumnElement[bool], runs: int) -> Select[int, int]:
    """The keys that are found with how well they are, the less the better, for the values that ``ranking`` gives.

    0: ``code`` is what was typed, in capitals if need be; 1: the name begins with it; 2: it is found elsewhere. Of
    those found in one way the newest are taken. The statement depends on the number of ``runs`` alone, so that it
    can be kept.
    """
    rowid = search_table(model).c.rowid
    together = _together(model, [bindparam(f"run_{place}", type_=String()) for place in range(runs)])
    exact = select(model.id, literal(0).label("place")).where(
        code.in_((bindparam("typed"), bindparam("in_capitals"))), *conditions
    )
    ways = [
        select(model.id, literal(place).label("place"))
        .where(*_having(model, bindparam(name, type_=Terms())), *together, *conditions)
        .order_by(rowid.desc())
        .limit(COMPARED)
        .subquery()
        for place, name in ((1, "begun"), (2, "found"))
    ]
    found = union_all(exact, *(select(way) for way in ways)).subquery()
    return select(found.c.id, func.min(found.c.place).label("place")).group_by(found.c.id)


def ranking(text: str) -> dict[str, Any]:
    """What ``ranked`` compares with; its ``runs`` are those of ``run_count``."""
    runs = {f"run_{place}": run for place, run in enumerate(long_runs(text))}
    typed = text.strip()
    return {"typed": typed, "in_capitals": typed.upper(), "begun": (beginning_of(text),), "found": _ways(text), **runs}


def run_count(text: str) -> int:
    """How many Chinese runs of a text are compared whole."""
    return len(long_runs(text))
