"""Roles on the screen: the matrix, its preview, publishing, versions, comparing, and who has a right."""

import re

import pytest
from sqlalchemy import select

from app import create_app
from app.i18n import Label
from app.models import AuditEntry, AuditKind, Employee, Reach, Role, RoleReach, RoleVersion
from app.security import rights
from app.security.rights import DEFAULT_ROLES, all_rights
from app.security.roles import rights_by_key, write_roles
from tests.browsing import Browser, fields_of, text_of
from tests.conftest import settings_for
from tests.walk import counted, everything

ASSIGN, PHONES = "opportunities.assign", "customers.see_phones"
MODULES = ("customers", "marketing", "services", "reports")


@pytest.fixture
def key(rows):
    """The key of a role by its stored name."""

    def find(name):
        with rows() as session:
            return session.scalars(select(Role.id).where(Role.name == name)).one()

    return find


def ticked(page):
    """The rights that are ticked on a matrix."""
    return re.findall(r'name="right" value="([^"]+)"[^>]* checked', page.get_data(as_text=True))


def matrix_of(page):
    """What the matrix on a page would send."""
    save = re.search(r'action="(/roles/save/\d+)"', page.get_data(as_text=True)).group(1)
    return {**fields_of(page, save), "right": ticked(page)}


def changed(page, *, add=(), remove=(), **fields):
    """The matrix with some ticks more or fewer and other fields."""
    posted = matrix_of(page)
    names = {name.replace("_", "."): value for name, value in fields.items()}
    return {**posted, "right": [*(set(posted["right"]) - set(remove)), *add], **names}


def publish(browser, pk, **changes):
    """Change the matrix as somebody without scripts does: preview, then confirm."""
    looked = browser.post(f"/roles/save/{pk}", changed(browser.get(f"/roles/show/{pk}"), **changes))
    assert looked.status_code == 200, text_of(looked)
    return browser.post(f"/roles/save/{pk}", matrix_of(looked))


# ---- the matrix ---------------------------------------------------------------------------------------------


def test_the_matrix_shows_what_a_role_can_do_in_the_words_of_its_reader(as_, key):
    page = as_("admin").get(f"/roles/show/{key('Account manager')}")
    body, text = page.get_data(as_text=True), text_of(page)
    assert "plans.carry_out" in ticked(page) and ASSIGN not in ticked(page)
    for word in (
        "客户经理",
        "2 人",
        "营销管理",
        "销售机会管理",
        "查看",
        "打印",
        "指派",
        "查看手机号",
        "专有操作",
        "保存前预览",
    ):
        assert word in text, word
    assert 'aria-label="客户：查看手机号"' in body
    assert not re.search(r">\s*can_|>opportunities\.", body)
    assert "Account manager" in text_of(as_("admin", locale="en").get(f"/roles/show/{key('Account manager')}"))


def test_who_may_only_look_sees_ticks_he_cannot_change(as_, rows, key):
    with rows() as session:
        role = session.scalars(select(Role).where(Role.name == "Executive")).one()
        role.permissions.append(rights_by_key(session)["roles.see"])
    browser = as_("executive")
    page = browser.get(f"/roles/show/{key('Head')}")
    boxes = re.findall(r'<input[^>]*name="right"[^>]*>', page.get_data(as_text=True))
    assert boxes and all(" disabled" in box for box in boxes)
    assert "保存前预览" not in text_of(page) and "复制" not in text_of(page)
    assert browser.post(f"/roles/save/{key('Head')}", matrix_of(page)).status_code == 403
    assert browser.post(f"/roles/preview/{key('Head')}", matrix_of(page)).status_code == 403


def test_a_renamed_role_is_shown_as_typed(as_, rows, key):
    pk = key("Executive")
    assert as_("admin").submit(f"/roles/rename/{pk}", name="See").status_code == 302
    assert "See" in text_of(as_("admin").get(f"/roles/show/{pk}"))
    assert "沈砚秋 See" in text_of(as_("executive").get("/"))
    assert "高管" not in text_of(as_("admin").get("/roles/list/"))


