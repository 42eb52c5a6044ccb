"""Contacts at the door: who writes them, what is checked, and where one comes back to."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from app.clock import now
from app.models import Contact, Customer, CustomerStatus, Gender, Interaction, Role
from app.security.rights import CONTACTS, Verb
from tests.browsing import fields_of, text_of
from tests.walk import everything

MINE, OTHERS = "镇江岚砺磨具有限公司", "泰州知微生物有限公司"
GOOD = {"name": "韩雪", "gender": "female", "position": "采购经理", "office_phone": "0755-26780000"}


def customer(rows, name=MINE):
    """The key of a customer and of its first contact."""
    with rows() as session:
        found = session.scalars(select(Customer).where(Customer.name == name)).one()
        return found.id, found.contacts[0].id


def contact(rows, key):
    """A contact as stored."""
    with rows() as session:
        row = session.get_one(Contact, key)
        session.expunge(row)
        return row


def added(rows):
    """The contact that was added last."""
    with rows() as session:
        row = session.scalars(select(Contact).order_by(Contact.id.desc())).first()
        session.expunge(row)
        return row


def set_status(rows, status):
    with rows() as session:
        session.connection().execute(update(Customer).where(Customer.name == MINE).values(status=status))


def test_the_manager_adds_a_contact_and_comes_back_to_the_tab(as_, rows):
    key, _ = customer(rows)
    browser = as_("manager_a")
    page = browser.get(f"/contacts/add?customer={key}")
    assert fields_of(page)["gender"] == "male"
    assert "采购经理" in page.get_data(as_text=True)  # a suggestion of the dictionary
    more = {"mobile": " 138 0013 8000", "email": "han@example.com", "birthday": "1988-05-06", "memo": "周三不在"}
    answer = browser.post(f"/contacts/add?customer={key}", {**GOOD, **more})
    assert (answer.status_code, answer.location) == (302, f"/customers/show/{key}?tab=contacts")
    row = added(rows)
    assert (row.customer_id, row.name, row.gender, row.position) == (key, "韩雪", Gender.FEMALE, "采购经理")
    assert (row.mobile, row.office_phone, row.phone_key) == ("13800138000", "0755-26780000", "+8613800138000")
    assert (row.email, row.birthday, row.memo) == ("han@example.com", date(1988, 5, 6), "周三不在")
    assert "韩雪" in text_of(browser.get(answer.location))


def test_without_a_mobile_the_office_phone_is_compared(as_, rows):
    key, _ = customer(rows)
    assert as_("manager_a").post(f"/contacts/add?customer={key}", GOOD).status_code == 302
    assert added(rows).phone_key == "+8675526780000"


@pytest.mark.parametrize(
    "case",
    [
        ("name", "", "必填"),
        ("position", " ", "必填"),
        ("office_phone", "", "必填"),
        ("gender", "other", "选项"),
        ("office_phone", "12345", "没有这样的电话号码"),
        ("office_phone", "abc", "数字"),
        ("mobile", "12345678901", "没有这样的电话号码"),
        ("mobile", "0755-26780000", "固定电话"),
        ("mobile", "138****8000", "没有这样的电话号码"),
        ("email", "han@", "邮箱"),
        ("birthday", (now().date() + timedelta(days=2)).isoformat(), "生日不能晚于今天"),
        ("birthday", "1988-02-30", "日期"),
        ("name", "<b>韩</b>", "HTML"),
        ("memo", "长" * 301, "300"),
    ],
)
def test_what_does_not_fit_comes_back_with_the_reason(as_, rows, app, case):
    name, value, said = case
    key, _ = customer(rows)
    before = everything(app)
    answer = as_("manager_a").post(f"/contacts/add?customer={key}", {**GOOD, name: value})
    assert answer.status_code == 422
    assert said in text_of(answer), text_of(answer)[-900:]
    shown = fields_of(answer, "/contacts/add")
    kept = {field: typed for field, typed in {**GOOD, name: value}.items() if field != "gender" and typed.strip()}
    assert {field: shown[field] for field in kept} == kept
    assert everything(app) == before


def test_several_faults_are_told_at_once(as_, rows):
    key, _ = customer(rows)
    wrong = {"mobile": "0755-26780000", "email": "x", "birthday": (now().date() + timedelta(days=2)).isoformat()}
    said = text_of(as_("manager_a").post(f"/contacts/add?customer={key}", {**GOOD, **wrong}))
    assert "固定电话" in said and "邮箱" in said and "生日不能晚于今天" in said


def test_the_manager_edits_and_deletes(as_, rows):
    key, one = customer(rows)
    browser = as_("manager_a")
    answer = browser.submit(f"/contacts/edit/{one}", **{**GOOD, "mobile": ""})
    assert (answer.status_code, answer.location) == (302, f"/customers/show/{key}?tab=contacts")
    row = contact(rows, one)
    assert (row.name, row.mobile, row.phone_key) == ("韩雪", None, "+8675526780000")
    answer = browser.post(f"/contacts/delete/{one}")
    assert (answer.status_code, answer.location) == (302, f"/customers/show/{key}?tab=contacts")
    assert browser.get(f"/contacts/show/{one}").status_code == 404


def test_a_stale_edit_loses_nothing(as_, rows):
    _, one = customer(rows)
    page = fields_of(as_("manager_a").get(f"/contacts/edit/{one}"))
    assert as_("manager_a").submit(f"/contacts/edit/{one}", **GOOD).status_code == 302
    answer = as_("manager_a").post(f"/contacts/edit/{one}", {**page, **GOOD, "name": "别人"})
    assert answer.status_code == 409
    assert contact(rows, one).name == "韩雪"


def test_the_interactions_of_a_deleted_contact_stay(as_, rows):
    key, one = customer(rows)
    with rows() as session:
        met = session.scalars(select(Interaction).where(Interaction.customer_id == key)).one()
        met.contact_id = one
        session.flush()
        version = met.version
    page = as_("manager_a").get(f"/customers/show/{key}?tab=contacts")
    assert "相关交往记录会保留" in page.get_data(as_text=True)
    assert as_("manager_a").post(f"/contacts/delete/{one}").status_code == 302
    with rows() as session:
        met = session.scalars(select(Interaction).where(Interaction.customer_id == key)).one()
        assert (met.contact_id, met.version) == (None, version + 1)


@pytest.mark.parametrize("who", ["admin", "supervisor", "manager_b", "executive", "head_a", "nobody"])
def test_nobody_else_writes_the_contacts(as_, app, rows, who):
    key, one = customer(rows)
    before, browser = everything(app), as_(who)
    for method in ("GET", "POST"):
        for path in (f"add?customer={key}", f"edit/{one}"):
            assert browser.client.open(f"/contacts/{path}", method=method, data=GOOD).status_code == 403, path
    assert browser.post(f"/contacts/delete/{one}").status_code == 403
    page = browser.get(f"/customers/show/{key}?tab=contacts").get_data(as_text=True)
    assert "/contacts/add" not in page and f"/contacts/edit/{one}" not in page
    assert everything(app) == before


def test_a_customer_out_of_sight_is_not_there(as_, app, rows):
    key, one = customer(rows, OTHERS)
    before, browser = everything(app), as_("narrow")
    for method in ("GET", "POST"):
        for path in (f"add?customer={key}", "add?customer=x", "add?customer=99999999999", "add", f"edit/{one}"):
            assert browser.client.open(f"/contacts/{path}", method=method, data=GOOD).status_code == 404, path
    assert browser.post(f"/contacts/delete/{one}").status_code == 404
    assert everything(app) == before


def test_a_lost_customer_is_kept_and_a_deleted_one_not(as_, app, rows):
    key, one = customer(rows)
    set_status(rows, CustomerStatus.LOST)
    assert as_("manager_a").post(f"/contacts/add?customer={key}", GOOD).status_code == 302
    set_status(rows, CustomerStatus.DELETED)
    before, browser = everything(app), as_("manager_a")
    for path in (f"add?customer={key}", f"edit/{one}", f"delete/{one}"):
        assert browser.post(f"/contacts/{path}", GOOD).status_code == 404, path
    assert browser.get(f"/contacts/add?customer={key}").status_code == 404
    assert everything(app) == before


def test_who_manages_without_the_right_is_refused(as_, app, rows):
    key, one = customer(rows)
    with rows() as session:
        role = session.scalars(select(Role).where(Role.name == "Account manager")).one()
        own = {f"can_{verb.value}" for verb in (Verb.CREATE, Verb.EDIT, Verb.DELETE)}
        role.permissions = [
            one for one in role.permissions if not (one.view_menu.name == CONTACTS.key and one.permission.name in own)
        ]
    browser = as_("manager_a")
    assert browser.post(f"/contacts/add?customer={key}", GOOD).status_code == 403
    assert browser.post(f"/contacts/edit/{one}", GOOD).status_code == 403
    assert browser.post(f"/contacts/delete/{one}").status_code == 403


def test_others_read_masked_numbers(as_, rows):
    key, _ = customer(rows)
    assert "13800138000" in text_of(as_("manager_a").get(f"/customers/show/{key}?tab=contacts"))
    said = text_of(as_("executive").get(f"/customers/show/{key}?tab=contacts"))
    assert "138****8000" in said and "13800138000" not in said


def test_the_list_is_filtered_by_the_customer(as_, rows):
    with rows() as session:
        number = session.scalars(select(Customer).where(Customer.name == OTHERS)).one().number
    for asked in (number, "知微"):
        said = text_of(as_("manager_a").get(f"/contacts/list/?customer={asked}"))
        assert OTHERS in said and MINE not in said


def test_a_tab_shows_twenty_and_leads_on(as_, rows):
    key, _ = customer(rows)
    with rows() as session:
        session.add_all(Contact(customer_id=key, name=f"联系人{number:02}") for number in range(30))
    first = as_("manager_a").get(f"/customers/show/{key}?tab=contacts").get_data(as_text=True)
    assert "共 31 条" in first and f"/customers/show/{key}?tab=contacts&amp;page=2" in first
    assert first.count("/contacts/edit/") == 20
    second = as_("manager_a").get(f"/customers/show/{key}?tab=contacts&page=2").get_data(as_text=True)
    assert second.count("/contacts/edit/") == 11
    for page in ("0", "x", "99"):
        assert as_("manager_a").get(f"/customers/show/{key}?tab=contacts&page={page}").status_code == 200


def test_the_history_tells_of_contacts(as_, rows):
    _, one = customer(rows)
    assert as_("manager_a").submit(f"/contacts/edit/{one}", **GOOD).status_code == 302
    said = text_of(as_("manager_a").get(f"/contacts/history/{one}"))
    assert "韩雪" in said and "办公电话" in said
