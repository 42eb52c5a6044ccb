"""The application on a fresh database for every test, on SQLite and on a real PostgreSQL, with its cast."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from sqlalchemy.util import LRUCache

from app import create_app
from app.database import upgrade
from app.extensions import db
from app.models import ChurnCase, ChurnMeasure, Employee, ServiceRequest, ServiceRound, StatusMove
from app.security.actor import SYSTEM, Actor, load_actor
from config import Settings
from tests import cast
from tests.browsing import Browser
from tests.databases import fresh_database, postgresql_server, sqlite_database, unique_name

BACKENDS = ("sqlite", "postgresql")
#: The walks send more different statements than an engine keeps compiled, and would compile most of them each time.
STATEMENTS_KEPT = 2000
SHARED = Path(__file__).resolve().parents[2] / "shared"


def settings_for(url: str, **more: str) -> Settings:
    """Settings of a test: a database, a fixed key, and nothing of the machine's environment."""
    fixed = {"CRM_SECRET_KEY": "t" * 40, "CRM_FILES_DIR": str(cast.FILES)}
    return Settings.from_environment({"CRM_DATABASE_URL": url, **fixed, **more})


def pytest_generate_tests(metafunc: Any) -> None:
    """Every test that touches the database runs on both, but for what only the browser does."""
    if "backend" in metafunc.fixturenames:
        names = BACKENDS[:1] if metafunc.definition.get_closest_marker("one_database") else BACKENDS
        marks = [pytest.param(name, marks=getattr(pytest.mark, name)) for name in names]
        metafunc.parametrize("backend", marks, indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """What drives a browser takes longest and begins first, so that at the end no process works on alone.

    Of a test with many cases a single one may need one database only.
    """
    items[:] = [
        item
        for item in items
        if not (item.get_closest_marker("one_database") and item.get_closest_marker("postgresql"))
    ]
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


def pytest_sessionfinish() -> None:
    """The browser, if one was started, ends with the tests."""
    if site := sys.modules.get("tests.browser_site"):
        site.end_browser()


@pytest.fixture(scope="session")
def backend(request: Any) -> str:
    """The name of the database a test runs on."""
    return str(request.param)


class Home:
    """Where the databases of one backend live: a template with the cast, and the copy a test works on."""

    def __init__(self, backend: str, folder: Path, server: str | None) -> None:
        self.backend, self.folder, self.server = backend, folder, server
        self.name = unique_name("crm")
        self.template = self._make("template", None)
        upgrade(settings_for(self.template))
        cast.engage(self.template)
        self.url = self._make("test", self.template)
        self.apps: dict[tuple[Any, ...], Flask] = {}

    def _make(self, part: str, template: str | None) -> str:
        if self.server is None:
            return sqlite_database(self.folder, part, template)
        name = f"{self.name}_{part}"
        return fresh_database(self.server, name, make_url(template).database if template else None)

    def app(self, **more: Any) -> Flask:
        """An application on the test's database, made once for each set of settings."""
        key = tuple(sorted(more.items()))
        if key not in self.apps:
            app = create_app(settings_for(self.url))
            app.config.update({"WTF_CSRF_ENABLED": False, **more})
            with app.app_context():
                db.engine.update_execution_options(compiled_cache=LRUCache(STATEMENTS_KEPT))
            self.apps[key] = app
        return self.apps[key]

    def renew(self) -> None:
        """Give the test a fresh copy of the template."""
        self.close()
        self._make("test", self.template)
        cast.renew_files()

    def close(self) -> None:
        """Let go of every connection."""
        for app in self.apps.values():
            with app.app_context():
                db.session.remove()
                db.engine.dispose()


@pytest.fixture(scope="session")
def _server() -> Iterator[str]:
    with postgresql_server() as server:
        yield server


@pytest.fixture(scope="session")
def home(backend: str, tmp_path_factory: Any, request: Any) -> Iterator[Home]:
    """The home of the backend."""
    server = request.getfixturevalue("_server") if backend == "postgresql" else None
    home = Home(backend, tmp_path_factory.mktemp(backend), server)
    yield home
    home.close()


@pytest.fixture
def app(home: Home) -> Flask:
    """The application, without the check of form tokens."""
    home.renew()
    return home.app()


@pytest.fixture
def strict_app(home: Home) -> Flask:
    """The application with the check of form tokens."""
    home.renew()
    return home.app(WTF_CSRF_ENABLED=True)


@pytest.fixture
def as_(app: Flask) -> Callable[..., Browser]:
    """A browser in which one of the cast is signed in: ``as_("manager_a")``, ``as_("nobody", locale="en")``."""
    return lambda username=None, **more: Browser(app, username, **more)


@pytest.fixture
def rows(app: Flask) -> Callable[[], Any]:
    """A short look at or change of the database as the system: ``with rows() as session:``; commits at the end."""

    @contextmanager
    def look() -> Iterator[Session]:
        with app.app_context():
            session: Session = db.session()
            session.info["actor"] = SYSTEM
            yield session
            session.commit()

    return look


@pytest.fixture
def session_of(app: Flask) -> Callable[[str], Any]:
    """A session that works for one of the cast: ``with session_of("manager_a") as (session, actor):``."""

    @contextmanager
    def work(username: str) -> Iterator[tuple[Session, Actor]]:
        with app.test_request_context():
            session: Session = db.session()
            person = session.query(Employee).filter_by(username=username).one()
            actor = load_actor(session, person)
            session.info["actor"] = actor
            yield session, actor
            session.rollback()

    return work


@pytest.fixture
def visit(strict_app: Flask) -> Iterator[Callable[..., Any]]:
    """A real browser in which one of the cast signs in: ``visit("supervisor", "en", 390)``."""
    from tests.browser_site import Visitor, chromium, served

    with served(strict_app) as address, chromium() as browser:
        yield lambda who, locale="zh", width=1366: Visitor(browser, address, locale, width=width).sign_in(who)


@pytest.fixture
def no_cases(rows: Any) -> None:
    """Nobody of the cast is or was about to be lost."""
    with rows() as session:
        history = delete(StatusMove).where(StatusMove.kind == ChurnCase.__tablename__)
        for statement in (delete(ChurnMeasure), delete(ChurnCase), history):
            session.execute(statement, execution_options={"synchronize_session": False})


@pytest.fixture
def no_services(rows: Any) -> None:
    """Nobody of the cast asked for anything."""
    with rows() as session:
        for statement in (delete(ServiceRound), delete(ServiceRequest)):
            session.execute(statement, execution_options={"synchronize_session": False})


@pytest.fixture(scope="session")
def showroom(tmp_path_factory: Any) -> Iterator[Any]:
    """The demo company before a browser; no page is changed by looking at it."""
    from tests.showroom import opened

    with opened(tmp_path_factory.mktemp("showroom")) as showroom:
        yield showroom
