"""The record of a customer at the door: its list, its form, its deletion and return, and whose phones are seen."""

import re

import pytest
from sqlalchemy import select, update

from app.models import (
    AuditEntry,
    AuditKind,
    Contact,
    Customer,
    CustomerStatus,
    DictionaryEntry,
    Employee,
    Opportunity,
    Order,
    Reach,
    RoleReach,
)
from app.security.scope import copying
from tests.browsing import fields_of, text_of
from tests.cast import key_of
from tests.walk import counted, everything

MINE, THEIRS = "镇江岚砺磨具有限公司", "泰州知微生物有限公司"
MOBILE, MASKED = "13800138000", "138****8000"


def key_named(rows, name):
    with rows() as session:
        return session.scalars(select(Customer.id).where(Customer.name == name)).one()


def values_of(rows, key, *names):
    with rows() as session:
        row = session.get_one(Customer, key)
        return [getattr(row, name) for name in names]


def entry_key(rows, item):
    with rows() as session:
        return str(session.scalars(select(DictionaryEntry.id).where(DictionaryEntry.item == item)).one())


@pytest.fixture
def good(rows):
    """Everything that the form asks for."""
    return {
        "region": entry_key(rows, "华东"),
        "level": entry_key(rows, "大客户"),
        "satisfaction": "4",
        "credit": "",
        "address": "镇江市京口区中山东路 88 号",
        "postcode": "212001",
        "phone": "0511 8501 2345",
        "fax": "0511-85012346",
        "website": "www.lanli.example.com",
        "licence_no": "91110000600037341l",
        "legal_representative": "岚一舟",
        "registered_capital": "1,234.5678",
        "bank": "中国银行镇江京口支行",
        "bank_account": "4563510100001234567",
    }


@pytest.fixture
def path(rows):
    return f"/customers/edit/{key_named(rows, MINE)}"


def part_of(text, pattern):
    """What the group of a pattern finds in a text."""
    found = re.search(pattern, text)
    assert found is not None, (pattern, text[-500:])
    return found[1]


# ---- the form -----------------------------------------------------------------------------------------


def test_the_form_fills_in_a_customer_and_leads_back_to_the_list(as_, rows, path, good):
    browser, key = as_("manager_a"), key_named(rows, MINE)
    behind = "/customers/list/?name=%E9%95%87%E6%B1%9F"
    page = browser.get(path, headers={"Referer": f"http://localhost{behind}"})
    action = part_of(page.text, r'action="(/customers/edit/[^"]+)"').replace("&amp;", "&")
    answer = browser.post(action, {**fields_of(page), **good})
    assert (answer.status_code, answer.location) == (302, behind)
    assert "保存成功" in text_of(browser.get(behind))
    names = ("phone", "fax", "website", "licence_no", "satisfaction", "credit", "phone_key")
    assert values_of(rows, key, *names) == [
        *("0511-85012345", "0511-85012346", "https://www.lanli.example.com", "91110000600037341L", 4, None),
        "+8651185012345",
    ]
    assert f"{values_of(rows, key, 'registered_capital')[0]:f}" == "1234.5678"
    with rows() as session:
        assert not session.get_one(Customer, key).is_incomplete
    page = browser.get(path)
    chosen = [re.sub(r"\s+", " ", tag) for tag in re.findall(r"<input[^>]*checked[^>]*>", page.text)]
    assert len(chosen) == 2 and 'value="4"' in chosen[0] and 'name="credit" value=""' in chosen[1]
    assert all(" checked required>" in one for one in chosen)
    again = fields_of(page)
    assert again["registered_capital"] == "1234.5678" and again["website"] == "https://www.lanli.example.com"


