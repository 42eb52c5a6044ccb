"""The service desk at the door: the five screens, the way of a request, and what a hostile employee tries."""

import pytest
from sqlalchemy import func, select

from app.models import Customer, CustomerStatus, Employee, ServiceRequest, ServiceRound, ServiceStatus
from tests.actions.test_services import entry, put_in, row
from tests.browsing import fields_of, text_of
from tests.cast import CAST, key_of
from tests.walk import everything

CREATED, ASSIGNED, PROCESSED, ARCHIVED = ServiceStatus
STATES = tuple(ServiceStatus)
PART = {"HX-Request": "true"}
GOOD = {
    "assignee": "manager_a",
    "handling": "更换轴承",
    "result": "客户确认",
    "satisfaction": "4",
    "reason": "两次来电",
}
ASKED = {
    "allocate": ("assignee",),
    "process": ("handling",),
    "feedback": ("result", "satisfaction"),
    "escalate": ("reason",),
}
#: What a POST with good answers is answered in each state; whoever is not named has no right or is not the one: 403.
ANSWERS = {
    "allocate": dict.fromkeys(("admin", "supervisor", "head_a"), (302, 409, 409, 409)),
    "process": {"manager_a": (403, 302, 409, 409), "narrow": (404,) * 4},
    "feedback": {"manager_a": (403, 403, 302, 409), "narrow": (404,) * 4},
    "escalate": {
        **dict.fromkeys(("admin", "supervisor", "head_a", "manager_a"), (302, 302, 302, 409)),
        "narrow": (404,) * 4,
    },
}


def expected(move, who, state):
    if who == "disabled":
        return 302
    return ANSWERS[move].get(who, (403,) * 4)[STATES.index(state)]


def good(move):
    return {name: GOOD[name] for name in ASKED[move]}


def state_of(rows, key):
    with rows() as session:
        return session.get(ServiceRequest, key).status


# ---- every state × move × person ------------------------------------------------------------------------


@pytest.mark.parametrize("move", list(ASKED))
@pytest.mark.parametrize("state", STATES)
def test_every_state_and_move_and_person_at_the_door(as_, rows, state, move):
    for who in CAST:
        key, browser = put_in(rows, state, level=0), as_(who)
        wanted = expected(move, who, state)
        page = browser.get(f"/services/move/{move}/{key}")
        assert page.status_code == (200 if wanted == 302 and who != "disabled" else wanted), (who, "GET")
        assert state_of(rows, key) is state
        if wanted == 302 and who != "disabled":
            empty = browser.post(f"/services/move/{move}/{key}")
            assert empty.status_code == 422 and state_of(rows, key) is state
        answer = browser.post(f"/services/move/{move}/{key}", good(move))
        assert answer.status_code == wanted, (who, text_of(answer)[-200:])
        is_moved = wanted == 302 and who != "disabled" and move != "escalate"
        assert (state_of(rows, key) is not state) is is_moved
        with rows() as session:
            for one in session.scalars(select(ServiceRound).where(ServiceRound.request_id == key)):
                session.delete(one)


def test_a_change_is_never_made_by_opening_an_address(as_, rows, app):
    key, before = put_in(rows, CREATED), everything(app)
    for path in (f"/services/assign/{key}", f"/services/delete/{key}"):
        assert as_("supervisor").get(path).status_code == 405
    assert as_("supervisor").get("/services/move/nothing/1").status_code == 404
    assert as_("supervisor").get("/services/show/2147483647").status_code == 404
    assert everything(app) == before


# ---- the way it is meant ----------------------------------------------------------------------------------


