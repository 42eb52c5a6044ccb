"""Marketing at the door: what an employee does, and what a hostile one tries."""

import pytest
from sqlalchemy import select

from app.models import Customer, Employee, Opportunity, OpportunityStatus, PlanItem, StatusMove
from tests.browsing import fields_of, text_of
from tests.cast import key_of
from tests.walk import everything

GOOD = {
    "customer_name": "南通屿帆海工装备有限公司",
    "probability": "60",
    "summary": "焊接机器人工作站 6 套",
    "description": "首批六套，八月交付。",
    "contact_name": "葛部长",
    "contact_phone": "137 0013 4471",
    "expected_amount": "3,420,000.00",
}


def key_named(rows, start, model=Opportunity):
    with rows() as session:
        name = model.customer_name if model is Opportunity else model.name
        return session.scalars(select(model.id).where(name.startswith(start))).one()


def row_of(rows, key, *names):
    with rows() as session:
        one = session.get(Opportunity, key)
        return tuple(getattr(one, name) for name in names)


def item_of(rows, key):
    with rows() as session:
        return session.scalars(select(PlanItem.id).where(PlanItem.opportunity_id == key)).one()


# ---- the way it is meant ----------------------------------------------------------------------------------


def test_from_creation_to_customer(as_, rows, app):
    answer = as_("manager_a").submit("/opportunities/add", **GOOD)
    assert answer.status_code == 302
    key = int(answer.location.rsplit("/", 1)[1])
    assert row_of(rows, key, "status", "contact_phone", "created_by_id") == (
        OpportunityStatus.UNASSIGNED,
        "13700134471",
        key_of(app, "manager_a"),
    )
    assigned = as_("supervisor").submit(f"/opportunities/move/assign/{key}", assignee=str(key_of(app, "manager_a")))
    assert assigned.status_code == 302
    manager = as_("manager_a")
    added = manager.post(f"/plan-items/add?opportunity={key}", {"planned_on": "2026-04-01", "todo": "拜访"})
    assert added.status_code == 302
    item = item_of(rows, key)
    assert manager.submit(f"/plan-items/result/{item}", result="客户认可方案").status_code == 302
    won = manager.submit(f"/opportunities/move/succeed/{key}")
    assert won.status_code == 302
    page = text_of(manager.get(won.location))
    assert "操作成功" in page
    customer = key_named(rows, GOOD["customer_name"], Customer)
    assert GOOD["customer_name"] in text_of(manager.get(f"/customers/show/{customer}"))
    assert "葛部长" in text_of(manager.get(f"/customers/show/{customer}"))


def test_the_list_opens_on_the_unassigned_and_clears(as_):
    browser = as_("manager_a")
    assert "绍兴织野" not in text_of(browser.get("/opportunities/list/"))
    assert "绍兴织野" in text_of(browser.get("/opportunities/list/?status="))
    assert "绍兴织野" in text_of(browser.get("/opportunities/list/?status=已指派"))
    assert "绍兴织野" in text_of(browser.get("/opportunities/list/?status=assigned"))
    assert "绍兴织野" in text_of(as_("manager_a", locale="en").get("/opportunities/list/?status=Assigned"))
    assert "绍兴织野" in text_of(browser.get("/plans/"))
    assert "绍兴织野" in text_of(browser.get("/plans/list/?status=开发中"))
    assert "徐州衡岱" in text_of(browser.get("/plans/list/?status=已归档"))


def test_several_are_assigned_at_once_and_told_which_not(as_, rows, app):
    keys = [key_named(rows, start) for start in ("苏州", "金华", "绍兴")]
    browser = as_("supervisor")
    path = "/opportunities/moves/assign?" + "&".join(f"row={key}" for key in keys)
    page = browser.get(path)
    assert page.status_code == 200
    assert "绍兴织野" in text_of(page)
    answer = browser.post(
        "/opportunities/moves/assign",
        {"row": [str(key) for key in keys], "assignee": str(key_of(app, "manager_b"))},
    )
    assert answer.status_code == 302
    assert "绍兴织野" in text_of(browser.get(answer.location))
    assert [row_of(rows, key, "assignee_id")[0] for key in keys] == [
        key_of(app, "manager_b"),
        key_of(app, "manager_b"),
        key_of(app, "manager_a"),
    ]


