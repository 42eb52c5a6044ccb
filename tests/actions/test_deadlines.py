"""Deadlines of service requests: what each step gets, waiting for the customer, rules that change, and the figures."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.actions.service_limits import create_limit
from app.actions.services.deadlines import due_order, is_overdue, renew_deadline, rules_of
from app.actions.services.pauses import begin_waiting, end_waiting
from app.actions.services.renewal import renew_open_deadlines
from app.actions.services.times import Part, taken
from app.actions.settings import change_settings
from app.actions.work_calendar import create_days
from app.errors import Forbidden, Invalid, OutOfSight, WrongState
from app.models import Installation, Priority, ServiceLimit, ServicePause, ServiceRequest, ServiceRound, ServiceStatus
from app.models.installation import DEADLINES_MARK
from tests.service_requests import moment, person, request_of
from tests.walk import counted

pytestmark = pytest.mark.usefixtures("no_services")

NOW = moment("2026-03-04 10:00")


def renewed(session, row, at=NOW):
    """The deadline that a request gets."""
    renew_deadline(session, row, at=at)
    session.flush()
    return row.due_on


def test_each_step_has_its_limit_by_priority(rows):
    with rows() as session:
        # Monday 10:00: 4 hours are 2 in the morning and 2 from 13:00 on; 2 hours end at noon; half an hour.
        expected = {
            Priority.NORMAL: "2026-03-02 15:00",
            Priority.URGENT: "2026-03-02 12:00",
            Priority.MOST_URGENT: "2026-03-02 10:30",
        }
        for priority, due in expected.items():
            assert renewed(session, request_of(session, priority=priority)) == moment(due)
        # 24 hours are three days; 8 one; 4 hours from 17:00 are 1, and 3 of the next morning.
        expected = {
            Priority.NORMAL: "2026-03-05 17:00",
            Priority.URGENT: "2026-03-03 17:00",
            Priority.MOST_URGENT: "2026-03-03 12:00",
        }
        for priority, due in expected.items():
            row = request_of(session, assigned="2026-03-02 17:00", priority=priority)
            assert renewed(session, row) == moment(due)


def test_a_kind_of_its_own_has_its_own_limits(rows, session_of):
    with session_of("admin") as (session, by):
        complaint = request_of(session)
        enquiry = request_of(session, kind="咨询")
        values = {"priority": Priority.NORMAL, "assign_minutes": 60, "process_minutes": 120}
        create_limit(session, {**values, "kind": complaint.kind}, by=by)
        with pytest.raises(Invalid):
            create_limit(session, {**values, "kind": complaint.kind}, by=by)
        with pytest.raises(Invalid):
            create_limit(session, {**values, "kind": None}, by=by)
        assert renewed(session, complaint) == moment("2026-03-02 11:00")
        assert renewed(session, enquiry) == moment("2026-03-02 15:00")


def test_a_request_that_was_not_written_yet_has_one_too(rows):
    with rows() as session:
        row = request_of(session)
        new = ServiceRequest(kind=row.kind)
        renew_deadline(session, new, at=moment("2026-03-02 10:00"))
        assert new.due_on == moment("2026-03-02 15:00")


def test_what_is_handled_or_archived_has_none_until_it_comes_back(rows):
    with rows() as session:
        row = request_of(session, assigned="2026-03-02 13:00")
        row.is_overdue_told, row.handled_on = True, moment("2026-03-02 14:00")
        assert renewed(session, row) is None and not row.is_overdue_told
        # The customer was not content: the next round begins, as the life cycle writes it.
        row.handled_on, row.assigned_on = None, moment("2026-03-03 09:00")
        assert renewed(session, row) == moment("2026-03-05 18:00")
        row.status = ServiceStatus.ARCHIVED
        assert renewed(session, row) is None


def test_renewing_many_costs_the_rules_once(rows, app):
    with rows() as session:
        requests = [request_of(session) for _ in range(5)]
    with rows() as session:
        found = session.scalars(select(ServiceRequest)).all()
        with counted(app) as seen:
            for row in found:
                renew_deadline(session, row, at=NOW)
        assert len(found) == len(requests) and len(seen) == 2


# ---- waiting for the customer -----------------------------------------------------------------------------


def test_the_clock_stands_while_the_customer_is_awaited(rows, session_of):
    with rows() as session:
        row = request_of(session, assigned="2026-03-02 10:00", priority=Priority.MOST_URGENT)
        assert renewed(session, row) == moment("2026-03-02 15:00")
        key = row.id
    with session_of("manager_a") as (session, by):
        row = session.get_one(ServiceRequest, key)
        begin_waiting(session, row, "等样品", by=by, at=moment("2026-03-02 14:00"))
        assert row.due_on is None
        with pytest.raises(WrongState):
            begin_waiting(session, row, None, by=by, at=moment("2026-03-02 14:30"))
        # An hour was left; 14:00 to 18:00 and the next morning until 11:00 were waited, 6 hours.
        end_waiting(session, row, by=by, at=moment("2026-03-03 11:00"))
        assert row.due_on == moment("2026-03-03 12:00")
        with pytest.raises(WrongState):
            end_waiting(session, row, by=by, at=moment("2026-03-03 11:00"))
        begin_waiting(session, row, None, by=by, at=moment("2026-03-03 11:30"))
        end_waiting(session, row, by=by, at=moment("2026-03-03 19:00"))
        assert row.due_on == moment("2026-03-04 09:30")


def test_handling_ends_the_wait(rows, session_of):
    with rows() as session:
        key = request_of(session, assigned="2026-03-02 10:00").id
    with session_of("manager_a") as (session, by):
        row = session.get_one(ServiceRequest, key)
        pause = begin_waiting(session, row, None, by=by, at=moment("2026-03-02 14:00"))
        row.handled_on = moment("2026-03-02 16:00")
        assert renewed(session, row, at=row.handled_on) is None
        assert pause.ended_on == row.handled_on


def test_only_the_assignee_lets_it_wait_and_only_what_is_to_be_processed(rows, session_of):
    with rows() as session:
        key = request_of(session, assigned="2026-03-02 10:00").id
        new = request_of(session).id
    for who in ("manager_b", "supervisor", "admin", "executive"):
        with session_of(who) as (session, by):
            row = session.get_one(ServiceRequest, key)
            with pytest.raises(Forbidden):
                begin_waiting(session, row, None, by=by, at=NOW)
            with pytest.raises(Forbidden):
                end_waiting(session, row, by=by, at=NOW)
    with session_of("manager_a") as (session, by):
        with pytest.raises(Forbidden):
            begin_waiting(session, session.get_one(ServiceRequest, new), None, by=by, at=NOW)
        row = session.get_one(ServiceRequest, key)
        row.status = ServiceStatus.PROCESSED
        with pytest.raises(WrongState):
            begin_waiting(session, row, None, by=by, at=NOW)


def test_two_waits_of_one_request_cannot_run(rows):
    with rows() as session:
        row = request_of(session, assigned="2026-03-02 10:00")
        session.add(ServicePause(request=row, began_on=NOW))
        session.flush()
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(ServicePause(request=row, began_on=NOW))
            session.flush()


def test_who_does_not_see_the_request_does_not_see_its_waits(rows, session_of):
    with rows() as session:
        row = request_of(session, assigned="2026-03-02 10:00", to="manager_b")
        session.add(ServicePause(request=row, began_on=NOW))
        key = row.id
    with session_of("narrow") as (session, _):
        assert session.get(ServiceRequest, key) is None
        assert session.scalars(select(ServicePause)).all() == []
        session.add(ServicePause(request_id=key, began_on=NOW))
        with pytest.raises((Forbidden, OutOfSight)):
            session.flush()


# ---- rules that change ------------------------------------------------------------------------------------


def renew_all(rows, at=NOW, batch=2):
    """As the job does; returns how many deadlines changed, None where nothing was looked at."""
    with rows() as session:
        found = []
        for changed in renew_open_deadlines(session, at=at, batch=batch):
            session.commit()
            found.append(changed)
        return found[-1] if found else None


def test_deadlines_follow_hours_calendar_and_limits(rows, session_of):
    with rows() as session:
        keys = [request_of(session).id for _ in range(3)]
        keys.append(request_of(session, assigned="2026-03-02 17:00").id)
        done = request_of(session, assigned="2026-03-02 10:00", status=ServiceStatus.PROCESSED, due_on=None).id

    def due():
        with rows() as session:
            assert session.get_one(ServiceRequest, done).due_on is None
            return [session.get_one(ServiceRequest, key).due_on for key in keys]

    assert renew_all(rows) == 4
    assert due() == [moment("2026-03-02 15:00")] * 3 + [moment("2026-03-05 17:00")]
    assert renew_all(rows) is None  # nothing changed, nothing is looked at
    with session_of("admin") as (session, by):
        change_settings(session, {"afternoon_begin": 14 * 60}, by=by, seen={"afternoon_begin": 13 * 60})
        values = {"day": moment("2026-03-04 00:00").date(), "holiday": "other", "is_working": False}
        create_days(session, values, by=by)
        for limit in session.scalars(select(ServiceLimit).where(ServiceLimit.priority == Priority.NORMAL)):
            limit.process_minutes = 8 * 60
        session.commit()
    assert renew_all(rows) == 4
    # From 17:00 one hour, Tuesday 3 and 4 hours; with the fourth off nothing more is needed.
    assert due() == [moment("2026-03-02 16:00")] * 3 + [moment("2026-03-03 18:00")]
    assert renew_all(rows, at=moment("2026-03-05 10:00")) == 0  # a new day looks again, and finds all well


def test_the_follow_up_leaves_versions_and_waits_alone(rows):
    with rows() as session:
        row = request_of(session, assigned="2026-03-02 17:00", is_overdue_told=True)
        waiting = request_of(session, assigned="2026-03-02 17:00")
        session.add(ServicePause(request=waiting, began_on=moment("2026-03-03 10:00")))
        session.flush()
        keys, version = (row.id, waiting.id), row.version
    renew_all(rows)
    with rows() as session:
        row, waiting = (session.get_one(ServiceRequest, key) for key in keys)
        assert (row.version, row.is_overdue_told, waiting.due_on) == (version, False, None)


def test_what_was_told_stays_told_while_it_is_overdue(rows):
    with rows() as session:
        row = request_of(session, is_overdue_told=True, due_on=moment("2026-03-02 11:00"))
        key = row.id
    renew_all(rows)
    with rows() as session:
        row = session.get_one(ServiceRequest, key)
        assert row.due_on == moment("2026-03-02 15:00") and row.is_overdue_told
        assert session.get_one(Installation, DEADLINES_MARK).value.startswith("2026-03-04 ")


def test_who_moves_a_request_on_meanwhile_is_not_overwritten(rows, monkeypatch):
    from app.actions.services import renewal

    with rows() as session:
        key = request_of(session).id
    pauses = renewal._pauses

    def meanwhile(session, keys):
        session.connection().exec_driver_sql("UPDATE service_requests SET version = version + 1")
        return pauses(session, keys)

    monkeypatch.setattr(renewal, "_pauses", meanwhile)
    renew_all(rows)
    with rows() as session:
        assert session.get_one(ServiceRequest, key).due_on is None


def test_overdue_ones_come_first(rows):
    with rows() as session:
        due = {"later": "2026-03-09 10:00", "overdue": "2026-03-03 10:00", "soon": "2026-03-04 11:00"}
        keys = {name: request_of(session, due_on=moment(at)).id for name, at in due.items()}
        keys["none"] = request_of(session).id
        found = session.scalars(select(ServiceRequest.id).order_by(*due_order())).all()
        assert found == [keys[name] for name in ("overdue", "soon", "later", "none")]
        assert session.scalars(select(ServiceRequest.id).where(is_overdue(NOW))).all() == [keys["overdue"]]


# ---- the figures ------------------------------------------------------------------------------------------


def test_every_figure_is_the_sum_of_its_stretches(rows):
    with rows() as session:
        row = request_of(session, created="2025-09-30 16:20", assigned="2025-09-30 17:30")
        waits = [ServicePause(request=row, began_on=moment("2025-10-09 10:00"), ended_on=moment("2025-10-10 09:30"))]
        calendar, at = rules_of(session).calendar, moment("2025-10-11 09:45")
        found = {part: taken(calendar, row, part, waits, at=at) for part in Part}
        # 30 on 30 September; 60 on Thursday 9 before the wait; Friday without its first half hour; 45 on the Saturday.
        assert [one.minutes for one in found.values()] == [70, 30 + 60 + 450 + 45, 100 + 60 + 450 + 45]
        assert [one.is_running for one in found.values()] == [False, True, True]
        for one in found.values():
            told = [stretch.minutes for stretch in one.stretches()]
            assert sum(told) == one.minutes
        assert found[Part.TOTAL].unknown_years() == []


def test_what_lies_far_back_is_added_up(rows):
    with rows() as session:
        row = request_of(session, created="2024-03-01 10:00")
        waits = [ServicePause(request=row, began_on=moment("2024-05-01 10:00"), ended_on=moment("2024-05-08 10:00"))]
        one = taken(rules_of(session).calendar, row, Part.TOTAL, waits, at=NOW)
        told = one.stretches()
        assert one.minutes_before + sum(stretch.minutes for stretch in told) == one.minutes
        assert len(told) < 250
        assert one.unknown_years() == [2024]


def test_the_parts_of_a_request_that_came_back(rows):
    with rows() as session:
        row = request_of(session, created="2026-03-02 09:00", assigned="2026-03-04 09:00", round=2)
        first = {"assigned_on": moment("2026-03-02 10:00"), "judged_on": moment("2026-03-04 09:00")}
        session.add(ServiceRound(request=row, number=1, handling="换货", result="仍有漂移", satisfaction=2, **first))
        session.flush()
        session.expire(row)
        calendar = rules_of(session).calendar
        found = [taken(calendar, row, part, [], at=NOW).minutes for part in Part]
        assert found == [60, 60, 480 + 480 + 60]
        assert taken(calendar, request_of(session), Part.PROCESS, [], at=NOW) is None
        assert person(session, "manager_a").id == row.assignee_id
