"""The frame of the jobs: each is run once, whoever breaks, is killed or works beside; the schedule; the first jobs."""

import threading
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import func, select, update

from app import jobs as package
from app.actions.jobs import retry
from app.actions.settings import KEEP_JOBS_DAYS, KEEP_REMINDERS_DAYS
from app.clock import now
from app.errors import WrongState
from app.extensions import db
from app.i18n import Label, Told
from app.jobs.frame import Kind, Weekly, Work, enqueue, kinds, queue, run_due, schedule
from app.jobs.frame.alive import is_silent
from app.jobs.frame.running import look_round, run_job
from app.jobs.frame.worker import working
from app.jobs.jobs import FORGET_JOBS
from app.jobs.reminders import FORGET_REMINDERS, TELL_DUE
from app.models import AuditEntry, AuditKind, Department, Job, JobState, Opportunity, PlanItem, Reminder
from app.models.base import Model
from tests.cast import key_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def _no_kinds():
    """Only the kinds that a test plants."""
    kept = dict(kinds())
    kinds().clear()
    yield
    kinds().clear()
    kinds().update(kept)


def plant(run, key="planted", **more):
    """A kind of job that exists for one test."""
    kind = Kind(key, Label("Planted"), run, **more)
    kinds()[key] = kind
    return kind


def well(_work):
    """A job without trouble."""
    return Told("Well")


def put(rows, kind, arguments=None, *, times=1, **more):
    """Put jobs down; returns the key of the last one."""
    with rows() as session:
        for _ in range(times):
            job = enqueue(session, kind, arguments or {}, **{"at": now(), **more})
        return job.id


def job_of(rows, key):
    """The row of a job, apart from its session."""
    with rows() as session:
        job = session.get_one(Job, key)
        session.expunge(job)
        return job


# ---- one job ----------------------------------------------------------------------------------------------


def test_a_job_is_done_and_tells_what_came_of_it(app, rows):
    def run(work):
        work.log(Label("Began with %(name)s"), name="<b>100%</b>")
        work.session.add(Department(name=f"{work.arguments['name']} {work.at.date()}", path="/x/"))
        return Told.of(Label("Planted %(count)s"), count=3)

    key = put(rows, plant(run), {"name": "三部"})
    with time_machine.travel(NOON + timedelta(days=365), tick=False):
        assert run_due(app) == 1
    job = job_of(rows, key)
    assert (job.state, job.tries, str(job.outcome), str(job.title)) == (JobState.DONE, 1, "Planted 3", "Planted")
    assert job.ended_at >= job.started_at and job.milliseconds == 0
    assert [str(told) for _, told in job.lines] == ["Began with <b>100%</b>"]
    with rows() as session:
        assert session.scalar(select(Department.name).where(Department.path == "/x/")) == "三部 2027-03-04"


def test_a_job_waits_for_its_time_and_for_the_commit(app, rows):
    kind = plant(well)
    with rows() as session:
        enqueue(session, kind, {}, at=now())
        session.rollback()
    key = put(rows, kind, at=now() + timedelta(minutes=5))
    assert run_due(app) == 0
    with time_machine.travel(now() + timedelta(minutes=6)):
        assert run_due(app) == 1
    assert job_of(rows, key).state is JobState.DONE


def test_what_breaks_is_rolled_back_and_tried_again_later_and_later(app, rows, caplog):
    def run(work):
        work.session.add(Department(name="halb", path="/x/"))
        work.session.flush()
        raise RuntimeError("a defect")

    key, at = put(rows, plant(run)), now()
    for tries, wait in ((1, 1), (2, 5)):
        with time_machine.travel(at, tick=False):
            assert run_due(app) == 1
            job = job_of(rows, key)
            assert (job.state, job.tries, job.due_at) == (JobState.WAITING, tries, at + timedelta(minutes=wait))
            assert run_due(app) == 0
            at = job.due_at
    with time_machine.travel(at, tick=False):
        assert run_due(app) == 1
    job = job_of(rows, key)
    assert (job.state, job.tries, len(list(job.lines))) == (JobState.FAILED, 3, 3)
    assert f"job {key}, try 3" in str(job.outcome) and "a defect" not in str(job.outcome)
    assert f"job {key} (planted), try 3, broke" in caplog.text and "a defect" in caplog.text
    with rows() as session:
        assert session.scalar(select(Department.id).where(Department.path == "/x/")) is None
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.kind == AuditKind.JOB))
        assert (entry.table_name, entry.row_id, entry.person_id) == ("jobs", key, None)
        assert '["running", "failed"]' in entry.changes


