"""The temporary tables of a load on their own connection, filled in batches as quickly as the database can."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, Index, Table
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateIndex, CreateTable

from app.integrations.sales_system.kinds import STAGE, Kind
from app.security.actor import SYSTEM
from app.security.audit import COMMAND, Origin

#: Memory for indexes that are filled in no order and for joins of everything with everything, on this connection alone.
ROOM = {
    "sqlite": ("PRAGMA main.cache_size=-65536", "PRAGMA temp.cache_size=-65536"),
    "postgresql": ("SET LOCAL temp_buffers = '64MB'", "SET LOCAL work_mem = '64MB'"),
}


@contextmanager
def staged(engine: Engine, origin: Origin | None = None) -> Iterator[Session]:
    """A session on a connection of its own, with the tables of a load; it works as the system."""
    with engine.connect() as connection, Session(connection) as session:
        session.info["actor"] = SYSTEM
        session.info["origin"] = origin or Origin(person_name=COMMAND)
        try:
            for statement in ROOM[engine.dialect.name]:
                session.connection().exec_driver_sql(statement)
            for table in STAGE.sorted_tables:
                session.execute(CreateTable(table))
            yield session
        finally:
            # Whatever became of the load: the pool must not give the tables to somebody else.
            session.rollback()
            connection.invalidate()


def write(session: Session, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows, whose values stand as the columns do and are as the database stores them."""
    if not rows:
        return
    connection = session.connection()
    cursor = connection.connection.cursor()
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    if connection.dialect.name == "postgresql":
        with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join("?" * len(table.columns))
        cursor.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', rows)  # noqa: S608  # our own names
    cursor.close()


def order_stage(session: Session, kind: Kind) -> None:
    """Make the rows of a kind found by their keys, once all are there."""
    columns = [kind.stage.c[name] for name in kind.key_fields]
    session.execute(CreateIndex(Index(f"ix_stage_{kind.key}", *columns)))
    settle(session, kind.stage)


def settle(session: Session, table: Table) -> None:
    """Tell PostgreSQL's planner how large a temporary table has become; nobody else does."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f'ANALYZE "{table.name}"')


def be_alone(session: Session) -> None:
    """Begin the transaction of the switch.

    On SQLite what was read so far ends here, because a transaction that has read an older state can write no more.
    """
    if session.connection().dialect.name == "sqlite":
        session.commit()
        session.connection().exec_driver_sql("BEGIN IMMEDIATE")