def test_what_is_required_has_its_star_and_is_refused_when_empty(as_, path, app):
    browser = as_("manager_a")
    page = browser.get(path)
    starred = set(re.findall(r'form-label req"\s+for="(\w+)"', page.text))
    assert starred >= {
        *("name", "region", "level", "address", "postcode", "phone", "fax", "website", "legal_representative"),
        *("bank", "bank_account"),
    }
    assert not starred & {"licence_no", "industry", "parent", "registered_capital", "local_tax_no"}
    before = everything(app)
    answer = browser.post(path, fields_of(page))
    assert answer.status_code == 422
    assert answer.text.count("field-error") == 12  # ten texts and choices that are empty, and both stars unanswered
    assert everything(app) == before


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("postcode", "21200", "6 位数字"),
        ("phone", "12345", "号码"),
        ("fax", "abc", "数字"),
        ("website", "javascript:alert(1)", "https://"),
        ("website", "ftp://example.com", "https://"),
        ("licence_no", "91110000600037341X", "信用代码"),
        ("registered_capital", "-1", "负"),
        ("annual_turnover", "1.23456", "小数"),
        ("satisfaction", "6", "请选择列表中的选项"),
        ("credit", "x", "请选择列表中的选项"),
        ("parent", "KH000000000000000", "没有编号"),
        ("name", "<b>x</b>", "HTML"),
    ],
)
def test_each_check_says_why_and_keeps_what_was_typed(as_, app, *, path, good, field, typed, told):
    browser = as_("manager_a")
    fields = {**fields_of(browser.get(path)), **good, field: typed}
    before = everything(app)
    answer = browser.post(path, fields)
    assert answer.status_code == 422
    assert told in text_of(answer)
    if field not in {"satisfaction", "credit"}:
        assert fields_of(answer, path)[field] == typed
    assert everything(app) == before


def test_a_foreign_address_takes_its_own_postcode(as_, rows, path, good):
    browser = as_("manager_a")
    fields = {**fields_of(browser.get(path)), **good, "address": "1 Infinite Loop, Cupertino", "postcode": "CA 95014"}
    assert browser.post(path, fields).status_code == 302


@pytest.mark.parametrize(
    ("who", "code"), [("manager_b", 403), ("admin", 403), ("supervisor", 403), ("executive", 403), ("narrow", 404)]
)
def test_nobody_but_its_manager_edits_it(as_, app, *, path, good, who, code):
    before = everything(app)
    assert as_(who).get(path).status_code == code
    assert as_(who).post(path, {**good, "name": MINE, "manager": "manager_a", "version": "1"}).status_code == code
    assert everything(app) == before
    assert as_("manager_a").get(path).status_code == 200


@pytest.mark.parametrize(("status", "code"), [(CustomerStatus.LOST, 409), (CustomerStatus.DELETED, 404)])
def test_a_lost_one_is_not_edited_and_a_deleted_one_is_not_there(as_, rows, *, path, good, status, code):
    with rows() as session:
        session.execute(update(Customer).where(Customer.name == MINE).values(status=status))
    assert as_("manager_a").get(path).status_code == code
    answer = as_("manager_a").post(path, {**good, "name": MINE, "manager": "manager_a", "version": "1"})
    assert answer.status_code == code


def test_without_the_right_to_transfer_the_manager_stands_as_he_is(as_, app, *, rows, path, good):
    browser = as_("manager_a")
    page = browser.get(path)
    assert "data-asked-with" not in page.text and "林知远" in text_of(page)
    before = everything(app)
    fields = {**fields_of(page), **good, "manager": "manager_b"}
    assert browser.post(path, fields).status_code == 403
    assert browser.post(path, {**fields, "reason": "x"}).status_code == 400
    assert everything(app) == before
    assert browser.post(path, {**fields, "manager": "manager_a"}).status_code == 302


def test_with_it_another_manager_needs_a_reason(as_, rows, good):
    with rows() as session:
        admin = session.scalars(select(Employee).where(Employee.username == "admin")).one()
        session.scalars(select(Customer).where(Customer.name == MINE)).one().manager = admin
    key = key_named(rows, MINE)
    path, browser = f"/customers/edit/{key}", as_("admin")
    fields = {**fields_of(browser.get(path)), **good}
    refused = browser.post(path, {**fields, "manager": "manager_b"})
    assert refused.status_code == 422 and "更换客户经理的原因" in text_of(refused)
    assert fields_of(refused, path)["manager"] == "manager_b"
    assert browser.post(path, {**fields, "manager": "disabled", "reason": "调整"}).status_code == 422
    assert browser.post(path, {**fields, "manager": "manager_b", "reason": "片区调整"}).status_code == 302
    with rows() as session:
        customer = session.get_one(Customer, key)
        assert (customer.manager.username, customer.address) == ("manager_b", good["address"])
    assert "片区调整" in text_of(browser.get(f"/customers/history/{key}"))
    assert browser.get(path).status_code == 403  # it is somebody else's now


