"""The workbench: figures that agree with their lists, what is due, what happened, and nothing out of sight."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from flask_babel import force_locale
from sqlalchemy import delete, select

from app.actions.marketing import PIPELINE
from app.models import (
    ChurnCase,
    ChurnMeasure,
    Opportunity,
    OpportunityStatus,
    PlanItem,
    ServiceRequest,
    ServiceRound,
    StatusMove,
)
from app.models.org import Employee
from app.reports.money import short_money
from app.security.actor import SYSTEM
from app.security.audit import unlogged
from app.views import workbench
from app.views.sections import Due, Look, Tally, capped, held, sections
from app.views.wording import day_in_words, moment_in_words, percent
from tests.browsing import text_of
from tests.cast import CAST, opportunity
from tests.walk import counted, everything

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 18)  # a Wednesday
NOW = datetime(2026, 3, 18, 10, tzinfo=ZONE)
HIDDEN = "温州霁川电气有限公司"


@pytest.fixture(autouse=True)
def wednesday(monkeypatch):
    """Today is a Wednesday in March."""
    monkeypatch.setattr(workbench, "now", lambda zone=None: NOW.astimezone(zone or UTC))


@pytest.fixture
def busy(rows):
    """Won and lost opportunities of two managers and one who sees only his own, and plan items of every kind of day."""
    with rows() as session:
        people = {person.username: person for person in session.scalars(select(Employee))}
        for place, name in enumerate(("manager_a", "manager_b", "narrow")):
            for number in range(4):
                status = OpportunityStatus.FAILED if number == 3 else OpportunityStatus.SUCCEEDED
                closed = NOW - timedelta(days=(1, 20, 500, 200)[number] + place)
                row = opportunity(f"已结束{place}{number}", people["supervisor"], people[name])
                row.closed_on, row.expected_amount = closed.astimezone(UTC), Decimal(1000 * (number + 1))
                PIPELINE.enter(session, [(row, status)], by=SYSTEM, at=closed.astimezone(UTC))
            held_by = session.scalars(
                select(Opportunity).where(Opportunity.assignee_id == people[name].id, Opportunity.status == "assigned")
            ).first()
            held_by.expected_amount = Decimal("123456.78")
            for days in (-5, -1, 0, 0, 1, 4, 5, 40):
                todo = f"计划{place}第{days}天"
                session.add(PlanItem(opportunity=held_by, planned_on=TODAY + timedelta(days=days), todo=todo))
    return rows


def look_of(session, actor, username):
    """The look of one of the cast."""
    return Look(session, actor, username, TODAY, ZONE)


def first(pattern, text):
    """What the first match holds; fails where there is none."""
    found = re.search(pattern, text, re.S)
    assert found, pattern
    return found[1]


def count_of(page):
    """The number a list names in its title."""
    return int(first(r'class="count"[^>]*>([\d,]+)', page.get_data(as_text=True)).replace(",", ""))


def figures_of(page):
    """The figures of the page: key, address, text."""
    pattern = r'<a href="([^"]+)" id="figure-(\w+)">(.*?)</a>'
    found = re.findall(pattern, page.get_data(as_text=True), re.S)
    return {key: (unescape(href), re.sub(r"<[^>]+>", " ", text)) for href, key, text in found}


# ---- figures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", CAST)
def test_each_figure_is_the_count_of_the_list_it_leads_to(busy, session_of, as_, who):
    if who == "disabled":
        return
    with session_of(who) as (session, actor):
        look = look_of(session, actor, who)
        figures = sorted(held("figures", actor), key=lambda one: one.place)
        readings = {one.key: one.read(look) for one in figures[: workbench.MOST_FIGURES]}
    shown = figures_of(as_(who).get("/"))
    assert list(shown) == list(readings)
    assert len(shown) in {0, 6}
    for key, reading in readings.items():
        assert shown[key][0] == reading.href
        answer = as_(who).get(reading.href)
        assert answer.status_code == 200
        if reading.count:
            assert count_of(answer) == reading.count, (key, reading)
        else:
            assert "条件" in text_of(answer)


def test_each_role_has_its_figures(busy, as_):
    expected = {
        "manager_a": ["own_development", "own_success", "won_month", "due", "own_churn", "own_services"],
        "narrow": ["own_development", "own_success", "won_month", "due", "own_churn", "own_services"],
        "supervisor": ["to_assign", "development", "success", "overdue", "churn", "services_to_assign"],
        "admin": ["to_assign", "development", "success", "overdue", "churn", "services_to_assign"],
        "executive": ["development", "success", "won_quarter", "overdue", "churn", "services_in_hand"],
        "nobody": [],
    }
    assert {who: list(figures_of(as_(who).get("/"))) for who in expected} == expected


def test_figures_say_what_they_count(busy, as_):
    own = figures_of(as_("manager_a").get("/"))
    assert "6.17" in own["own_development"][1]  # 123,456.78 × 50 % in 万元
    assert "66.7" in own["own_success"][1]  # two of three within the last twelve months
    assert "1,000.00" in own["won_month"][1]
    assert re.search(r"\b5\b.*3 项已逾期", re.sub(r"\s+", " ", own["due"][1]))
    every = figures_of(as_("executive").get("/"))
    assert "9,000.00" in every["won_quarter"][1]  # of all three, in January to March


def test_a_rate_compares_itself_with_the_year_before(busy, as_):
    """One closed in the year before, a success: 66.7 against 100.0."""
    assert "−33.3" in figures_of(as_("manager_a").get("/"))["own_success"][1]


def test_who_sees_only_his_own_is_told_of_nothing_else(busy, as_):
    for path in ("/", "/?due=all", "/workbench/sparks"):
        body = as_("narrow").get(path).get_data(as_text=True)
        assert HIDDEN not in body and "计划0" not in body and "计划1" not in body, path
        assert "已结束0" not in body and "已结束1" not in body, path
    head = as_("head_a").get("/").get_data(as_text=True)  # sees his department alone
    assert HIDDEN not in head and "已结束1" not in head and "已结束0" in head


def test_sparks_have_their_places_and_say_their_values(busy, as_):
    page, part = as_("manager_a").get("/"), as_("manager_a").get("/workbench/sparks")
    body = part.get_data(as_text=True)
    assert "<html" not in body
    for key in figures_of(page):
        assert f'id="spark-{key}"' in page.get_data(as_text=True)
        assert f'id="spark-{key}" class="fig-spark" hx-swap-oob="true"' in body
    titles = re.findall(r'aria-label="([^"]+)"', body)
    assert titles[-1].startswith("近 12 周每周结束时的我的待处理服务数：")
    assert titles[-2].startswith("近 12 个月每月开发成功金额（元）：")  # nothing was carried out, so that has no course
    assert "、" in titles[-1]
    assert "style=" not in body
    assert as_("nobody").get("/workbench/sparks").get_data(as_text=True).strip() == ""


# ---- what is to do ----------------------------------------------------------------------------------------


def tabs_of(page):
    """The words and counts of the tabs."""
    return re.findall(r'class="tab"[^>]*>\s*(.*?) <span>([\d,+]+)</span>', page.get_data(as_text=True), re.S)


def test_tabs_count_and_groups_hold(busy, as_):
    page = as_("manager_a").get("/")
    assert tabs_of(page) == [
        ("到今天", "7"),
        ("本周", "9"),
        ("全部", "11"),
    ]  # one plan item and two services are of the cast
    text = text_of(page)
    assert re.search(r"已逾期 4 .* 今天 3 .* 本周其余 2", text)
    assert "逾期 5 天" in text and "周日" in text and "以后" not in text
    assert 'aria-current="page">本周' in page.get_data(as_text=True)
    assert "计划0第5天" not in text
    everything_due = text_of(as_("manager_a").get("/?due=all"))
    assert "以后 2" in everything_due and "04-27" in everything_due
    today = text_of(as_("manager_a").get("/?due=today"))
    assert "计划0第0天" in today and "本周其余" not in today


def test_a_line_leads_to_its_plan_and_says_which_step_it_is(busy, as_):
    page = as_("manager_a").get("/")
    body = page.get_data(as_text=True)
    assert re.search(r'href="/plans/show/\d+#plan-items"', body)
    assert "第 2 步，共 9 步" in body
    assert as_("manager_a").get(first(r'href="(/plans/show/\d+)#', body)).status_code == 200


def test_more_lines_than_fit_lead_to_the_list_of_all(busy, rows, as_):
    with rows() as session:
        person = session.scalars(select(Employee).where(Employee.username == "manager_a")).one()
        row = session.scalars(
            select(Opportunity).where(Opportunity.assignee_id == person.id, Opportunity.status == "assigned")
        ).first()
        session.add_all(PlanItem(opportunity=row, planned_on=TODAY, todo=f"再{n}") for n in range(25))
    for due in Due:
        page = as_("manager_a").get(f"/?due={due.value}")
        body = page.get_data(as_text=True)
        assert body.count('class="t-kind"') == workbench.MOST_TODO
        href = unescape(first(r'<a class="link" href="(/plan-items/list/[^"]+)">全部计划项 \d+</a>', body))
        shown = dict(zip([one.value for one in Due], [count for _, count in tabs_of(page)], strict=True))[due.value]
        assert count_of(as_("manager_a").get(href)) == int(shown) - 2  # services have lists of their own


def test_a_supervisor_finds_what_is_to_be_assigned(busy, as_):
    page = as_("supervisor").get("/")
    assert tabs_of(page) == [("到今天", "5"), ("本周", "5"), ("全部", "5")]  # three opportunities and two services
    assert re.search(r'href="/opportunities/move/assign/\d+"[^>]*data-dialog', page.get_data(as_text=True))
    assert "已等 16 天" in text_of(page)


def test_a_tab_that_does_not_exist_is_refused(as_):
    assert as_("manager_a").get("/?due=never").status_code == 400
    assert as_("manager_a").get("/?due=").status_code == 400


def test_tallies_add_up():
    both = Tally(1, 2, 3, 4) + Tally(10, 20, 30, 40)
    assert [both.until(due) for due in Due] == [33, 66, 110]
    assert (capped(10_000), capped(10_001)) == ("10,000", "10,000+")


# ---- plan items as a list ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=open", 8 * 3 + 3),
        ("state=open&assignee=manager_a", 9),
        ("state=待执行&planned_on_to=2026-03-17&assignee=manager_a", 3),
        ("planned_on_from=2026-03-16&planned_on_to=2026-03-22&assignee=narrow", 5),
        ("todo=第40天", 3),
    ],
)
def test_plan_items_can_be_filtered(busy, as_, query, expected):
    assert count_of(as_("supervisor").get(f"/plan-items/list/?{query}")) == expected


def test_plan_items_that_are_done_or_left(busy, rows, as_):
    with rows() as session:
        items = session.scalars(select(PlanItem).where(PlanItem.todo == "计划0第40天")).all()
        items[0].done_on = NOW.astimezone(UTC)
        failed = session.scalars(select(Opportunity).where(Opportunity.customer_name == "已结束03")).one()
        session.add(PlanItem(opportunity=failed, planned_on=TODAY, todo="没有做"))
    assert "计划0第40天" in text_of(as_("supervisor").get("/plan-items/list/?state=done"))
    assert count_of(as_("supervisor").get("/plan-items/list/?state=done")) == 1
    left = as_("supervisor").get("/plan-items/list/?state=left")
    assert count_of(left) == 1 and "没有做" in text_of(left)
    assert as_("supervisor").get("/plan-items/list/?state=what").status_code == 400
    assert as_("supervisor").get("/plan-items/list/?state=").status_code == 200


# ---- what happened ----------------------------------------------------------------------------------------


def test_news_are_the_latest_moves_of_ones_own(busy, as_):
    body = as_("manager_a").get("/").get_data(as_text=True)
    stream = first(r'<ol class="stream news">(.*?)</ol>', body)
    names = re.findall(r'title="([^"]+)"', stream)
    assert names[0] == "已结束00"
    assert all(not name.startswith(("已结束1", "已结束2")) for name in names)
    assert "昨天" in stream
    every = as_("executive").get("/").get_data(as_text=True)
    assert every.count('<span class="when">') == workbench.MOST_NEWS


def test_a_move_says_who_was_given_it(busy, as_, rows):
    with rows() as session:
        key = session.scalars(select(Opportunity.id).where(Opportunity.status == "unassigned")).first()
        manager = session.scalars(select(Employee.id).where(Employee.username == "manager_a")).one()
        session.execute(delete(StatusMove).where(StatusMove.at >= NOW))
    as_("supervisor").submit(f"/opportunities/move/assign/{key}", assignee=str(manager))
    assert "指派给您" in text_of(as_("manager_a").get("/"))
    assert "指派给林知远" in text_of(as_("supervisor").get("/"))


# ---- how it begins ----------------------------------------------------------------------------------------


def empty(rows):
    """Take every record away."""
    with rows() as session:
        for model in (StatusMove, PlanItem, Opportunity, ServiceRound, ServiceRequest, ChurnMeasure, ChurnCase):
            for row in session.scalars(select(model)):
                session.delete(row)
            session.flush()


def test_an_empty_installation_says_how_to_begin(rows, as_):
    empty(rows)
    admin, manager = text_of(as_("admin").get("/")), text_of(as_("manager_a").get("/"))
    assert "从这里开始" in admin and "flask crm import users" in admin and "发布公告" in admin
    assert "从这里开始" in manager and "新建销售机会" in manager and "flask crm" not in manager
    executive = text_of(as_("executive").get("/"))
    assert "从这里开始" not in executive and "还没有动态" in executive and "期间没有结束的机会" in executive
    for who in ("admin", "manager_a", "executive"):
        part = as_(who).get("/workbench/sparks")
        assert part.status_code == 200 and "<svg" not in part.get_data(as_text=True)


def test_who_has_no_role_is_told_so(as_):
    assert "尚未授权" in text_of(as_("nobody").get("/"))
    assert as_().get("/").status_code == 302
    assert as_().get("/workbench/sparks").status_code == 302


# ---- size and words ---------------------------------------------------------------------------------------


WHO_LOOKS = ("admin", "supervisor", "manager_a", "executive", "head_a")


def test_statements_are_as_many_with_seven_and_with_three_thousand(app, rows, as_):
    browsers = [as_(who) for who in WHO_LOOKS]
    browsers[0].get("/")  # the first page of a process asks whether this is the demo
    few = [statements(app, browser) for browser in browsers]
    with rows() as session, unlogged(session, "many rows at once"):
        creator, seller = (
            session.scalars(select(Employee).where(Employee.username == name)).one()
            for name in ("supervisor", "manager_a")
        )
        made = [opportunity(f"公司{n}", creator, None if n % 2 else seller) for n in range(3000)]
        states = (OpportunityStatus.ASSIGNED, OpportunityStatus.UNASSIGNED)
        PIPELINE.enter(session, [(row, states[n % 2]) for n, row in enumerate(made)], by=SYSTEM, at=NOW)
        session.add_all(PlanItem(opportunity=row, planned_on=TODAY, todo="x") for row in made[::2])
    many = [statements(app, browser) for browser in browsers]
    print(f"\n{dict(zip(WHO_LOOKS, many, strict=True))}")
    assert few == many
    assert max(max(one) for one in many) <= 15


def statements(app, browser):
    """How many statements the page and its charts take."""
    found = []
    for path in ("/", "/workbench/sparks"):
        with counted(app) as made:
            assert browser.get(path).status_code == 200
        found.append(len(made))
    return found


def test_looking_changes_nothing(busy, app, as_):
    before = everything(app)
    for who in ("admin", "manager_a", "executive"):
        as_(who).get("/")
        as_(who).get("/workbench/sparks")
    assert everything(app) == before


def test_both_languages_name_the_day_and_the_money(busy, as_, app):
    assert "2026-03-18 星期三" in text_of(as_("manager_a").get("/"))
    english = text_of(as_("manager_a", locale="en").get("/"))
    assert "2026-03-18 Wednesday" in english
    assert "weighted 61.73 k yuan" in english.replace("\u00a0", " ")
    assert "5 days overdue" in english and "Sun" in english
    with app.test_request_context(), force_locale("en"):
        assert [str(part) for part in short_money(Decimal("3184200"))] == ["3.18", "m yuan"]
        assert [str(part) for part in short_money(Decimal("999.995"))] == ["1,000.00", "yuan"]
    assert (percent(None), percent(0.423)) == ("—", "42.3")


def test_moments_in_words(app):
    with app.test_request_context(), force_locale("en"):
        words = [moment_in_words(NOW - timedelta(days=days), TODAY, ZONE) for days in (0, 1, 2, 400)]
    assert words == ["10:00", "Yesterday", "03-16", "2025-02-11"]
    assert day_in_words(date(2027, 1, 1), TODAY) == "2027-01-01"


def test_modules_bring_their_own_sections():
    assert len(sections()) >= 3
    assert all(figure.key for section in sections() for figure in section.figures)
    keys = [figure.key for section in sections() for figure in section.figures]
    assert len(keys) == len(set(keys))
