"""Two people at one record: nothing is overwritten silently, nothing typed is lost, and each field is a choice."""

import json
import re

import pytest
from sqlalchemy import select

from app.models import Category, DictionaryEntry, Employee, Opportunity, OpportunityStatus, PlanItem, Reach, RoleReach
from tests.browsing import fields_of, text_of
from tests.cast import key_of
from tests.walk import everything


def key_named(rows, start):
    with rows() as session:
        return session.scalars(select(Opportunity.id).where(Opportunity.customer_name.startswith(start))).one()


def values_of(rows, key, *names):
    with rows() as session:
        row = session.get(Opportunity, key)
        found = [getattr(row, name) for name in names]
        return [one.item if isinstance(one, DictionaryEntry) else one for one in found]


def radios(page):
    """The radios of the page's choices: field, side, and whether it is chosen."""
    found: dict[str, dict[str, bool]] = {}
    for tag in re.findall(r"<input[^>]*>", page.get_data(as_text=True)):
        name = re.search(r'name="choice-(\w+)"', tag)
        side = re.search(r'value="(\w+)"', tag)
        if name and side:
            found.setdefault(name[1], {})[side[1]] = bool(re.search(r"\schecked\b", tag))
    return found


def chosen(page):
    """The side that is chosen already, by field."""
    return {name: next((side for side, on in sides.items() if on), "") for name, sides in radios(page).items()}


@pytest.fixture
def desk(as_, rows):
    """Two people who have the form of one opportunity open."""

    class Desk:
        key = key_named(rows, "苏州")
        path = f"/opportunities/edit/{key}"
        first, second = as_("manager_a"), as_("supervisor")

        def __init__(self):
            self.theirs = fields_of(self.first.get(self.path))
            self.mine = fields_of(self.second.get(self.path))

        def they_save(self, **changed):
            assert self.first.post(self.path, {**self.theirs, **changed}).status_code == 302

        def i_save(self, **changed):
            return self.second.post(self.path, {**self.mine, **changed})

        def again(self, page, **changed):
            """Send the page that came back, with the choices and what is changed in it."""
            kept = {f"choice-{name}": side for name, side in chosen(page).items() if side}
            sent = {**fields_of(page, self.path), **kept, **changed}
            return self.second.post(self.path, {name: value for name, value in sent.items() if value is not None})

        def values(self, *names):
            return values_of(rows, self.key, *names)

    return Desk()


def test_who_was_slower_is_told_who_changed_what_and_when(desk):
    desk.they_save(summary="他们的概要", expected_amount="1,200.50")
    answer = desk.i_save(summary="我的概要")
    text = text_of(answer)
    assert answer.status_code == 409
    assert re.search(r"林知远.*\d{4}-\d\d-\d\d \d\d:\d\d", text)
    assert "他们的概要" in text and "主轴产线视觉检测改造" in text and "1,200.50" in text
    assert fields_of(answer, desk.path)["summary"] == "我的概要"
    assert chosen(answer) == {"summary": "", "expected_amount": "theirs"}
    assert desk.values("summary") == ["他们的概要"]


def test_what_only_i_changed_is_chosen_already_and_saved(desk):
    desk.they_save(summary="他们的概要")
    answer = desk.i_save(probability="77")
    assert chosen(answer) == {"summary": "theirs", "probability": "mine"}
    assert desk.again(answer).status_code == 302
    assert desk.values("summary", "probability") == ["他们的概要", 77]


@pytest.mark.parametrize(("side", "kept"), [("mine", "我的概要"), ("theirs", "他们的概要")])
def test_both_changed_and_one_is_chosen(desk, side, kept):
    desk.they_save(summary="他们的概要")
    answer = desk.i_save(summary="我的概要", contact_name="我的联系人")
    assert desk.again(answer, **{"choice-summary": side}).status_code == 302
    assert desk.values("summary", "contact_name") == [kept, "我的联系人"]


def test_without_a_choice_nothing_is_saved_and_the_choice_is_asked_again(desk, app):
    desk.they_save(summary="他们的概要")
    answer = desk.i_save(summary="我的概要", probability="77")
    before = everything(app)
    again = desk.again(answer, **{"choice-probability": "theirs"})
    assert again.status_code == 422
    assert "请选择保留哪一方" in text_of(again)
    assert chosen(again) == {"summary": "", "probability": "theirs"}
    assert fields_of(again, desk.path)["summary"] == "我的概要"
    assert everything(app) == before
    assert desk.again(again, **{"choice-summary": "mine"}).status_code == 302
    assert desk.values("summary", "probability") == ["我的概要", 50]


