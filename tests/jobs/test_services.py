"""Overdue requests: who is told, once of each step, whoever else tells at the same moment; and the jobs that do it."""

import threading
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.actions.services.overdue import supervisors_of, tell_overdue
from app.actions.services.renewal import renew_open_deadlines
from app.extensions import db
from app.jobs.frame import run_due
from app.models import Department, Employee, Reminder, ServiceRequest, ServiceStatus, SpecialDay
from app.security.actor import SYSTEM
from tests.browsing import text_of
from tests.service_requests import moment, person, request_of
from tests.walk import counted

pytestmark = pytest.mark.usefixtures("no_services")

NOW = moment("2026-03-04 10:00")


def head(session, department, username):
    """Put somebody at the head of a department."""
    row = session.scalars(select(Department).where(Department.name == department)).one()
    row.head = person(session, username)
    session.flush()


def told(rows):
    """Who was told that something is overdue, and what."""
    with rows() as session:
        statement = (
            select(Employee.username, Reminder.row_id)
            .join(Employee, Employee.id == Reminder.person_id)
            .where(Reminder.kind == "service_overdue")
            .order_by(Reminder.id)
        )
        return [tuple(row) for row in session.execute(statement)]


def tell(rows, at=NOW, **more):
    """As the job does."""
    with rows() as session:
        return tell_overdue(session, at=at, **more)


@pytest.fixture
def key(rows):
    """A request of manager_a, overdue since yesterday; the supervisor heads the whole company."""
    with rows() as session:
        head(session, "总部", "supervisor")
        return request_of(session, assigned="2026-03-02 10:00", due_on=moment("2026-03-03 10:00")).id


def test_the_head_above_is_told_once_of_each_step(rows, key, as_):
    with rows() as session:
        request_of(session, due_on=moment("2026-03-04 10:01"))
        request_of(session, assigned="2026-03-02 10:00")
    assert tell(rows) == 1
    assert told(rows) == [("supervisor", key)]
    assert tell(rows) == 0
    with rows() as session:  # the deadline moves, as after a wait, and passes again
        row = session.get_one(ServiceRequest, key)
        row.due_on, row.is_overdue_told = moment("2026-03-04 09:00"), False
    assert tell(rows) == 1
    assert told(rows) == [("supervisor", key)]
    with rows() as session:  # the next round is a step of its own
        row = session.get_one(ServiceRequest, key)
        row.round, row.is_overdue_told = 2, False
    assert tell(rows) == 1
    assert told(rows) == [("supervisor", key)] * 2
    page = as_("supervisor").get("/reminders/list/")
    assert "服务请求已于 2026-03-03 10:00 超时" in text_of(page)
    english = text_of(as_("supervisor", locale="en").get("/reminders/list/"))
    assert "Overdue since 2026-03-03 10:00: service request" in english


@pytest.mark.one_database
def test_they_are_found_by_the_index_of_the_deadlines(rows, app):
    with rows() as session:
        with counted(app) as seen:
            tell_overdue(session, at=NOW)
        (statement,) = [one for one in seen if "FROM service_requests" in one]
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("",) * statement.count("?"))
        assert "ix_service_requests_due_on" in str(plan.all())


def test_telling_leaves_the_record_alone(rows, key):
    with rows() as session:
        version = session.get_one(ServiceRequest, key).version
    tell(rows)
    with rows() as session:
        row = session.get_one(ServiceRequest, key)
        assert (row.version, row.is_overdue_told) == (version, True)


def test_what_passed_long_ago_is_not_told(rows, key):
    with rows() as session:
        session.get_one(ServiceRequest, key).due_on = NOW - timedelta(days=31)
    assert tell(rows) == 0 and told(rows) == []


def test_it_is_told_in_parts_the_longest_due_first(rows, key):
    with rows() as session:
        older = request_of(session, assigned="2026-03-02 10:00", due_on=moment("2026-03-02 16:00")).id
    assert [tell(rows, batch=1) for _ in range(3)] == [1, 1, 0]
    assert [row_id for _, row_id in told(rows)] == [older, key]


def test_the_nearest_head_who_may_assign_is_told_else_the_administrators(rows, app):
    with rows() as session:
        people = {
            name: person(session, name).id for name in ("admin", "supervisor", "head_a", "manager_a", "manager_b")
        }

        def found():
            asked = {people["manager_a"], people["manager_b"], people["head_a"], None}
            receivers = supervisors_of(session, asked)
            return [list(receivers[key]) for key in (people["manager_a"], people["manager_b"], people["head_a"], None)]

        assert found() == [[people["admin"]]] * 4
        head(session, "总部", "supervisor")
        head(session, "一部", "head_a")
        head(session, "二部", "manager_b")  # who may not assign
        with counted(app) as seen:
            assert found() == [[people["head_a"]], [people["supervisor"]], [people["supervisor"]], [people["admin"]]]
        assert len(seen) == 4
        person(session, "head_a").active = False
        session.flush()
        assert found()[0] == [people["supervisor"]]


def test_two_who_tell_at_once_tell_once(app, rows, key):
    with rows() as session:
        keys = [
            request_of(session, assigned="2026-03-02 10:00", due_on=moment("2026-03-03 11:00")).id for _ in range(20)
        ]
    start, counts = threading.Barrier(2), []

    def work():
        with app.app_context():
            db.session.info["actor"] = SYSTEM
            start.wait()
            counts.append(tell_overdue(db.session(), at=NOW))
            db.session.commit()
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counts) == 2 and max(counts) == 21
    assert sorted(told(rows)) == sorted(("supervisor", one) for one in (key, *keys))


def test_who_processes_it_meanwhile_is_not_marked(rows, key, monkeypatch):
    from app.actions.services import overdue

    mark = overdue._mark_told

    def meanwhile(session, keys, at):
        session.connection().exec_driver_sql("UPDATE service_requests SET due_on = NULL")
        mark(session, keys, at)

    monkeypatch.setattr(overdue, "_mark_told", meanwhile)
    tell(rows)
    with rows() as session:
        assert not session.get_one(ServiceRequest, key).is_overdue_told


def test_the_job_renews_and_tells_and_says_so(app, rows, key, as_):
    with rows() as session:
        other = request_of(session, created="2026-03-02 10:00").id
        done = request_of(session, assigned="2026-03-02 10:00", status=ServiceStatus.PROCESSED).id
    with time_machine.travel(NOW, tick=True):
        run_due(app)
        jobs = text_of(as_("admin").get("/jobs/list/"))
        # The one without a deadline gets 15:00 on Monday; the other three days, until Thursday 10:00.
        assert "更新截止时间 2 个，通知超时请求 1 个" in jobs
    assert told(rows) == [("admin", other)]  # nobody has it yet, and nobody heads whoever created it
    with rows() as session:
        assert session.get_one(ServiceRequest, key).due_on == moment("2026-03-05 10:00")
        assert session.get_one(ServiceRequest, done).due_on is None
        assert list(renew_open_deadlines(session, at=NOW)) == []


def test_the_nightly_job_writes_what_became_known(app, rows):
    with rows() as session:
        before = len(session.scalars(select(SpecialDay.id)).all())
    with time_machine.travel(NOW, tick=True):
        run_due(app)
    with rows() as session:
        assert len(session.scalars(select(SpecialDay.id)).all()) == before
