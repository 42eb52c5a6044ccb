"""The audit log and the history of a record on the screen: in words, within sight, and to take along."""

import csv
import io
import json
import re

import pytest
from flask_babel import force_locale
from sqlalchemy import select

from app.models import (
    AuditEntry,
    AuditKind,
    Contact,
    Customer,
    Employee,
    Model,
    Opportunity,
    PlanItem,
    Reach,
    Role,
    RoleReach,
    SettingValue,
)
from app.models.base import mapper_of
from app.security.audit import Origin, note
from app.security.changes import _fields, is_told
from app.views.changes import field_of, model_of
from app.views.exports import plain_cell
from app.views.presentation import text_of as text_of_value
from tests.browsing import text_of
from tests.walk import counted, everything, refusals


def key_named(rows, name, model=Opportunity):
    with rows() as session:
        column = Opportunity.customer_name if model is Opportunity else model.name
        return session.scalars(select(model.id).where(column.startswith(name))).one()


def last_id(rows):
    with rows() as session:
        return session.scalars(select(AuditEntry.id).order_by(AuditEntry.id.desc()).limit(1)).one()


def edit(as_, key, **typed):
    answer = as_("supervisor").submit(f"/opportunities/edit/{key}", **typed)
    assert answer.status_code == 302


# ---- the list -----------------------------------------------------------------------------------------


def test_a_change_stands_in_the_list_in_words(as_, rows):
    key = key_named(rows, "苏州")
    edit(as_, key, probability="80", expected_amount="120000", region="", expected_close_on="2026-05-01")
    page = text_of(as_("admin").get("/audit/list/"))
    assert re.search(r"许安宁 修改 销售机会 苏州澄岳精密机械有限公司 成功机率（%）：50 → 80；地区：华东 → —；", page), (
        page
    )
    assert f'href="/opportunities/show/{key}"' in as_("admin").get("/audit/list/").get_data(as_text=True)
    detail = text_of(as_("admin").get(f"/audit/show/{last_id(rows)}"))
    assert "变更前" in detail and "变更后" in detail
    assert "预计金额（元） — 120,000.00" in detail
    assert "封存序号 尚未封存" in detail


def test_english_readers_read_english(as_, rows):
    edit(as_, key_named(rows, "苏州"), probability="80")
    page = text_of(as_("admin", locale="en").get("/audit/list/"))
    assert "Changed Sales opportunity 苏州澄岳精密机械有限公司 Probability (%): 50 → 80" in page


FILTERS = {
    "kind=修改": ("苏州澄岳", "部门 总部"),
    "kind=Created": ("部门 总部", "→ 80"),
    "person=supervisor": ("苏州澄岳", "部门 总部"),
    "row_name=总部": ("部门 总部", "苏州澄岳"),
    "table_name=departments": ("部门 一部", "苏州澄岳"),
    "at_from=2200-01-01": ("没有符合条件的记录", "苏州澄岳"),
    "address=127.0": ("苏州澄岳", "部门 总部"),
}


@pytest.mark.parametrize("asked", FILTERS)
def test_filters(as_, rows, asked):
    edit(as_, key_named(rows, "苏州"), probability="80")
    page = text_of(as_("admin").get(f"/audit/list/?page_size=100&{asked}"))
    (found, missing), below = FILTERS[asked], page[page.index("查询") :]
    assert found in below and missing not in below


def test_a_kind_of_record_that_nobody_knows_cannot_be_read(as_):
    assert as_("admin").get("/audit/list/?table_name=nonsense").status_code == 400


def test_what_is_refused_is_told_with_its_screen_and_the_right_it_needs(as_, rows):
    as_("nobody").get("/customers/list/")
    page = text_of(as_("admin").get("/audit/list/?kind=拒绝访问"))
    assert "何以舟 拒绝访问 客户 缺少权限：客户：查看" in page
    assert "GET /customers/list/" in text_of(as_("admin").get(f"/audit/show/{last_id(rows)}"))


def test_only_who_holds_the_right_sees_the_log(as_, rows):
    for path in ("/audit/list/", "/audit/show/1", "/audit/count"):
        assert as_("supervisor").get(path).status_code == 403
    assert as_("supervisor").post("/audit/export").status_code == 403
    assert "审计日志" not in text_of(as_("supervisor").get("/"))
    assert "审计日志" in text_of(as_("admin").get("/"))


def test_nothing_can_be_written_there(as_):
    for path in ("/audit/add", "/audit/edit/1", "/audit/delete/1", "/audit/history/1"):
        assert as_("admin").post(path).status_code == 404, path