def test_mine_may_still_be_mended_by_hand(desk):
    desk.they_save(summary="他们的概要")
    answer = desk.i_save(summary="我的概要")
    assert desk.again(answer, summary="两边合起来", **{"choice-summary": "mine"}).status_code == 302
    assert desk.values("summary") == ["两边合起来"]


def test_a_third_person_in_between_asks_again(desk, as_):
    desk.they_save(summary="他们的概要")
    answer = desk.i_save(summary="我的概要")
    third = as_("admin").submit(desk.path, summary="第三人的概要")
    assert third.status_code == 302
    again = desk.again(answer, **{"choice-summary": "mine"})
    assert again.status_code == 409
    assert "周以宁" in text_of(again) and "第三人的概要" in text_of(again)
    assert "期间他人保存的" in text_of(again)  # of two people, so of nobody alone
    assert fields_of(again, desk.path)["summary"] == "我的概要"
    assert desk.again(again, **{"choice-summary": "mine"}).status_code == 302
    assert desk.values("summary") == ["我的概要"]


def test_choices_dates_and_empty_fields_are_shown_as_people_read_them(desk, rows):
    with rows() as session:
        entries = session.scalars(select(DictionaryEntry).where(DictionaryEntry.category == Category.REGION)).all()
        north, south = (next(one.id for one in entries if one.item == item) for item in ("华北", "华南"))
    desk.they_save(region=str(north), expected_close_on="2026-12-31")
    answer = desk.i_save(region=str(south))
    text = text_of(answer)
    assert "华东" in text and "华北" in text and "2026-12-31" in text
    assert chosen(answer) == {"region": "", "expected_close_on": "theirs"}
    assert f'value="{south}" selected' in re.sub(r"selected value=\"(\d+)\"", r'value="\1" selected', answer.text)
    assert desk.again(answer, **{"choice-region": "theirs"}).status_code == 302
    assert str(desk.values("expected_close_on")[0]) == "2026-12-31"
    assert desk.values("region") == ["华北"]


def test_both_typed_the_same_and_nothing_is_left_to_choose(desk):
    desk.they_save(summary="一样的概要")
    assert desk.i_save(summary="一样的概要").status_code == 302
    assert desk.values("summary") == ["一样的概要"]


def test_another_way_of_writing_an_amount_is_no_difference(desk):
    desk.they_save(expected_amount="1200")
    answer = desk.i_save(expected_amount="1,200.00", probability="77")
    assert chosen(answer) == {"probability": "mine"}


def test_a_value_that_does_not_fit_brings_the_choice_back(desk):
    desk.they_save(summary="他们的概要")
    answer = desk.i_save(summary="我的概要")
    again = desk.again(answer, summary="长" * 201, **{"choice-summary": "mine"})
    assert again.status_code == 422
    assert chosen(again) == {"summary": "mine"}
    # What is not chosen is not checked either.
    assert desk.again(again, summary="长" * 201, **{"choice-summary": "theirs"}).status_code == 302
    assert desk.values("summary") == ["他们的概要"]


@pytest.mark.parametrize(
    "seen",
    ["", "x", "[]", "[1]", "[1,2]", '{"a":1}', '["1",{}]', '[1,{"summary":5}]', "[" * 100_000, "9" * 200_000, "null"],
)
def test_what_the_browser_says_it_saw_is_not_believed(desk, seen):
    desk.they_save(summary="他们的概要")
    answer = desk.i_save(summary="我的概要", seen=seen)
    assert answer.status_code == 409
    assert chosen(answer) == {"summary": ""}
    assert desk.again(answer).status_code == 422
    assert desk.again(answer, **{"choice-summary": "mine"}).status_code == 302
    assert desk.values("summary") == ["我的概要"]


def test_a_made_up_memory_is_shown_as_text_and_decides_nothing(desk):
    desk.they_save(summary="他们的概要")
    memory = json.dumps([1, {"summary": "<b>x</b>", "region": "<i>", "expected_amount": "9e999999"}])
    answer = desk.i_save(summary="我的概要", region="", expected_amount="5", seen=memory)
    assert "&lt;b&gt;x" in answer.text and "<b>x" not in answer.text and "<i>" not in answer.text
    assert chosen(answer)["summary"] == ""
    assert desk.values("summary") == ["他们的概要"]


def test_a_form_without_a_memory_is_saved_as_before(desk):
    assert desk.i_save(summary="我的概要", seen="").status_code == 302
    assert desk.values("summary") == ["我的概要"]


def test_a_choice_for_a_field_that_is_not_on_the_form_is_refused(desk, app):
    before = everything(app)
    assert desk.i_save(**{"choice-status": "mine"}).status_code == 400
    assert everything(app) == before


