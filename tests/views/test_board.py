"""The board: its columns are the lists of their statuses, its pages lose nothing, and its cards lead where they may."""

import html
import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.actions.marketing import PIPELINE
from app.clock import now
from app.models import Employee, Opportunity, OpportunityStatus
from app.security.actor import SYSTEM
from app.views import board
from tests.browsing import text_of
from tests.cast import key_of, opportunity
from tests.walk import counted

STATUSES = ("unassigned", "assigned", "succeeded", "failed")


def lanes(answer):
    """By status: the names on the cards, the count, and the whole column."""
    body = answer.get_data(as_text=True)
    found = {}
    for part in body.split('<section class="lane"')[1:]:
        status = re.search(r'data-status="(\w+)"', part).group(1)
        count = re.search(r'class="lane-count">([^<]*)<', part).group(1)
        found[status] = (names_in(part), count, part.split("</section>")[0])
    return found


def names_in(part):
    return [html.unescape(name) for name in re.findall(r'class="opp-name"[^>]*>([^<]*)<', part)]


def many(rows, number, status=OpportunityStatus.ASSIGNED, **more):
    """Further opportunities of manager_a, all at one moment so that only the key tells their order."""
    with rows() as session:
        person = session.scalars(select(Employee).where(Employee.username == "manager_a")).one()
        made = [(opportunity(f"批量{place:03}公司", person, person, **more), status) for place in range(number)]
        PIPELINE.enter(session, made, by=SYSTEM, at=now())


# ---- what stands on it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["supervisor", "manager_a", "head_a", "narrow", "executive"])
def test_columns_hold_what_the_lists_hold(as_, who):
    browser = as_(who)
    found = lanes(browser.get("/opportunities/board"))
    assert tuple(found) == STATUSES
    for status, (names, count, _) in found.items():
        listed = browser.get(f"/opportunities/list/?status={status}&page_size=100")
        counted_there = browser.get(f"/opportunities/count?status={status}").get_data(as_text=True)
        assert count == counted_there == str(len(names))
        assert all(name in text_of(listed) for name in names)


def test_what_is_out_of_sight_is_neither_shown_nor_counted_nor_summed(as_, rows):
    with rows() as session:
        for row in session.scalars(select(Opportunity)):
            row.expected_amount = 1000 + row.id
    found = lanes(as_("narrow").get("/opportunities/board"))
    assert [names for names, _, _ in found.values()] == [[], ["盐城风澜风电有限公司"], [], []]
    with rows() as session:
        key = session.scalars(select(Opportunity.id).where(Opportunity.customer_name.startswith("盐城"))).one()
    assert f"{1000 + key:,.2f} 元" in found["assigned"][2]


def test_sums_are_of_the_expected_amounts(as_, rows):
    many(rows, 3, expected_amount="1234567.89")
    found = lanes(as_("manager_a").get("/opportunities/board"))
    assert "3,703,703.67 元" in found["assigned"][2]
    english = lanes(as_("manager_a", locale="en").get("/opportunities/board"))
    assert "3,703,703.67 yuan" in english["assigned"][2]


def test_above_the_cap_the_exact_figures_are_asked_for(as_, rows, monkeypatch):
    many(rows, 5, expected_amount="10.50")
    monkeypatch.setattr(board, "COUNT_CAP", 4)
    monkeypatch.setattr(board.Board._totals, "__defaults__", (tuple(OpportunityStatus), 4))
    column = lanes(as_("manager_a").get("/opportunities/board?customer_name=批量"))["assigned"]
    assert column[1] == "4+"
    href = html.unescape(re.search(r'hx-get="([^"]*board/total[^"]*)"', column[2]).group(1))
    exact = as_("manager_a").get(href).get_data(as_text=True)
    assert ">5<" in exact
    assert "52.50 元" in exact


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("customer_name=绍兴", ["绍兴织野纺织机械有限公司"]),
        ("assignee=manager_b", ["温州霁川电气有限公司", "徐州衡岱工程机械有限公司"]),
        ("region=华东", ["苏州澄岳精密机械有限公司"]),
        ("created_on_from=2026-03-02&created_on_to=2026-3-2&customer_name=金华", ["金华稷禾农机有限公司"]),
        ("created_on_to=2026-03-01", []),
    ],
)
def test_the_filters_of_the_list_hold_here(as_, query, left):
    found = lanes(as_("manager_a").get(f"/opportunities/board?{query}"))
    assert [name for names, _, _ in found.values() for name in names] == left


