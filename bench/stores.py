"""Where the measured databases live: companies made once and kept in ``build/bench``, and copies to work on."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.engine import make_url

from bench import postgresql
from bench.company import found_company
from tests.databases import closing_engine, drop_database, fresh_database, sqlite_database

ROOT = Path(__file__).resolve().parent.parent
#: What decides how a company looks; when one of these changes, it is made anew.
INGREDIENTS = (
    "app/demo",
    "app/models",
    "app/security/rights.py",
    "migrations",
    "bench/company.py",
    "bench/two_customers.py",
)


class Store(Protocol):
    """The databases of one kind."""

    def company(self, customers: int, opportunities: int) -> str:
        """The address of the company of at least that size, made when there is none; nobody may change it."""

    def copy(self, url: str, name: str) -> str:
        """The address of a copy that may be changed, in place of an earlier one of that name."""

    def drop(self, url: str) -> None:
        """Remove a copy."""


def fingerprint() -> str:
    """A short text that changes with the tables, the demo company or the way the company is made."""
    digest = hashlib.sha256()
    for ingredient in INGREDIENTS:
        path = ROOT / ingredient
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(file.read_bytes())
    return digest.hexdigest()[:10]


class SqliteStore:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def company(self, customers: int, opportunities: int) -> str:
        size = f"company-{customers}-{opportunities}-"
        kept = self._folder / f"{size}{fingerprint()}.sqlite"
        if not kept.exists():
            for old in self._folder.glob(f"{size}*"):
                old.unlink()
            draft = sqlite_database(self._folder, "draft")
            found_company(draft, customers, opportunities)
            os.replace(str(make_url(draft).database), kept)
        return f"sqlite:///{kept}"

    def copy(self, url: str, name: str) -> str:
        return sqlite_database(self._folder, f"copy-{name}", url)

    def drop(self, url: str) -> None:
        for ending in ("", "-wal", "-shm"):
            Path(f"{make_url(url).database}{ending}").unlink(missing_ok=True)


class PostgresqlStore:
    """Databases of a server."""

    def __init__(self, base_url: str) -> None:
        self._base = base_url

    def company(self, customers: int, opportunities: int) -> str:
        size = f"bench_{customers}_{opportunities}_"
        name, names = f"{size}{fingerprint()}", self._names()
        if name not in names:
            for old in names:
                if old.startswith(size):
                    drop_database(self._base, old)
            found_company(fresh_database(self._base, "bench_draft"), customers, opportunities)
            self._run(f'ALTER DATABASE bench_draft RENAME TO "{name}"')
        return self._url(name)

    def copy(self, url: str, name: str) -> str:
        return fresh_database(self._base, f"bench_copy_{name}", make_url(url).database)

    def drop(self, url: str) -> None:
        drop_database(self._base, str(make_url(url).database))

    def _names(self) -> list[str]:
        with closing_engine(self._base) as engine, engine.connect() as connection:
            return list(connection.scalars(text("SELECT datname FROM pg_database")))

    def _run(self, statement: str) -> None:
        with closing_engine(self._base) as engine, engine.connect() as connection:
            connection.execute(text(statement))

    def _url(self, name: str) -> str:
        return make_url(self._base).set(database=name).render_as_string(hide_password=False)


@contextmanager
def sqlite_store(folder: Path) -> Iterator[Store]:
    """Files below ``folder``."""
    yield SqliteStore(folder)


@contextmanager
def postgresql_store(folder: Path) -> Iterator[Store]:
    """The server of TEST_DATABASE_URL, else one of our own whose files stay below ``folder``."""
    with postgresql.server(folder / "postgresql") as address:
        yield PostgresqlStore(address)


STORES: dict[str, Callable[[Path], AbstractContextManager[Store]]] = {
    "sqlite": sqlite_store,
    "postgresql": postgresql_store,
}
