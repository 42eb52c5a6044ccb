"""People and departments on the screen: taking in, roles, passwords shown once, the tree, and the hand-over."""

import re
from types import SimpleNamespace

import pytest
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select

from app.models import Customer, Department, Employee, HandOver, Opportunity
from tests.actions.test_org import hr_role
from tests.browsing import Browser, text_of
from tests.cast import key_of
from tests.walk import everything

PASSWORD = re.compile(r'id="first-password"\s+value="([a-z0-9-]+)"')
TYPED = {
    "username": "chenxi",
    "last_name": "陈",
    "first_name": "曦",
    "email": "chenxi@example.com",
    "phone": "8021",
    "active": "y",
    "locale": "en",
}


@pytest.fixture
def key(app):
    """The key of one of the cast."""
    return lambda username: key_of(app, username)


@pytest.fixture
def keys_of(rows):
    """The keys of roles and departments, by name."""
    with rows() as session:
        found = {one.name: str(one.id) for one in session.scalars(select(Role))}
        return {**found, **{one.name: str(one.id) for one in session.scalars(select(Department))}}


def row_of(rows, username):
    """What the database has of a person."""
    with rows() as session:
        one = session.scalars(select(Employee).where(Employee.username == username)).one()
        return SimpleNamespace(
            id=one.id,
            phone=one.phone,
            active=one.active,
            must_change_password=one.must_change_password,
            locale=one.locale,
            roles=[role.name for role in one.roles],
            department=one.department.name,
        )


def names_in(page):
    """The user names that a list shows."""
    known = re.findall(r"\b(admin|supervisor|manager_a|manager_b|executive|nobody|narrow|head_a|disabled)\b", page)
    return set(known)


# ---- the list -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ("full_name=知远", {"manager_a"}),
        ("full_name=林知远", {"manager_a"}),
        ("full_name=MANAGER", {"manager_a", "manager_b"}),
        ("username=head", {"head_a"}),
        ("department=一部", {"manager_a", "nobody", "narrow", "head_a"}),
        ("department=总部/二部", {"manager_b", "disabled"}),
        ("department=一部/二部", set()),
        ("department=总部&active=停用", {"disabled"}),
        ("role=Account manager&active=enabled", {"manager_a", "manager_b"}),
        ("region=华东", {"manager_a"}),
        ("role=nothing", set()),
    ],
)
def test_the_filters_find_who_is_meant(as_, conditions, found):
    page = as_("admin").get(f"/users/list/?{conditions}").get_data(as_text=True)
    table = page.partition("<tbody>")[2]
    assert names_in(text_of_html(table)) == found


def text_of_html(html):
    """The text of a piece of a page."""
    return re.sub(r"<[^>]+>", " ", html)


def test_the_list_says_who_is_who(as_):
    page = text_of(as_("admin").get("/users/list/"))
    for word in ("林知远", "manager_a", "一部", "客户经理", "启用", "停用", "上次登录"):
        assert word in page
    assert as_("admin").get("/users/list/?department=" + "/".join("a" * 11)).status_code == 400
    assert as_("admin").get("/users/list/?active=perhaps").status_code == 400
    assert as_("supervisor").get("/users/list/").status_code == 403


def test_the_menu_leads_there_for_who_may(as_):
    page = as_("admin").get("/").get_data(as_text=True)
    assert 'href="/users/list/"' in page and 'href="/departments/list/"' in page
    assert "/users/list/" not in as_("supervisor").get("/").get_data(as_text=True)
    assert 'href="/users/add"' in page


def test_names_of_people_stay_readable_for_who_may_not_see_people(as_):
    page = as_("supervisor").get("/customers/list/").get_data(as_text=True)
    assert "林知远" in text_of_html(page) and "/users/show/" not in page
    assert "/users/show/" in as_("admin").get("/customers/list/").get_data(as_text=True)


# ---- taking in and changing ---------------------------------------------------------------------------