def test_words_of_roles_scope_settings_and_commands(as_, rows):
    with rows() as session:
        session.info["origin"] = Origin(person_name="command")
        person = session.scalars(select(Employee).where(Employee.username == "manager_a")).one()
        executive = session.scalars(select(Role).where(Role.name == "Executive")).one()
        person.roles = [executive]
        person.department_id, person.active = None, False
        session.flush()
        executive.permissions = [one for one in executive.permissions if one.view_menu.name != "customers"]
        reach = session.scalars(select(RoleReach).where(RoleReach.role_id == executive.id)).first()
        reach.reads = Reach.DEPARTMENT
        session.add(SettingValue(key="idle_minutes", value="30"))
        note(session, AuditKind.IMPORTED, changes={"kind": [None, "opportunities"], "rows": [None, 7]})
    page = text_of(as_("admin").get("/audit/list/"))
    assert "命令行 权限与数据范围 用户 林知远" in page
    assert "角色：移除：客户经理；新增：高管" in page
    assert "角色 高管 权限：移除：客户" in page
    assert "数据范围 高管、" in page and "查看范围：全部 → 本部门" in page
    assert "系统设置 无操作自动退出时间 值：30" in page
    assert "导入 销售机会管理 类型：销售机会管理；行数：7" in page
    assert not re.search(r"\b(ab_|idle_|role_)", page)


def test_a_list_of_the_log_makes_few_statements(as_, app, rows):
    edit(as_, key_named(rows, "苏州"), probability="80", region="")
    browser = as_("admin")
    browser.get("/audit/list/?page_size=100")
    with counted(app) as seen:
        browser.get("/audit/list/?page_size=100")
    assert len(seen) <= 12, seen


TOLD = sorted((one for one in Model.registry.mappers if is_told(one.class_)), key=str)


@pytest.mark.parametrize("mapper", TOLD, ids=str)
def test_every_field_that_is_told_has_words(app, mapper):
    columns, links = _fields(mapper)
    table = mapper.class_.__tablename__
    for name in [*(key for key, _ in columns), *links]:
        if model_of(table) is mapper.class_:
            assert str(field_of(table, name).label) != name, (table, name)


# ---- taking it along ----------------------------------------------------------------------------------


def exported(answer):
    text = answer.get_data(as_text=True)
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_export_holds_every_entry_and_is_told(as_, app, rows):
    edit(as_, key_named(rows, "苏州"), summary="=HYPERLINK(1)", probability="80")
    with rows() as session:
        number = len(session.scalars(select(AuditEntry.id)).all())
    answer = as_("admin").post("/audit/export")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert re.fullmatch(r"attachment; filename=audit-\d{8}-\d{4}\.csv", answer.headers["Content-Disposition"])
    head, *lines = exported(answer)
    assert head[:5] == ["编号", "时间", "操作人", "用户名", "事件"]
    assert len(lines) == number
    assert "概要：主轴产线视觉检测改造 → =HYPERLINK(1)" in lines[0][7]
    with rows() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        assert (entry.kind, entry.person_name) == (AuditKind.EXPORTED, "admin")
        told = {"list": [None, "audit"], "conditions": [None, {}], "rows": [None, number]}
        assert json.loads(entry.changes) == told


def test_the_export_keeps_to_the_conditions_and_tells_them(as_, rows):
    edit(as_, key_named(rows, "苏州"), probability="80")
    _, *lines = exported(as_("admin").post("/audit/export?kind=修改&row_name=苏州"))
    assert [line[4] for line in lines] == ["修改"]
    page = text_of(as_("admin").get("/audit/list/?kind=导出"))
    assert "审计日志 条件：事件 修改、记录 苏州；列表：审计日志；行数：1" in page


def test_the_export_reads_in_batches(as_, monkeypatch, rows):
    monkeypatch.setattr("app.views.audit.BATCH", 7)
    with rows() as session:
        keys = session.scalars(select(AuditEntry.id).order_by(AuditEntry.id.desc())).all()
    assert len(keys) > 30
    assert [int(line[0]) for line in exported(as_("admin").post("/audit/export"))[1:]] == list(keys)


def test_the_export_is_a_change_and_needs_its_token(strict_app, home):
    from tests.browsing import Browser

    browser = Browser(strict_app, "admin")
    assert browser.get("/audit/export").status_code == 405
    assert browser.post("/audit/export").status_code == 400


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_a_cell_is_no_formula(text):
    assert plain_cell(text) == f"'{text}"
    assert plain_cell(f"x{text}") == f"x{text}"


# ---- the history of a record --------------------------------------------------------------------------


def test_the_history_of_a_record_with_what_hangs_on_it(as_, rows):
    key, planned = key_named(rows, "绍兴"), {"planned_on": "2026-04-01", "todo": "送样"}
    manager, reader = as_("manager_a"), as_("executive")
    assert manager.post(f"/plan-items/add?opportunity={key}", planned).status_code == 302
    with rows() as session:
        item = session.scalars(select(PlanItem.id).where(PlanItem.todo == "送样")).one()
    assert manager.post(f"/plan-items/delete/{item}").status_code == 302
    assert manager.post(f"/opportunities/move/fail/{key}", {"reason": "预算取消"}).status_code == 302
    page = text_of(reader.get(f"/opportunities/history/{key}"))
    happened = ("状态变更", "原因：预算取消", "删除（计划项 送样）", "创建（计划项 送样）")
    places = [page.index(one) for one in happened]
    assert places == sorted(places)
    assert "林知远：状态变更" in page and "状态 已指派 开发失败" in page
    assert f'href="/opportunities/history/{key}"' in reader.get(f"/opportunities/show/{key}").get_data(as_text=True)
    assert "送样" not in text_of(reader.get(f"/opportunities/history/{key_named(rows, '温州')}"))


