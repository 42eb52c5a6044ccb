"""The time of a request at the door: figures with their intervals, waiting for the customer, deadlines in words."""

import re

import pytest
import time_machine
from sqlalchemy import select

from app.models import Priority, ServicePause, ServiceRequest, ServiceStatus
from app.views.deadlines import due_cell
from app.views.services_time import time_block
from tests.browsing import text_of
from tests.service_requests import moment, request_of
from tests.walk import everything

NOW = "2026-03-03 11:00"


@pytest.fixture(autouse=True)
def _on_tuesday():
    with time_machine.travel(moment(NOW), tick=False):
        yield


@pytest.fixture
def key(rows):
    """A request that manager_a has to process since Monday 10:00, of the highest priority."""
    with rows() as session:
        row = request_of(
            session, assigned="2026-03-02 10:00", created="2026-03-02 09:20", priority=Priority.MOST_URGENT
        )
        row.due_on = moment("2026-03-02 15:00")
        return row.id


def minutes_of(page):
    """What the rows of a page count."""
    return [int(found) for found in re.findall(r'data-minutes="(\d+)"', page.get_data(as_text=True))]


def test_the_rows_add_up_to_the_figure(as_, key):
    expected = {
        "assign": ([40], "40 分"),
        "process": ([120, 0, 300, 0, 120], "9 小时"),
        "total": ([160, 0, 300, 0, 120], "9 小时 40 分"),
    }
    for part, (minutes, figure) in expected.items():
        page = as_("manager_a").get(f"/services/time/{key}?part={part}")
        assert minutes_of(page) == minutes
        assert f"合计 {figure} 工作时间" in text_of(page)


def test_what_is_left_out_says_why_in_the_readers_language(as_, key, rows):
    with rows() as session:
        request = session.get_one(ServiceRequest, key)
        request.assigned_on = moment("2026-02-13 17:00")
        wait = {"began_on": moment("2026-02-25 10:00"), "ended_on": moment("2026-02-25 15:00")}
        session.add(ServicePause(request=request, note="等样品", **wait))
    page = text_of(as_("manager_a").get(f"/services/time/{key}?part=process"))
    for word in ("午休", "非工作时间", "周末", "春节", "等待客户"):
        assert word in page
    english = text_of(as_("manager_a", locale="en").get(f"/services/time/{key}?part=process"))
    for word in ("Lunch break", "Off hours", "Weekend", "Spring Festival", "Waiting for the customer"):
        assert word in english
    assert "春节" not in english


def test_a_dialog_has_the_inside_alone_and_nonsense_shows_the_whole(as_, key):
    page = as_("manager_a").get(f"/services/time/{key}?part=x", headers={"HX-Request": "true"})
    body = page.get_data(as_text=True)
    assert "<html" not in body and 'data-dialog aria-current="page"' in body
    assert minutes_of(page) == [160, 0, 300, 0, 120]


def test_an_unknown_year_is_told(as_, key, rows):
    with rows() as session:
        session.get_one(ServiceRequest, key).created_on = moment("2024-12-30 10:00")
    assert "2024 年的法定节假日未知" in text_of(as_("manager_a").get(f"/services/time/{key}?part=total"))


def test_the_assignee_lets_the_clock_stand_and_go_on(as_, key, rows):
    browser = as_("manager_a")
    answer = browser.submit(f"/services/wait/{key}", note="等客户寄回样品")
    assert (answer.status_code, answer.location) == (302, f"/services/show/{key}")
    with rows() as session:
        assert session.get_one(ServiceRequest, key).due_on is None
        assert session.scalars(select(ServicePause.note)).all() == ["等客户寄回样品"]
    again = browser.post(f"/services/wait/{key}", {"note": "再等"})
    assert again.status_code == 409 and "已在等待客户" in text_of(again) and "再等" in again.get_data(as_text=True)
    with time_machine.travel(moment("2026-03-03 12:30"), tick=False):
        assert browser.post(f"/services/resume/{key}").status_code == 302
    with rows() as session:
        # Overdue since Monday 15:00; one working hour was waited.
        assert session.get_one(ServiceRequest, key).due_on == moment("2026-03-02 16:00")


def test_what_is_typed_too_long_comes_back(as_, key):
    answer = as_("manager_a").post(f"/services/wait/{key}", {"note": "等" * 201})
    assert answer.status_code == 422 and "等" * 201 in answer.get_data(as_text=True)
    assert as_("manager_a").post(f"/services/wait/{key}", {"status": "archived"}).status_code == 400


def test_nobody_else_does_it_and_nobody_learns_of_what_he_does_not_see(as_, key, app, rows):
    before = everything(app)
    for who, code in {"manager_b": 403, "supervisor": 403, "executive": 403, "nobody": 403, "narrow": 404}.items():
        for path in ("wait", "resume"):
            assert as_(who).post(f"/services/{path}/{key}").status_code == code, (who, path)
    assert as_("narrow").get(f"/services/time/{key}").status_code == 404
    assert as_("manager_a").get("/services/time/99999999999999999999").status_code == 404
    assert everything(app) == before


# ---- in words ---------------------------------------------------------------------------------------------


WORDS = [
    ("2026-03-03 14:10", "还剩 2 小时 10 分", "open"),
    ("2026-03-03 14:00", "还剩 2 小时", "new"),
    ("2026-03-03 11:00", "还剩 0 分", "new"),
    ("2026-03-03 10:25", "已超时 35 分", "bad"),
    ("2026-03-02 15:00", "已超时 5 小时", "bad"),
    (None, "等待客户", "later"),
]


def test_a_deadline_in_words(rows, session_of):
    with rows() as session:
        keys = [request_of(session, assigned="2026-03-02 10:00", due_on=due and moment(due)).id for due, _, _ in WORDS]
    with session_of("manager_a") as (session, _):
        for key, (due, words, look) in zip(keys, WORDS, strict=True):
            cell = due_cell(session.get_one(ServiceRequest, key))
            assert (cell.text, cell.look, cell.title) == (words, look, due or "")


def test_what_passed_outside_of_the_hours_is_past_without_a_minute(rows, session_of):
    with rows() as session:
        key = request_of(session, assigned="2026-03-02 10:00", due_on=moment("2026-03-02 18:00")).id
        done = request_of(session, assigned="2026-03-02 10:00", status=ServiceStatus.ARCHIVED).id
    with session_of("manager_a") as (session, _), time_machine.travel(moment("2026-03-02 21:00"), tick=False):
        assert due_cell(session.get_one(ServiceRequest, key)).text == "已超时"
        assert due_cell(session.get_one(ServiceRequest, done)).text == "—"


def test_the_block_of_a_request(key, session_of, app):
    from flask import g

    def block(who):
        with session_of(who) as (session, by):
            g.actor = by
            return time_block(session.get_one(ServiceRequest, key))

    mine, other = block("manager_a"), block("supervisor")
    assert mine["countdown"].in_full == "已超时 5 小时（工作时间）"
    assert [words for _, words, _ in mine["figures"]] == ["40 分", "9 小时", "9 小时 40 分"]
    assert [button.key for button in mine["buttons"]] == ["wait"] and other["buttons"] == []
    assert mine["due_on"] == "2026-03-02 15:00" and mine["unknown"] == ""