# ---- preview and publishing ------------------------------------------------------------------------------


def test_nothing_is_saved_before_it_was_looked_at(as_, app, key):
    pk, browser, before = key("Account manager"), as_("admin"), everything(app)
    wanted = changed(browser.get(f"/roles/show/{pk}"), add=[ASSIGN], remove=[PHONES], reads_customers="own")
    for path in (f"/roles/save/{pk}", f"/roles/preview/{pk}"):
        looked = browser.post(path, wanted)
        text = text_of(looked)
        assert looked.status_code == 200
        assert "3 处改动" in text and "销售机会管理：指派" in text and "客户管理查看范围：全部 → 本人" in text
        assert set(ticked(looked)) == set(wanted["right"])
    assert everything(app) == before


def test_what_was_looked_at_is_saved_and_told(as_, rows, key):
    pk = key("Account manager")
    done = publish(as_("admin"), pk, add=[ASSIGN], remove=[PHONES], reads_customers="below", note="试行一月")
    assert (done.status_code, done.location) == (302, f"/roles/show/{pk}")
    page = as_("admin").get(f"/roles/show/{pk}")
    assert ASSIGN in ticked(page) and PHONES not in ticked(page)
    assert fields_of(page, f"/roles/save/{pk}")["reads.customers"] == "below"
    with rows() as session:
        of_admin = AuditEntry.kind == AuditKind.RIGHTS, AuditEntry.person_name == "admin"
        entries = session.scalars(select(AuditEntry).where(*of_admin)).all()
        assert {(entry.person_name, entry.root_table, entry.root_id) for entry in entries} == {("admin", "ab_role", pk)}
        assert session.scalars(select(RoleVersion.note).order_by(RoleVersion.id.desc())).first() == "试行一月"


def test_who_signed_in_again_while_saving_is_led_to_the_matrix(as_, key):
    answer = as_("admin").get(f"/roles/save/{key('Head')}")
    assert (answer.status_code, answer.location) == (302, f"/roles/show/{key('Head')}")


def test_ticks_changed_after_the_preview_are_previewed_again(as_, app, key):
    pk, browser = key("Account manager"), as_("admin")
    looked = browser.post(f"/roles/save/{pk}", changed(browser.get(f"/roles/show/{pk}"), add=[ASSIGN]))
    before = everything(app)
    again = browser.post(f"/roles/save/{pk}", changed(looked, add=["opportunities.reassign"]))
    assert again.status_code == 200 and "销售机会管理：改派" in text_of(again)
    assert everything(app) == before


def test_a_script_gets_the_panel_alone(as_, key):
    pk, browser = key("Account manager"), as_("admin")
    wanted = changed(browser.get(f"/roles/show/{pk}"), add=[ASSIGN])
    part = browser.post(f"/roles/preview/{pk}", wanted, headers={"HX-Request": "true"})
    body = part.get_data(as_text=True)
    assert part.status_code == 200 and "<html" not in body and 'hx-swap-oob="true"' in body
    assert "保存 1 处改动" in body


def test_the_preview_tells_who_sees_less_with_examples(as_, rows, key):
    pk, browser = key("Account manager"), as_("admin")
    with rows() as session:
        person = session.query(Employee).filter_by(username="manager_b").one()
        person.roles.append(session.get(Role, key("Head")))
        session.get(RoleReach, (key("Head"), "marketing")).reads = Reach.ALL
    looked = browser.post(
        f"/roles/preview/{pk}",
        changed(browser.get(f"/roles/show/{pk}"), remove=[PHONES], reads_marketing="own", reads_customers="own"),
    )
    body, text = looked.get_data(as_text=True), text_of(looked)
    assert "林知远 7 → 2 −5" in text  # opportunities
    assert "林知远 2 → 1 −1" in text and "泰州知微生物有限公司" in text  # customers
    assert "陈禾 7 →" not in text and "陈禾 2 → 1 −1" in text  # another role lets him read every opportunity
    assert re.search(r'href="/customers/show/\d+">泰州知微生物有限公司', body)
    assert "2 人中 1 人将不再看到他人客户的完整手机号" in text
    assert "另有 1 人通过角色“Head”拥有该权限" in text
    assert "钱离职" in text and "已停用" in text