def test_an_empty_company_is_told_how_to_begin(as_, rows):
    with rows() as session:
        for row in session.scalars(select(Opportunity)):
            row.created_by_id = row.assignee_id = key_of_admin(session)
    assert "暂无销售机会" in text_of(as_("narrow").get("/opportunities/board"))


def key_of_admin(session):
    return session.scalars(select(Employee.id).where(Employee.username == "admin")).one()


@pytest.mark.parametrize("path", ["/opportunities/board/cards", "/opportunities/board/total?status=lost"])
def test_a_column_nobody_knows_is_refused(as_, path):
    assert as_("manager_a").get(path).status_code == 400


@pytest.mark.parametrize("mark", ["x", "2026-03-02~1", "2026-03-02T09:30:00+00:00~x", "~", "2026-03-02T09:30:00+00:00"])
def test_a_mark_that_cannot_be_read_is_refused(as_, mark):
    answer = as_("manager_a").get("/opportunities/board/cards", query_string={"status": "assigned", "after": mark})
    assert answer.status_code == 400


def test_who_sees_no_opportunities_sees_no_board(as_):
    for path in ("/opportunities/board", "/opportunities/board/cards?status=assigned"):
        assert as_("nobody").get(path).status_code == 403
    assert "/opportunities/board" not in as_("nobody").get("/").get_data(as_text=True)


# ---- pages ------------------------------------------------------------------------------------------------


def walked(browser, order):
    """Every card of the assigned, page by page, with something assigned between the pages."""
    column = lanes(browser.get(f"/opportunities/board?sort={order}&customer_name=批量"))["assigned"]
    names, part = list(column[0]), column[2]
    while more := re.search(r'hx-get="([^"]*)"', part.split("lane-more")[-1] if "lane-more" in part else ""):
        part = browser.get(html.unescape(more.group(1))).get_data(as_text=True)
        names += names_in(part)
    return names


@pytest.mark.parametrize("order", ["-since", "since"])
def test_pages_lose_and_repeat_no_card(as_, rows, order):
    many(rows, 47)
    names = walked(as_("manager_a"), order)
    expected = [f"批量{place:03}公司" for place in range(47)]
    assert names == (expected[::-1] if order == "-since" else expected)


def test_a_card_that_comes_in_between_moves_no_page(as_, rows):
    many(rows, 25)
    browser = as_("manager_a")
    first = lanes(browser.get("/opportunities/board?customer_name=批量"))["assigned"]
    many(rows, 3)
    more = re.search(r'hx-get="([^"]*)"', first[2].split("lane-more")[-1])
    rest = names_in(browser.get(html.unescape(more.group(1))).get_data(as_text=True))
    assert sorted([*first[0], *rest]) == sorted(f"批量{place:03}公司" for place in range(25))


def test_cards_without_a_moment_of_their_own_count_from_creation(as_, rows):
    many(rows, 30, status=OpportunityStatus.SUCCEEDED, closed_on=None)
    found = lanes(as_("manager_a").get("/opportunities/board?customer_name=批量"))
    more = re.search(r'hx-get="([^"]*)"', found["succeeded"][2].split("lane-more")[-1])
    rest = names_in(as_("manager_a").get(html.unescape(more.group(1))).get_data(as_text=True))
    assert len({*found["succeeded"][0], *rest}) == 30


# ---- age --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, {"zh": "今天起", "en": "since today"}),
        (1, {"zh": "已 1 天", "en": "1 day so far"}),
        (12, {"zh": "已 12 天", "en": "12 days so far"}),
    ],
)
def test_the_age_counts_days_of_the_company(as_, rows, days, words):
    many(rows, 1, assigned_on=now() - timedelta(days=days), created_on=now() - timedelta(days=90))
    for locale, text in words.items():
        column = lanes(as_("manager_a", locale=locale).get("/opportunities/board?customer_name=批量"))["assigned"]
        age = re.search(r'class="opp-age[^>]*>(.*?)</span>', column[2], flags=re.S).group(1)
        assert re.sub(r"<[^>]+>|\s+", " ", age).strip() == text