def test_a_rule_that_says_no_ends_it_with_its_sentence(app, rows):
    def run(_work):
        raise WrongState(Label("Only a failed job can be tried again."))

    key = put(rows, plant(run))
    assert run_due(app) == 1
    job = job_of(rows, key)
    assert (job.state, job.tries) == (JobState.FAILED, 1)
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        assert str(job.outcome) == "只有执行失败的任务才能重试。"


def test_a_kind_that_nobody_knows_any_more_fails(app, rows):
    key = put(rows, plant(well))
    kinds().clear()
    assert run_due(app) == 1
    assert job_of(rows, key).state is JobState.FAILED


def test_a_failed_job_is_tried_once_more(app, rows, caplog):
    key = put(rows, plant(lambda _work: 1 / 0, most_tries=1))
    for tries in (1, 2):
        run_due(app)
        job = job_of(rows, key)
        assert (job.state, job.tries) == (JobState.FAILED, tries)
        with rows() as session:
            retry(session, session.get_one(Job, key), by=session.info["actor"], at=now())
    with rows() as session, pytest.raises(WrongState):
        retry(session, session.get_one(Job, key), by=session.info["actor"], at=now())


# ---- in whose name ----------------------------------------------------------------------------------------


def test_a_job_for_a_person_sees_and_writes_what_he_does(app, rows):
    seen = {}

    def run(work):
        names = work.session.scalars(select(Opportunity.customer_name)).all()
        seen[work.arguments["who"]] = (len(names), work.session.info["origin"].person_name)
        work.progress(1, 2)
        return Told("Well")

    kind = plant(run)
    for who in ("narrow", "manager_a"):
        put(rows, kind, {"who": who}, for_person=key_of(app, who))
    put(rows, kind, {"who": "system"})
    assert run_due(app) == 3
    assert seen == {"narrow": (1, "narrow"), "manager_a": (7, "manager_a"), "system": (7, "")}


def test_a_job_writes_nothing_that_its_person_may_not(app, rows):
    def run(work):
        one = work.session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("温州"))).one()
        one.summary = "changed"
        return Told("Well")

    key = put(rows, plant(run), for_person=key_of(app, "manager_a"))
    assert run_due(app) == 1
    assert job_of(rows, key).state is JobState.FAILED
    with rows() as session:
        assert session.scalar(select(func.count()).where(Opportunity.summary == "changed")) == 0


def test_a_disabled_person_has_nothing_done(app, rows):
    key = put(rows, plant(well), for_person=key_of(app, "disabled"))
    assert run_due(app) == 1
    assert job_of(rows, key).state is JobState.FAILED


def test_a_person_puts_down_a_job_of_his_own(app, session_of, rows):
    kind = plant(well)
    with session_of("manager_a") as (session, by):
        enqueue(session, kind, {}, for_person=by.person_id, at=now())
        session.commit()
        assert [job.person_id for job in session.scalars(select(Job))] == [by.person_id]
    put(rows, kind)
    with session_of("manager_b") as (session, _):
        assert session.scalars(select(Job)).all() == []
    with session_of("admin") as (session, _):
        assert len(session.scalars(select(Job)).all()) == 2


# ---- progress, and losing the job ---------------------------------------------------------------------------


def test_progress_is_seen_while_it_runs_and_keeps_what_is_done(app, rows):
    seen: list[tuple] = []

    def run(work):
        for number in range(1, 3):
            work.session.add(Department(name=f"部{number}", path="/x/"))
            work.log(Label("Planted %(count)s"), count=number)
            work.progress(number, 4)
            job = job_of(rows, key)
            seen.append((job.state, job.done, job.total, len(list(job.lines))))
        raise RuntimeError("a defect")

    key = put(rows, plant(run, most_tries=1))
    run_due(app)
    assert seen == [(JobState.RUNNING, 1, 4, 1), (JobState.RUNNING, 2, 4, 2)]
    assert job_of(rows, key).state is JobState.FAILED
    with rows() as session:
        assert session.scalar(select(func.count()).where(Department.path == "/x/")) == 2