def test_assigned_meanwhile_there_is_nothing_to_choose(desk, as_, app):
    fields = {"assignee": str(key_of(app, "manager_b"))}
    assert as_("supervisor").submit(f"/opportunities/move/assign/{desk.key}", **fields).status_code == 302
    before = everything(app)
    answer = desk.i_save(summary="我的概要")
    assert answer.status_code == 409
    assert "只有未指派的销售机会才能修改" in text_of(answer)
    assert fields_of(answer, desk.path)["summary"] == "我的概要"
    assert not radios(answer)
    assert everything(app) == before


def test_a_phone_that_is_masked_is_neither_remembered_nor_compared(as_, rows):
    """The executive role gets the right to edit, but not the one to see phones."""
    from flask_appbuilder.security.sqla.models import Permission, PermissionView, Role, ViewMenu

    with rows() as session:
        role = session.scalars(select(Role).where(Role.name == "Executive")).one()
        edit = select(PermissionView).join(Permission).join(ViewMenu)
        edit = edit.where(Permission.name == "can_edit", ViewMenu.name == "opportunities")
        role.permissions.append(session.scalars(edit).one())
        reach = session.scalars(select(RoleReach).where(RoleReach.role_id == role.id, RoleReach.module == "marketing"))
        reach.one().writes = Reach.ALL
    key = key_named(rows, "苏州")
    path = f"/opportunities/edit/{key}"
    executive, other = as_("executive"), as_("supervisor")
    page = executive.get(path)
    assert page.status_code == 200
    opened = fields_of(page)
    assert "contact_phone" not in opened and "13912345678" not in page.text
    other.submit(path, contact_phone="13700134471", summary="他们的概要")
    answer = executive.post(path, {**opened, "summary": "我的概要"})
    assert answer.status_code == 409
    assert set(radios(answer)) == {"summary"}
    assert "13700134471" not in answer.text and "13912345678" not in answer.text
    kept = {**fields_of(answer, path), "choice-summary": "mine"}
    assert executive.post(path, kept).status_code == 302
    assert values_of(rows, key, "summary", "contact_phone") == ["我的概要", "13700134471"]


def test_the_choice_speaks_english_too(as_, rows):
    key = key_named(rows, "苏州")
    path = f"/opportunities/edit/{key}"
    reader = as_("supervisor", locale="en")
    opened = fields_of(reader.get(path))
    as_("manager_a").submit(path, summary="theirs")
    text = text_of(reader.post(path, {**opened, "summary": "mine"}))
    assert "When you opened it" in text and "Saved by" in text and "Typed by you" in text
    assert "1 field differs" in text


# ---- plan items, which are edited in place ------------------------------------------------------------------


@pytest.fixture
def item(rows):
    with rows() as session:
        statement = select(PlanItem.id).join(PlanItem.opportunity).where(Opportunity.customer_name.startswith("绍兴"))
        return session.scalars(statement).one()


@pytest.mark.parametrize("part", [True, False])
@pytest.mark.parametrize("mode", ["edit", "result"])
def test_what_the_other_wrote_stands_beside_what_i_typed(as_, rows, item, *, part, mode):
    me, path, field = as_("manager_a"), f"/plan-items/{mode}/{item}", {"edit": "todo"}.get(mode, mode)
    headers = {"HX-Request": "true"} if part else {}
    opened = fields_of(me.get(path, headers=headers), path)
    with rows() as session:
        row = session.get(PlanItem, item)
        row.changed_by_id = session.scalars(select(Employee.id).where(Employee.username == "supervisor")).one()
        setattr(row, field, "他写的")
    answer = me.post(path, {**opened, field: "我写的"}, headers=headers)
    assert answer.status_code == 409
    assert "他写的" in text_of(answer)
    again = fields_of(answer, path)
    assert again[field] == "我写的"
    with rows() as session:
        assert getattr(session.get(PlanItem, item), field) == "他写的"
    done = me.post(path, {**again, field: "我写的"}, headers=headers)
    assert done.status_code == (200 if part else 302)
    with rows() as session:
        assert getattr(session.get(PlanItem, item), field) == "我写的"


def test_a_plan_that_ended_meanwhile_keeps_its_refusal(as_, rows, item):
    me, path = as_("manager_a"), f"/plan-items/edit/{item}"
    opened = fields_of(me.get(path), path)
    with rows() as session:
        opportunity = session.get(PlanItem, item).opportunity
        opportunity.close_reason = "x"
        session.execute(Opportunity.__table__.update().values(status=OpportunityStatus.FAILED))
    assert me.post(path, {**opened, "todo": "我写的"}).status_code == 409