def test_the_preview_of_a_role_that_nobody_holds(as_, key):
    browser = as_("admin")
    made = browser.submit("/roles/add", name="实习生")
    pk = key("实习生")
    assert made.location == f"/roles/show/{pk}"
    looked = browser.post(f"/roles/preview/{pk}", changed(browser.get(made.location), add=["customers.see"]))
    assert "目前没有可登录的用户持有该角色" in text_of(looked)


def test_examples_are_of_what_the_administrator_sees_himself(as_, rows, key):
    with rows() as session:
        narrow = session.get(Role, key("Narrow"))
        known = rights_by_key(session)
        narrow.permissions.extend(known[one] for one in ("roles.see", "roles.edit"))
    browser, pk = as_("narrow"), key("Account manager")
    looked = browser.post(f"/roles/preview/{pk}", changed(browser.get(f"/roles/show/{pk}"), reads_marketing="own"))
    text = text_of(looked)
    assert "林知远 7 → 2 −5" in text and "盐城风澜风电有限公司" in text
    assert "温州霁川电气有限公司" not in text and "绍兴织野纺织机械有限公司" not in text


@pytest.mark.parametrize(
    "changes", [{"add": ["no.right"]}, {"reads_customers": "everywhere"}, {"hack": "1"}, {"version": ""}]
)
def test_what_is_not_on_the_matrix_is_refused(as_, app, key, changes):
    pk, browser, before = key("Account manager"), as_("admin"), everything(app)
    answer = browser.post(f"/roles/save/{pk}", changed(browser.get(f"/roles/show/{pk}"), **changes))
    assert answer.status_code == 400
    assert everything(app) == before


def test_what_is_done_on_a_screen_needs_that_it_is_seen(as_, app, key):
    pk, browser, before = key("Account manager"), as_("admin"), everything(app)
    wanted = changed(browser.get(f"/roles/show/{pk}"), remove=["opportunities.see"])
    answer = browser.post(f"/roles/save/{pk}", wanted)
    words = "没有“查看”权限就不能执行其他操作：销售机会管理"
    assert answer.status_code == 422 and words in text_of(answer)
    assert set(ticked(answer)) == set(wanted["right"])
    part = browser.post(f"/roles/preview/{pk}", wanted, headers={"HX-Request": "true"})
    assert part.status_code == 422 and words in text_of(part) and "data-save" not in part.get_data(as_text=True)
    assert everything(app) == before


def test_a_note_that_is_too_long_keeps_everything_typed(as_, app, key):
    pk, before = key("Account manager"), everything(app)
    answer = publish(as_("admin"), pk, add=[ASSIGN], note="长" * 501)
    assert answer.status_code == 422
    assert ASSIGN in ticked(answer) and "长" * 501 in answer.get_data(as_text=True)
    assert everything(app) == before


def test_nobody_gives_more_than_he_has(as_, app, rows, key):
    with rows() as session:
        known, head = rights_by_key(session), session.get(Role, key("Head"))
        head.permissions.extend(known[one] for one in ("roles.see", "roles.edit", "roles.create"))
    browser, pk, before = as_("head_a"), key("Narrow"), everything(app)
    page = browser.get(f"/roles/show/{pk}")
    assert re.search(r'value="settings.see"[^>]* disabled', page.get_data(as_text=True))
    for changes in ({"add": ["settings.see"]}, {"reads_customers": "all"}):
        looked = browser.post(f"/roles/save/{pk}", changed(page, **changes))
        assert looked.status_code == 403 and "您" in text_of(looked)
        forced = {**changed(page, **changes), "confirmed": mark_of(changed(page, **changes))}
        assert browser.post(f"/roles/save/{pk}", forced).status_code == 403
    assert browser.post(f"/roles/copy/{key('Administrator')}", {"name": "另一个"}).status_code == 403
    assert everything(app) == before