def test_a_group_is_told_why_it_cannot_be_a_circle(as_, rows, path, good):
    with rows() as session:
        mine = session.scalars(select(Customer).where(Customer.name == MINE)).one()
        theirs = session.scalars(select(Customer).where(Customer.name == THEIRS)).one()
        theirs.parent = mine
        number, own = theirs.number, mine.number
    browser = as_("manager_a")
    fields = {**fields_of(browser.get(path)), **good}
    for wanted in (number, own):
        refused = browser.post(path, {**fields, "parent": wanted})
        assert refused.status_code == 422 and fields_of(refused, path)["parent"] == wanted
    assert f"{THEIRS} → {MINE}" in text_of(browser.post(path, {**fields, "parent": number}))


def test_a_parent_out_of_sight_stays(as_, rows, good):
    with rows() as session:
        mine = session.scalars(select(Customer).where(Customer.name == MINE)).one()
        mine.parent = session.scalars(select(Customer).where(Customer.name == THEIRS)).one()
        mine.manager = session.scalars(select(Employee).where(Employee.username == "narrow")).one()
        key, parent_id, number = mine.id, mine.parent_id, mine.parent.number
    path, browser = f"/customers/edit/{key}", as_("narrow")
    page = browser.get(path)
    assert 'name="parent"' not in page.text and THEIRS not in page.text and number not in page.text
    assert browser.post(path, {**fields_of(page), **good}).status_code == 302
    assert values_of(rows, key, "parent_id") == [parent_id]
    assert THEIRS not in browser.get(f"/customers/show/{key}").text
    assert THEIRS not in browser.get(f"/customers/history/{key}").text


def test_two_editors_choose_among_every_kind_of_field(as_, rows, good):
    """Two browsers of one person, since only the account manager edits."""
    key = key_named(rows, MINE)
    path = f"/customers/edit/{key}"
    with rows() as session:
        number = session.scalars(select(Customer.number).where(Customer.name == THEIRS)).one()
    first, second = as_("manager_a"), as_("manager_a")
    theirs, mine = fields_of(first.get(path)), fields_of(second.get(path))
    changed = {"satisfaction": "5", "parent": number, "website": "https://a.example.com", "registered_capital": "5"}
    assert first.post(path, {**theirs, **good, **changed}).status_code == 302
    answer = second.post(path, {**mine, **good, "satisfaction": "2", "registered_capital": "5.0000"})
    assert answer.status_code == 409
    text = text_of(answer)
    assert "★★★★★ 5" in text and THEIRS in text and "https://a.example.com" in text
    differing = set(re.findall(r'name="choice-(\w+)"', answer.text))
    assert differing == {"satisfaction", "parent", "website"}
    kept = {**fields_of(answer, path), "satisfaction": "2", "credit": good["credit"]}
    choices = {"choice-satisfaction": "mine", "choice-parent": "theirs", "choice-website": "mine"}
    assert second.post(path, {**kept, **choices}).status_code == 302
    assert values_of(rows, key, "satisfaction", "website") == [2, "https://www.lanli.example.com"]
    with rows() as session:
        assert session.get_one(Customer, key).parent.name == THEIRS


# ---- the list -----------------------------------------------------------------------------------------


