"""The migrations make exactly the tables of the models, and go up and down with records in them."""

from contextlib import contextmanager

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, func, select

from app.database import _alembic, engine_for
from app.models import Model
from tests.conftest import settings_for

FIRST = "0001"


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
        return compare_metadata(MigrationContext.configure(connection), Model.metadata)


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