def mark_of(posted):
    """What confirms a posted matrix."""
    from app.security.roles import REACHES, RoleState

    reaches = {one: (REACHES[posted[f"reads.{one}"]], REACHES[posted[f"writes.{one}"]]) for one in MODULES}
    return RoleState(frozenset(posted["right"]), reaches).mark


def test_the_last_administrator_keeps_his_rights(as_, app, key):
    before = everything(app)
    answer = publish(as_("admin"), key("Administrator"), remove=["users.edit"])
    assert answer.status_code == 409 and "没有人能管理系统" in text_of(answer)
    assert everything(app) == before
    assert publish(as_("admin"), key("Administrator"), remove=["opportunities.reassign"]).status_code == 302


def test_the_slower_of_two_editors_reads_what_the_other_changed(as_, app, key):
    pk, slow = key("Account manager"), as_("admin")
    opened = slow.get(f"/roles/show/{pk}")
    looked = slow.post(f"/roles/save/{pk}", changed(opened, remove=[PHONES], note="我的说明"))
    assert publish(as_("admin"), pk, add=[ASSIGN]).status_code == 302
    before = everything(app)
    answer = slow.post(f"/roles/save/{pk}", matrix_of(looked))
    text = text_of(answer)
    assert answer.status_code == 409
    assert "周以宁 已于" in text and "期间的改动： + 增加： 销售机会管理：指派" in text
    assert PHONES not in ticked(answer) and ASSIGN not in ticked(answer)
    assert "我的说明" in answer.get_data(as_text=True)
    assert everything(app) == before
    assert slow.post(f"/roles/save/{pk}", matrix_of(answer)).status_code == 302
    page = slow.get(f"/roles/show/{pk}")
    assert ASSIGN not in ticked(page) and PHONES not in ticked(page)


def test_a_change_holds_with_the_next_click_in_another_process(as_, home, key):
    other = create_app(settings_for(home.url))
    other.config["WTF_CSRF_ENABLED"] = False
    elsewhere = Browser(other, "manager_a")
    try:
        assert elsewhere.get("/customers/list/").status_code == 200
        of_customers = [one for one in all_rights() if one.startswith("customers.")]
        publish(as_("admin"), key("Account manager"), remove=of_customers)
        assert elsewhere.get("/customers/list/").status_code == 403
        publish(as_("admin"), key("Account manager"), add=["customers.see"])
        assert elsewhere.get("/customers/list/").status_code == 200
    finally:
        from app.extensions import db

        with other.app_context():
            db.session.remove()
            db.engine.dispose()


# ---- data scope ---------------------------------------------------------------------------------------------


def test_customers_are_seen_by_the_responsible_one_and_his_superiors_alone(as_, rows, key):
    """Account managers read their own only, by the screen and without code."""
    with rows() as session:
        from app.models import Customer, Opportunity

        hidden = session.query(Opportunity).filter_by(customer_name="温州霁川电气有限公司").one().id
        customer = session.query(Customer).filter_by(name="泰州知微生物有限公司").one().id
    names = ("温州霁川电气有限公司", "泰州知微生物有限公司")
    doors = (
        "/opportunities/list/?status=",
        "/opportunities/board",
        "/plans/list/",
        "/customers/list/",
        "/contacts/list/",
        f"/opportunities/alike?customer_name={names[0]}",
        "/",
    )
    before = as_("manager_a")
    assert before.get(f"/opportunities/show/{hidden}").status_code == 200
    done = publish(as_("admin"), key("Account manager"), reads_customers="own", reads_marketing="own")
    assert done.status_code == 302
    browser = as_("manager_a")
    for door in doors:
        assert not any(name in text_of(browser.get(door)) for name in names), door
    for door in (f"/opportunities/show/{hidden}", f"/plans/show/{hidden}", f"/customers/show/{customer}"):
        assert browser.get(door).status_code == 404, door
        assert as_("supervisor").get(door).status_code == 200, door
        assert as_("manager_b").get(door).status_code == 200, door
    seen = text_of(as_("supervisor").get("/customers/list/"))
    assert names[1] in seen


