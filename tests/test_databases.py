"""The databases of the tests are real, apart from one another, and gone afterwards."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from tests.databases import (
    closing_engine,
    drop_database,
    fresh_database,
    postgresql_server,
    sqlite_database,
    unique_name,
)

STARTS_A_SERVER_AND_WAITS = """
import sys, time
from tests.databases import postgresql_server
with postgresql_server() as address:
    print(address, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql_server() as address:
        yield address


def answers(url: str) -> bool:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        psycopg.connect(address).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.postgresql
def test_server_is_a_postgresql(server: str) -> None:
    with closing_engine(server) as engine, engine.connect() as connection:
        assert connection.execute(text("SELECT version()")).scalar_one().startswith("PostgreSQL")


@pytest.mark.postgresql
def test_fresh_database_is_empty_and_can_be_a_template(server: str) -> None:
    first, second = unique_name(), unique_name()
    try:
        with closing_engine(fresh_database(server, first)) as engine, engine.connect() as connection:
            connection.execute(text("CREATE TABLE customer AS SELECT '华强' AS name"))
        with closing_engine(fresh_database(server, second, first)) as engine, engine.connect() as connection:
            assert connection.execute(text("SELECT name FROM customer")).scalar_one() == "华强"
        with closing_engine(fresh_database(server, first)) as engine, engine.connect() as connection:
            assert connection.execute(text("SELECT to_regclass('customer')")).scalar_one() is None
    finally:
        drop_database(server, first)
        drop_database(server, second)


@pytest.mark.postgresql
def test_letters_are_folded_and_sorted_alike_on_every_machine(server: str) -> None:
    name = unique_name()
    try:
        with closing_engine(fresh_database(server, name)) as engine, engine.connect() as connection:
            assert connection.execute(text("SELECT lower('ÄÉ') || upper('ж')")).scalar_one() == "äéЖ"
            words = "SELECT string_agg(w, '' ORDER BY w) FROM (VALUES ('b'), ('丁'), ('B'), ('一')) AS t(w)"
            assert connection.execute(text(words)).scalar_one() == "Bb一丁"
    finally:
        drop_database(server, name)


@pytest.mark.postgresql
def test_dropped_database_is_gone_though_somebody_was_connected(server: str) -> None:
    name = unique_name()
    url = fresh_database(server, name)
    with closing_engine(url) as engine, engine.connect():
        drop_database(server, name)
        assert not answers(url)


@pytest.mark.postgresql
def test_name_that_would_be_cut_is_refused(server: str) -> None:
    with pytest.raises(ValueError, match="cut"):
        fresh_database(server, "x" * 64)


@pytest.mark.postgresql
@pytest.mark.parametrize("end", ["close", "kill"])
def test_server_ends_with_the_process_that_wanted_it(end: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TEST_DATABASE_URL"}
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_A_SERVER_AND_WAITS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=Path(__file__).parent.parent,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert answers(url)
        if end == "kill":
            process.kill()
        process.communicate()
    folder = Path(str(make_url(url).query.get("host", "")))
    wait_until_gone(url, folder)


def wait_until_gone(url: str, folder: Path) -> None:
    for _ in range(100):
        if not answers(url) and not folder.exists():
            return
        time.sleep(0.1)
    pytest.fail("the server outlived its process")


def test_given_server_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://crm:p%40ss@db.example.com/postgres")
    with postgresql_server() as address:
        assert address == "postgresql+psycopg://crm:p%40ss@db.example.com/postgres"


def test_sqlite_files_are_apart_and_can_be_copied(tmp_path: Path) -> None:
    first = sqlite_database(tmp_path, "first")
    with closing_engine(first) as engine, engine.connect() as connection:
        connection.execute(text("CREATE TABLE customer AS SELECT '华强' AS name"))
    second = sqlite_database(tmp_path, "second", template=first)
    with closing_engine(second) as engine, engine.connect() as connection:
        assert connection.execute(text("SELECT name FROM customer")).scalar_one() == "华强"
    third = sqlite_database(tmp_path, "third")
    with (
        closing_engine(third) as engine,
        engine.connect() as connection,
        pytest.raises(OperationalError, match="no such table"),
    ):
        connection.execute(text("SELECT name FROM customer"))
