"""See as: an administrator looks through somebody's eyes, changes nothing and is told what refuses it."""

import pytest
from sqlalchemy import select

from app.models import AuditEntry, AuditKind, Contact, Employee, Opportunity, OpportunityStatus, PlanItem, Role
from app.security.rights import OPPORTUNITIES, Verb
from tests.browsing import text_of
from tests.cast import key_of


@pytest.fixture
def looking(as_, app):
    """The administrator's browser, looking through the eyes of one of the cast."""

    def look(who, by="admin"):
        browser = as_(by)
        assert browser.post(f"/see-as/{key_of(app, who)}").location == "/"
        return browser

    return look


def opportunity_of(rows, **wanted):
    """The key of the first opportunity with those values."""
    with rows() as session:
        return session.scalars(select(Opportunity.id).filter_by(**wanted).order_by(Opportunity.id)).first()


def test_the_pages_are_those_of_the_person(as_, looking):
    own = text_of(as_("manager_a").get("/opportunities/list/?status="))
    seen = text_of(looking("manager_a").get("/opportunities/list/?status="))
    banner = "您正在以林知远（客户经理）的身份查看，只读。 结束查看"
    assert banner in seen
    assert seen.replace(f"{banner} ", "") == own


def test_a_watched_page_asks_for_nothing_by_itself(looking, as_):
    assert 'data-watched="yes"' in looking("manager_a").get("/").get_data(as_text=True)
    assert 'data-watched=""' in as_("manager_a").get("/").get_data(as_text=True)


def test_rows_out_of_the_persons_sight_are_out_of_sight(as_, looking, rows, app):
    hidden = opportunity_of(rows, assignee_id=key_of(app, "manager_b"))
    browser = looking("narrow")
    assert as_("admin").get(f"/opportunities/show/{hidden}").status_code == 200
    answer = browser.get(f"/opportunities/show/{hidden}")
    assert answer.status_code == 404
    told = text_of(answer)
    assert "该记录的负责人是陈禾（二部）。" in told and "Narrow：本人" in told
    assert "没有该编号的记录。" in text_of(browser.get("/opportunities/show/99999"))
    assert "该记录的负责人" not in text_of(as_("narrow").get(f"/opportunities/show/{hidden}"))


def test_a_missing_right_is_named_with_the_roles_that_give_it(as_, looking):
    browser = looking("executive")
    told = text_of(browser.get("/opportunities/add"))
    assert "缺少权限“销售机会管理：新建”" in told and "角色“高管”不包含该权限" in told and "销售主管" in told
    browser = looking("nobody")
    assert "该用户没有任何角色" in text_of(browser.get("/opportunities/list/"))
    assert "缺少权限" not in text_of(as_("executive").get("/opportunities/add"))


def test_a_record_says_what_is_not_possible_and_why(as_, looking, rows, app):
    key = opportunity_of(rows, status=OpportunityStatus.ASSIGNED, assignee_id=key_of(app, "manager_b"))
    told = text_of(looking("manager_a").get(f"/opportunities/show/{key}"))
    assert "不能执行的操作及原因" in told
    assert "指派" in told and "缺少权限“销售机会管理：指派”" in told
    assert "状态：" in told
    plan = text_of(looking("manager_a").get(f"/plans/show/{key}"))
    assert "执行计划 只有" in plan
    assert "不能执行的操作及原因" not in text_of(as_("manager_a").get(f"/opportunities/show/{key}"))


CHANGES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/opportunities/add", {"customer_name": "不该有的公司"}),
    ("/plan-items/add?opportunity={key}", {"planned_on": "2026-04-01", "todo": "偷改"}),
    ("/opportunities/move/succeed/{key}", {"version": "1"}),
    ("/opportunities/moves/assign", {"row": "{key}", "assignee": "3"}),
    ("/reminders/check", {}),
)


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_can_be_changed(looking, rows, app, change):
    path, fields = change
    key = opportunity_of(rows, assignee_id=key_of(app, "manager_a"))
    browser = looking("manager_a")
    answer = browser.post(path.format(key=key), {name: value.format(key=key) for name, value in fields.items()})
    assert answer.status_code == 403
    assert "您正在以他人身份查看，不能做任何修改。" in text_of(answer)
    with rows() as session:
        assert session.scalar(select(Opportunity).where(Opportunity.customer_name == "不该有的公司")) is None
        assert session.scalar(select(PlanItem).where(PlanItem.todo == "偷改")) is None