def test_from_creation_over_a_bad_round_to_the_archive(as_, rows):
    manager, supervisor = as_("manager_a"), as_("supervisor")
    with rows() as session:
        number = session.scalars(select(Customer.number).where(Customer.name.startswith("镇江"))).one()
        kind = str(entry(session, "投诉").id)
    typed = {"customer": number, "kind": kind, "summary": "磨头过热", "request": "温度超过 80 度", "priority": "urgent"}
    page = manager.get("/services/create")
    assert "林知远" in text_of(page) and "创建时间" in text_of(page)
    answer = manager.submit("/services/create", **typed)
    assert (answer.status_code, answer.location) == (302, "/services/create")
    fresh = manager.get(answer.location)
    assert "新建成功" in text_of(fresh)
    assert fields_of(fresh)["summary"] == fields_of(fresh)["customer"] == ""
    with rows() as session:
        key = row(session, "磨头过热").id
    assert "磨头过热" in text_of(supervisor.get("/services/assign"))
    assert supervisor.post(f"/services/assign/{key}", {"assignee": "manager_a"}).status_code == 302
    assert "磨头过热" not in text_of(supervisor.get("/services/assign"))
    assert "磨头过热" in text_of(manager.get("/services/process"))
    handle(manager, key, "清洗滤网", ("仍然过热", "2"))
    again = text_of(manager.get(f"/services/move/process/{key}"))
    for earlier in ("温度超过 80 度", "第 1 轮", "清洗滤网", "仍然过热", "★★☆☆☆ 2"):
        assert earlier in again
    handle(manager, key, "更换水泵", ("恢复正常", "5"))
    shown = text_of(manager.get(f"/services/show/{key}"))
    for word in (
        "已归档",
        "清洗滤网",
        "仍然过热",
        "处理（第 2 轮） 处理人",
        "更换水泵",
        "恢复正常",
        "反馈不满意，退回重新处理",
    ):
        assert word in shown
    printed = text_of(manager.get(f"/services/print/{key}"))
    assert "清洗滤网" in printed and "更换水泵" in printed
    assert "磨头过热" in text_of(as_("executive").get("/services/archive?status=已归档"))


def handle(browser, key, handling, judged):
    result, score = judged
    done = browser.submit(f"/services/move/process/{key}?next=/services/process", handling=handling)
    assert (done.status_code, done.location) == (302, "/services/process")
    assert f"/services/move/feedback/{key}" in browser.get("/services/feedback").text
    answer = browser.submit(f"/services/move/feedback/{key}", result=result, satisfaction=score)
    assert answer.status_code == 302
    words = "已退回重新处理" if int(score) < 3 else "已归档"
    assert words in text_of(browser.get(answer.location))


@pytest.mark.parametrize(
    ("who", "entries"),
    [
        ("admin", "创建 分配 处理 反馈 归档"),
        ("supervisor", "创建 分配 归档"),
        ("manager_a", "创建 处理 反馈 归档"),
        ("executive", "归档"),
        ("nobody", ""),
    ],
)
def test_the_menu_offers_what_one_may(as_, who, entries):
    text = text_of(as_(who).get("/"))
    offered = [word for word in ("创建", "分配", "处理", "反馈", "归档") if f"服务{word}" in text.partition("帮助")[0]]
    assert offered == entries.split()
    codes = {"创建": "create", "分配": "assign", "处理": "process", "反馈": "feedback", "归档": "archive"}
    for word, code in codes.items():
        assert as_(who).get(f"/services/{code}").status_code == (200 if word in offered else 403)


def test_each_queue_holds_what_waits_for_this_person(as_):
    assert "询问保养周期" in text_of(as_("supervisor").get("/services/assign"))
    assert "主轴异响" not in text_of(as_("supervisor").get("/services/assign"))
    for path, own in (("process", "主轴异响"), ("feedback", "发票抬头有误")):
        text = text_of(as_("manager_a").get(f"/services/{path}"))
        assert own in text and "镇江岚砺" in text and "泰州知微" not in text
        assert "泰州知微" in text_of(as_("manager_b").get(f"/services/{path}"))
        assert own not in text_of(as_("admin").get(f"/services/{path}"))


def test_the_archive_is_only_looked_at(as_):
    page = as_("manager_a").get("/services/archive")
    for word in (
        "编号",
        "客户",
        "概要",
        "服务类型",
        "创建人",
        "创建日期",
        "状态",
        "查看",
        "泰州知微",
        "新创建",
        "已归档",
    ):
        assert word in text_of(page)
    assert "/services/move/" not in page.text and "/services/delete/" not in page.text


