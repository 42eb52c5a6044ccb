"""The chain of the audit log: sealed once and in order, and whatever is done to it is named."""

import subprocess
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from app.actions.audit import BATCH, first_break, last_seal, seal
from app.clock import now
from app.extensions import db
from app.models import AuditEntry, AuditKind, AuditSeal, Customer, Department, Employee
from app.security.audit import note
from tests.guards_off import take_guards_off

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def entries(rows):
    """The numbers of the entries of a sealed chain."""
    with rows() as session:
        seal(session, at=now())
        return list(session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)))


def meddle(app, *statements):
    """Do to the tables what nobody may, past everything that guards them."""
    with app.app_context(), db.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        take_guards_off(connection)
        for statement in statements:
            connection.execute(statement)
    with app.app_context():
        db.engine.dispose()


def broken(rows):
    with rows() as session:
        return first_break(session) or ""


def test_every_entry_is_sealed_once_and_in_order(rows, entries):
    with rows() as session:
        seals = session.execute(select(AuditSeal.position, AuditSeal.entry_id).order_by(AuditSeal.position)).all()
        assert seals == list(enumerate(entries, start=1))
        assert len(entries) > 30
        assert len(last_seal(session).hash) == 64
        assert seal(session, at=now()) == 0
        assert first_break(session) is None


def test_new_entries_are_sealed_after_the_last(rows, entries):
    with rows() as session:
        session.add(Department(name="三部"))
        session.commit()
        assert seal(session, at=now()) == 1
        session.commit()
        assert last_seal(session).position == len(entries) + 1
        assert first_break(session) is None


def test_more_than_a_batch_is_sealed_at_once(rows, entries):
    with rows() as session:
        session.add_all(Department(name=f"部门{number}") for number in range(BATCH + 7))
        session.commit()
        assert seal(session, at=now()) == BATCH + 7
        assert first_break(session) is None


def test_a_late_entry_is_found_and_an_old_one_is_not_looked_for(rows, entries):
    with rows() as session:
        row = dict(session.execute(select(*AuditEntry.__table__.columns).limit(1)).mappings().one())
        table = AuditEntry.__table__
        lost = {**row, "id": -5, "at": now() - timedelta(hours=30)}
        late = {**row, "id": entries[-1] + 11, "at": now() - timedelta(hours=20)}
        session.connection().execute(insert(table), [late, lost])
        assert seal(session, at=now()) == 1
        assert last_seal(session).entry_id == late["id"]


def test_what_comes_after_the_moment_waits(rows, entries):
    with rows() as session:
        session.add(Department(name="三部"))
        session.commit()
        assert seal(session, at=now() - timedelta(minutes=1)) == 0


def test_a_changed_entry_is_named(app, rows, entries):
    table, number = AuditEntry.__table__, entries[7]
    meddle(app, update(table).where(table.c.id == number).values(person_name="somebody"))
    assert f"{number} " in broken(rows) and "改动" in broken(rows)


@pytest.mark.parametrize("column", [one.name for one in AuditEntry.__table__.columns if one.name != "id"])
def test_a_change_of_any_column_is_found(app, rows, entries, column):
    table = AuditEntry.__table__
    values = {"at": now(), "kind": AuditKind.JOB, "person_id": 1, "row_id": 77, "root_id": 77}
    meddle(app, update(table).where(table.c.id == entries[3]).values({column: values.get(column, "x")}))
    assert f"{entries[3]} " in broken(rows)


def test_a_kind_that_nobody_knows_is_found(app, rows, entries):
    meddle(app, text(f"UPDATE audit_entries SET kind = 'nonsense' WHERE id = {entries[3]}"))
    assert f"{entries[3]} " in broken(rows)


def test_a_removed_entry_is_named(app, rows, entries):
    table, number = AuditEntry.__table__, entries[7]
    meddle(app, delete(table).where(table.c.id == number))
    assert f"{number} " in broken(rows) and "删除" in broken(rows)


def test_an_entry_removed_with_its_seal_is_named_by_its_neighbours(app, rows, entries):
    entry, sealed, number = AuditEntry.__table__, AuditSeal.__table__, entries[7]
    meddle(app, delete(sealed).where(sealed.c.entry_id == number), delete(entry).where(entry.c.id == number))
    found = broken(rows)
    assert f"{entries[6]} " in found and f"{entries[8]} " in found and "删除" in found


@pytest.mark.parametrize("whole", [True, False])
def test_swapped_entries_are_named(app, rows, entries, whole):
    """Their numbers, or the seals that point at them."""
    first, second, aside = entries[5], entries[9], entries[-1] + 1000
    table = AuditEntry.__table__ if whole else AuditSeal.__table__
    column = table.c.id if whole else table.c.entry_id
    steps = [(first, aside), (second, first), (aside, second)]
    meddle(app, *(update(table).where(column == old).values({column.name: new}) for old, new in steps))
    found = broken(rows)
    assert "调换" in found
    assert f"{first} " in found or f"{second} " in found


