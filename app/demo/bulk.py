"""Many rows at once: collected per table, written in batches, with keys that the writer gives."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Table, func, select, text

from app.models.base import mapper_of

BATCH = 1_000

Row = dict[str, Any]
Converters = dict[str, Callable[[Any], Any]]


class Bulk:
    """Writes rows of ``models`` over one connection, parents before children in the order given."""

    def __init__(self, connection: Connection, models: Sequence[type]) -> None:
        self._connection = connection
        self._write = _copy if connection.dialect.name == "postgresql" else _insert
        self._rows: dict[type, list[Row]] = {model: [] for model in models}

    def add(self, model: type, row: Row) -> None:
        """Keep a row; every row of a model names the same columns."""
        rows = self._rows[model]
        rows.append(row)
        if len(rows) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what is kept."""
        for model, rows in self._rows.items():
            if rows:
                self._write(self._connection, _table_of(model), rows)
                rows.clear()


class Keys:
    """Gives out the keys of one table, above those it has."""

    def __init__(self, connection: Connection, model: type) -> None:
        self._table = _table_of(model)
        self.last: int = connection.scalar(select(func.coalesce(func.max(self._table.c.id), 0))) or 0

    def next(self) -> int:
        """A key nobody else has."""
        self.last += 1
        return self.last

    def hand_over(self, connection: Connection) -> None:
        """Tell PostgreSQL's sequence which keys are taken; SQLite sees it from the rows."""
        if connection.dialect.name == "postgresql" and self.last:
            sequence = "SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)"
            connection.execute(text(sequence), {"table": self._table.name, "last": self.last})


def _insert(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Past the statements of SQLAlchemy, which look at every value of every row once more."""
    converters = _converters(connection, table, rows[0])
    marks = ", ".join("?" for _ in converters)
    statement = f'INSERT INTO "{table.name}" ({_names(converters)}) VALUES ({marks})'  # noqa: S608  # names of ours
    connection.connection.cursor().executemany(statement, list(_values(rows, converters)))


def _copy(connection: Connection, table: Table, rows: list[Row]) -> None:
    """PostgreSQL takes rows in several times as fast by COPY."""
    converters = _converters(connection, table, rows[0])
    cursor = connection.connection.cursor()
    with cursor.copy(f'COPY "{table.name}" ({_names(converters)}) FROM STDIN') as copy:
        for values in _values(rows, converters):
            copy.write_row(values)


def _converters(connection: Connection, table: Table, row: Row) -> Converters:
    return {name: table.c[name].type.bind_processor(connection.dialect) or _as_it_is for name in row}


def _names(converters: Converters) -> str:
    return ", ".join(f'"{name}"' for name in converters)


def _values(rows: list[Row], converters: Converters) -> Iterator[list[Any]]:
    for row in rows:
        yield [convert(row[name]) for name, convert in converters.items()]


def _as_it_is(value: Any) -> Any:
    return value


def _table_of(model: type) -> Table:
    return cast(Table, mapper_of(model).local_table)
