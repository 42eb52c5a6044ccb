"""Databases with tables and no records, and what is in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from app.database import engine_for, upgrade
from app.models import Model
from config import Settings
from tests.databases import drop_database, fresh_database, sqlite_database, unique_name

PASSWORD = "zhike-demo-2026"


class Empty:
    """Makes databases with tables and no records."""

    def __init__(self, folder: Path, server: str | None) -> None:
        self._folder, self._server = folder, server
        self._names: list[str] = []

    def make(self, **more: str) -> Settings:
        """The settings of a new one."""
        self._names.append(unique_name("demo"))
        if self._server:
            url = fresh_database(self._server, self._names[-1])
        else:
            url = sqlite_database(self._folder, self._names[-1])
        settings = Settings.from_environment(
            {"CRM_DATABASE_URL": url, "CRM_SECRET_KEY": "d" * 40, "CRM_DEMO_PASSWORD": PASSWORD, **more}
        )
        upgrade(settings)
        return settings

    def close(self) -> None:
        """Drop them."""
        for name in self._names if self._server else ():
            drop_database(str(self._server), name)


@contextmanager
def connected(settings: Settings) -> Iterator[Connection]:
    """A connection whose changes are forgotten."""
    engine = engine_for(settings.database_url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def contents(settings: Settings) -> dict[str, list[Any]]:
    """Every row that the demo wrote, but for passwords, whose salt is chance."""
    found = {}
    with connected(settings) as connection:
        for table in Model.metadata.sorted_tables:
            if table.name.startswith("ab_permission") or table.name in {"service_limits", "special_days"}:
                continue
            columns = [column for column in table.c if column.name != "password"]
            found[table.name] = [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]
    return found
