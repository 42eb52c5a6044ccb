"""On PostgreSQL one account owns the tables and another works in them, which cannot touch what the log tells."""

from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from app import create_app, demo
from app.actions.audit import seal
from app.clock import now
from app.database import upgrade
from app.extensions import db
from app.models import AuditEntry, AuditSeal
from app.security.actor import SYSTEM
from tests import cast
from tests.browsing import Browser
from tests.conftest import settings_for
from tests.databases import closing_engine, drop_database, unique_name

pytestmark = pytest.mark.postgresql
PASSWORD = "Wanjuan-7-shulin"
REFUSED = (
    "UPDATE audit_entries SET person_name = 'somebody'",
    "UPDATE audit_seals SET hash = ''",
    "DELETE FROM audit_entries",
    "DELETE FROM audit_seals",
    "TRUNCATE audit_entries CASCADE",
    "DROP TRIGGER audit_entries_only_added ON audit_entries",
    "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
    "CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
    "DROP TABLE audit_entries CASCADE",
    "SET session_replication_role = replica",
)


@contextmanager
def accounts(server):
    """The addresses of one database for its owner and for the application."""
    name, owner, worker = unique_name("crm_two"), unique_name("owner"), unique_name("worker")
    with closing_engine(server) as engine, engine.connect() as connection:
        try:
            for role in (owner, worker):
                connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'"))
            connection.execute(text(f"GRANT {owner} TO CURRENT_USER"))
        except ProgrammingError as error:
            pytest.skip(f"the account of the tests makes no others: {error.orig}")
        connection.execute(text(f"CREATE DATABASE {name} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8'"))
    try:
        addresses = (make_url(server).set(database=name, username=role, password=PASSWORD) for role in (owner, worker))
        yield tuple(one.render_as_string(hide_password=False) for one in addresses)
    finally:
        drop_database(server, name)
        with closing_engine(server) as engine, engine.connect() as connection:
            for role in (owner, worker):
                connection.execute(text(f"DROP ROLE {role}"))


@pytest.fixture
def apart(_server):
    """Settings by which the tables are made by their owner and used by another."""
    with accounts(_server) as (owner, worker):
        settings = settings_for(worker, CRM_MIGRATION_DATABASE_URL=owner)
        assert upgrade(settings)
        yield settings


def test_the_application_works_and_cannot_touch_the_log(apart):
    cast.engage(apart.database_url)
    cast.renew_files()
    app = create_app(apart)
    app.config["WTF_CSRF_ENABLED"] = False
    browser = Browser(app, "manager_a")
    made = browser.submit(
        "/opportunities/add", customer_name="南通屿帆海工", probability="60", summary="六套", description="八月"
    )
    assert made.status_code == 302
    assert browser.post(f"/opportunities/delete/{made.location.rsplit('/', 1)[1]}").status_code == 302
    with app.app_context():
        db.session.info["actor"] = SYSTEM
        seal(db.session, at=now())
        db.session.commit()
        assert db.session.query(AuditEntry).count() == db.session.query(AuditSeal).count() > 30
        db.session.remove()
        db.engine.dispose()
    outcome = app.test_cli_runner().invoke(args=["crm", "verify"])
    assert outcome.exit_code == 0, outcome.output
    with app.app_context():
        db.engine.dispose()
    engine = create_engine(apart.database_url)
    for statement in REFUSED:
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), engine.begin() as connection:
            connection.exec_driver_sql(statement)
    engine.dispose()
    assert not upgrade(apart)  # a second time, with rows in the tables


def test_the_demo_is_loaded_by_the_application(apart):
    demo.load(apart, customers=20, seed=1)