def test_a_child_has_its_own_history_alone(as_, rows):
    with rows() as session:
        item = session.scalars(select(PlanItem).order_by(PlanItem.id).limit(1)).one()
        item.todo, key = "改过的计划", item.id
    page = text_of(as_("manager_a").get(f"/plan-items/history/{key}"))
    assert "改过的计划" in page and "电话确认改造范围" in page
    assert "状态变更" not in page


def test_the_history_is_paged(as_, rows):
    key = key_named(rows, "镇江", Customer)
    with rows() as session:
        row = session.get(Customer, key)
        for number in range(30):
            row.fax = f"0511-{number:04}"
            session.flush()
    browser = as_("manager_a")
    assert "0511-0029" in text_of(browser.get(f"/customers/history/{key}"))
    second = text_of(browser.get(f"/customers/history/{key}?page=2&page_size=25"))
    assert "0511-0001" in second and "0511-0029" not in second
    assert browser.get(f"/customers/history/{key}?page=x").status_code == 400


def test_phones_are_masked_in_the_history_as_on_the_record(as_, rows):
    with rows() as session:
        customer = session.scalars(select(Customer).where(Customer.name.startswith("镇江"))).one()
        customer.contacts[0].mobile = "13900001234"
        key = customer.id
    for path in (f"/customers/history/{key}", f"/contacts/history/{customer_contact(rows, key)}"):
        own, other = as_("manager_a").get(path), as_("executive").get(path)
        assert "13900001234" in own.get_data(as_text=True)
        assert "13900001234" not in other.get_data(as_text=True)
        assert "139****1234" in text_of(other)


def customer_contact(rows, key):
    with rows() as session:
        return session.scalars(select(Contact.id).where(Contact.customer_id == key)).one()


def test_without_the_right_phones_are_masked_in_the_log(as_, rows):
    with rows() as session:
        customer = session.scalars(select(Customer).where(Customer.name.startswith("镇江"))).one()
        customer.contacts[0].mobile = "13900001234"
        admin = session.scalars(select(Role).where(Role.name == "Administrator")).one()
        admin.permissions = [one for one in admin.permissions if one.permission.name != "can_see_phones"]
    browser = as_("admin")
    for page in (browser.get("/audit/list/?row_name=蒋"), browser.post("/audit/export")):
        text = page.get_data(as_text=True)
        assert "13900001234" not in text and "139****1234" in text


def test_children_are_told_to_who_may_see_them(as_, rows):
    key = key_named(rows, "镇江", Customer)
    with rows() as session:
        session.get(Customer, key).contacts[0].memo = "早上打"
        executive = session.scalars(select(Role).where(Role.name == "Executive")).one()
        executive.permissions = [one for one in executive.permissions if one.view_menu.name != "contacts"]
    assert "早上打" in text_of(as_("manager_a").get(f"/customers/history/{key}"))
    assert "早上打" not in text_of(as_("executive").get(f"/customers/history/{key}"))


def test_a_history_out_of_sight_does_not_exist(as_, app, rows):
    key, before = key_named(rows, "温州"), everything(app)
    assert as_("narrow").get(f"/opportunities/history/{key}").status_code == 404
    assert len(refusals(app)) == 1
    assert as_("nobody").get(f"/opportunities/history/{key}").status_code == 403
    assert everything(app) == before


def test_a_linked_record_out_of_sight_is_not_named(as_, rows):
    with rows() as session:
        row = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("盐城"))).one()
        hidden = session.scalars(select(Customer).where(Customer.name.startswith("泰州"))).one()
        row.customer_id, key, number = hidden.id, row.id, hidden.id
    page = text_of(as_("narrow").get(f"/opportunities/history/{key}"))
    assert "泰州" not in page and f"第 {number} 号" in page
    assert "泰州" in text_of(as_("manager_a").get(f"/opportunities/history/{key}"))
    assert mapper_of(Opportunity).class_ is Opportunity


def test_why_a_session_ended_is_told_in_the_readers_language(as_, rows):
    with rows() as session:
        key = session.scalars(select(Employee.id).where(Employee.username == "manager_a")).one()
    as_("manager_a")
    assert as_("admin").post(f"/users/{key}/sessions/end").status_code == 302
    assert "由管理员结束" in text_of(as_("admin").get("/audit/list/?kind=Sign-out"))
    assert "Ended by an administrator" in text_of(as_("admin", locale="en").get(f"/users/history/{key}"))


def test_a_role_is_called_as_it_was_called(app):
    with app.test_request_context(), force_locale("zh"):
        assert text_of_value([Role(name="System"), Role(name="Account manager")]) == "System、客户经理"