def silence(rows, key):
    """The runner of a job was not heard of for long."""
    with rows() as session:
        session.execute(update(Job).where(Job.id == key).values(beat_at=now() - timedelta(minutes=3)))


def test_a_job_whose_runner_was_killed_is_taken_up(app, rows):
    key = put(rows, plant(well))
    with app.app_context():
        assert queue.claim(key, now()) is not None
        assert queue.claim(key, now()) is None
    assert run_due(app) == 0
    silence(rows, key)
    with app.app_context():
        queue.beat({key}, now())
    assert run_due(app) == 0
    silence(rows, key)
    assert run_due(app) == 1
    job = job_of(rows, key)
    assert (job.state, job.tries, len(list(job.lines))) == (JobState.DONE, 2, 1)


def test_a_job_that_kills_its_runner_each_time_fails_in_the_end(app, rows):
    key = put(rows, plant(well))
    for _ in range(3):
        with app.app_context():
            assert queue.claim(key, now()) is not None
        silence(rows, key)
        look_round(app)
    assert job_of(rows, key).state is JobState.FAILED


def test_who_was_overtaken_keeps_nothing_of_what_he_did(app, rows, caplog):
    """A worker that stood still for minutes and goes on."""

    def run(work):
        work.session.add(Department(name=f"try {len(begun)}", path="/x/"))
        begun.append(1)
        if len(begun) == 1:
            silence(rows, key)
            look_round(app)
            run_job(app, key)
        return Told("Well")

    begun: list[int] = []
    key = put(rows, plant(run))
    assert run_due(app) == 1
    assert "was taken up by somebody else" in caplog.text
    assert (job_of(rows, key).state, job_of(rows, key).tries) == (JobState.DONE, 2)
    with rows() as session:
        assert session.scalars(select(Department.name).where(Department.path == "/x/")).all() == ["try 1"]


def test_a_long_log_keeps_its_end(app, rows, monkeypatch):
    monkeypatch.setattr(queue, "LONGEST_LOG", 500)

    def run(work):
        for number in range(100):
            work.log(Label("Planted %(count)s"), count=number)
        return Told("Well")

    key = put(rows, plant(run))
    run_due(app)
    lines = [str(told) for _, told in job_of(rows, key).lines]
    assert 3 <= len(lines) < 20 and lines[-1] == "Planted 99"


# ---- workers ----------------------------------------------------------------------------------------------


def until(condition, seconds=30):
    """Wait until something is so."""
    end = now() + timedelta(seconds=seconds)
    while not condition():
        assert now() < end, "it did not come so far"
        threading.Event().wait(0.05)


def test_two_workers_run_forty_jobs_once_each(app, rows):
    def run(work):
        work.session.add(Department(name=f"部{work.arguments['number']}", path="/x/"))
        work.session.flush()
        threading.Event().wait(0.005)
        return Told("Well")

    kind = plant(run)
    with rows() as session:
        for number in range(40):
            enqueue(session, kind, {"number": number}, at=now())

    def are_done():
        with rows() as session:
            return session.scalar(select(func.count()).where(Job.state == JobState.DONE)) == 40

    with working(app), working(app):
        until(are_done)
    with rows() as session:
        made = session.scalars(select(Department.name).where(Department.path == "/x/")).all()
        assert sorted(made) == sorted(f"部{number}" for number in range(40))
        assert set(session.scalars(select(Job.tries))) == {1}


def test_eight_at_once_claim_one_job_once(app, rows):
    key, won, start = put(rows, plant(well)), [], threading.Barrier(8)

    def reach():
        start.wait()
        won.append(run_job(app, key))

    threads = [threading.Thread(target=reach) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]


