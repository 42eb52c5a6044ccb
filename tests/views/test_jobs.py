"""Jobs at the door: everybody's own, the administrator's list and schedule, trying again, and what it shows."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.actions.jobs import retry
from app.clock import now
from app.errors import WrongState
from app.i18n import Label, Told
from app.jobs.frame import Kind, enqueue, kinds, run_due
from app.models import AuditEntry, AuditKind, Job, JobState
from tests.browsing import Browser, text_of
from tests.cast import key_of
from tests.walk import counted, everything


def put(rows, app, who=None, *, state=JobState.FAILED, kind="tell_due", **more):
    """A job of somebody (of the system, when not said) in a state; returns its key."""
    with rows() as session:
        person_id = key_of(app, who) if who else None
        job = enqueue(session, kinds()[kind], {}, for_person=person_id, at=now())
        job.state, job.tries = state, 1
        if state is not JobState.WAITING:
            job.started_at = job.beat_at = now() - timedelta(seconds=75)
        if state in {JobState.DONE, JobState.FAILED}:
            job.ended_at, job.milliseconds = now(), 75_000
            job.outcome = Told.of(Label("The program ended while it did this."))
        for name, value in more.items():
            setattr(job, name, value)
        session.flush()
        return job.id


def test_everybody_sees_his_own_and_the_administrator_all(as_, rows, app):
    put(rows, app, kind="forget_jobs")
    put(rows, app, "manager_a")
    for who, seen in (("admin", (True, True)), ("manager_a", (False, True)), ("manager_b", (False, False))):
        page = as_(who).get("/jobs/list/")
        text = text_of(page)
        rows_text = page.get_data(as_text=True).partition("<tbody>")[2]
        assert page.status_code == 200, text
        assert ("清理过期任务" in rows_text, "到期提醒" in rows_text) == seen
    assert as_("admin").get("/jobs/count").get_data(as_text=True) == "2"
    assert as_("nobody").get("/jobs/count").get_data(as_text=True) == "0"


def test_a_job_of_somebody_else_is_closed_at_every_door(as_, rows, app):
    key, before = put(rows, app, "manager_a"), everything(app)
    for who in ("manager_b", "supervisor", "nobody"):
        assert as_(who).get(f"/jobs/show/{key}").status_code == 404
        assert as_(who).post(f"/jobs/retry/{key}").status_code == 404
        assert as_(who).post("/jobs/run/tell_due").status_code == 403
        assert as_(who).get("/jobs/schedule").status_code == 403
    assert everything(app) == before
    assert as_("manager_a").get(f"/jobs/show/{key}").status_code == 200


def test_the_menu_leads_there_for_who_sees_all(as_):
    assert {"/jobs/list/", "/jobs/schedule", "/settings"} <= set(hrefs(as_("admin").get("/")))
    assert not {"/jobs/list/", "/jobs/schedule", "/settings"} & set(hrefs(as_("manager_a").get("/")))


def hrefs(page):
    """Every address the page leads to."""
    return [part.partition('"')[0] for part in page.get_data(as_text=True).split('href="')[1:]]


def test_a_page_says_everything_about_a_job(as_, rows, app):
    line = json.dumps(["2026-03-04T04:00:00+00:00", "Reminders written: %(count)s", {"count": 7}]) + "\n"
    key = put(rows, app, "manager_a", log=line)
    text = text_of(as_("manager_a").get(f"/jobs/show/{key}"))
    for part in (
        "到期提醒",
        "执行失败",
        "林知远",
        "1 分 15 秒",
        "执行过程中程序被终止。",
        "2026-03-04 12:00",
        "已生成提醒 7 条",
    ):
        assert part in text
    text = text_of(as_("admin", locale="en").get(f"/jobs/show/{key}"))
    for part in ("Tell what is due", "Failed", "1 min 15 s", "The program ended while it did this.", "written: 7"):
        assert part in text


def test_progress_is_a_bar_that_comes_anew_without_counting_as_work(as_, rows, app):
    key = put(rows, app, state=JobState.RUNNING, done=45, total=100)
    for path in ("/jobs/list/", f"/jobs/show/{key}", "/jobs/schedule"):
        body = as_("admin").get(path).get_data(as_text=True)
        assert "<progress" in body and 'value="45"' in body and "45%" in body, path
        assert 'hx-trigger="every 4s"' in body and '"X-Quiet": "yes"' in body
    with rows() as session:
        session.get_one(Job, key).state = JobState.DONE
    for path in ("/jobs/list/", f"/jobs/show/{key}", "/jobs/schedule"):
        assert "every 4s" not in as_("admin").get(path).get_data(as_text=True)


FILTERS = {
    "": 3,
    "kind=tell_due": 2,
    "kind=清理过期任务": 1,
    "state=failed": 1,
    "state=等待中": 1,
    "person=manager_a": 1,
    "due_at_from=2100-01-01": 0,
}


def test_filters(as_, rows, app):
    put(rows, app)
    put(rows, app, "manager_a", state=JobState.DONE)
    put(rows, app, state=JobState.WAITING, kind="forget_jobs")
    for query, count in FILTERS.items():
        assert as_("admin").get(f"/jobs/count?{query}").get_data(as_text=True) == str(count), query


def test_a_filter_nobody_knows_is_a_bad_address(as_):
    assert as_("admin").get("/jobs/list/?kind=nothing").status_code == 400


@pytest.mark.parametrize("who", ["admin", "manager_a"])
def test_a_failed_job_is_tried_again_and_the_log_says_who(as_, rows, app, who):
    key, browser = put(rows, app, "manager_a"), as_(who)
    assert f'action="/jobs/retry/{key}"' in browser.get(f"/jobs/show/{key}").get_data(as_text=True)
    answer = browser.post(f"/jobs/retry/{key}")
    assert (answer.status_code, answer.location) == (302, f"/jobs/show/{key}")
    assert browser.post(f"/jobs/retry/{key}").status_code == 409
    with rows() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.kind == AuditKind.JOB))
        assert (entry.person_name, entry.table_name, entry.row_id) == (who, "jobs", key)
    run_due(app)
    with rows() as session:
        assert session.get_one(Job, key).state is JobState.DONE


@pytest.mark.parametrize("state", [JobState.WAITING, JobState.RUNNING, JobState.DONE])
def test_only_a_failed_job_can_be_tried_again(as_, rows, app, state):
    key = put(rows, app, "manager_a", state=state)
    before = everything(app)
    assert "/jobs/retry/" not in as_("manager_a").get(f"/jobs/show/{key}").get_data(as_text=True)
    answer = as_("manager_a").post(f"/jobs/retry/{key}")
    assert answer.status_code == 409 and "只有执行失败的任务才能重试" in text_of(answer)
    assert everything(app) == before


def test_of_two_who_try_again_at_once_one_is_told(rows, app, session_of):
    key = put(rows, app)
    with session_of("admin") as (session, by):
        job = session.get_one(Job, key)
        retry(session, job, by=by, at=now())
        with pytest.raises(WrongState):
            retry(session, job, by=by, at=now())


def test_the_schedule_says_when_and_is_begun_by_hand(as_, rows, app):
    text = text_of(as_("admin").get("/jobs/schedule"))
    for part in ("到期提醒", "每 15 分钟", "每天 03:00", "清理过期任务"):
        assert part in text
    assert as_("admin").post("/jobs/run/tell_due").status_code == 302
    assert as_("admin").post("/jobs/run/tell_due").status_code == 409
    assert as_("admin").post("/jobs/run/nothing").status_code == 404
    run_due(app)
    text = text_of(as_("admin").get("/jobs/schedule"))
    assert "已生成提醒" in text and "已完成" in text
    with rows() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.kind == AuditKind.JOB))
        assert (entry.person_name, entry.table_name) == ("admin", "jobs")


def test_only_what_has_a_schedule_is_begun_by_hand(as_, app):
    kinds()["planted"] = Kind("planted", Label("Planted"), lambda _work: Told("Well"))
    try:
        assert as_("admin").post("/jobs/run/planted").status_code == 404
        assert "Planted" not in text_of(as_("admin").get("/jobs/schedule"))
    finally:
        del kinds()["planted"]


def test_every_change_needs_the_token(strict_app, rows):
    for path in ("/jobs/retry/1", "/jobs/run/tell_due"):
        assert Browser(strict_app, "admin").post(path).status_code == 400


def test_the_page_says_when_nobody_works(as_, app):
    paths = ("/jobs/list/", "/jobs/schedule")
    assert all("flask crm worker" in text_of(as_("admin").get(path)) for path in paths)
    assert "flask crm worker" not in text_of(as_("manager_a").get("/jobs/list/"))
    run_due(app)
    assert not any("flask crm worker" in text_of(as_("admin").get(path)) for path in paths)


def test_statements_do_not_grow_with_the_rows(as_, rows, app):
    browser = as_("admin")
    for _ in range(2):
        put(rows, app, "manager_a")
    with counted(app) as few:
        browser.get("/jobs/list/")
    for who in ("manager_b", "supervisor", "executive", "narrow"):
        put(rows, app, who)
    with counted(app) as many:
        browser.get("/jobs/list/")
    assert len(many) == len(few) <= 12