# ---- filters ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("", 8),
        ("customer=镇江", 4),
        ("customer=zhenjiang", 4),
        ("customer=zwsw", 4),
        ("customer=没有这个", 0),
        ("customer=13800138000", 0),
        ("summary=异响", 2),
        ("kind=投诉", 4),
        ("kind=Suggestion", 2),
        ("status=已处理", 2),
        ("status=created", 2),
        ("customer=泰州&status=已分配", 1),
        ("created_on_from=2026-03-02&created_on_to=2026-03-02", 8),
        ("created_on_to=2026-03-01", 0),
        ("priority=特急", 0),
        ("assignee=manager_a", 3),
        ("created_by=manager_b", 4),
        ("level_from=1", 0),
    ],
)
def test_every_filter_of_the_archive(as_, asked, count):
    assert as_("supervisor").get(f"/services/count?{asked}").get_data(as_text=True) == str(count)
    assert as_("supervisor").get(f"/services/archive?{asked}&page=1&page_size=10&sort=-created_on").status_code == 200


@pytest.mark.parametrize("asked", ["status=已反馈", "sort=summary", "created_on_from=gestern", "page=0"])
def test_an_address_nobody_understands(as_, asked):
    assert as_("supervisor").get(f"/services/archive?{asked}").status_code == 400


@pytest.mark.parametrize(
    ("asked", "count"), [("", "2"), ("customer=镇江", "1"), ("kind=投诉", "0"), ("summary=保养", "2")]
)
def test_the_filters_of_the_assignment(as_, asked, count):
    assert as_("supervisor").get(f"/services/assign/count?{asked}").get_data(as_text=True) == count


def test_who_sees_only_his_own_finds_only_that(as_, rows):
    narrow = as_("narrow")
    assert narrow.get("/services/count").get_data(as_text=True) == "0"
    key = put_in(rows, ASSIGNED)
    assert narrow.get(f"/services/show/{key}").status_code == 404
    with rows() as session:
        session.get(ServiceRequest, key).assignee_id = session.scalars(
            select(Employee.id).where(Employee.username == "narrow")
        ).one()
    assert narrow.get("/services/count?customer=镇江").get_data(as_text=True) == "1"  # though he sees no customer
    shown = narrow.get(f"/services/show/{key}")
    assert "镇江岚砺" in text_of(shown) and "/customers/show/" not in shown.text


# ---- assigning in the row and several at once -------------------------------------------------------------


def new_keys(rows):
    with rows() as session:
        new = select(ServiceRequest.id).where(ServiceRequest.status == CREATED).order_by(ServiceRequest.id)
        return list(session.scalars(new))


def test_assigning_in_the_row(as_, rows, app):
    browser, key = as_("supervisor"), new_keys(rows)[0]
    page = browser.get("/services/assign")
    assert f'hx-post="/services/assign/{key}"' in page.text and '<option value="manager_a">' in page.text
    form = fields_of(page, f"/services/assign/{key}")
    answer = browser.post(f"/services/assign/{key}?next=/services/assign?kind=咨询", {**form, "assignee": "manager_b"})
    assert (answer.status_code, answer.location.partition("?")[0]) == (302, "/services/assign")
    assert "分配成功" in text_of(browser.get(answer.location))
    with rows() as session:
        one = session.get(ServiceRequest, key)
        assert (one.status, one.assignee_id) == (ASSIGNED, key_of(app, "manager_b"))


def test_assigning_in_the_row_with_a_script_changes_only_the_row(as_, rows):
    browser, key = as_("supervisor"), new_keys(rows)[0]
    answer = browser.post(f"/services/assign/{key}", {"assignee": "manager_a"}, headers=PART)
    assert answer.status_code == 200 and "<html" not in answer.text
    assert "林知远" in text_of(answer) and "<form" not in answer.text
    assert state_of(rows, key) is ASSIGNED


