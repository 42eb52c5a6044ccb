"""What an attack found once, so that it is not found again."""

import io
import threading

import pytest
from sqlalchemy import select

from app.actions.records import flush_or_stale
from app.models import Customer, Opportunity, StatusMove
from tests.browsing import Browser, fields_of, text_of
from tests.cast import PASSWORD, key_of
from tests.views.test_marketing import GOOD, item_of, key_named, refused
from tests.walk import everything


def test_the_key_of_a_deleted_record_is_never_given_again(as_, rows):
    made = as_("manager_a").submit("/opportunities/add", **GOOD).location
    key = int(made.rsplit("/", 1)[1])
    old = fields_of(as_("manager_a").get(f"/opportunities/edit/{key}"))
    as_("manager_a").post(f"/opportunities/delete/{key}")
    again = as_("manager_b").submit("/opportunities/add", **GOOD).location
    assert again != made
    assert as_("manager_a").post(f"/opportunities/edit/{key}", old).status_code == 404
    with rows() as session:
        new = int(again.rsplit("/", 1)[1])
        assert len(session.scalars(select(StatusMove).where(StatusMove.row_id == new)).all()) == 1


@pytest.mark.parametrize(
    "target", ["//evil.com", "https://evil.com", "/\\evil.com", "javascript:alert(1)", "/\t/evil.com", "", "evil.com"]
)
def test_nobody_is_led_to_another_host(app, target):
    browser = Browser(app)
    answer = browser.client.post(
        "/login/", query_string={"next": target}, data={"username": "manager_a", "password": PASSWORD}
    )
    assert (answer.status_code, answer.location) == (302, "/")
    answer = browser.post("/preferences", {"locale": "en", "next": target or "//evil.com"})
    assert (answer.status_code, answer.location) == (302, "/")


def test_a_host_that_is_not_ours(app):
    answer = Browser(app).get("/login/", headers={"Host": "evil.com"})
    assert answer.status_code == 400
    assert "evil.com" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("body", ["[1]", '"a"', '{"customer_name": 5}', '{"description": {"a": 1}}', "{", "null"])
def test_json_in_place_of_a_form(as_, app, body):
    before = everything(app)
    for path in ("/opportunities/add", "/plan-items/add?opportunity=4", "/opportunities/move/fail/4"):
        answer = as_("manager_a").client.post(path, data=body, content_type="application/json")
        assert answer.status_code == 400, path
    assert Browser(app).client.post("/login/", data=body, content_type="application/json").status_code in {400, 422}
    assert everything(app) == before


def test_a_file_in_place_of_a_text(as_, app):
    before = everything(app)
    for name in ("customer_name", "probability", "status"):
        answer = as_("manager_a").post("/opportunities/add", {**GOOD, name: (io.BytesIO(b"x"), "x.txt")})
        assert answer.status_code == 400, name
    assert everything(app) == before


@pytest.mark.parametrize(
    "path",
    [
        "/opportunities/list/?created_on_from=0001-01-01",
        "/plans/list/?created_on_to=9999-12-31",
        "/opportunities/moves/assign?row=1:%C2%B2",
        "/opportunities/moves/assign",
    ],
)
def test_addresses_that_cannot_be_read(as_, path):
    assert as_("supervisor").get(path).status_code == 400


def test_a_key_of_thousands_of_digits(as_):
    answer = as_("manager_a").post(f"/plan-items/add?opportunity={'9' * 5000}", {"planned_on": "2026-04-01"})
    assert answer.status_code == 404


def test_an_unreadable_version_is_a_stale_one(as_, rows, app):
    before, key = everything(app), key_named(rows, "金华")
    refused(as_("manager_a").post(f"/opportunities/edit/{key}", {**GOOD, "version": "abc"}), 409)
    assert everything(app) == before


def test_right_person_and_state_come_before_the_form(as_, rows, app):
    before = everything(app)
    refused(as_("supervisor").post(f"/opportunities/edit/{key_named(rows, '绍兴')}", {}), 409)
    refused(as_("manager_a").post(f"/opportunities/move/fail/{key_named(rows, '温州')}", {}), 403)
    refused(as_("manager_a").post(f"/plan-items/add?opportunity={key_named(rows, '温州')}", {}), 403)
    refused(as_("supervisor").post(f"/opportunities/move/assign/{key_named(rows, '绍兴')}", {}), 409)
    assert everything(app) == before


