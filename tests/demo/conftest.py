"""The demo company in a database of its own, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app import demo
from app.security.actor import SYSTEM
from config import Settings
from tests.demo.databases import Empty, connected


@pytest.fixture(scope="module")
def empty(backend: str, request: Any, tmp_path_factory: Any) -> Iterator[Empty]:
    """The maker of empty databases."""
    server = request.getfixturevalue("_server") if backend == "postgresql" else None
    maker = Empty(tmp_path_factory.mktemp("demo"), server)
    yield maker
    maker.close()


@pytest.fixture(scope="module")
def settings(empty: Empty) -> Settings:
    """A database that holds the demo company as the first start loads it."""
    settings = empty.make()
    demo.load(settings, customers=200, seed=1)
    return settings


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    """A session of the system on the loaded database; what it writes is forgotten."""
    with connected(settings) as connection, Session(connection) as session:
        session.info["actor"] = SYSTEM
        yield session