def test_the_list_has_the_columns_and_ways_of_the_original(as_, rows):
    key = key_named(rows, MINE)
    page = as_("manager_a").get("/customers/list/")
    heads = re.findall(r"<th scope=\"col\"[^>]*>\s*(?:<a[^>]*>)?([^<\s]+)", page.text)
    assert heads == ["客户编号", "名称", "地区", "客户经理", "客户等级", "操作"]
    row = next(part for part in page.text.split("<tr>") if MINE in part)
    ways = [
        f"/customers/edit/{key}",
        *(f"/customers/show/{key}?tab={tab}" for tab in ("contacts", "interactions", "orders")),
    ]
    places = [row.index(f'"{way}"') for way in (*ways, f"/customers/delete/{key}")]
    assert places == sorted(places)
    assert "/customers/add" not in page.text and "资料待完善" in text_of(page)
    other = next(part for part in page.text.split("<tr>") if THEIRS in part)
    assert "/customers/edit/" not in other and "/customers/delete/" not in other


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("completeness=待完善", {MINE, THEIRS}),
        ("completeness=complete", set()),
        ("completeness=Incomplete&manager=manager_a", {MINE}),
        ("status=流失", {THEIRS}),
        ("status=正常", {MINE}),
        ("industry=制造", set()),
        ("name=岚砺", {MINE}),
    ],
)
def test_the_further_filters(as_, rows, query, found):
    with rows() as session:
        session.execute(update(Customer).where(Customer.name == THEIRS).values(status=CustomerStatus.LOST))
    text = text_of(as_("supervisor").get(f"/customers/list/?{query}"))
    assert {name for name in (MINE, THEIRS) if name in text} == found


def test_the_page_says_what_is_missing(as_, rows):
    key = key_named(rows, MINE)
    page = as_("manager_a").get(f"/customers/show/{key}")
    assert "缺少：地区、客户等级、地址、邮政编码" in text_of(page) and f"/customers/edit/{key}" in page.text
    assert "去完善" not in text_of(as_("manager_b").get(f"/customers/show/{key}"))


def test_a_website_is_a_safe_link_and_what_is_none_is_no_link(as_, rows):
    key = key_named(rows, MINE)
    for stored, href in (("http://example.com/x", "http://example.com/x"), ("javascript:alert(1)", None)):
        with rows() as session:
            session.execute(update(Customer).where(Customer.id == key).values(website=stored))
        page = as_("manager_a").get(f"/customers/show/{key}").text
        link = re.search(r'<a[^>]*href="(http[^"]*)"[^>]*>', page)
        assert (link[1] if link else None) == href and "javascript:" not in page.replace(">javascript:alert(1)<", "")
        assert link is None or 'rel="noopener' in link[0]


# ---- deletion and return ------------------------------------------------------------------------------


def test_deletion_asks_by_name_and_says_first_what_is_unpaid(as_, rows):
    with rows() as session:
        customer = session.scalars(select(Customer).where(Customer.name == MINE)).one()
        for number in ("A1", "A2"):
            with copying(session):
                session.add(_order(customer, number))
                session.flush()
    key = key_named(rows, MINE)
    for page in ("/customers/list/", f"/customers/show/{key}"):
        question = part_of(as_("manager_a").get(page).text, r'data-question="([^"]*)"')
        assert question.startswith("该客户有 3 笔未回款订单。") and MINE in question and "确认删除" in question


def _order(customer, number):
    from datetime import date

    return Order(number=number, customer=customer, ordered_on=date(2026, 2, 1), source="x", total=1)


@pytest.mark.parametrize("who", ["manager_b", "admin", "supervisor", "executive"])
def test_only_its_manager_deletes_it(as_, app, rows, who):
    key, before = key_named(rows, MINE), everything(app)
    assert as_(who).post(f"/customers/delete/{key}").status_code == 403
    assert everything(app) == before


