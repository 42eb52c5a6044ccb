"""The churn scan as a job: every week at the time of the settings, once however many look, and when somebody asks."""

import json
import threading
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import func, select

from app.actions.settings import CHURN_HOUR, CHURN_WEEKDAY
from app.errors import Forbidden, WrongState
from app.jobs.churn import SCAN_CHURN, scan_now
from app.jobs.frame import kinds, run_due
from app.jobs.frame.running import look_round, run_job
from app.models import ChurnCase, Customer, Job, JobState, SettingValue
from tests.cast import key_of

pytestmark = pytest.mark.usefixtures("no_cases")

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: A Wednesday.
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def _only_the_scan():
    """Nothing else of the schedule."""
    kept = dict(kinds())
    kinds().clear()
    kinds()[SCAN_CHURN.key] = SCAN_CHURN
    yield
    kinds().clear()
    kinds().update(kept)


def ticks(rows):
    """The moments for which it was put down, in the company's time."""
    with rows() as session:
        found = session.scalars(select(Job.tick).where(Job.kind == SCAN_CHURN.key).order_by(Job.id)).all()
        return [tick.astimezone(SHANGHAI).strftime("%m-%d %H:%M") for tick in found]


def run_at(app, moment):
    """What is due at a moment."""
    with time_machine.travel(moment, tick=False):
        return run_due(app)


def silence(rows):
    """Everybody of the cast ordered long ago."""
    with rows() as session:
        for customer in session.scalars(select(Customer)):
            customer.last_order_on = date(2025, 1, 1)


def test_it_is_done_every_saturday_at_two(app, rows):
    silence(rows)
    assert [run_at(app, NOON + timedelta(days=days)) for days in range(8)] == [1, 0, 0, 1, 0, 0, 0, 0]
    assert ticks(rows) == ["02-28 02:00", "03-07 02:00"]
    with rows() as session:
        assert session.scalar(select(func.count(ChurnCase.id))) == 2
        first, second = session.scalars(select(Job).order_by(Job.id)).all()
        assert str(first.outcome) == "已检查客户 2 个，新增预警 2 个，已有预警 0 个，已挽回 0 个"
        assert str(second.outcome) == "已检查客户 2 个，新增预警 0 个，已有预警 2 个，已挽回 0 个"


def test_a_change_of_the_settings_takes_effect(app, rows):
    run_at(app, NOON)
    with rows() as session:
        session.add(SettingValue(key=CHURN_WEEKDAY.key, value=json.dumps(4)))
        session.add(SettingValue(key=CHURN_HOUR.key, value=json.dumps(23)))
    friday = datetime(2026, 3, 6, 22, 59, tzinfo=SHANGHAI)
    assert [run_at(app, friday), run_at(app, friday + timedelta(minutes=1))] == [0, 1]
    assert run_at(app, datetime(2026, 3, 7, 2, 0, tzinfo=SHANGHAI)) == 0
    assert ticks(rows) == ["02-28 02:00", "03-06 23:00"]


def test_many_who_look_at_the_clock_put_it_down_once(app, rows):
    start = threading.Barrier(6)

    def look():
        start.wait()
        look_round(app)

    threads = [threading.Thread(target=look) for _ in range(6)]
    with time_machine.travel(NOON, tick=False):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert ticks(rows) == ["02-28 02:00"]


def test_the_schedule_says_it_in_words(as_):
    page = as_("admin").get("/jobs/schedule").get_data(as_text=True)
    assert "流失扫描" in page and "每周六 02:00" in page
    assert "Every Saturday at 02:00" in as_("admin", locale="en").get("/jobs/schedule").get_data(as_text=True)


# ---- asked for ----------------------------------------------------------------------------------------------


def test_who_may_has_it_done_at_once_and_finds_what_came_of_it(as_, app, rows):
    silence(rows)
    browser = as_("supervisor")
    answer = browser.post("/churn/scan")
    assert answer.status_code == 302 and answer.location.startswith("/jobs/show/")
    assert browser.post("/churn/scan").status_code == 409
    with rows() as session:
        job = session.scalars(select(Job).where(Job.kind == SCAN_CHURN.key)).one()
        assert (job.state, job.tick) == (JobState.WAITING, None)
        key = job.id
    assert run_job(app, key)
    assert "新增预警 2 个" in browser.get(answer.location).get_data(as_text=True)
    assert browser.post("/churn/scan").status_code == 302
    with rows() as session:
        assert set(session.scalars(select(ChurnCase.created_by_id))) == {key_of(app, "supervisor")}


@pytest.mark.parametrize("who", ["manager_a", "executive", "nobody"])
def test_nobody_else_may(as_, rows, who):
    assert as_(who).post("/churn/scan").status_code == 403
    with rows() as session:
        assert session.scalar(select(func.count(Job.id))) == 0


def test_the_action_asks_for_the_right_too(session_of):
    with session_of("manager_a") as (session, by), pytest.raises(Forbidden):
        scan_now(session, by=by, at=NOON)
    with session_of("supervisor") as (session, by):
        scan_now(session, by=by, at=NOON)
        with pytest.raises(WrongState):
            scan_now(session, by=by, at=NOON)