def test_a_creator_deletes_after_the_question(as_, rows):
    key = key_named(rows, "金华")
    page = as_("manager_a").get("/opportunities/list/").get_data(as_text=True)
    assert "确认删除" in page
    assert as_("manager_a").post(f"/opportunities/delete/{key}").status_code == 302
    with rows() as session:
        assert session.get(Opportunity, key) is None


def test_phones_are_masked_for_who_may_not_see_them(as_, rows):
    key = key_named(rows, "绍兴")
    assert "139****5678" in text_of(as_("executive").get(f"/opportunities/show/{key}"))
    assert "13912345678" not in as_("executive").get("/plans/list/").get_data(as_text=True)
    assert "13912345678" in text_of(as_("supervisor").get(f"/opportunities/show/{key}"))


# ---- a hostile employee -------------------------------------------------------------------------------------


@pytest.fixture
def unchanged(app):
    """Nothing in the database changes during the test."""
    before = everything(app)
    yield
    assert everything(app) == before


def refused(answer, code, words=""):
    """The answer refuses with that code and says why."""
    assert answer.status_code == code, (answer.status_code, text_of(answer)[-300:])
    assert words in text_of(answer)


def test_editing_an_assigned_opportunity(as_, rows, unchanged):
    key = key_named(rows, "绍兴")
    refused(as_("supervisor").get(f"/opportunities/edit/{key}"), 409, "只有未指派的销售机会才能修改")
    refused(as_("supervisor").post(f"/opportunities/edit/{key}", GOOD), 409, "只有未指派的销售机会才能修改")


def test_deleting_someone_elses(as_, rows, unchanged):
    refused(as_("manager_a").post(f"/opportunities/delete/{key_named(rows, '苏州')}"), 403, "创建人")


def test_deleting_an_assigned_one(as_, rows, unchanged):
    refused(as_("supervisor").post(f"/opportunities/delete/{key_named(rows, '绍兴')}"), 409)


def test_moving_a_plan_items_date(as_, rows, unchanged):
    item = item_of(rows, key_named(rows, "绍兴"))
    fields = {"todo": "改", "planned_on": "2030-01-01"}
    refused(as_("manager_a").post(f"/plan-items/edit/{item}", fields), 400)
    refused(as_("manager_a").post(f"/plan-items/result/{item}", {"result": "x", "planned_on": "2030-01-01"}), 400)


def test_assigning_as_a_manager(as_, rows, app, unchanged):
    key = key_named(rows, "苏州")
    fields = {"assignee": str(key_of(app, "manager_a"))}
    refused(as_("manager_a").post(f"/opportunities/move/assign/{key}", fields), 403, "没有权限")
    refused(as_("manager_a").get(f"/opportunities/move/assign/{key}"), 403)
    many = as_("manager_a").post("/opportunities/moves/assign", {**fields, "row": str(key)})
    refused(many, 403)


def test_succeeding_a_strangers(as_, rows, unchanged):
    key = key_named(rows, "温州")
    refused(as_("manager_a").post(f"/opportunities/move/succeed/{key}"), 403)
    refused(as_("admin").post(f"/opportunities/move/succeed/{key}"), 403)
    refused(as_("manager_a").post(f"/opportunities/move/fail/{key}", {"reason": "x"}), 403)


@pytest.mark.parametrize(
    "field",
    [
        "status",
        "assignee_id",
        "created_by_fk",
        "created_by_id",
        "assigned_on",
        "id",
        "customer_id",
        "_method",
    ],
)
def test_a_field_that_is_not_on_the_form(as_, rows, unchanged, field):
    browser, key = as_("manager_a"), key_named(rows, "金华")
    for path in ("/opportunities/add", f"/opportunities/edit/{key}"):
        form = fields_of(browser.get(path))
        refused(browser.post(path, {**form, **GOOD, field: "1"}), 400)


def test_the_stock_ways_to_act_do_not_exist(as_, rows, app, unchanged):
    key = key_named(rows, "温州")
    for path in (
        f"/opportunities/action/assign/{key}",
        "/opportunities/action_post",
        "/opportunities/download/x",
    ):
        for method in ("GET", "POST"):
            answer = as_("admin").client.open(path, method=method, data={"action": "assign", "rowid": str(key)})
            assert answer.status_code == 404, (method, path)
    for path in ("/users/userinfo/", "/api/v1/security/login", "/registeruser/list/", "/lang/en"):
        assert as_("admin").get(path).status_code == 404