def test_a_deleted_one_is_gone_from_everywhere_until_it_comes_back(as_, rows, app):
    key = key_named(rows, MINE)
    with rows() as session:
        contact = session.scalars(select(Contact.id).where(Contact.customer_id == key)).one()
    browser = as_("manager_a")
    gone = browser.post(f"/customers/delete/{key}")
    assert (gone.status_code, gone.location) == (302, "/customers/list/")
    assert "删除成功" in text_of(browser.get(gone.location))
    for path in ("/customers/show/{}", "/customers/history/{}", "/customers/print/{}", "/customers/edit/{}"):
        assert browser.get(path.format(key)).status_code == 404, path
    for who in ("manager_a", "supervisor", "admin"):
        one = as_(who)
        assert one.get(f"/contacts/show/{contact}").status_code == 404
        for path in ("/customers/list/", "/contacts/list/", "/customers/print/", "/customers/list/?status=流失"):
            assert MINE not in one.get(path).text, (who, path)
        assert one.get("/customers/count").text == "1"
        assert MINE not in one.get(f"/opportunities/alike?customer_name={MINE}").text
        assert MINE not in one.get(f"/customers/transfer?row={key}").text
    assert browser.get("/customers/list/?status=已删除").status_code == 400
    assert browser.post(f"/customers/restore/{key}").status_code == 403
    admin = as_("admin")
    listed = admin.get("/customers/list/?status=已删除")
    assert MINE in listed.text and THEIRS not in listed.text and f"/customers/restore/{key}" in listed.text
    assert admin.get("/customers/count?status=deleted").text == "1"
    page = text_of(admin.get(f"/customers/show/{key}"))
    assert "已删除" in page and "蒋经理" in page and "恢复" in page
    assert admin.get(f"/customers/edit/{key}").status_code == 403
    back = admin.post(f"/customers/restore/{key}")
    assert (back.status_code, back.location) == (302, f"/customers/show/{key}")
    assert "恢复成功" in text_of(admin.get(back.location))
    assert browser.get(f"/customers/show/{key}").status_code == 200
    assert browser.get(f"/contacts/show/{contact}").status_code == 200
    assert admin.post(f"/customers/restore/{key}").status_code == 409


# ---- phones -------------------------------------------------------------------------------------------


@pytest.fixture
def phones(rows):
    """The mobile of a contact and its change in the history; the executive sees all and no phones."""
    with rows() as session:
        contact = session.scalars(select(Contact).join(Contact.customer).where(Customer.name == MINE)).one()
        contact.office_phone = "0755-26780000"
        session.flush()
        contact.mobile = "13900139000"
        session.flush()
        contact.mobile = MOBILE
        session.flush()
        return {"customer": contact.customer_id, "contact": contact.id}


PLACES = (
    "/customers/show/{customer}",
    "/customers/print/{customer}",
    "/customers/history/{customer}",
    "/contacts/list/",
    "/contacts/show/{contact}",
    "/contacts/history/{contact}",
)


@pytest.mark.parametrize("path", PLACES)
def test_a_contacts_phones_are_masked_in_every_place(as_, phones, path):
    path = path.format(**phones)
    page = as_("executive").get(path)
    assert page.status_code == 200 and MASKED in page.text
    assert not any(number in page.text for number in (MOBILE, "13900139000", "26780000"))
    for who in ("manager_b", "manager_a"):
        assert MOBILE in as_(who).get(path).text


def test_of_ones_own_customer_they_are_seen_without_the_right(as_, rows, phones):
    _take_right(rows, "Account manager", "customers.see_phones")
    for path in PLACES:
        address = path.format(**phones)
        assert MOBILE in as_("manager_a").get(address).text, address
        assert MOBILE not in as_("manager_b").get(address).text or path == "/contacts/list/", address


def _take_right(rows, name, right):
    from flask_appbuilder.security.sqla.models import Role

    with rows() as session:
        role = session.scalars(select(Role).where(Role.name == name)).one()
        view, _, verb = right.partition(".")
        role.permissions = [
            one for one in role.permissions if (one.permission.name, one.view_menu.name) != (f"can_{verb}", view)
        ]


@pytest.mark.parametrize("path", ["/audit/list/?row_name=蒋经理", "/audit/show/{entry}"])
def test_the_audit_log_masks_them(as_, rows, phones, path):
    with rows() as session:
        about = select(AuditEntry.id).where(AuditEntry.row_name == "蒋经理").order_by(AuditEntry.id.desc())
        entry = session.scalars(about).first()
    path = path.format(entry=entry)
    assert MOBILE in as_("admin").get(path).text
    _take_right(rows, "Administrator", "customers.see_phones")
    page = as_("admin").get(path).text
    assert MASKED in page and MOBILE not in page and "13900139000" not in page


