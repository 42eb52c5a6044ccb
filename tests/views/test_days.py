"""Days as people type them: in forms, in plans and in the conditions of lists."""

from datetime import date

import pytest
from sqlalchemy import select

from app.models import Opportunity, PlanItem
from app.views.days import read_day
from tests.browsing import text_of

DAY = date(2026, 4, 1)
TYPED = (
    "2026-04-01",
    "2026-4-1",
    " 2026/4/1 ",
    "2026.04.1",
    "20260401",
    "2026年4月1日",
    "２０２６-０４-０１",
    "２０２６０４０１",
    "2026－4－1",
)
NONSENSE = (
    "",
    "2026",
    "2026-04",
    "4/1/2026",
    "01-04-2026",
    "2026-13-01",
    "2026-02-30",
    "2026041",
    "0000-01-01",
    "next week",
    "٢٠٢٦-٠٤-٠١",
)


@pytest.mark.parametrize("text", TYPED)
def test_a_day_is_read_as_it_is_typed(text):
    assert read_day(text) == DAY


@pytest.mark.parametrize("text", NONSENSE)
def test_what_is_no_day_is_none(text):
    assert read_day(text) is None


def key_of_plan(rows):
    with rows() as session:
        return session.scalars(select(Opportunity.id).where(Opportunity.customer_name.startswith("绍兴"))).one()


@pytest.mark.parametrize("text", ["2026-4-1", "２０２６０４０１"])
def test_a_plan_item_takes_it(as_, rows, text):
    path = f"/plan-items/add?opportunity={key_of_plan(rows)}"
    assert as_("manager_a").post(path, {"planned_on": text, "todo": "拜访"}).status_code == 302
    with rows() as session:
        assert session.scalars(select(PlanItem.planned_on).where(PlanItem.todo == "拜访")).one() == DAY


@pytest.mark.parametrize(("locale", "words"), [("zh", "请按“年-月-日”填写日期"), ("en", "Please give the date as")])
def test_a_wrong_one_is_refused_under_its_field_and_stays(as_, rows, locale, words):
    path = f"/plan-items/add?opportunity={key_of_plan(rows)}"
    answer = as_("manager_a", locale=locale).post(path, {"planned_on": "2026-13-01", "todo": "拜访"})
    assert answer.status_code == 422
    body = answer.get_data(as_text=True)
    field = body.split('name="planned_on"')[1]
    assert 'value="2026-13-01"' in field.split(">")[0]
    assert words in text_of(answer)
    assert 'id="planned_on-error"' in field


def test_a_missing_one_is_still_asked_for(as_, rows):
    path = f"/plan-items/add?opportunity={key_of_plan(rows)}"
    for typed, said in (("", "该字段为必填项"), (" ", "请按“年-月-日”填写日期")):
        answer = as_("manager_a").post(path, {"planned_on": typed, "todo": "拜访"})
        assert answer.status_code == 422
        assert said in text_of(answer)


def test_the_conditions_of_a_list_read_it_too(as_):
    browser = as_("manager_a")
    for text in ("2026-3-2", "20260302", "2026/3/2"):
        listed = browser.get("/opportunities/list/", query_string={"status": "", "created_on_from": text})
        assert "绍兴织野" in text_of(listed)
    assert browser.get("/opportunities/list/?created_on_from=soon").status_code == 400


def test_every_date_field_says_what_is_expected_of_it(as_):
    for path, name in (
        ("/opportunities/add", "expected_close_on"),
        ("/opportunities/list/", "created_on_from"),
        ("/opportunities/board", "created_on_to"),
    ):
        body = as_("manager_a").get(path).get_data(as_text=True)
        field = next(part for part in body.split("<input") if f'name="{name}"' in part).split(">")[0]
        assert 'type="date"' in field
        assert "data-date=" in field
