"""System settings at the door: who sees and changes them, their limits, two who change them, and the log."""

import json
import threading

import pytest
from flask_babel import force_locale
from sqlalchemy import select

from app.actions.settings import IDLE_MINUTES, KEEP_JOBS_DAYS, SETTINGS, change_settings, value_of
from app.errors import Forbidden, Invalid
from app.models import SettingValue
from tests.browsing import Browser, fields_of, text_of
from tests.walk import everything


def values(rows):
    """What is stored."""
    with rows() as session:
        return {row.key: json.loads(row.value) for row in session.scalars(select(SettingValue))}


def test_every_setting_stands_there_with_its_limits_and_default(app, as_):
    page = as_("admin").get("/settings")
    text = text_of(page)
    fields = fields_of(page, "/settings")
    for one in SETTINGS:
        with app.test_request_context(), force_locale("zh"):
            limits = [str(word) for word in one.words] or [f"{one.shown(one.least)}–{one.shown(one.most)}"]
            default = one.shown(one.default)
        assert all(part in text for part in limits) and f"恢复默认值 {default}" in text
        assert fields[one.key] == (str(one.default) if one.words else default)
    assert "登录与会话" in text and "数据保留" in text and "天" in text
    assert "5–1440" in text_of(as_("admin", locale="en").get("/settings"))


def test_what_is_changed_is_kept_and_holds(as_, rows):
    answer = as_("admin").submit("/settings", idle_minutes="30")
    assert (answer.status_code, answer.location) == (302, "/settings")
    assert values(rows) == {"idle_minutes": 30}
    with rows() as session:
        assert value_of(session, IDLE_MINUTES) == 30
        assert value_of(session, KEEP_JOBS_DAYS) == KEEP_JOBS_DAYS.default
    assert as_("admin").submit("/settings", idle_minutes=str(IDLE_MINUTES.default)).status_code == 302
    assert values(rows) == {"idle_minutes": IDLE_MINUTES.default}


def test_saving_without_a_change_writes_nothing(as_, app):
    before = everything(app)
    assert as_("admin").submit("/settings").status_code == 302
    assert everything(app) == before


@pytest.mark.parametrize("typed", ["4", "1441", "-1", "", "x", "3.5", "1e2", "9" * 5000, " "])
def test_what_does_not_fit_comes_back_as_it_was_typed(as_, app, typed):
    before = everything(app)
    answer = as_("admin").submit("/settings", idle_minutes=typed, keep_jobs_days="77")
    assert answer.status_code == 422
    fields = fields_of(answer, "/settings")
    assert (fields["idle_minutes"], fields["keep_jobs_days"]) == (typed, "77")
    assert 'aria-invalid="true"' in answer.get_data(as_text=True)
    assert everything(app) == before


def test_a_setting_of_words_is_chosen_and_told_by_them(as_, rows):
    browser = as_("admin")
    assert browser.submit("/settings", churn_weekday="0", churn_from_creation="1").status_code == 302
    assert values(rows) == {"churn_weekday": 0, "churn_from_creation": 1}
    log = text_of(browser.get("/audit/list/"))
    assert "周一" in log and "是" in log
    for wrong in ("7", "-1", "周六", ""):
        answer = browser.submit("/settings", churn_weekday=wrong)
        assert answer.status_code == 422 and 'aria-invalid="true"' in answer.get_data(as_text=True)


def test_who_lost_a_setting_of_words_is_told_the_word(as_):
    first, second = as_("admin"), as_("admin")
    mine, theirs = (fields_of(one.get("/settings"), "/settings") for one in (first, second))
    second.post("/settings", {**theirs, "churn_weekday": "1"})
    answer = first.post("/settings", {**mine, "churn_weekday": "2"})
    assert answer.status_code == 409 and "期间有人将此项改为 周二" in text_of(answer)


def test_the_limits_are_said(as_):
    assert "请输入 5 到 1440 之间的数。" in text_of(as_("admin").submit("/settings", idle_minutes="4"))


def test_two_who_change_different_settings_keep_both(as_, rows):
    first, second = as_("admin"), as_("admin")
    mine, theirs = (fields_of(one.get("/settings"), "/settings") for one in (first, second))
    assert second.post("/settings", {**theirs, "idle_minutes": "30"}).status_code == 302
    assert first.post("/settings", {**mine, "keep_jobs_days": "77"}).status_code == 302
    assert values(rows) == {"idle_minutes": 30, "keep_jobs_days": 77}