def test_the_exported_audit_log_masks_them(as_, rows, phones):
    assert MOBILE in as_("admin").post("/audit/export?row_name=蒋经理").text
    _take_right(rows, "Administrator", "customers.see_phones")
    page = as_("admin").post("/audit/export?row_name=蒋经理").text
    assert MASKED in page and MOBILE not in page


@pytest.mark.parametrize(
    "path",
    [
        "/opportunities/list/?status=",
        "/opportunities/print/?status=",
        "/plans/list/",
        "/opportunities/show/{key}",
        "/opportunities/print/{key}",
        "/opportunities/history/{key}",
        "/plans/show/{key}",
        "/plans/print/{key}",
    ],
)
def test_an_opportunitys_phone_is_masked_too(as_, rows, path):
    with rows() as session:
        row = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("绍兴"))).one()
        row.contact_phone = "13912345679"
        session.flush()
        path = path.format(key=row.id)
    executive, seeing = as_("executive").get(path), as_("manager_b").get(path)
    assert executive.status_code == 200
    assert "13912345679" not in executive.text and "139****5679" in executive.text
    assert "13912345679" in seeing.text


def test_a_masked_phone_never_comes_back_as_data(as_, rows):
    """Who edits without the right to see phones has no field for them; one that is posted all the same is refused."""
    _take_right(rows, "Account manager", "customers.see_phones")
    with rows() as session:
        row = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("扬州"))).one()
        key = row.id
    path, browser = f"/opportunities/edit/{key}", as_("manager_a")
    opened = fields_of(browser.get(path))
    assert "contact_phone" not in opened
    assert browser.post(path, {**opened, "contact_phone": "139****5678"}).status_code == 400
    assert browser.post(path, {**opened, "summary": "改"}).status_code == 302
    with rows() as session:
        assert session.get_one(Opportunity, key).contact_phone == "13912345678"


def test_the_switchboard_of_a_company_is_nobodys_phone(as_, rows):
    key = key_named(rows, MINE)
    with rows() as session:
        session.execute(update(Customer).where(Customer.id == key).values(phone="0511-85012345"))
    assert "0511-85012345" in as_("executive").get(f"/customers/show/{key}").text


# ---- transfer and undo --------------------------------------------------------------------------------


def transfer(browser, keys, to, reason="片区调整"):
    return browser.post("/customers/transfer", {"row": [str(key) for key in keys], "receiver": to, "reason": reason})


def test_several_go_and_can_be_taken_back(as_, rows):
    keys, browser = [key_named(rows, name) for name in (MINE, THEIRS)], as_("supervisor")
    assert "/customers/transfer" in browser.get("/customers/list/").text
    page = browser.get("/customers/transfer?" + "&".join(f"row={key}" for key in keys))
    assert page.status_code == 200 and MINE in page.text and THEIRS in page.text
    assert 'data-remote="/choices/receivers/customers"' in page.text
    answer = transfer(browser, keys, "narrow")
    assert answer.status_code == 302
    said = browser.get(answer.location)
    assert "已转交 2 个客户" in text_of(said)
    batch = part_of(said.text, r'href="(/undo/show/\d+)"')
    assert values_of(rows, keys[0], "manager_id") == values_of(rows, keys[1], "manager_id")
    shown = browser.get(batch)
    assert all(word in text_of(shown) for word in (MINE, THEIRS, "林知远 → 苏若川", "片区调整", "将还原"))
    asked = browser.get(batch.replace("show", "back"))
    assert asked.status_code == 200 and MINE in asked.text
    done = browser.post(batch.replace("show", "back"), {"reason": "弄错了"})
    assert (done.status_code, done.location) == (302, batch)
    assert all(word in text_of(browser.get(batch)) for word in ("撤销成功，已还原 2 条记录", "已还原", "弄错了"))
    assert browser.post(batch.replace("show", "back"), {"reason": "再来"}).status_code == 409
    with rows() as session:
        assert session.get_one(Customer, keys[0]).manager.username == "manager_a"
        told = session.scalars(select(AuditEntry.reason).where(AuditEntry.kind == AuditKind.CHANGED))
        assert set(told) >= {"片区调整", "弄错了"}
    assert "片区调整" in text_of(as_("manager_a").get(f"/customers/history/{keys[0]}"))


