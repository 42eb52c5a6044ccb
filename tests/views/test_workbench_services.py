"""Services on the workbench: what waits for whom, overdue ones first, in one statement however much there is."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import select, update

from app.actions.services.life import ASSIGNED, CREATED, DESK
from app.models import Customer, Employee, ServiceRequest
from app.security.actor import SYSTEM
from app.security.audit import unlogged
from app.security.rights import SERVICES, Verb
from app.views import workbench
from app.views.sections import held
from tests.browsing import text_of
from tests.cast import service
from tests.views.test_print import take_away
from tests.views.test_workbench import NOW, ZONE, figures_of, first, look_of, tabs_of
from tests.walk import counted


@pytest.fixture(autouse=True)
def wednesday(monkeypatch):
    """Today is a Wednesday in March, ten o'clock."""
    monkeypatch.setattr(workbench, "now", lambda zone=None: NOW.astimezone(zone or UTC))


def add(rows, summary, *, assignee=None, due=None, customer="镇江岚砺磨具有限公司"):
    """A request that waits to be assigned or processed, and until when."""
    with rows() as session:
        people = {one.username: one for one in session.scalars(select(Employee))}
        about = session.scalars(select(Customer).where(Customer.name == customer)).one()
        row = service(about, summary, people["supervisor"], people.get(assignee))
        DESK.enter(session, [(row, ASSIGNED if assignee else CREATED)], by=SYSTEM, at=NOW.astimezone(UTC))
        row.due_on = due