# ---- moves ------------------------------------------------------------------------------------------------


def ways_of(column, name):
    """Where the card of that name leads: the status by the address."""
    card = next(part for part in column.split('<li class="opp">') if name in part)
    return dict(re.findall(r'href="(/opportunities/move/[^"]*)"\s+data-dialog data-after="(\w*)"', card))


def test_cards_lead_where_the_life_cycle_and_the_person_allow(as_, rows):
    with rows() as session:
        keys = dict(session.execute(select(Opportunity.customer_name, Opportunity.id)).all())
    mine, others, new = (next(keys[n] for n in keys if n.startswith(start)) for start in ("绍兴", "温州", "苏州"))
    manager = lanes(as_("manager_a").get("/opportunities/board"))
    assert ways_of(manager["assigned"][2], "绍兴") == {
        f"/opportunities/move/succeed/{mine}": "succeeded",
        f"/opportunities/move/fail/{mine}": "failed",
    }
    assert ways_of(manager["assigned"][2], "温州") == {}
    supervisor = lanes(as_("supervisor").get("/opportunities/board"))
    assert ways_of(supervisor["unassigned"][2], "苏州") == {f"/opportunities/move/assign/{new}": "assigned"}
    assert ways_of(supervisor["assigned"][2], "温州") == {f"/opportunities/move/reassign/{others}": ""}
    assert ways_of(lanes(as_("executive").get("/opportunities/board"))["assigned"][2], "绍兴") == {}


def refusals(column):
    return json.loads(html.unescape(re.search(r'data-refusals="([^"]*)"', column).group(1)))


def test_columns_say_why_not(as_):
    manager = lanes(as_("manager_a").get("/opportunities/board"))
    assert refusals(manager["unassigned"][2]) == {
        "assigned": "您没有权限进行此操作。",
        "succeeded": "“未指派”不能直接变为“开发成功”。",
        "failed": "“未指派”不能直接变为“开发失败”。",
    }
    assert "负责人" in refusals(manager["assigned"][2])["succeeded"]
    assert refusals(manager["succeeded"][2])["assigned"] == "“开发成功”不能直接变为“已指派”。"


def test_a_move_asked_over_a_page_leads_back_to_it(as_, rows, app):
    with rows() as session:
        key = session.scalars(select(Opportunity.id).where(Opportunity.customer_name.startswith("苏州"))).one()
    browser = as_("supervisor")
    here = {"HX-Request": "true", "HX-Current-URL": "http://localhost/opportunities/board?region=华东"}
    dialog = browser.get(f"/opportunities/move/assign/{key}", headers=here).get_data(as_text=True)
    address = html.unescape(re.search(r'action="([^"]*/move/assign/[^"]*)"', dialog).group(1))
    answer = browser.post(address, {"assignee": str(key_of(app, "manager_a"))})
    assert (answer.status_code, answer.location.startswith("/opportunities/board?")) == (302, True)
    assert "指派成功" in text_of(browser.get(answer.location))


@pytest.mark.parametrize("elsewhere", ["http://evil.example/x", "//evil.example", "https://localhost.evil.example/"])
def test_a_move_never_leads_to_another_host(as_, rows, app, elsewhere):
    with rows() as session:
        key = session.scalars(select(Opportunity.id).where(Opportunity.customer_name.startswith("苏州"))).one()
    browser = as_("supervisor")
    answer = browser.get(f"/opportunities/move/assign/{key}", headers={"HX-Current-URL": elsewhere})
    assert "evil" not in answer.get_data(as_text=True)
    path = f"/opportunities/move/assign/{key}"
    done = browser.client.post(path, query_string={"next": elsewhere}, data={"assignee": key_of(app, "manager_a")})
    assert (done.status_code, done.location) == (302, "/")


# ---- cost -------------------------------------------------------------------------------------------------


def test_statements_do_not_depend_on_rows(as_, rows, app):
    seen = []
    for number in (0, 60):
        many(rows, number)
        with counted(app) as statements:
            as_("head_a").get("/opportunities/board")
        seen.append(len(statements))
    assert seen[0] == seen[1] <= 15


def test_a_full_board_weighs_little(as_, rows):
    for status in OpportunityStatus:
        many(rows, 21, status=status)
    assert len(as_("admin").get("/opportunities/board").data) < 130_000