def test_which_stay_is_told_with_the_reason(as_, rows):
    keys, browser = [key_named(rows, name) for name in (MINE, THEIRS)], as_("supervisor")
    answer = transfer(browser, keys, "manager_b")
    text = text_of(browser.get(answer.location))
    assert "已转交 1 个客户" in text and f"1 个客户未转交。 {THEIRS}：该用户已经是该客户的客户经理。" in text


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"receiver": "disabled", "reason": "x"}, 422),
        ({"receiver": "nobody at all", "reason": "x"}, 422),
        ({"receiver": "", "reason": "x"}, 422),
        ({"receiver": "narrow", "reason": ""}, 422),
        ({"receiver": "manager_a", "reason": "x"}, 422),
        ({"receiver": "narrow", "reason": "x", "manager_id": "1"}, 400),
    ],
)
def test_a_transfer_that_cannot_be_comes_back_as_it_was(as_, app, *, rows, fields, code):
    key, before = key_named(rows, MINE), everything(app)
    answer = as_("supervisor").post("/customers/transfer", {"row": f"{key}:1", **fields})
    assert answer.status_code == code
    if code == 422:
        again = fields_of(answer, "/customers/transfer")
        assert (again["receiver"], again["reason"], again["row"]) == (fields["receiver"], fields["reason"], f"{key}:1")
    assert everything(app) == before


def test_what_changed_meanwhile_is_not_transferred(as_, app, rows):
    key = key_named(rows, MINE)
    with rows() as session:
        session.get_one(Customer, key).address = "新"
    before = everything(app)
    fields = {"row": f"{key}:1", "receiver": "narrow", "reason": "x"}
    assert as_("supervisor").post("/customers/transfer", fields).status_code == 409
    assert everything(app) == before


@pytest.mark.parametrize(("who", "code"), [("manager_a", 403), ("executive", 403), ("nobody", 403), ("head_a", 404)])
def test_who_may_not_or_does_not_see_all_of_them_transfers_none(as_, app, *, rows, who, code):
    keys, before = [key_named(rows, name) for name in (MINE, THEIRS)], everything(app)
    assert transfer(as_(who), keys, "narrow").status_code == code
    assert as_(who).get(f"/customers/transfer?row={keys[0]}&row={keys[1]}").status_code == code
    assert everything(app) == before


def test_beyond_the_write_scope_is_forbidden(as_, app, rows):
    key = key_named(rows, MINE)
    assert transfer(as_("head_a"), [key], "manager_b").status_code == 403
    assert transfer(as_("head_a"), [key], "narrow").status_code == 302


@pytest.mark.parametrize("query", ["", "row=", "row=x", "row=1:x", "row=-1", "row=99999999999"])
def test_a_transfer_of_nothing_is_no_request(as_, query):
    assert as_("supervisor").get(f"/customers/transfer?{query}").status_code == 400


def test_all_that_the_conditions_find(as_, rows):
    with rows() as session:
        owner = session.scalars(select(Employee).where(Employee.username == "manager_b")).one()
        session.add_all(Customer(number=f"KH99{one:08}", name=f"连云港第{one}家", manager=owner) for one in range(30))
    browser = as_("supervisor")
    page = browser.get("/customers/list/?name=连云港")
    href = part_of(page.text, r'href="(/customers/transfer\?[^"]*all=yes[^"]*)"').replace("&amp;", "&")
    assert "转交全部 30 个" in text_of(page)
    asked = browser.get(href)
    assert "30" in text_of(asked) and asked.text.count('name="row"') == 30 and MINE not in asked.text
    assert "all=yes" not in browser.get("/customers/list/?name=镇江").text  # one page is chosen by its ticks
    assert as_("manager_a").get("/customers/list/?name=连云港").text.count("all=yes") == 0