def test_a_new_person_signs_in_with_the_password_of_the_page(as_, app, rows, keys_of):
    browser = as_("admin")
    choices = {"roles": [keys_of["Account manager"], keys_of["Narrow"]], "department": keys_of["一部"]}
    answer = browser.post("/users/add", {**TYPED, **choices})
    assert answer.status_code == 200
    password = PASSWORD.search(answer.get_data(as_text=True)).group(1)
    assert answer.headers["Cache-Control"] == "no-store"
    assert password not in str(answer.headers) and password not in str(browser.client.get_cookie("session"))
    person = row_of(rows, "chenxi")
    assert (person.active, person.must_change_password, person.locale) == (True, True, "en")
    assert (person.roles, person.department) == (["Account manager", "Narrow"], "一部")
    assert password not in str(everything(app))
    for path in ("/users/list/", f"/users/show/{person.id}", f"/users/edit/{person.id}"):
        assert password not in browser.get(path).get_data(as_text=True)
    stranger = Browser(app)
    entered = stranger.post("/login/", {"username": "chenxi", "password": password})
    assert entered.status_code == 302 and "/login/" not in entered.location


def test_what_does_not_fit_is_said_at_its_field_and_kept(as_, app):
    before = everything(app)
    answer = as_("admin").post("/users/add", {**TYPED, "username": "Manager_A", "email": "x"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "username-error" in page
    assert 'value="Manager_A"' in page and "chenxi" not in text_of(answer)
    assert as_("admin").post("/users/add", {**TYPED, "password": "x"}).status_code == 400
    assert as_("admin").post("/users/add", {**TYPED, "roles": "999"}).status_code == 422
    assert as_("admin").post("/users/add", {**TYPED, "department": "999"}).status_code == 422
    assert as_("admin").post("/users/add", {**TYPED, "last_name": "<b>"}).status_code == 422
    assert everything(app) == before


def test_a_person_is_changed_and_an_empty_tick_is_a_no(as_, rows, keys_of, key):
    pk = key("manager_b")
    answer = as_("admin").submit(f"/users/edit/{pk}", phone="8022", roles=[keys_of["Executive"]])
    assert answer.status_code == 302
    person = row_of(rows, "manager_b")
    assert (person.phone, person.active, person.roles, person.department) == ("8022", False, ["Executive"], "二部")
    assert as_("manager_b").get("/").status_code == 302  # out at once
    as_("admin").submit(f"/users/edit/{pk}", active="y")
    assert (row_of(rows, "manager_b").roles, row_of(rows, "manager_b").active) == ([], True)


def test_two_editors_of_a_person_choose(as_, rows, keys_of, key):
    from tests.browsing import fields_of

    pk, one, other = key("manager_b"), as_("admin"), as_("admin")
    opened = fields_of(one.get(f"/users/edit/{pk}"))
    other.submit(f"/users/edit/{pk}", phone="1", active="y", roles=[keys_of["Account manager"]])
    answer = one.post(f"/users/edit/{pk}", {**opened, "phone": "2", "active": "y", "roles": [keys_of["Executive"]]})
    page = text_of(answer)
    assert answer.status_code == 409 and "客户经理" in page and "周以宁" in page
    with rows() as session:
        assert session.get(Employee, pk).phone == "1"


def test_disabling_and_enabling_by_button(as_, rows, key):
    pk = key("manager_b")
    page = as_("admin").get(f"/users/show/{pk}").get_data(as_text=True)
    assert f"/users/{pk}/disable" in page and f"/users/{pk}/password" in page
    assert as_("admin").post(f"/users/{pk}/disable").status_code == 302
    shown = text_of(as_("admin").get(f"/users/show/{pk}"))
    assert "名下还有 4 条记录" in shown and not row_of(rows, "manager_b").active
    assert as_("admin").post(f"/users/{pk}/disable").status_code == 409
    assert as_("admin").post(f"/users/{pk}/enable").status_code == 302
    assert "名下还有" not in text_of(as_("admin").get(f"/users/show/{pk}"))
    own = key("admin")
    assert as_("admin").post(f"/users/{own}/disable").status_code == 409
    assert f"/users/{own}/disable" not in as_("admin").get(f"/users/show/{own}").get_data(as_text=True)


def test_a_new_first_password_replaces_the_old_one(as_, app, key):
    answer = as_("admin").post(f"/users/{key('manager_b')}/password")
    password = PASSWORD.search(answer.get_data(as_text=True)).group(1)
    assert password not in str(answer.headers)
    from tests.cast import PASSWORD as OLD

    assert Browser(app).post("/login/", {"username": "manager_b", "password": OLD}).status_code == 422
    assert Browser(app).post("/login/", {"username": "manager_b", "password": password}).status_code == 302
    assert as_("admin").post(f"/users/{key('admin')}/password").status_code == 409
    assert as_("admin").get(f"/users/{key('manager_b')}/password").status_code == 405


def test_who_manages_people_makes_himself_no_administrator(as_, app, rows, keys_of):
    """The holes L1 and L2 of the framework: roles beyond one's own, and the password of somebody higher."""
    with hr_role(rows, "executive"):
        before = everything(app)
    hr, own = as_("executive"), key_of(app, "executive")
    fields = {**TYPED, "username": "executive", "email": "executive@example.com"}
    for path in (f"/users/edit/{own}", "/users/add"):
        page = hr.get(path).get_data(as_text=True)
        assert "系统管理员" not in page.partition("<main")[2].partition("form-page")[2]
        typed = fields if "edit" in path else TYPED
        assert hr.post(path, {**typed, "roles": keys_of["Administrator"]}).status_code == 422
    admin = key_of(app, "admin")
    assert hr.get(f"/users/edit/{admin}").status_code == 403
    for path in ("edit/{}", "{}/password", "{}/disable", "{}/enable"):
        assert hr.post("/users/" + path.format(admin), {**TYPED}).status_code == 403
    shown = hr.get(f"/users/show/{admin}").get_data(as_text=True)
    assert f"/users/{admin}/password" not in shown and f"/users/edit/{admin}" not in shown
    assert everything(app) == before


# ---- departments --------------------------------------------------------------------------------------


def test_the_tree_is_shown_made_moved_and_deleted(as_, rows, keys_of):
    admin = as_("admin")
    page = text_of(admin.get("/departments/list/"))
    assert page.index("总部") < page.index("一部") < page.index("二部")
    form = admin.get(f"/departments/add?parent={keys_of['一部']}").get_data(as_text=True)
    assert re.search(rf'<option selected value="{keys_of["一部"]}"', form)
    made = admin.post(
        "/departments/add", {"name": "甲组", "parent": keys_of["一部"], "head": "manager_a", "position": ""}
    )
    assert made.status_code == 302
    with rows() as session:
        one = session.scalars(select(Department).where(Department.name == "甲组")).one()
        key, head = one.id, one.head.username
        assert one.path == f"{one.parent.path}{one.id}/" and head == "manager_a"
    assert admin.submit(f"/departments/edit/{key}", parent=keys_of["二部"]).status_code == 302
    with rows() as session:
        one = session.get(Department, key)
        assert one.parent.name == "二部" and one.path.startswith(one.parent.path)
    assert admin.submit(f"/departments/edit/{keys_of['二部']}", parent=str(key)).status_code == 422
    refused = admin.post(f"/departments/delete/{keys_of['二部']}")
    assert refused.status_code == 409 and "还有 1 个下级部门" in text_of(refused)
    assert admin.post(f"/departments/delete/{key}").status_code == 302
    refused = admin.post(f"/departments/delete/{keys_of['二部']}")
    assert refused.status_code == 409 and "还有 2 个用户" in text_of(refused)


def test_a_head_is_enabled_or_stays(as_, rows, keys_of):
    admin = as_("admin")
    for name in ("disabled", "who?"):
        answer = admin.submit(f"/departments/edit/{keys_of['二部']}", head=name)
        assert answer.status_code == 422 and name in answer.get_data(as_text=True)
    with rows() as session:
        head = session.scalars(select(Employee).where(Employee.username == "disabled")).one()
        session.get(Department, int(keys_of["二部"])).head = head
    assert admin.submit(f"/departments/edit/{keys_of['二部']}", position="4").status_code == 302
    with rows() as session:
        one = session.get(Department, int(keys_of["二部"]))
        assert (one.position, one.head.username) == (4, "disabled")


def test_only_who_may_changes_departments(as_, keys_of):
    for who in ("supervisor", "head_a", "executive"):
        for path in ("list/", "add", f"show/{keys_of['一部']}", f"edit/{keys_of['一部']}"):
            assert as_(who).get(f"/departments/{path}").status_code == 403
        assert as_(who).post(f"/departments/delete/{keys_of['一部']}").status_code == 403


# ---- hand-over ----------------------------------------------------------------------------------------


def test_everything_goes_to_one_and_one_kind_to_another(as_, rows, key):
    pk = key("manager_b")
    page = text_of(as_("admin").get(f"/users/{pk}/hand-over"))
    assert "温州霁川电气有限公司" in page and "泰州知微生物有限公司" in page and "在手机会" in page
    fields = {"receiver": "manager_a", "receiver_customers": "supervisor", "reason": "离职", "is_disabled_too": "y"}
    answer = as_("admin").submit(f"/users/{pk}/hand-over", **fields)
    assert answer.status_code == 302
    with rows() as session:
        record = session.scalars(select(HandOver)).one()
        assert answer.location == f"/hand-overs/show/{record.id}"
        assert (
            session.scalars(select(Customer).where(Customer.name.startswith("泰州"))).one().manager.username
            == "supervisor"
        )
        taken = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("温州"))).one()
        assert taken.assignee.username == "manager_a" and not record.person.active
    admin = as_("admin")
    shown = text_of(admin.get(answer.location))
    for word in ("陈禾", "离职", "在手机会", "林知远", "许安宁"):
        assert word in shown
    assert "离职" in text_of(admin.get("/hand-overs/list/"))
    own = text_of(admin.get(f"/users/show/{pk}"))
    assert "移交记录" in own and "客户 1 条 → 许安宁" in own and "名下还有" not in own