def test_the_session_itself_refuses_to_write_for_who_is_watched(session_of):
    from dataclasses import replace

    from app.errors import Forbidden

    with session_of("manager_a") as (session, actor):
        session.info["actor"] = replace(actor, is_watched=True)
        contact = session.scalars(select(Contact)).first()
        contact.memo = "偷改"
        with pytest.raises(Forbidden):
            session.flush()


def test_it_ends_where_it_began_and_both_are_logged(looking, rows, app):
    browser = looking("manager_a")
    key = key_of(app, "manager_a")
    assert browser.post("/see-as/end").location == f"/users/show/{key}"
    assert "的身份查看" not in text_of(browser.get("/"))
    with rows() as session:
        found = session.scalars(select(AuditEntry).where(AuditEntry.row_id == key).order_by(AuditEntry.id)).all()
        kinds = [entry.kind for entry in found if entry.kind in {AuditKind.SEEN_AS, AuditKind.SEEN_AS_ENDED}]
        assert kinds == [AuditKind.SEEN_AS, AuditKind.SEEN_AS_ENDED]
        assert {entry.person_name for entry in found} <= {"admin", ""}


def test_what_is_seen_is_logged_under_the_administrators_own_name(looking, rows, app):
    looking("executive").get("/opportunities/add")
    with rows() as session:
        names = set(session.scalars(select(AuditEntry.person_name)))
    assert names == {"admin", ""}  # the cast was made by nobody


@pytest.mark.parametrize("who", ["supervisor", "manager_a", "executive", "nobody"])
def test_only_who_has_the_right_sees_as(as_, app, who):
    assert as_(who).post(f"/see-as/{key_of(app, 'narrow')}").status_code == 403


def test_nobody_sees_as_himself_as_a_disabled_one_or_as_one_who_may_more(as_, app, rows):
    for whom in ("admin", "disabled"):
        assert as_("admin").post(f"/see-as/{key_of(app, whom)}").status_code == 403
    assert as_("admin").post("/see-as/99999").status_code == 404
    assert as_("admin").get(f"/see-as/{key_of(app, 'narrow')}").status_code == 405
    with rows() as session:
        role = session.scalars(select(Role).where(Role.name == "Executive")).one()
        admin = session.scalars(select(Role).where(Role.name == "Administrator")).one()
        wanted = {"can see on users", "can see as on users"}
        role.permissions.extend(one for one in admin.permissions if str(one) in wanted)
    browser = as_("executive")
    assert browser.post(f"/see-as/{key_of(app, 'manager_a')}").status_code == 403
    assert browser.post(f"/see-as/{key_of(app, 'nobody')}").location == "/"


def test_it_ends_by_itself_when_the_right_or_the_person_goes(looking, rows):
    browser = looking("manager_a")
    with rows() as session:
        session.scalars(select(Employee).where(Employee.username == "manager_a")).one().active = False
    assert "的身份查看" not in text_of(browser.get("/"))


def test_who_sees_as_another_may_still_sign_out_and_choose_a_language(looking, rows):
    browser = looking("manager_a")
    assert browser.post("/preferences", {"locale": "en"}).status_code == 302
    with rows() as session:
        people = {one.username: one.locale for one in session.scalars(select(Employee))}
    assert (people["admin"], people["manager_a"]) == ("en", None)
    assert browser.post("/logout/").status_code == 302
    assert browser.get("/").status_code == 302


def test_right_keys_have_names():
    from app.security.rights import all_rights, name_of_right

    assert all(name_of_right(right) for right in all_rights())
    assert name_of_right(OPPORTUNITIES.right(Verb.ASSIGN))
