"""The migrations make exactly the tables of the models, and go up and down with records in them."""

from contextlib import contextmanager

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, func, select, text

from app.database import _alembic, engine_for
from app.models import Model, OpportunityStatus
from app.models.search import is_compared
from app.views.board import since_column
from tests.conftest import settings_for

FIRST = "0001"
#: Indexes on expressions, which a migration that makes a table anew on SQLite would lose without a word.
ON_EXPRESSIONS = {"ix_opportunities_status_assigned", "ix_opportunities_status_closed"}

# They are looked for by name below, because SQLAlchemy does not read them back from SQLite.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index"),
    pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index"),
]


@pytest.fixture
def settings(home):
    """A database with the cast, at the newest state."""
    home.renew()
    return settings_for(home.url)


@contextmanager
def connected(settings):
    """A connection whose changes are kept."""
    engine = engine_for(settings.database_url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def move(settings, direction, revision):
    """Go up or down to a state."""
    with connected(settings) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        configuration = _alembic(settings)
        configuration.attributes["connection"] = connection
        getattr(command, direction)(configuration, revision)


def counts(settings):
    """How many rows each table holds."""
    with connected(settings) as connection:
        found = MetaData()
        found.reflect(connection)
        return {
            name: connection.scalar(select(func.count()).select_from(table))
            for name, table in found.tables.items()
            if name != "alembic_version"
        }


def differences(settings):
    """What the tables lack of the models, and the other way round."""
    with connected(settings) as connection:
        return compare_metadata(
            MigrationContext.configure(connection, opts={"include_name": is_compared}), Model.metadata
        )


def test_the_tables_are_those_of_the_models(settings):
    assert differences(settings) == []


def test_down_to_the_first_state_and_up_again_keeps_every_record_of_it(settings):
    before = counts(settings)
    move(settings, "downgrade", FIRST)
    first = counts(settings)
    assert first.keys() < before.keys()
    assert {name: before[name] for name in first} == first
    move(settings, "upgrade", "head")
    assert {name: count for name, count in counts(settings).items() if name in first} == first
    assert differences(settings) == []


def test_indexes_on_expressions_are_there_and_order_the_board(settings):
    move(settings, "downgrade", FIRST)
    move(settings, "upgrade", "head")
    with connected(settings) as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        names = "SELECT name FROM sqlite_master" if is_sqlite else "SELECT indexname FROM pg_indexes"
        assert set(connection.scalars(text(names))) >= ON_EXPRESSIONS
        for status in OpportunityStatus if is_sqlite else ():
            plan = connection.execute(text("EXPLAIN QUERY PLAN " + ordered(status))).all()
            assert not any("TEMP B-TREE" in str(step) for step in plan), plan


def ordered(status):
    """A column of the board, the newest first, with its values written out."""
    since = since_column(status).compile(compile_kwargs={"literal_binds": True})
    return f"SELECT id FROM opportunities WHERE status = '{status.value}' ORDER BY {since} DESC, id DESC LIMIT 21"