def test_a_change_by_get(as_, rows, unchanged):
    key = key_named(rows, "金华")
    for path in (f"/opportunities/delete/{key}", "/logout/", "/plan-items/add", "/plan-items/delete/1"):
        refused(as_("manager_a").get(path), 405)


def test_moving_by_get_only_asks(as_, rows, unchanged):
    key = key_named(rows, "绍兴")
    assert as_("manager_a").get(f"/opportunities/move/succeed/{key}").status_code == 200


def test_an_unknown_move_and_a_move_not_for_several(as_, rows, unchanged):
    key = key_named(rows, "绍兴")
    refused(as_("supervisor").post(f"/opportunities/move/resurrect/{key}"), 404)
    refused(as_("supervisor").post("/opportunities/moves/reassign", {"row": str(key)}), 404)


def test_assigning_to_who_may_not_be_assigned(as_, rows, app, unchanged):
    key = key_named(rows, "苏州")
    for person in ("disabled", "executive", "nobody"):
        fields = {"assignee": str(key_of(app, person))}
        refused(as_("supervisor").post(f"/opportunities/move/assign/{key}", fields), 422)
    for nonsense in ("", "x", "99999999999", "-1", "１"):
        refused(as_("supervisor").post(f"/opportunities/move/assign/{key}", {"assignee": nonsense}), 422)


def test_a_stale_tab(as_, rows, app):
    key, other = key_named(rows, "苏州"), str(key_of(app, "manager_b"))
    old = fields_of(as_("supervisor").get(f"/opportunities/move/assign/{key}"))
    form = fields_of(as_("manager_a").get(f"/opportunities/edit/{key}"))
    done = as_("supervisor").submit(f"/opportunities/move/assign/{key}", assignee=str(key_of(app, "manager_a")))
    assert done.status_code == 302
    before = everything(app)
    refused(as_("supervisor").post(f"/opportunities/move/assign/{key}", {**old, "assignee": other}), 409, "许安宁")
    answer = as_("manager_a").post(f"/opportunities/edit/{key}", {**form, "summary": "我改的概要"})
    refused(answer, 409)
    assert "我改的概要" in answer.get_data(as_text=True)
    assert everything(app) == before


def test_two_editors_lose_nothing(as_, rows):
    key = key_named(rows, "金华")
    first, second = as_("manager_a"), as_("supervisor")
    mine, theirs = (fields_of(browser.get(f"/opportunities/edit/{key}")) for browser in (first, second))
    assert first.post(f"/opportunities/edit/{key}", {**mine, "summary": "甲改"}).status_code == 302
    answer = second.post(f"/opportunities/edit/{key}", {**theirs, "summary": "乙改"})
    refused(answer, 409, "林知远")
    assert "乙改" in answer.get_data(as_text=True)
    assert row_of(rows, key, "summary") == ("甲改",)


def test_who_is_signed_out_is_sent_to_sign_in_and_back(strict_app):
    from tests.browsing import Browser

    answer = Browser(strict_app).post("/opportunities/moves/assign", {"row": ["1:1", "2:1"], "assignee": "3"})
    assert answer.status_code == 302
    assert answer.location == "/login/?next=/opportunities/moves/assign?row%3D1%253A1%26row%3D2%253A1"


def test_without_its_token_a_form_is_refused(strict_app, home):
    from tests.browsing import Browser

    before = everything(strict_app)
    for path in ("/opportunities/add", "/opportunities/delete/1", "/opportunities/move/assign/1", "/logout/"):
        assert Browser(strict_app, "admin").post(path, GOOD).status_code == 400, path
    assert everything(strict_app) == before


# ---- bad input ----------------------------------------------------------------------------------------------