def test_deleted_ones_are_not_offered_to_anybody(as_, rows, app):
    manager_id = key_of(app, "manager_a")
    with rows() as session:
        for number in range(25):
            gone = Customer(number=f"KH2603030000{number:02d}", name=f"删{number}", manager_id=manager_id)
            gone.status = CustomerStatus.DELETED
            session.add(gone)
    admin = as_("admin")
    page = admin.get("/customers/list/?status=deleted").get_data(as_text=True)
    assert "删24" in page and "all=yes" not in page
    assert admin.get("/customers/transfer?all=yes&status=deleted").status_code == 400


def test_more_than_a_thousand_are_refused(as_, rows):
    from app.actions.customers import transfer as transferring

    with rows() as session:
        session.add_all(Customer(number=f"KH99{one:08}", name=f"第{one}家") for one in range(3))
    transferring_most = "app.views.customers.transfer.MOST_TRANSFERRED"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transferring_most, 4)
        assert as_("supervisor").get("/customers/transfer?all=yes").status_code == 409
        patch.setattr(transferring_most, 5)
        assert as_("supervisor").get("/customers/transfer?all=yes").status_code == 200
    assert transferring.MOST_TRANSFERRED == 1_000


def test_a_batch_is_its_persons_and_the_administrators(as_, rows):
    key = key_named(rows, MINE)
    transfer(as_("supervisor"), [key], "narrow")
    with rows() as session:
        from app.models import UndoBatch

        batch = session.scalars(select(UndoBatch.id)).one()
    for who in ("manager_a", "narrow", "executive", "head_a"):
        assert as_(who).get("/undo/list/").status_code == 200 and "苏若川" not in _rows(as_(who).get("/undo/list/"))
        for path in (f"/undo/show/{batch}", f"/undo/back/{batch}"):
            assert as_(who).get(path).status_code == 404
        assert as_(who).post(f"/undo/back/{batch}", {"reason": "x"}).status_code == 404
    assert as_("admin").get(f"/undo/show/{batch}").status_code == 200
    _take_right(rows, "Administrator", "undo.undo")
    assert as_("admin").get(f"/undo/show/{batch}").status_code == 200
    assert as_("admin").get(f"/undo/back/{batch}").status_code == 403
    assert as_("admin").post(f"/undo/back/{batch}", {"reason": "x"}).status_code == 403
    assert as_("supervisor").post(f"/undo/back/{batch}", {"reason": ""}).status_code == 422
    assert as_("supervisor").post(f"/undo/back/{batch}", {"reason": "x"}).status_code == 302


def _rows(page):
    return "".join(re.findall(r"<tbody>.*?</tbody>", page.text, re.S))


def test_a_batch_names_nothing_that_is_out_of_sight_now(as_, rows):
    keys = [key_named(rows, name) for name in (MINE, THEIRS)]
    transfer(as_("supervisor"), keys, "narrow")
    with rows() as session:
        session.execute(update(RoleReach).where(RoleReach.module == "customers").values(reads=Reach.OWN))
    for path in ("/undo/show/1", "/undo/back/1"):
        page = as_("supervisor").get(path)
        assert page.status_code == 200 and MINE not in page.text and THEIRS not in page.text
        assert "不在您可见范围内的记录" in page.text


def test_the_pages_take_few_statements(as_, app, rows):
    keys = [key_named(rows, name) for name in (MINE, THEIRS)]
    transfer(as_("supervisor"), keys, "narrow")
    browser = as_("supervisor")
    for path, most in (("/undo/list/", 12), ("/undo/show/1", 15), ("/undo/back/1", 15), ("/customers/list/", 12)):
        with counted(app) as seen:
            browser.get(path)
        assert len(seen) <= most, (path, len(seen))
    assert key_of(app, "narrow")