def test_what_is_missing_or_wrong_is_said_and_nothing_is_given(as_, app, key):
    pk, before = key("manager_b"), everything(app)
    path = f"/users/{pk}/hand-over"
    for fields, word in (
        ({"receiver": "manager_a"}, "reason-error"),
        ({"reason": "离职"}, "receiver-error"),
        ({"receiver": "disabled", "reason": "离职"}, "receiver-error"),
        ({"receiver": "manager_b", "reason": "离职"}, "receiver_opportunities-error"),
        ({"receiver": "executive", "reason": "离职"}, "receiver_opportunities-error"),
        ({"receiver_customers": "disabled", "reason": "离职"}, "receiver_customers-error"),
    ):
        answer = as_("admin").submit(path, **fields)
        assert answer.status_code == 422 and word in answer.get_data(as_text=True), fields
    assert as_("admin").post(path, {"person": "1"}).status_code == 400
    assert as_("admin").get("/users/9999/hand-over").status_code == 404
    for who in ("supervisor", "manager_b", "nobody"):
        assert as_(who).get(path).status_code == 403
        assert as_(who).post(path, {"receiver": "manager_a", "reason": "x"}).status_code == 403
    assert everything(app) == before


def test_who_holds_nothing_can_be_disabled_there(as_, rows, key):
    pk = key("executive")
    assert "没有需要移交的内容" in text_of(as_("admin").get(f"/users/{pk}/hand-over"))
    assert as_("admin").submit(f"/users/{pk}/hand-over", reason="离职").status_code == 409
    assert as_("admin").submit(f"/users/{pk}/hand-over", reason="离职", is_disabled_too="y").status_code == 302
    assert not row_of(rows, "executive").active


def test_only_enabled_people_are_offered(as_):
    admin = as_("admin")

    def offered(path):
        return {one["value"] for one in admin.get(path).get_json()}

    assert "disabled" in offered("/choices/people?q=")
    assert "disabled" not in offered("/choices/colleagues?q=")
    assert offered("/choices/receivers/opportunities?q=") == {"admin", "manager_a", "manager_b", "narrow"}
    assert "disabled" not in offered("/choices/receivers/customers?q=")
    assert admin.get("/choices/receivers/nothing?q=").status_code == 404