@pytest.mark.parametrize("headers", [{}, PART])
@pytest.mark.parametrize("typed", ["", "nobody-of-that-name", "disabled", "executive"])
def test_a_choice_that_does_not_fit_stays_in_the_row(as_, rows, typed, headers):
    key = new_keys(rows)[0]
    answer = as_("supervisor").post(f"/services/assign/{key}", {"assignee": typed}, headers=headers)
    assert answer.status_code == 422
    assert f'value="{typed}"' in answer.text and "field-error" in answer.text
    assert state_of(rows, key) is CREATED


def test_of_two_supervisors_one_wins_and_the_other_keeps_his_choice(as_, rows):
    key = new_keys(rows)[0]
    form = fields_of(as_("admin").get("/services/assign"), f"/services/assign/{key}")
    assert as_("supervisor").post(f"/services/assign/{key}", {**form, "assignee": "manager_a"}).status_code == 302
    for headers in ({}, PART):
        late = as_("admin").post(f"/services/assign/{key}", {**form, "assignee": "manager_b"}, headers=headers)
        assert late.status_code == 409
        assert "许安宁" in text_of(late) and "202" in text_of(late) and 'value="manager_b"' in late.text
    assert as_("admin").post(f"/services/assign/{key}", {"assignee": "manager_b"}).status_code == 409


def test_several_are_assigned_at_once_and_told_which_not(as_, rows):
    browser, keys = as_("supervisor"), new_keys(rows)
    other = put_in(rows, ASSIGNED)
    asked = "&".join(f"row={key}" for key in (*keys, other))
    page = browser.get(f"/services/moves/allocate?{asked}")
    assert page.status_code == 200 and "主轴异响" in text_of(page)
    chosen = [str(key) for key in (*keys, other)]
    bad = browser.post("/services/moves/allocate", {"row": chosen, "assignee": ""})
    assert bad.status_code == 422
    answer = browser.post("/services/moves/allocate", {"row": chosen, "assignee": "manager_b"})
    assert (answer.status_code, answer.location) == (302, "/services/assign")
    assert "主轴异响" in text_of(browser.get(answer.location))
    assert [state_of(rows, key) for key in keys] == [ASSIGNED, ASSIGNED]
    assert (
        as_("manager_a").post("/services/moves/allocate", {"row": chosen, "assignee": "manager_a"}).status_code == 403
    )
    assert browser.get(f"/services/moves/process?row={keys[0]}").status_code == 403
    assert as_("manager_a").get(f"/services/moves/process?row={keys[0]}").status_code == 404


def test_the_managers_to_choose_from(as_):
    found = as_("supervisor").get("/services/assign/managers?q=林").json
    assert [one["value"] for one in found] == ["manager_a"]
    assert "在手 1 件" in found[0]["more"]
    assert {one["value"] for one in as_("head_a").get("/services/assign/managers").json} == {"narrow", "manager_a"}
    assert as_("manager_a").get("/services/assign/managers").status_code == 403


# ---- deleting -------------------------------------------------------------------------------------------


def test_a_new_request_is_deleted_after_the_question(as_, rows):
    browser, key = as_("supervisor"), new_keys(rows)[0]
    assert "确认删除" in browser.get("/services/assign").text
    answer = browser.post(f"/services/delete/{key}?next=/services/assign")
    assert (answer.status_code, answer.location) == (302, "/services/assign")
    assert key not in new_keys(rows)
    assert browser.post(f"/services/delete/{key}").status_code == 404


def test_what_may_not_be_deleted(as_, rows, app):
    key = put_in(rows, ASSIGNED)
    before = everything(app)
    assert as_("supervisor").post(f"/services/delete/{key}").status_code == 409
    assert as_("manager_a").post(f"/services/delete/{key}").status_code == 403
    assert as_("narrow").post(f"/services/delete/{key}").status_code == 403
    assert as_("head_a").post(f"/services/delete/{new_keys(rows)[1]}").status_code == 404
    assert everything(app) == before


# ---- what was typed is kept -----------------------------------------------------------------------------