BAD = {
    "empty name": ({"customer_name": ""}, "该字段为必填项"),
    "too long": ({"summary": "长" * 201}, "200"),
    "probability 101": ({"probability": "101"}, "100"),
    "probability -1": ({"probability": "-1"}, "0"),
    "probability in words": ({"probability": "一半"}, "整数"),
    "markup": ({"customer_name": "<script>alert(1)</script>"}, "HTML"),
    "emoji": ({"customer_name": "好公司😀"}, "表情"),
    "phone with letters": ({"contact_phone": "1380013abcd"}, "数字"),
    "phone too short": ({"contact_phone": "138001"}, "号码"),
    "amount": ({"expected_amount": "Infinity"}, ""),
    "amount with an exponent": ({"expected_amount": "1e3"}, ""),
    "amount too large": ({"expected_amount": "99999999999999"}, "金额"),
    "negative amount": ({"expected_amount": "-5"}, "金额"),
    "date": ({"expected_close_on": "2026-02-31"}, ""),
    "region": ({"region": "9999"}, ""),
    "nul": ({"description": "a\x00b"}, "字符"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_brings_the_form_back_whole(as_, unchanged, case):
    fields, words = BAD[case]
    typed = {**GOOD, "contact_phone": "13700134471", **fields}
    browser = as_("manager_a")
    answer = browser.post("/opportunities/add", typed)
    refused(answer, 422, words)
    kept = fields_of(answer)
    for name, value in typed.items():
        if name != "region" and "\x00" not in value:
            assert kept[name] == value, name
    assert "<script>alert(1)" not in answer.get_data(as_text=True)


def test_full_width_digits_are_read(as_, rows):
    answer = as_("manager_a").submit(
        "/opportunities/add",
        **{
            **GOOD,
            "probability": "８０",
            "contact_phone": "１３７００１３４４７１",
            "expected_amount": "１，２００",
        },
    )
    key = int(answer.location.rsplit("/", 1)[1])
    probability, phone, amount = row_of(rows, key, "probability", "contact_phone", "expected_amount")
    assert (probability, phone, str(amount)) == (80, "13700134471", "1200.00")


def test_what_was_typed_is_shown_and_never_run(as_, rows):
    text = '<script>alert(1)</script> & "引号" 😀'
    answer = as_("manager_a").submit("/opportunities/add", **{**GOOD, "summary": text, "description": text})
    page = as_("manager_a").get(answer.location).get_data(as_text=True)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_reasons_in_english_for_an_english_reader(as_, unchanged):
    answer = as_("manager_a", locale="en").post("/opportunities/add", {**GOOD, "contact_phone": "1380013abcd"})
    refused(answer, 422, "A phone number has digits only")


def test_a_reason_is_asked(as_, rows, unchanged):
    key = key_named(rows, "绍兴")
    refused(as_("manager_a").post(f"/opportunities/move/fail/{key}", {"reason": "  "}), 422)
    refused(as_("manager_a").post(f"/opportunities/move/fail/{key}", {"reason": "长" * 501}), 422)


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=abc",
        "page=99999999999999999999",
        "page_size=1000000000",
        "page_size=-1",
        "sort=password",
        "sort=assignee.password",
        "sort=__class__",
        "status=nothing",
        "created_on_from=2026-13-01",
        "created_on_to=9999-12-31",
        "expected_amount_from=abc",
        "expected_amount_from=NaN",
        "customer_name=%00",
        "customer_name=" + "x" * 3000,
    ],
)
def test_an_address_that_cannot_be_read(as_, query):
    assert as_("manager_a").get(f"/opportunities/list/?{query}").status_code in {200, 400}


def test_filters_on_fields_not_offered_do_nothing(as_):
    plain = text_of(as_("manager_a").get("/opportunities/list/?status="))
    for query in ("_flt_0_description=zz", "description=zz", "password=x", "changed_by=1", "created_by_id=1"):
        assert text_of(as_("manager_a").get(f"/opportunities/list/?status=&{query}")) == plain


def test_keys_that_cannot_be(as_):
    for key in ("0", "2147483648", "99999999999999999999999"):
        assert as_("manager_a").get(f"/opportunities/show/{key}").status_code == 404
    assert as_("manager_a").get("/opportunities/show/-1").status_code == 404
    assert as_("manager_a").get("/opportunities/show/abc").status_code == 404


def test_history_is_shown(as_, rows, app):
    key = key_named(rows, "苏州")
    as_("supervisor").submit(f"/opportunities/move/assign/{key}", assignee=str(key_of(app, "manager_a")))
    text = text_of(as_("supervisor").get(f"/opportunities/show/{key}"))
    assert "许安宁" in text
    assert "林知远" in text
    with rows() as session:
        history = session.scalars(select(StatusMove).where(StatusMove.row_id == key, StatusMove.move == "assign"))
        assert session.get(Employee, history.one().by_id).username == "supervisor"
