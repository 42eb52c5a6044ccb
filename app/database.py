"""The database: its engine settings, bringing its tables up to date, and the rows every installation needs."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from app.actions.basedata import write_dictionary
from app.actions.service_limits import write_limits
from app.actions.work_calendar import write_statutory_days
from app.clock import now
from app.search import fill_up
from app.security.audit import unlogged
from app.security.roles import write_roles
from config import Settings

ROOT = Path(__file__).resolve().parent.parent
#: Any number serves, so long as nothing else of the product takes it.
MIGRATION_LOCK = 20261122
#: How long a SQLite connection waits for another writer, in milliseconds.
PATIENCE = 15_000
#: What the account of the application may do where another one owns the tables.
GRANTS = (
    "GRANT USAGE ON SCHEMA {schema} TO {user}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {user}",
    "GRANT SELECT, USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA {schema} TO {user}",
    "REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries, audit_seals FROM {user}",
)


class ForeignFile(sqlite3.Connection):
    """A connection to a database of somebody else, whose settings are left alone."""


def prepare_sqlite(connection: Any, _record: Any = None) -> None:
    """Write-ahead log, foreign keys, and patience with another writer, on every SQLite connection of ours."""
    if not isinstance(connection, sqlite3.Connection) or isinstance(connection, ForeignFile):
        return
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={PATIENCE}"):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("timezone", 2, _timezone, deterministic=True)


def _timezone(zone: str, moment: str | None) -> str | None:
    """What PostgreSQL's function of this name says: a moment as the clocks of a zone show it."""
    if moment is None:
        return None
    return str(datetime.fromisoformat(moment).replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None))


event.listen(Engine, "connect", prepare_sqlite)


@contextmanager
def impatient(session: Session) -> Iterator[None]:
    """Inside the block a statement that finds another writer on SQLite fails at once instead of waiting."""
    connection = session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
    try:
        yield
    finally:
        if is_sqlite:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={PATIENCE}")


def engine_for(url: str) -> Engine:
    """An engine of its own, outside the application; the folder of a SQLite file is made."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and address.database not in {None, "", ":memory:"}:
        Path(str(address.database)).parent.mkdir(parents=True, exist_ok=True)
    return create_engine(address)


def upgrade(settings: Settings) -> bool:
    """Bring the tables to the newest state and write what every installation needs; several may try at once.

    Returns True when the tables were made just now, by this call.
    """
    engine = engine_for(settings.migration_database_url)
    try:
        with engine.begin() as connection:
            _be_alone(connection)
            is_new = not inspect(connection).has_table("alembic_version")
            configuration = _alembic(settings)
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, "head")
            write_foundation(Session(connection, join_transaction_mode="create_savepoint"))
            _let_application_work(connection, settings)
        return is_new
    finally:
        engine.dispose()


def _be_alone(connection: Connection) -> None:
    """Let nobody else migrate meanwhile, and make the change of tables one transaction on SQLite too."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _let_application_work(connection: Connection, settings: Settings) -> None:
    """Give the application's own account what it needs: rows, but none of the audit log to change or to remove."""
    owner, user = (make_url(url).username for url in (settings.migration_database_url, settings.database_url))
    if connection.dialect.name != "postgresql" or user is None or user == owner:
        return
    quote = connection.dialect.identifier_preparer.quote
    names = {"user": quote(user), "schema": quote(connection.dialect.default_schema_name or "public")}
    for statement in GRANTS:
        connection.execute(text(statement.format(**names)))


def write_foundation(session: Session) -> None:
    """The rows without which nothing works: rights, default roles, dictionary, calendar and search text; commits."""
    with session, unlogged(session, "the catalogue of the program, which nobody decided here"):
        write_roles(session)
        write_dictionary(session)
        write_statutory_days(session, at=now())
        write_limits(session, at=now())
        fill_up(session)
        session.commit()


def is_current(settings: Settings) -> bool:
    """Whether the database stands at the newest migration."""
    engine = engine_for(settings.database_url)
    try:
        with engine.connect() as connection:
            at = MigrationContext.configure(connection).get_current_revision()
        return at == ScriptDirectory.from_config(_alembic(settings)).get_current_head()
    finally:
        engine.dispose()


def _alembic(settings: Settings) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(ROOT / "migrations"))
    configuration.attributes["url"] = settings.migration_database_url
    return configuration