# ---- versions -----------------------------------------------------------------------------------------------


def test_a_role_returns_to_a_former_version_through_the_preview(as_, app, rows, key):
    pk, browser = key("Account manager"), as_("admin")
    assert "还没有改动过" in text_of(browser.get(f"/roles/versions/{pk}"))
    then = ticked(browser.get(f"/roles/show/{pk}"))
    publish(browser, pk, add=[ASSIGN], remove=[PHONES], note="试行")
    listed = text_of(browser.get(f"/roles/versions/{pk}"))
    for words in (
        "第 2 版 当前",
        "周以宁",
        "试行",
        "销售机会管理：指派",
        "与当前相差 2 处",
        "恢复到此版本",
        "初始状态",
    ):
        assert words in listed, words
    with rows() as session:
        first = session.query(RoleVersion).filter_by(number=1).one()
        first.rights = [*first.rights, "fax.send"]
    before = everything(app)
    page = browser.get(f"/roles/show/{pk}?version=1")
    assert "这是第 1 版" in text_of(page) and "当时的 1 项权限已不存在，已略去" in text_of(page)
    assert ticked(page) == then and everything(app) == before
    looked = browser.post(f"/roles/save/{pk}", matrix_of(page))
    assert browser.post(f"/roles/save/{pk}", matrix_of(looked)).status_code == 302
    assert ticked(browser.get(f"/roles/show/{pk}")) == then
    assert "第 3 版 当前" in text_of(browser.get(f"/roles/versions/{pk}"))
    for address, code in (("version=9", 404), ("version=x", 400)):
        assert browser.get(f"/roles/show/{pk}?{address}").status_code == code


# ---- list, names, comparing, holders ------------------------------------------------------------------------


def test_the_list_tells_of_each_role_its_people_rights_scope_and_last_change(as_, key):
    browser = as_("admin")
    publish(browser, key("Account manager"), reads_customers="own")
    text = text_of(browser.get("/roles/list/"))
    assert f"系统管理员 1 {len(set(all_rights()))} 查看全部，修改全部 — 复制 改名" in text
    others = "、".join(f"{module}（查看全部，修改本人）" for module in ("营销管理", "统计报表", "服务管理"))
    scopes = f"客户管理（查看本人，修改本人）、{others}"
    held = len(next(one.rights for one in DEFAULT_ROLES if one.name == "Account manager"))
    assert re.search(rf"客户经理 2 {held} {scopes} \S+ \S+ 周以宁", text)
    assert f"Narrow 1 {held} 查看本人，修改本人" in text


def test_a_role_is_copied_renamed_and_deleted(as_, key):
    browser = as_("admin")
    page = browser.get(f"/roles/copy/{key('Head')}")
    assert fields_of(page)["name"] == "Head（副本）"
    made = browser.submit(f"/roles/copy/{key('Head')}", name="组长")
    pk = key("组长")
    assert made.location == f"/roles/show/{pk}"
    assert ticked(browser.get(made.location)) == ticked(browser.get(f"/roles/show/{key('Head')}"))
    assert browser.submit(f"/roles/rename/{pk}", name="Head").status_code == 422
    assert browser.submit(f"/roles/rename/{pk}", name="班长").status_code == 302
    assert browser.submit("/roles/add", name="").status_code == 422
    assert browser.submit("/roles/add", name="<b>x").status_code == 422
    assert browser.post("/roles/add", {"name": "好", "hack": "1"}).status_code == 400
    deletion = f'formaction="/roles/delete/{pk}"'
    assert deletion in browser.get("/roles/list/").get_data(as_text=True)
    assert browser.post(f"/roles/delete/{pk}").status_code == 302
    assert browser.get(f"/roles/show/{pk}").status_code == 404


