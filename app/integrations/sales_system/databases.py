"""Another database as a source, read in one transaction that changes nothing."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    NullPool,
    Select,
    column,
    create_engine,
    func,
    select,
    table,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from app.database import ForeignFile
from app.i18n import Label, Told
from app.integrations.sales_system.sources import BATCH, Batch, OpenSource, Portion, Source, SourceFailed

#: Databases in which a transaction sees one moment from beginning to end without locking anybody out.
OF_ONE_MOMENT = {"postgresql", "mysql", "mariadb"}
UNREACHABLE = Label("The database cannot be reached: %(why)s")
UNREADABLE = Label("The database refuses to be read: %(why)s")
LONGEST_REASON = 300


@dataclass(frozen=True)
class Place:
    """Where a kind stands: a table or view (with its schema before a point), or a query."""

    table: str = ""
    query: str = ""


class DatabasePortion(Portion):
    """The rows of a table, a view or a query."""

    def __init__(self, connection: Connection, place: Place) -> None:
        self._connection = connection
        self._place = place
        with _told(UNREADABLE), connection.execute(self._whole("*").where(text("1 = 0"))) as result:
            self.headers = tuple(result.keys())
        self._columns: list[ColumnElement[Any]] = [column(name) for name in self.headers]

    def _whole(self, *columns: Any) -> Select[Any]:
        chosen = [text("*") if one == "*" else one for one in columns]
        if self._place.query:
            return select(*chosen).select_from(text(f"({self._place.query}) source_rows"))
        schema, _, name = self._place.table.rpartition(".")
        return select(*chosen).select_from(table(name, schema=schema or None))

    @cached_property
    def expected(self) -> int:  # type: ignore[override]  # only who shows a bar asks for it
        """How many rows there are."""
        with _told(UNREADABLE):
            return int(self._connection.scalar(self._whole(func.count())) or 0)

    def batches(self, places: Sequence[int], *, since: tuple[int, Any] | None = None) -> Iterator[Batch]:
        """Rows are numbered as they come."""
        statement = self._whole(*(self._columns[place] for place in places))
        if since is not None:
            statement = statement.where(self._columns[since[0]] >= since[1])
        number = 1
        streamed = statement.execution_options(stream_results=True)
        with _told(UNREADABLE), self._connection.execute(streamed) as result:
            for rows in result.partitions(BATCH):
                yield Batch(range(number, number + len(rows)), list(zip(*rows, strict=True)))
                number += len(rows)


class DatabaseSource(Source):
    """A database by its address; ``places`` has by kind what is read there."""

    def __init__(self, url: URL, places: Mapping[str, Place]) -> None:
        self._url = url
        self._places = places

    @contextmanager
    def opened(self) -> Iterator[OpenSource]:
        """Connect; raises SourceFailed."""
        with _told(UNREACHABLE):
            engine = _engine_for(self._url)
        try:
            with _told(UNREACHABLE):
                connection = engine.connect()
            with connection:
                if engine.dialect.name == "sqlite":
                    connection.exec_driver_sql("BEGIN")
                yield OpenDatabase(connection, self._places)
        finally:
            engine.dispose()


class OpenDatabase(OpenSource):
    """A database in a transaction."""

    def __init__(self, connection: Connection, places: Mapping[str, Place]) -> None:
        self._connection = connection
        self._places = places

    @contextmanager
    def portion(self, kind: str) -> Iterator[Portion]:
        """The rows of the kind; raises SourceFailed."""
        yield DatabasePortion(self._connection, self._places[kind])


def _engine_for(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        return create_engine("sqlite://", creator=lambda: _opened_to_read(str(url.database)), poolclass=NullPool)
    options: dict[str, Any] = {}
    if url.get_backend_name() in OF_ONE_MOMENT:
        options["isolation_level"] = "REPEATABLE READ"
    if url.get_backend_name() == "postgresql":
        options["postgresql_readonly"] = True
    return create_engine(url, poolclass=NullPool, execution_options=options)


def _opened_to_read(path: str) -> sqlite3.Connection:
    """Reading only: a file that is not there is not made."""
    return sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, factory=ForeignFile)


@contextmanager
def _told(sentence: Label) -> Iterator[None]:
    """What the database or its driver says against it becomes a sentence, without the statement or the address."""
    try:
        yield
    except DBAPIError as error:
        raise SourceFailed(Told.of(sentence, why=_first_line(error.orig))) from error
    except (NoSuchModuleError, ImportError, ArgumentError) as error:
        why = f"{type(error).__name__}: {_first_line(error)}"
        raise SourceFailed(Told.of(Label("The driver for this database is not installed: %(why)s"), why=why)) from error
    except (SQLAlchemyError, OSError) as error:
        raise SourceFailed(Told.of(sentence, why=_first_line(error))) from error


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:LONGEST_REASON]