def test_a_worker_begins_at_once_what_its_process_puts_down(app, rows, monkeypatch):
    monkeypatch.setattr("app.jobs.frame.worker.LOOKS_EVERY", 60)
    kind = plant(well)
    with working(app):
        with app.app_context():
            until(lambda: not is_silent(db.session(), now()))
            db.session.remove()
        key = put(rows, kind)
        until(lambda: job_of(rows, key).state is JobState.DONE, seconds=5)


def test_a_worker_outlives_a_database_that_is_away(app, rows, monkeypatch, caplog):
    from sqlalchemy.exc import OperationalError

    calls = []

    def look(*_arguments, **_more):
        calls.append(1)
        if len(calls) == 1:
            raise OperationalError("x", {}, Exception("away"))
        return look_round(*_arguments, **_more)

    monkeypatch.setattr("app.jobs.frame.worker.look_round", look)
    monkeypatch.setattr("app.jobs.frame.worker.LOOKS_EVERY", 0.05)
    key = put(rows, plant(well))
    with working(app):
        until(lambda: job_of(rows, key).state is JobState.DONE)
    assert "cannot be looked at now" in caplog.text


def test_a_worker_says_that_it_lives_only_now_and_then(app, rows):
    with rows() as session:
        assert is_silent(session, now())
    run_due(app)
    with rows() as session:
        assert not is_silent(session, now())
        assert is_silent(session, now() + timedelta(minutes=6))


# ---- schedule ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "at", "last", "following"),
    [
        (timedelta(minutes=15), "2026-03-04 12:07:09", "2026-03-04 12:00", "2026-03-04 12:15"),
        (timedelta(minutes=1), "2026-03-04 12:07:00", "2026-03-04 12:07", "2026-03-04 12:08"),
        (time(3, 0), "2026-03-04 12:07:00", "2026-03-04 03:00", "2026-03-05 03:00"),
        (time(3, 0), "2026-03-04 02:59:59", "2026-03-03 03:00", "2026-03-04 03:00"),
        (Weekly(5, time(2, 0)), "2026-03-04 12:07:00", "2026-02-28 02:00", "2026-03-07 02:00"),
        (Weekly(5, time(2, 0)), "2026-03-07 01:59:59", "2026-02-28 02:00", "2026-03-07 02:00"),
        (Weekly(5, time(2, 0)), "2026-03-07 02:00:00", "2026-03-07 02:00", "2026-03-14 02:00"),
        (Weekly(0, time(0, 0)), "2026-03-02 00:00:00", "2026-03-02 00:00", "2026-03-09 00:00"),
        (Weekly(6, time(23, 0)), "2026-01-04 22:00:00", "2025-12-28 23:00", "2026-01-04 23:00"),
    ],
)
def test_the_moments_of_the_schedule(every, at, last, following):
    moments = (datetime.fromisoformat(text).replace(tzinfo=SHANGHAI) for text in (at, last, following))
    at, last, following = (moment.astimezone(UTC) for moment in moments)
    assert schedule.latest_tick(every, at, SHANGHAI) == last
    assert schedule.next_tick(every, at, SHANGHAI) == following


def ticks(rows):
    """The moments of the schedule that were put down, with their states."""
    with rows() as session:
        return [(job.tick, job.state.value) for job in session.scalars(select(Job).order_by(Job.id))]


def test_each_moment_comes_once_and_what_was_missed_does_not_come_again(app, rows):
    plant(well, every=timedelta(hours=1))
    with time_machine.travel(NOON, tick=False):
        assert (run_due(app), run_due(app)) == (1, 0)
    with time_machine.travel(NOON + timedelta(hours=30, minutes=5), tick=False):
        assert (run_due(app), run_due(app)) == (1, 0)
    assert ticks(rows) == [(NOON, "done"), (NOON + timedelta(hours=30), "done")]


def test_many_machines_put_down_one_moment(app, rows):
    plant(well, every=timedelta(hours=1))
    start = threading.Barrier(6)

    def look():
        start.wait()
        with app.app_context():
            schedule.put_down_ticks(NOON, SHANGHAI)

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ticks(rows) == [(NOON, "waiting")]


def test_a_moment_waits_for_the_one_before_to_end(app, rows):
    plant(well, every=timedelta(hours=1))
    with time_machine.travel(NOON, tick=False):
        (key,) = look_round(app)
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        assert look_round(app) == [key]
        assert run_due(app) == 2
    assert [state for _, state in ticks(rows)] == ["done", "done"]