def test_a_role_in_use_is_neither_offered_for_deletion_nor_deleted(as_, app, key):
    pk, before = key("Head"), everything(app)
    assert f"/roles/delete/{pk}" not in as_("admin").get("/roles/list/").get_data(as_text=True)
    answer = as_("admin").post(f"/roles/delete/{pk}")
    assert answer.status_code == 409 and "正在使用" in text_of(answer)
    assert everything(app) == before


def test_two_roles_are_compared_with_what_differs_first(as_, key):
    left, right = key("Sales supervisor"), key("Account manager")
    page = as_("admin").get(f"/roles/compare?left={left}&right={right}")
    text = text_of(page)
    different, same = text[text.index("专有操作") :].split("相同", 1)
    assert "指派 仅 销售主管" in different and "执行计划 仅 客户经理" in different
    assert "本部门及下级 | 本人" in different
    assert "审计日志" in same and "审计日志" not in different
    alike = text_of(as_("admin").get(f"/roles/compare?left={left}&right={left}"))
    assert "两个角色的权限和数据范围完全相同" in alike
    assert as_("admin").get("/roles/compare?left=999").status_code == 400


def test_who_has_a_right_and_through_which_role(as_, rows, key):
    with rows() as session:
        person = session.query(Employee).filter_by(username="manager_a").one()
        person.roles.append(session.get(Role, key("Head")))
    text = text_of(as_("admin").get(f"/roles/holders?right={PHONES}"))
    assert "林知远 manager_a 一部 客户经理 、 Head" in text
    assert "客户：查看手机号 6 人" in text
    assert "钱离职" not in text and "沈砚秋" not in text
    assert "请选择一项权限" in text_of(as_("admin").get("/roles/holders"))
    assert as_("admin").get("/roles/holders?right=no.right").status_code == 400


@pytest.mark.parametrize("who", ["supervisor", "manager_a", "executive", "nobody"])
def test_only_who_has_the_right_sees_any_of_it(as_, app, key, who):
    pk, before = key("Narrow"), everything(app)
    for path in ("list/", f"show/{pk}", "add", f"copy/{pk}", f"rename/{pk}", f"versions/{pk}", "compare", "holders"):
        assert as_(who).get(f"/roles/{path}").status_code == 403, path
    for path in (f"save/{pk}", f"preview/{pk}", f"delete/{pk}", "add", f"copy/{pk}", f"rename/{pk}"):
        assert as_(who).post(f"/roles/{path}", {"name": "x"}).status_code == 403, path
    assert "/roles/" not in as_(who).get("/").get_data(as_text=True)
    assert everything(app) == before


@pytest.mark.parametrize(
    "path",
    [
        "/permissions/list/",
        "/viewmenus/list/",
        "/permissionviews/list/",
        "/users/userinfo/",
        "/roles/edit/1",
        "/roles/action/copyrole/1",
        "/roles/download/x",
        "/api/v1/security/roles/",
    ],
)
def test_the_screens_of_the_framework_are_closed(as_, path):
    assert as_("admin").get(path).status_code == 404
    assert as_("admin").post(path).status_code in {404, 405}


# ---- at size ------------------------------------------------------------------------------------------------

SIZE = {"screens": 30, "roles": 20, "people": 60}


