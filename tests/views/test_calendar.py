"""The calendar of plan items: which items of which days it tells to whom, and how each stands."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.clock import now
from app.models import Employee, Opportunity, OpportunityStatus, PlanItem
from app.views import calendar
from tests.browsing import text_of
from tests.walk import counted

MARCH = "/plans/events?start=2026-03-01&end=2026-04-01"


def told(browser, path, **more):
    answer = browser.get(path, headers={"Accept": "application/json"}, query_string=more or None)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def companies(browser, path=MARCH, **more):
    return sorted(item["company"][:2] for item in told(browser, path, **more)["items"])


def test_who_carries_plans_out_sees_his_own_at_first(as_):
    assert companies(as_("manager_a")) == ["绍兴"]
    assert companies(as_("manager_b")) == ["温州"]
    assert companies(as_("manager_a"), f"{MARCH}&scope=all") == ["温州", "盐城", "绍兴"]
    assert companies(as_("supervisor")) == ["温州", "盐城", "绍兴"]


def test_one_person_is_chosen_by_user_name(as_):
    assert companies(as_("supervisor"), f"{MARCH}&assignee=manager_b") == ["温州"]
    assert companies(as_("manager_a"), f"{MARCH}&assignee=manager_b") == ["温州"]
    assert companies(as_("supervisor"), f"{MARCH}&assignee=nobody-of-that-name") == []


def test_the_wall_stands_before_the_feed_too(as_):
    assert companies(as_("narrow"), f"{MARCH}&scope=all") == ["盐城"]
    assert companies(as_("narrow"), f"{MARCH}&assignee=manager_b") == []
    assert companies(as_("head_a"), f"{MARCH}&scope=all") == ["盐城", "绍兴"]


def test_an_item_tells_what_is_needed_and_its_day_as_text(as_):
    (item,) = told(as_("manager_a"), MARCH)["items"]
    assert item["day"] == "2026-03-09"
    assert item["todo"] == "电话确认改造范围"
    assert item["company"] == "绍兴织野纺织机械有限公司"
    assert item["person"] == "林知远"
    assert as_("manager_a").get(item["href"]).status_code == 200


def test_first_day_is_told_and_the_end_is_not(as_):
    browser = as_("manager_a")
    assert len(told(browser, "/plans/events?start=2026-03-09&end=2026-03-10")["items"]) == 1
    assert told(browser, "/plans/events?start=2026-03-08&end=2026-03-09")["items"] == []


WORDS = {
    "zh": {"bad": "已逾期", "new": "今天", "later": "未到期", "done": "已执行"},
    "en": {"bad": "Overdue", "new": "Today", "later": "Not due yet", "done": "Carried out"},
}


@pytest.mark.parametrize("locale", WORDS)
def test_each_state_is_a_shape_and_a_word(as_, rows, app, locale):
    today = now(app.extensions["crm_zone"]).date()
    with rows() as session:
        row = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("绍兴"))).one()
        for days, done in ((-1, None), (0, None), (1, None), (-1, now())):
            day = today + timedelta(days=days)
            session.add(PlanItem(opportunity=row, planned_on=day, todo=f"{days}", done_on=done, result=done and "好"))
    path = f"/plans/events?start={today - timedelta(days=1)}&end={today + timedelta(days=2)}"
    items = told(as_("manager_a", locale=locale), path)["items"]
    assert {item["look"]: item["state"] for item in items} == WORDS[locale]


def test_what_was_left_when_the_development_ended_is_said(as_, rows):
    with rows() as session:
        row = session.scalars(select(Opportunity).where(Opportunity.status == OpportunityStatus.FAILED)).one()
        session.add(PlanItem(opportunity=row, planned_on=date(2026, 3, 20), todo="拜访"))
    (item,) = (item for item in told(as_("manager_b"), MARCH)["items"] if item["company"].startswith("徐州"))
    assert (item["look"], item["state"]) == ("fail", "未执行")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "start=2026-03-01",
        "end=2026-03-01",
        "start=2026-03-01&end=2026-03-01",
        "start=2026-03-02&end=2026-03-01",
        "start=2026-03-01&end=2026-05-03",
        "start=0001-01-01&end=0001-01-02",
        "start=9999-12-01&end=9999-12-31",
        "start=x&end=2026-03-01",
        "start=2026-03-01&end=2026-03-02&scope=everything",
        "start=2026-03-01&end=2026-03-02&assignee=%00",
        "start=2026-03-01&end=2026-03-02&assignee=" + "x" * 300,
    ],
)
def test_what_cannot_be_read_is_refused(as_, query):
    answer = as_("supervisor").get(f"/plans/events?{query}", headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert answer.get_json()["error"]


def test_sixty_two_days_are_the_most(as_):
    assert companies(as_("manager_a"), "/plans/events?start=2026-03-01&end=2026-05-02") == ["绍兴"]


def test_above_the_cap_it_is_said(as_, rows, monkeypatch):
    monkeypatch.setattr(calendar, "MOST_ITEMS", 2)
    found = told(as_("supervisor"), MARCH)
    assert (len(found["items"]), found["is_cut"]) == (2, True)
    page = as_("supervisor").get("/plans/calendar?date=2026-03-09")
    assert "仅显示前 2 条" in text_of(page)
    assert told(as_("manager_a"), MARCH)["is_cut"] is False


def test_the_page_holds_the_month_as_a_list_for_a_browser_without_scripts(as_):
    page = as_("manager_a").get("/plans/calendar?date=2026-03-22").get_data(as_text=True)
    plain = page.split("<noscript>")[1].split("</noscript>")[0]
    assert "绍兴织野" in plain
    assert "温州霁川" not in plain
    assert "/plans/calendar?scope=mine&amp;date=2026-02-28" in plain
    assert "/plans/calendar?scope=mine&amp;date=2026-04-01" in plain
    assert "绍兴织野" not in as_("manager_a").get("/plans/calendar?date=2026-04-01").get_data(as_text=True)


def test_the_page_offers_what_the_person_may_choose(as_):
    manager, supervisor, narrow = (
        as_(who).get("/plans/calendar").get_data(as_text=True) for who in ("manager_a", "supervisor", "narrow")
    )
    assert "scope=mine" in manager
    assert "/choices/people" not in manager
    assert "/choices/people" in as_("manager_a").get("/plans/calendar?scope=all").get_data(as_text=True)
    assert 'href="/plans/calendar?scope=mine"' not in supervisor
    assert "/choices/people" in supervisor
    assert "scope=mine" not in narrow
    assert "/choices/people" not in narrow


@pytest.mark.parametrize("query", ["date=yesterday", "view=year", "scope=x", "date=0000-00-00"])
def test_an_address_that_cannot_be_read_is_refused(as_, query):
    assert as_("manager_a").get(f"/plans/calendar?{query}").status_code == 400


def test_who_sees_no_plans_sees_no_calendar(as_):
    for path in ("/plans/calendar", MARCH):
        assert as_("nobody").get(path).status_code == 403


def test_list_and_calendar_lead_to_each_other_with_the_conditions(as_):
    listed = as_("manager_a").get("/plans/list/?assignee=manager_b&sort=id&page=1").get_data(as_text=True)
    assert 'href="/plans/calendar?assignee=manager_b"' in listed
    shown = as_("manager_a").get("/plans/calendar?assignee=manager_b&view=week").get_data(as_text=True)
    assert 'href="/plans/list/?assignee=manager_b"' in shown
    assert "/plans/calendar" not in as_("manager_a").get("/customers/list/").get_data(as_text=True).split("<main")[1]


def test_statements_do_not_depend_on_rows(as_, rows, app):
    seen = []
    for number in (0, 60):
        with rows() as session:
            people = session.scalars(select(Employee)).all()
            row = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("绍兴"))).one()
            for place in range(number):
                session.add(PlanItem(opportunity=row, planned_on=date(2026, 3, 1 + place % 28), todo=f"{len(people)}"))
        for path in ("/plans/calendar?date=2026-03-09&scope=all", f"{MARCH}&scope=all"):
            with counted(app) as statements:
                as_("head_a").get(path)
            seen.append(len(statements))
    assert seen[:2] == seen[2:]
    assert max(seen) <= 12