def test_of_what_went_well_only_the_last_moments_are_kept(app, rows, monkeypatch):
    monkeypatch.setattr(schedule, "KEPT_TICKS", 3)
    plant(well, every=timedelta(hours=1))
    for hours in range(8):
        with time_machine.travel(NOON + timedelta(hours=hours), tick=False):
            run_due(app)
    assert [tick for tick, _ in ticks(rows)] == [NOON + timedelta(hours=hours) for hours in (4, 5, 6, 7)]


# ---- a later feature only adds a file -----------------------------------------------------------------------


def test_the_guide_adds_a_kind_by_one_file(app, rows, tmp_path, monkeypatch):
    from pathlib import Path

    guide = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    code = guide.partition("## Add a job")[2].partition("```python\n")[2].partition("```")[0]
    (tmp_path / "newcomers.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    found = kinds.__wrapped__()
    assert {"tell_due", "forget_jobs"} < found.keys()
    (added,) = (key for key, kind in found.items() if kind.run.__module__ == "app.jobs.newcomers")
    kinds()[added] = found[added]
    assert run_due(app) == 1
    with rows() as session:
        job = session.scalars(select(Job)).one()
        assert (job.kind, job.state) == (added, JobState.DONE)


def test_every_key_is_one_kind():
    found = kinds.__wrapped__()
    assert all(len(kind.key) <= Model.metadata.tables["jobs"].c.kind.type.length for kind in found.values())
    assert len({str(kind.label) for kind in found.values()}) == len(found) >= 3


# ---- the first jobs -----------------------------------------------------------------------------------------


def run_kind(app, rows, kind):
    """Do what a kind does, once; returns what came of it."""
    kinds()[kind.key] = Kind(kind.key, kind.label, kind.run)
    key = put(rows, kind)
    run_due(app)
    job = job_of(rows, key)
    assert job.state is JobState.DONE
    return str(job.outcome)


def test_what_is_due_is_told_to_everybody(app, rows):
    with rows() as session:
        for item in session.scalars(select(PlanItem)):
            item.planned_on = now().date() - timedelta(days=1)
    assert run_kind(app, rows, TELL_DUE).endswith("3")
    assert run_kind(app, rows, TELL_DUE).endswith("0")


def test_old_reminders_are_deleted(app, rows):
    with rows() as session:
        reminders = session.scalars(select(Reminder).order_by(Reminder.id)).all()
        count = len(reminders)
        for reminder in reminders:
            reminder.created_on = now() - timedelta(days=KEEP_REMINDERS_DAYS.default - 1)
        reminders[0].created_on = now() - timedelta(days=KEEP_REMINDERS_DAYS.default + 1)
    assert run_kind(app, rows, FORGET_REMINDERS).endswith(" 1")
    with rows() as session:
        assert session.scalar(select(func.count(Reminder.id))) == count - 1


def test_old_jobs_are_deleted_when_they_ended(app, rows):
    kind = plant(well)
    for _ in range(4):
        put(rows, kind)
    states = (JobState.DONE, JobState.FAILED, JobState.WAITING, JobState.DONE)
    old = now() - timedelta(days=KEEP_JOBS_DAYS.default + 1)
    with rows() as session:
        for job, state in zip(session.scalars(select(Job).order_by(Job.id)).all(), states, strict=True):
            job.state, job.ended_at, job.due_at = state, old, now() + timedelta(days=1)
        job.ended_at = now()
    assert run_kind(app, rows, FORGET_JOBS).endswith(" 2")
    with rows() as session:
        assert session.scalar(select(func.count(Job.id))) == 3


def test_work_tells_the_company_s_day(app, rows):
    days: list[str] = []

    def run(work: Work) -> Told:
        days.append(str(work.at.date()))
        return Told("Well")

    key = put(rows, plant(run), at=NOON)
    with time_machine.travel(datetime(2026, 3, 4, 17, 0, tzinfo=UTC), tick=False):
        run_due(app)
    assert days == ["2026-03-05"]
    assert job_of(rows, key).state is JobState.DONE