def test_a_form_that_is_not_complete_keeps_everything_typed(as_, rows, app):
    before = everything(app)
    typed = {"customer": "KH000000000000", "kind": "", "summary": "只写了一半", "request": "正文", "priority": "urgent"}
    answer = as_("manager_a").post("/services/create", typed)
    assert answer.status_code == 422
    kept = fields_of(answer)
    assert {name: kept[name] for name in ("customer", "summary", "request")} == {
        name: typed[name] for name in ("customer", "summary", "request")
    }
    assert '<option selected value="urgent">' in answer.text
    assert as_("manager_a").post("/services/create", {**typed, "status": "archived"}).status_code == 400
    assert as_("manager_a").post("/services/create", {**typed, "created_by": "1"}).status_code == 400
    assert everything(app) == before


def test_a_deleted_customer_asks_for_nothing_any_more(as_, rows):
    with rows() as session:
        one = session.scalars(select(Customer).where(Customer.name.startswith("镇江"))).one()
        one.status, number, kind = CustomerStatus.DELETED, one.number, str(entry(session, "投诉").id)
    typed = {"customer": number, "kind": kind, "summary": "x", "request": "x", "priority": "normal"}
    assert as_("manager_a").post("/services/create", typed).status_code == 422


def test_begun_from_a_customer_it_names_the_customer(as_, rows):
    with rows() as session:
        key, number = session.execute(
            select(Customer.id, Customer.number).where(Customer.name.startswith("镇江"))
        ).one()
    assert fields_of(as_("manager_a").get(f"/services/create?customer={key}"), "/services/create")["customer"] == number
    hidden = as_("narrow").get(f"/services/create?customer={key}")
    assert fields_of(hidden, "/services/create")["customer"] == ""


def test_two_tabs_process_one_request_and_the_later_text_is_kept(as_, rows):
    key, manager = put_in(rows, ASSIGNED), as_("manager_a")
    path = f"/services/move/process/{key}"
    form = fields_of(manager.get(path))
    assert manager.post(path, {**form, "handling": "先写的"}).status_code == 302
    late = manager.post(path, {**form, "handling": "后写的，不能丢"})
    assert late.status_code == 409
    assert "林知远" in text_of(late) and "后写的，不能丢" in fields_of(late)["handling"]
    with rows() as session:
        assert row(session).handling == "先写的"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"result": "好", "satisfaction": "0"}, 422),
        ({"result": "好", "satisfaction": "6"}, 422),
        ({"result": "好", "satisfaction": ""}, 422),
        ({"result": "", "satisfaction": "5"}, 422),
        ({"result": "好" * 501, "satisfaction": "5"}, 422),
        ({"result": "好", "satisfaction": "5", "handled_by": "1"}, 400),
    ],
)
def test_feedback_needs_a_result_and_a_score(as_, rows, fields, code):
    key = put_in(rows, PROCESSED)
    answer = as_("manager_a").post(f"/services/move/feedback/{key}", fields)
    assert answer.status_code == code
    assert code == 400 or fields_of(answer)["result"] == fields["result"]
    assert state_of(rows, key) is PROCESSED


# ---- escalation -----------------------------------------------------------------------------------------


def test_an_escalated_complaint_shows_its_level_in_the_lists(as_, rows):
    key, manager = put_in(rows, ASSIGNED), as_("manager_a")
    for _ in range(3):
        assert manager.submit(f"/services/move/escalate/{key}", reason="客户两次来电").status_code == 302
    assert manager.post(f"/services/move/escalate/{key}", {"reason": "再升"}).status_code == 409
    for path in ("process", "archive", f"show/{key}"):
        text = text_of(manager.get(f"/services/{path}"))
        assert "升级 3 级" in text or "升级级别 3" in text
    history = text_of(manager.get(f"/services/show/{key}"))
    assert history.count("客户两次来电") == 3


def test_only_complaints_offer_it(as_, rows):
    with rows() as session:
        key = row(session, "询问保养周期").id
        assert session.scalar(select(func.count(ServiceRequest.id)).where(ServiceRequest.level > 0)) == 0
    assert f"/move/escalate/{key}" not in as_("supervisor").get(f"/services/show/{key}").text
    assert as_("supervisor").get(f"/services/move/escalate/{key}").status_code == 409
    assert as_("supervisor").post(f"/services/move/escalate/{key}", {"reason": "x"}).status_code == 409