def at(day, hour, minute=0):
    """A moment of this March."""
    return datetime(2026, 3, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


@pytest.fixture
def waiting(rows):
    """For manager_a: overdue for two days, due this afternoon, due next week, besides the cast's without a deadline."""
    with rows() as session:
        for row in session.scalars(select(ServiceRequest)):
            row.due_on = None
    add(rows, "窄范围", assignee="narrow", due=at(19, 9))
    add(rows, "下周再办", assignee="manager_a", due=at(24, 11))
    add(rows, "今天下午", assignee="manager_a", due=at(18, 15, 36))
    add(rows, "逾期两天", assignee="manager_a", due=at(16, 9, 30))
    add(rows, "逾期待分配", due=at(17, 17))
    return rows


def kinds_of(page):
    """The kind and the summary of every line, in their order."""
    pattern = r'class="t-kind">.*?</svg>\s*(\S+)</td>\s*<td.*?<span class="cut" title="([^"]+)">'
    return [(kind, unescape(what)) for kind, what in re.findall(pattern, page.get_data(as_text=True), re.S)]


def test_a_manager_finds_what_to_process_and_to_ask_for_overdue_first(waiting, as_):
    page = as_("manager_a").get("/?due=all")
    lines = [(kind, what) for kind, what in kinds_of(page) if kind.startswith("服务")]
    assert lines == [
        ("服务处理", "逾期两天"),
        ("服务处理", "今天下午"),
        ("服务处理", "下周再办"),
        ("服务处理", "主轴异响"),
        ("服务反馈", "发票抬头有误"),
    ]
    text = text_of(page)
    assert "逾期两天 03-16 09:30 前 镇江岚砺磨具有限公司 逾期 2 天 处理" in text
    assert "今天下午 镇江岚砺磨具有限公司 15:36 前 处理" in text
    assert "下周再办 镇江岚砺磨具有限公司 03-24 11:00 前 处理" in text
    assert "发票抬头有误 镇江岚砺磨具有限公司 已等 16 天 反馈" in text
    body = page.get_data(as_text=True)
    assert re.search(r'href="/services/move/process/\d+"', body) and re.search(
        r'href="/services/move/feedback/\d+"', body
    )
    assert tabs_of(page)[0][1] == "6"  # all five of them wait today, beside an overdue plan item of the cast


def test_a_supervisor_finds_what_to_assign(waiting, as_):
    page = as_("supervisor").get("/")
    lines = [what for kind, what in kinds_of(page) if kind == "服务分配"]
    assert lines == ["逾期待分配", "询问保养周期", "询问保养周期"]
    assert not [kind for kind, _ in kinds_of(page) if kind in {"服务处理", "服务反馈"}]
    assert "逾期 1 天" in text_of(page) and re.search(
        r'href="/services/move/allocate/\d+"', page.get_data(as_text=True)
    )


@pytest.mark.parametrize(
    ("who", "key", "href", "words"),
    [
        ("supervisor", "services_to_assign", "/services/assign", "待分配服务 3 1 项已逾期"),
        ("manager_a", "own_services", "/services/process", "我的待处理服务 4 1 项已逾期"),
        ("manager_b", "own_services", "/services/process", "我的待处理服务 1 全部按期"),
        ("executive", "services_in_hand", "/services/archive?status=assigned", "待处理服务 6 1 项已逾期"),
        ("head_a", "services_to_assign", "/services/assign", "待分配服务 1 全部按期"),
    ],
)
def test_each_has_the_figure_of_his_work(waiting, as_, who, *, key, href, words):
    found = figures_of(as_(who).get("/"))[key]
    assert found[0] == href
    assert re.sub(r"\s+", " ", found[1]).strip() == words
    assert f'id="spark-{key}"' in as_(who).get("/workbench/sparks").get_data(as_text=True)


def test_the_course_is_reckoned_back_from_the_moves(waiting, session_of):
    with session_of("supervisor") as (session, actor):
        look = look_of(session, actor, "supervisor")
        figure = next(one for one in held("figures", actor) if one.key == "services_to_assign")
        values = list(figure.series(look).values)
    assert len(values) == 12
    assert values[-4:] == [0, 2, 2, 3]  # two came on 2 March, one this week


def test_what_is_out_of_sight_is_not_told(waiting, as_):
    for path in ("/?due=all", "/workbench/sparks"):
        body = as_("narrow").get(path).get_data(as_text=True)
        assert not any(word in body for word in ("逾期两天", "今天下午", "逾期待分配", "主轴异响"))
    assert [what for kind, what in kinds_of(as_("narrow").get("/")) if kind == "服务处理"] == ["窄范围"]
    assert figures_of(as_("nobody").get("/")) == {}


def test_without_the_rights_nothing_stands_there(waiting, as_, rows):
    for verb in (Verb.PROCESS, Verb.FEEDBACK):
        take_away(rows, "Account manager", SERVICES.right(verb))
    page = as_("manager_a").get("/")
    assert not [kind for kind, _ in kinds_of(page) if kind.startswith("服务")]
    assert "services_in_hand" in figures_of(page)


def test_one_statement_however_much_waits(waiting, as_, app, rows):
    spent = []
    for _ in range(2):
        page = {}
        for who in ("admin", "supervisor", "manager_a"):
            with counted(app) as seen:
                assert as_(who).get("/").status_code == 200
            of_services = [one for one in seen if "service_requests" in one]
            page[who] = (len(of_services), len(seen))
            assert len(of_services) == 1, who
        spent.append(page)
        with rows() as session, unlogged(session, "many rows at once"):
            about = session.scalars(select(Customer)).first()
            creator, seller = (
                session.scalars(select(Employee).where(Employee.username == name)).one()
                for name in ("supervisor", "manager_a")
            )
            made = [(service(about, f"请求{n}", creator, seller), ASSIGNED) for n in range(1_000)]
            made += [(service(about, f"请求{n}", creator), CREATED) for n in range(1_000)]
            DESK.enter(session, made, by=SYSTEM, at=NOW)
            due = update(ServiceRequest).where(ServiceRequest.due_on.is_(None), ServiceRequest.status != "archived")
            session.execute(due.values(due_on=NOW - timedelta(days=3)))
    assert spent[0] == spent[1]
    page = as_("manager_a").get("/")
    assert page.get_data(as_text=True).count('class="t-kind"') == workbench.MOST_TODO
    assert first(r'id="figure-own_services".*?fig-num">\s*([\d,]+)', page.get_data(as_text=True)) == "2,004"
    links = re.findall(r'<a class="link" href="(/services/[^"]+)">(.*?)</a>', page.get_data(as_text=True))
    assert links == [("/services/process", "全部服务处理 2,004"), ("/services/feedback", "全部服务反馈 1")]
