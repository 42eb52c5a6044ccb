"""Reminders at the door: the bell, the lists, reading them, what is due by itself, and the settings."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from app.actions.reminders import tell
from app.clock import now
from app.extensions import db
from app.models import Employee, Interaction, Opportunity, PlanItem, Reminder, ReminderSetting
from app.models.reminders import (
    KINDS,
    NEXT_CONTACT_DUE,
    OPPORTUNITY_ASSIGNED,
    OPPORTUNITY_TAKEN_OVER,
    PLAN_ITEM_DUE,
    Channel,
)
from app.security.actor import Actor
from tests.browsing import Browser, fields_of, text_of
from tests.cast import key_of
from tests.test_one_language import faults_of, write_in_latin
from tests.views.test_marketing import key_named
from tests.walk import counted, everything

PART = {"HX-Request": "true"}
NAME = "绍兴织野纺织机械有限公司"


@pytest.fixture(autouse=True)
def _nobody_was_told(rows):
    """Nobody begins with a reminder."""
    with rows() as session:
        for reminder in session.scalars(select(Reminder)):
            session.delete(reminder)


def remind(rows, username="manager_a", *, times=1, start="绍兴", kind=OPPORTUNITY_ASSIGNED):
    """Tell somebody something as often as said; returns the key of the last one."""
    with rows() as session:
        people = {person.username: person for person in session.scalars(select(Employee))}
        about = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith(start))).one()
        by, receivers = Actor(people["supervisor"].id), [people[username].id]
        values = {"name": about.customer_name, "after": "陈禾", "before": "林知远"}
        for number in range(times):
            key = f"{about.id}:{kind.key}{number}"
            tell(session, kind, receivers, key=key, about=about, values=values, by=by, at=now())
        return session.scalar(select(func.max(Reminder.id)))


def unread(rows):
    """Whose reminders are unread, and how many."""
    with rows() as session:
        statement = select(Employee.username, func.count()).join(Reminder, Reminder.person_id == Employee.id)
        found = session.execute(statement.where(Reminder.read_on.is_(None)).group_by(Employee.username))
        return dict(map(tuple, found))


def bell_of(page):
    """What the bell says and shows."""
    link = re.search(r'<a class="icon"\s+id="bell-link".*?</a>', page.get_data(as_text=True), re.S).group()
    number = re.search(r"<sup[^>]*>(.*?)</sup>", link)
    return re.search(r'aria-label="(.*?)"', link).group(1), number.group(1) if number else ""


# ---- the bell -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times", "number"),
    [(0, ""), (3, "3"), (99, "99"), (120, "99+")],
)
def test_the_bell_says_how_many_are_unread(as_, rows, times, number):
    remind(rows, times=times)
    zh = f"提醒，{number} 条未读" if number else "提醒"
    en = f"Reminders, {number} unread" if number else "Reminders"
    remind(rows, "manager_b")
    for path in ("/", "/opportunities/list/", "/opportunities/show/999"):
        assert bell_of(as_("manager_a").get(path)) == (zh, number)
    assert bell_of(as_("manager_a", locale="en").get("/")) == (en, number)
    assert bell_of(as_("admin").get("/")) == ("提醒", "")


def test_the_bell_takes_one_statement_by_an_index(as_, rows, app, backend):
    remind(rows, times=20)
    with counted(app) as seen:
        as_("manager_a").get("/opportunities/list/")
    asked = [statement for statement in seen if "reminders" in statement]
    assert len(asked) == 1
    if backend == "sqlite":
        with rows() as session:
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0]}", (1, 1, 100, 0)).all()
        assert "ix_reminders_person_id_read_on_id" in str(plan)


def test_who_is_signed_out_has_no_bell(as_):
    assert "bell-link" not in as_().get("/login/").get_data(as_text=True)


def test_a_failing_database_still_shows_its_page(as_, app, rows):
    """The page that says so carries a bell too, which must not fail again."""
    remind(rows)
    browser = as_("manager_a")
    browser.get("/")
    with app.app_context():
        engine = db.engine

    def listen(_connection, _cursor, statement, *_rest):
        if "reminders" in statement or "FROM opportunities" in statement:
            raise OperationalError(statement, {}, Exception("the server closed the connection"))

    event.listen(engine, "before_cursor_execute", listen)
    try:
        answer = browser.get("/opportunities/list/")
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    assert answer.status_code == 503
    assert bell_of(answer) == ("提醒", "")


def test_the_small_list_holds_the_latest_ten(as_, rows):
    remind(rows, times=12)
    browser = as_("manager_a")
    page = browser.get("/reminders/latest", headers=PART)
    assert page.get_data(as_text=True).count("<li") == 10
    assert "<html" not in page.get_data(as_text=True)
    for words in (f"许安宁将销售机会“{NAME}”指派给您", "全部标为已读", "查看全部", "提醒设置"):
        assert words in text_of(page)
    assert browser.get("/reminders/latest").location == "/reminders/list/"
    assert "暂无提醒" in text_of(as_("executive").get("/reminders/latest", headers=PART))


def test_all_are_read_from_the_small_list(as_, rows):
    remind(rows, times=3)
    remind(rows, "manager_b")
    page = as_("manager_a").post("/reminders/read", headers=PART)
    assert bell_of(page) == ("提醒", "")
    assert 'hx-swap-oob="true"' in page.get_data(as_text=True)
    assert "全部标为已读" not in text_of(page)
    assert NAME in text_of(page)
    assert unread(rows) == {"manager_b": 1}


# ---- the list ---------------------------------------------------------------------------------------------------


def test_the_list_is_paged_and_filtered(as_, rows):
    remind(rows, times=30)
    browser = as_("manager_a")
    body = browser.get("/reminders/list/").get_data(as_text=True)
    assert body.count("/reminders/open/") == 25
    assert browser.get("/reminders/list/?page=2").get_data(as_text=True).count("/reminders/open/") == 5
    assert browser.get("/reminders/list/?unread=yes&page_size=10").get_data(as_text=True).count("标为已读：") == 10
    assert browser.get("/reminders/count").get_data(as_text=True) == "30"
    browser.post("/reminders/read")
    assert "没有未读提醒" in text_of(browser.get("/reminders/list/?unread=yes"))
    assert browser.get("/reminders/count?unread=yes").get_data(as_text=True) == "0"
    assert NAME in text_of(browser.get("/reminders/list/"))
    assert browser.get("/reminders/list/?unread=perhaps").status_code == 400
    assert browser.get("/reminders/list/?page=x").status_code == 400


def test_an_empty_list_says_what_belongs_there(as_):
    assert "暂无提醒" in text_of(as_("executive").get("/reminders/list/"))
    assert "No reminders yet" in text_of(as_("nobody", locale="en").get("/reminders/list/"))


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_the_pages_speak_one_language(as_, rows, app, locale):
    for kind in KINDS.values():
        if kind not in {PLAN_ITEM_DUE, NEXT_CONTACT_DUE}:
            remind(rows, kind=kind)
    due(rows)
    with rows() as session:
        for one in session.scalars(select(Interaction)):
            one.next_contact_on = now().date()
    as_("manager_a").post("/reminders/check")
    assert unread(rows)["manager_a"] == len(KINDS)
    if locale == "en":
        write_in_latin(app)
    browser = as_("manager_a", locale=locale)
    for path, headers in (("list/", {}), ("latest", PART), ("settings", {}), ("list/?unread=yes", {})):
        html = browser.get(f"/reminders/{path}", headers=headers).get_data(as_text=True)
        assert faults_of(html, locale) == [], path


# ---- reading ----------------------------------------------------------------------------------------------------


def test_opening_one_marks_it_read_and_leads_to_the_record(as_, rows):
    remind(rows)
    key = remind(rows, kind=OPPORTUNITY_TAKEN_OVER)
    answer = as_("manager_a").post(f"/reminders/open/{key}")
    assert (answer.status_code, answer.location) == (302, f"/opportunities/show/{key_named(rows, '绍兴')}")
    assert unread(rows) == {"manager_a": 1}


def test_opening_by_address_changes_nothing(as_, rows, app):
    key = remind(rows)
    before = everything(app)
    answer = as_("manager_a").get(f"/reminders/open/{key}")
    assert (answer.status_code, answer.location) == (302, f"/opportunities/show/{key_named(rows, '绍兴')}")
    assert everything(app) == before
    assert as_().post(f"/reminders/open/{key}").location == f"/login/?next=/reminders/open/{key}"


def test_one_is_marked_read_in_its_place(as_, rows):
    key = remind(rows, times=3)
    browser = as_("manager_a")
    fields = fields_of(browser.get("/reminders/list/?page_size=10&page=1"), f"/reminders/read/{key}")
    answer = browser.post(f"/reminders/read/{key}", fields)
    assert answer.location == "/reminders/list/?page_size=10&page=1"
    assert unread(rows) == {"manager_a": 2}
    for target in ("//evil.com", "https://evil.com", "/\\evil.com"):
        assert browser.post(f"/reminders/read/{key}", {"next": target}).location == "/"
        assert browser.post("/reminders/read", {"next": target}).location == "/"


@pytest.mark.parametrize("who", ["admin", "supervisor", "manager_b", "nobody"])
def test_somebody_elses_does_not_exist(as_, rows, app, who):
    key = remind(rows)
    before, browser = everything(app), as_(who)
    assert browser.get(f"/reminders/open/{key}").status_code == 404
    assert browser.post(f"/reminders/open/{key}").status_code == 404
    assert browser.post(f"/reminders/read/{key}").status_code == 404
    assert browser.post("/reminders/read").status_code == 302
    assert browser.get(f"/reminders/open/{2**31}").status_code == 404
    assert NAME not in text_of(browser.get("/reminders/list/"))
    assert NAME not in text_of(browser.get("/reminders/latest", headers=PART))
    assert browser.get("/reminders/count").get_data(as_text=True) == "0"
    assert everything(app) == before


def test_a_record_that_went_out_of_sight_tells_nothing_more(as_, rows):
    """``narrow`` sees his own alone: what was taken from him keeps its sentence, and leads nowhere."""
    key = remind(rows, "narrow", start="温州", kind=OPPORTUNITY_TAKEN_OVER)
    with rows() as session:
        one = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("温州"))).one()
        one.customer_name = "温州改名有限公司"
    browser = as_("narrow")
    text = text_of(browser.get("/reminders/list/"))
    assert "许安宁将您的销售机会“温州霁川电气有限公司”改派给了陈禾" in text
    assert "改名" not in text
    answer = browser.post(f"/reminders/open/{key}")
    assert browser.get(answer.location).status_code == 404


def test_a_name_with_markup_is_text(as_, rows):
    with rows() as session:
        one = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("绍兴"))).one()
        one.customer_name = "<b>绍兴</b> 100% %(by)s {key}"
    remind(rows, start="<b>绍兴")
    for path, headers in (("list/", {}), ("latest", PART)):
        body = as_("manager_a").get(f"/reminders/{path}", headers=headers).get_data(as_text=True)
        assert "&lt;b&gt;绍兴&lt;/b&gt; 100% %(by)s {key}" in body
        assert "<b>绍兴" not in body


# ---- what is due, by itself ---------------------------------------------------------------------------------------


def due(rows, days=0):
    """The plan items of everybody are due so many days ago."""
    with rows() as session:
        for item in session.scalars(select(PlanItem)):
            item.planned_on = now().date() - timedelta(days=days)


def test_looking_tells_ones_own_due_items_once(as_, rows):
    due(rows)
    page = as_("manager_a").post("/reminders/check", headers=PART)
    assert bell_of(page) == ("提醒，1 条未读", "1")
    assert "<html" not in page.get_data(as_text=True)
    assert as_("manager_a").post("/reminders/check", headers=PART).status_code == 200
    assert unread(rows) == {"manager_a": 1}
    assert as_("executive").post("/reminders/check", headers=PART).status_code == 200
    assert unread(rows) == {"manager_a": 1}


def test_looking_is_cheap(as_, rows, app):
    due(rows)
    browser = as_("manager_a")
    browser.post("/reminders/check", headers=PART)
    with counted(app) as seen:
        browser.post("/reminders/check", headers=PART)
    assert len(seen) <= 8


def test_only_a_post_looks(as_):
    assert as_("manager_a").get("/reminders/check").status_code == 405
    assert as_().post("/reminders/check", headers=PART).status_code == 401


@pytest.mark.parametrize("path", ["check", "read", "read/1", "open/1", "settings"])
def test_every_change_needs_the_token(strict_app, path):
    answer = Browser(strict_app, "manager_a").post(f"/reminders/{path}", headers=PART)
    assert answer.status_code == 400


# ---- settings -----------------------------------------------------------------------------------------------------


def test_settings_are_kept_and_hold(as_, rows, app):
    browser = as_("manager_a")
    shown = fields_of(browser.get("/reminders/settings"))
    assert shown == dict.fromkeys(KINDS, "here")
    answer = browser.submit("/reminders/settings", **{PLAN_ITEM_DUE.key: "none"})
    assert (answer.status_code, answer.location) == (302, "/reminders/settings")
    assert "保存成功" in text_of(browser.get("/reminders/settings"))
    assert fields_of(browser.get("/reminders/settings"))[PLAN_ITEM_DUE.key] == "none"
    assert fields_of(as_("admin").get("/reminders/settings")) == shown
    due(rows)
    browser.post("/reminders/check")
    assert unread(rows) == {}
    with rows() as session:
        owners = set(session.execute(select(ReminderSetting.person_id, ReminderSetting.channel)))
        assert owners == {(key_of(app, "manager_a"), channel) for channel in Channel}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 422),
        (dict.fromkeys(KINDS, "mail"), 422),
        ({**dict.fromkeys(KINDS, "here"), "person_id": "1"}, 400),
    ],
)
def test_settings_that_cannot_be_are_refused(as_, app, fields, code):
    before = everything(app)
    assert as_("manager_a").post("/reminders/settings", fields).status_code == code
    assert everything(app) == before