def test_two_who_change_the_same_setting_are_told(as_, rows):
    first, second = as_("admin"), as_("admin")
    mine, theirs = (fields_of(one.get("/settings"), "/settings") for one in (first, second))
    second.post("/settings", {**theirs, "idle_minutes": "30", "longest_hours": "48"})
    answer = first.post("/settings", {**mine, "idle_minutes": "60", "keep_jobs_days": "77"})
    assert answer.status_code == 409
    assert "期间有人将此项改为 30" in text_of(answer)
    assert values(rows) == {"idle_minutes": 30, "longest_hours": 48}
    fields = fields_of(answer, "/settings")
    assert (fields["idle_minutes"], fields["longest_hours"], fields["keep_jobs_days"]) == ("60", "48", "77")
    assert first.post("/settings", fields).status_code == 302
    assert values(rows) == {"idle_minutes": 60, "longest_hours": 48, "keep_jobs_days": 77}


def test_both_typed_the_same_and_nothing_is_left_to_say(as_, rows):
    first, second = as_("admin"), as_("admin")
    mine, theirs = (fields_of(one.get("/settings"), "/settings") for one in (first, second))
    for browser, fields in ((second, theirs), (first, mine)):
        assert browser.post("/settings", {**fields, "idle_minutes": "30"}).status_code == 302
    assert values(rows) == {"idle_minutes": 30}


@pytest.mark.parametrize("seen", ["", "x", "[]", "[" * 9000, '{"idle_minutes": "30"}', "9" * 20_000, "null"])
def test_what_the_browser_says_it_saw_is_not_believed(as_, rows, seen):
    as_("admin").submit("/settings", idle_minutes="30")
    answer = as_("admin").submit("/settings", idle_minutes="60", seen=seen)
    assert answer.status_code == 409
    assert values(rows) == {"idle_minutes": 30}


def test_of_eight_at_once_one_is_kept_and_none_is_lost_silently(app, rows):
    """Each saw the same values; who comes later is refused by the value or by the version."""
    start, answers = threading.Barrier(8), []
    browsers = [Browser(app, "admin") for _ in range(8)]
    sent = [
        {**fields_of(one.get("/settings"), "/settings"), "idle_minutes": str(10 + n)} for n, one in enumerate(browsers)
    ]

    def save(browser, fields):
        start.wait()
        answers.append((browser.post("/settings", fields).status_code, int(fields["idle_minutes"])))

    threads = [threading.Thread(target=save, args=pair) for pair in zip(browsers, sent, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (kept,) = [minutes for code, minutes in answers if code == 302]
    assert {code for code, _ in answers} == {302, 409}
    assert values(rows) == {"idle_minutes": kept}


def test_who_meets_another_at_the_same_instant_is_shown_the_value_next(as_, rows, monkeypatch):
    """Between the look at the row and the writing of it."""
    from sqlalchemy.orm.exc import StaleDataError

    from app.views import settings

    def overtaken(session, *_arguments, **_more):
        with rows() as other:
            other.add(SettingValue(key="idle_minutes", value="30"))
        raise StaleDataError

    browser = as_("admin")
    with monkeypatch.context() as patch:
        patch.setattr(settings, "change_settings", overtaken)
        answer = browser.submit("/settings", idle_minutes="60")
    assert answer.status_code == 409
    again = browser.post("/settings", fields_of(answer, "/settings"))
    assert again.status_code == 409 and "期间有人将此项改为 30" in text_of(again)
    assert browser.post("/settings", fields_of(again, "/settings")).status_code == 302
    assert values(rows) == {"idle_minutes": 60}


def test_only_who_holds_the_right(as_, app):
    before = everything(app)
    for who in ("supervisor", "manager_a", "executive", "nobody"):
        assert as_(who).get("/settings").status_code == 403
        assert as_(who).post("/settings", {"idle_minutes": "30"}).status_code == 403
    assert as_().get("/settings").status_code == 302
    assert as_("admin").post("/settings", {"idle_minutes": "30", "hack": "1"}).status_code == 400
    assert everything(app) == before


def test_the_action_asks_for_right_and_limits_too(session_of):
    with session_of("manager_a") as (session, by), pytest.raises(Forbidden):
        change_settings(session, {"idle_minutes": 30}, by=by, seen={"idle_minutes": 120})
    with session_of("admin") as (session, by), pytest.raises(Invalid):
        change_settings(session, {"idle_minutes": 1}, by=by, seen={"idle_minutes": 120})


def test_a_change_needs_the_token(strict_app):
    assert Browser(strict_app, "admin").post("/settings", {"idle_minutes": "30"}).status_code == 400