@pytest.mark.parametrize("table", [AuditEntry.__table__, AuditSeal.__table__], ids=lambda one: one.name)
@pytest.mark.parametrize("verb", [update, delete])
def test_the_database_refuses_to_change_the_log(app, entries, table, verb):
    column = next(iter(table.primary_key))
    statement = verb(table).where(column == 1)
    statement = statement.values({column.name: 1}) if verb is update else statement
    with app.app_context(), pytest.raises(DBAPIError, match="only ever added to"), db.engine.begin() as connection:
        connection.execute(statement)


@pytest.mark.postgresql
def test_postgresql_refuses_to_empty_the_log(app, entries, backend):
    if backend == "postgresql":
        with app.app_context(), pytest.raises(DBAPIError, match="only ever"), db.engine.begin() as connection:
            connection.exec_driver_sql("TRUNCATE audit_entries CASCADE")


SEALS = """
import sys
sys.path.insert(0, {root!r})
from app import create_app
from app.actions.audit import seal
from app.clock import now
from app.extensions import db
from app.models import Department
from app.security.actor import SYSTEM
from tests.conftest import settings_for
app = create_app(settings_for({url!r}))
with app.app_context():
    db.session.info["actor"] = SYSTEM
    for number in range(20):
        db.session.add(Department(name=f"{name} {{number}}"))
        db.session.commit()
        seal(db.session, at=now())
        db.session.commit()
"""


def test_of_two_who_seal_at_once_one_does_it(home, app, rows, entries):
    scripts = [SEALS.format(root=str(ROOT), url=home.url, name=name) for name in "ab"]
    together(scripts)
    with rows() as session:
        seal(session, at=now())
        assert session.scalar(select(func.count(AuditSeal.position))) == len(entries) + 40
        assert first_break(session) is None


def together(scripts):
    """Run scripts at once, each in a process of its own."""
    started = [subprocess.Popen([sys.executable, "-c", one], stderr=subprocess.PIPE) for one in scripts]
    for process in started:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors.decode()[-3000:]


PROCESSES, SAVES = 4, 2_500
SAVE = """
import sys
sys.path.insert(0, {root!r})
from app import create_app
from app.extensions import db
from app.models import Customer, Employee
from app.security.actor import load_actor
from app.security.audit import Origin
from tests.conftest import settings_for
app = create_app(settings_for({url!r}))
with app.app_context():
    session = db.session()
    person = session.query(Employee).filter_by(username="manager_a").one()
    session.info["actor"] = load_actor(session, person)
    session.info["origin"] = Origin(person.id, "writer-{number}", "10.0.0.{number}")
    row = session.get(Customer, {key})
    for number in range(1, {saves} + 1):
        row.fax = str(number)
        session.commit()
"""


def test_ten_thousand_saves_by_four_processes_leave_a_whole_chain(home, app, rows):
    with rows() as session:
        manager = session.scalars(select(Employee.id).where(Employee.username == "manager_a")).one()
        customers = [Customer(number=f"KH9{n}", name=f"并发{n}", manager_id=manager) for n in range(PROCESSES)]
        session.add_all(customers)
        session.flush()
        keys = [one.id for one in customers]
    scripts = (
        SAVE.format(root=str(ROOT), url=home.url, number=number, key=key, saves=SAVES)
        for number, key in enumerate(keys)
    )
    together(scripts)
    with rows() as session:
        for key in keys:
            statement = select(AuditEntry.changes).where(
                AuditEntry.root_table == "customers", AuditEntry.root_id == key, AuditEntry.kind == AuditKind.CHANGED
            )
            told = session.scalars(statement.order_by(AuditEntry.id)).all()
            numbers = ["null", *(f'"{number}"' for number in range(1, SAVES + 1))]
            assert told == [f'{{"fax": [{old}, {new}]}}' for old, new in pairwise(numbers)]
        sealed = seal(session, at=now())
        assert sealed == session.scalar(select(func.count(AuditEntry.id))) > PROCESSES * SAVES
        assert first_break(session) is None


def test_a_note_is_sealed_as_it_was_written(rows, entries):
    with rows() as session:
        note(session, AuditKind.EXPORTED, changes={"rows": [None, 3], "what": [None, "“引号”\n"]}, reason="é 🙂")
        session.commit()
        assert seal(session, at=now()) == 1
        session.commit()
        session.expire_all()
        assert first_break(session) is None