def test_a_refused_success_tells_nothing_of_names_out_of_sight(as_, rows):
    with rows() as session:
        opportunity = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("盐城"))).one()
        opportunity.customer_name = "泰州知微生物有限公司"
        opportunity.status = "failed"
        key = opportunity.id
    answer = as_("narrow").post(f"/opportunities/move/succeed/{key}", {"customer_choice": "x" * 13})
    refused(answer, 409)
    assert "同名客户" not in text_of(answer)


@pytest.mark.parametrize("name", ["\u200b", "\ufeff", "a\u202egnp.exe", "甲\n乙", "好公司❤"])
def test_names_that_cannot_be_seen_or_turn_round(as_, app, name):
    before = everything(app)
    assert as_("manager_a").post("/opportunities/add", {**GOOD, "customer_name": name}).status_code == 422
    assert everything(app) == before


def test_signs_that_companies_have_in_their_names(as_):
    assert (
        as_("manager_a").submit("/opportunities/add", **{**GOOD, "customer_name": "ACME™（℃）有限公司"}).status_code
        == 302
    )


def test_masked_phones_are_not_in_the_form_either(as_, rows):
    from flask_appbuilder.security.sqla.models import Role

    with rows() as session:
        role = session.scalars(select(Role).where(Role.name == "Account manager")).one()
        role.permissions = [one for one in role.permissions if one.permission.name != "can_see_phones"]
    key = key_named(rows, "苏州")
    page = as_("manager_b").get(f"/opportunities/edit/{key}")
    assert page.status_code == 200
    assert "13912345678" not in page.get_data(as_text=True)
    fields = fields_of(page)
    assert as_("manager_b").post(f"/opportunities/edit/{key}", {**fields, "summary": "改"}).status_code == 302
    with rows() as session:
        assert session.get(Opportunity, key).contact_phone == "13912345678"


def test_two_successes_of_one_name_at_once_never_make_two_customers(home, app, rows):
    with rows() as session:
        first = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("绍兴"))).one()
        keys = [first.id]
        for start in ("苏州", "金华", "扬州"):
            other = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith(start))).one()
            other.customer_name, other.status, other.assignee = first.customer_name, "assigned", first.assignee
            keys.append(other.id)
    codes = at_once(
        [lambda key=key: Browser(app, "manager_a").post(f"/opportunities/move/succeed/{key}") for key in keys]
    )
    assert sorted(codes)[0] == 302
    assert set(codes[1:]) | set(codes) <= {302, 409, 422}
    with rows() as session:
        assert len(session.scalars(select(Customer).where(Customer.name.startswith("绍兴"))).all()) == 1


def test_one_success_sent_twice_at_once(app, rows):
    key = key_named(rows, "绍兴")
    codes = at_once([lambda: Browser(app, "manager_a").post(f"/opportunities/move/succeed/{key}") for _ in range(4)])
    assert sorted(codes)[0] == 302
    assert sorted(codes)[1:] == [409] * 3