@pytest.fixture
def large(rows, monkeypatch):
    """300 rights in a catalogue of 30 screens, 20 roles that have them all, and 60 people who hold one of these."""
    verbs = tuple(rights.Verb)[:10]
    screens = tuple(rights.Screen(f"screen{one}", Label(f"Screen {one}"), verbs) for one in range(SIZE["screens"]))
    catalogue = (*rights.CATALOGUE, rights.Module("large", Label("Large"), "home", screens))
    for place in ("app.security.rights", "app.views.roles", "app.views.roles.matrix", "app.views.roles.compare"):
        monkeypatch.setattr(f"{place}.CATALOGUE", catalogue)
    for screen in screens:
        monkeypatch.setitem(rights.SCREENS, screen.key, screen)
    with rows() as session:
        write_roles(session)
        known = rights_by_key(session)
        all_keys = [key for key in known if key.startswith("screen")]
        admin = session.query(Employee).filter_by(username="admin").one().roles[0]
        admin.permissions.extend(known[key] for key in all_keys)
        for number in range(SIZE["roles"]):
            role = Role(name=f"角色 {number}", permissions=[known[key] for key in known])
            session.add(role)
            session.flush()
            session.add_all(
                RoleReach(role_id=role.id, module=module, reads=Reach.BELOW, writes=Reach.OWN) for module in MODULES
            )
        session.flush()
        for number in range(SIZE["people"]):
            person = Employee(
                username=f"p{number}", first_name="", last_name=f"p{number}", email=f"p{number}@x", active=True
            )
            person.roles = [role]
            session.add(person)
        return role.id


def test_the_matrix_of_300_rights_and_20_roles_takes_few_statements(as_, app, large):
    browser = as_("admin")
    for path, most in (
        (f"/roles/show/{large}", 15),
        (f"/roles/show/{large}?version=1", 15),
        ("/roles/list/", 12),
        ("/roles/compare", 15),
        ("/roles/holders?right=screen1.see", 15),
        (f"/roles/versions/{large}", 15),
    ):
        with counted(app) as seen:
            page = browser.get(path)
        assert len(seen) <= most, (path, len(seen))
        assert page.status_code == (404 if "version=" in path else 200)
    assert len(ticked(browser.get(f"/roles/show/{large}"))) >= 300


def test_the_preview_takes_as_many_statements_whatever_the_people(as_, app, large):
    browser, seen_for = as_("admin"), {}
    page = browser.get(f"/roles/show/{large}")
    removed = [f"screen{one}.{verb.value}" for one in range(30) for verb in tuple(rights.Verb)[:10]]
    for reach in ("own", "department", "all"):
        wanted = changed(page, remove=removed, reads_marketing=reach, reads_customers=reach)
        with counted(app) as seen:
            looked = browser.post(f"/roles/preview/{large}", wanted, headers={"HX-Request": "true"})
        seen_for[reach] = len(seen)
        assert looked.status_code == 200
    print(f"\n{seen_for} statements")
    assert max(seen_for.values()) <= 25
    assert "另有 40 人受影响" in text_of(looked)


def test_a_change_of_300_rights_is_saved_whole_or_not_at_all(as_, app, large, monkeypatch):
    from app.actions import roles

    browser = as_("admin")
    page = browser.get(f"/roles/show/{large}")
    removed = [right for right in ticked(page) if right.startswith("screen")]
    wanted = changed(page, remove=removed, reads_marketing="own")
    wanted["confirmed"] = mark_of(wanted)
    before = everything(app)
    for place in ("_write", "_keep", "ensure_administrator"):
        with monkeypatch.context() as broken:
            broken.setattr(roles, place, lambda *_, **__: 1 / 0)
            assert browser.post(f"/roles/save/{large}", wanted).status_code == 500
        assert everything(app) == before, place
    assert browser.post(f"/roles/save/{large}", wanted).status_code == 302
    assert len(ticked(browser.get(f"/roles/show/{large}"))) == len(set(ticked(page)) - set(removed))