def at_once(requests):
    """Send several requests in the same moment; returns the codes of their answers."""
    codes, barrier = [], threading.Barrier(len(requests))

    def send(request):
        barrier.wait()
        codes.append(request().status_code)

    threads = [threading.Thread(target=send, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return codes


def test_a_plan_is_not_changed_on_an_opportunity_closed_in_the_same_moment(as_, app, rows, monkeypatch):
    """Between the check and the write somebody else ends the development."""
    from app.actions import marketing

    key, item = key_named(rows, "绍兴"), None
    item = item_of(rows, key)

    def end_meanwhile(session):
        if app.config.pop("END_MEANWHILE", False):
            with rows() as other:
                other.get(Opportunity, key).status = "failed"
        flush_or_stale(session)

    monkeypatch.setattr(marketing, "flush_or_stale", end_meanwhile)
    for path, fields in (
        (f"/plan-items/edit/{item}", {"todo": "改"}),
        (f"/plan-items/result/{item}", {"result": "改"}),
        (f"/plan-items/add?opportunity={key}", {"planned_on": "2026-04-01", "todo": "新"}),
    ):
        with rows() as session:
            session.get(Opportunity, key).status = "assigned"
        before = everything(app)["plan_items"]
        app.config["END_MEANWHILE"] = True
        refused(as_("manager_a").post(path, fields), 409)
        assert everything(app)["plan_items"] == before


def test_assigning_to_the_same_person_again(as_, rows, app):
    key = key_named(rows, "绍兴")
    fields = {"assignee": str(key_of(app, "manager_a")), "reason": "x"}
    refused(as_("supervisor").post(f"/opportunities/move/reassign/{key}", fields), 422)


# ---- what a second tester found -----------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["1e999999999", "1e200000", "1e-999999999"])
def test_an_amount_no_database_takes_is_no_condition_and_is_not_kept(as_, amount):
    manager = as_("manager_a")
    assert manager.get(f"/opportunities/list/?expected_amount_from={amount}").status_code == 400
    saved = manager.post(
        f"/opportunities/filters/add?expected_amount_from={amount}", {"name": "big", "is_default": "y"}
    )
    assert saved.status_code in {302, 400, 422}
    assert manager.get("/opportunities/list/").status_code == 200


@pytest.mark.parametrize("mark", ["0001-01-01T00:00:00%2B23:59~1", "9999-12-31T23:59:59-23:59~1"])
def test_a_mark_beyond_time_is_refused(as_, mark):
    assert as_("manager_a").get(f"/opportunities/board/cards?status=unassigned&after={mark}").status_code == 400


def test_an_address_that_is_none_leads_home(as_):
    assert as_().get("/login/?next=//[").status_code == 200
    assert as_().post("/preferences", {"next": "//["}).location == "/"
    assert as_().post("/preferences", headers={"Referer": "http://["}).location == "/"
    manager = as_("manager_a")
    assert manager.get("/opportunities/move/succeed/4?next=//[").status_code == 200
    assert manager.get("/opportunities/move/succeed/4", headers={"HX-Current-URL": "http://["}).status_code == 200
    assert manager.post("/reminders/read", {"next": "//["}).location == "/"
    assert "500" not in text_of(manager.get("/nope", headers={"Referer": "http://["}))


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://evil.example/x"])
def test_a_refusal_in_a_dialog_leads_to_no_foreign_address(as_, address):
    headers = {"HX-Request": "true", "HX-Current-URL": address}
    assert address not in as_("manager_a").get("/opportunities/nope", headers=headers).get_data(as_text=True)


def test_half_a_letter_in_what_a_form_remembers_is_forgotten(as_, rows):
    key = key_named(rows, "金华")
    old = fields_of(as_("manager_a").get(f"/opportunities/edit/{key}"))
    as_("manager_a").submit(f"/opportunities/edit/{key}", summary="甲")
    answer = as_("manager_a").post(
        f"/opportunities/edit/{key}", {**old, "summary": "乙", "seen": '[1,{"summary":"\\ud800"}]'}
    )
    assert answer.status_code == 409 and "乙" in answer.get_data(as_text=True)


def test_head_changes_nothing(as_, app, rows):
    before, manager = everything(app), as_("manager_a")
    item = item_of(rows, key_named(rows, "绍兴"))
    for path, fields in (
        ("/opportunities/columns", {"order": "id", "column": "id"}),
        (f"/opportunities/move/succeed/{key_named(rows, '绍兴')}", {}),
        (f"/plan-items/edit/{item}", {"todo": "x"}),
        ("/opportunities/filters/add", {"name": "x"}),
    ):
        answer = manager.client.open(path, method="HEAD", data=fields)
        assert (answer.status_code, answer.data) == (200, b""), path
    assert everything(app) == before


@pytest.mark.parametrize("name", ["\u200b", "\u00ad", "\u202eabc"])
def test_a_filter_has_a_name_that_is_seen(as_, name):
    assert as_("manager_a").post("/opportunities/filters/add?status=", {"name": name}).status_code == 422


def test_what_is_not_assigned_has_no_plan_page(as_, rows):
    key = key_named(rows, "金华")
    for path in (f"/plans/show/{key}", f"/plans/print/{key}"):
        assert as_("manager_a").get(path).status_code == 404
