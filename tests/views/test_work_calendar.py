"""The work calendar, the time limits and the working hours at the door."""

from datetime import date

import pytest
import time_machine
from sqlalchemy import select

from app.models import AuditEntry, Holiday, ServiceLimit, SettingValue, SpecialDay
from tests.browsing import fields_of, text_of
from tests.service_requests import moment
from tests.walk import everything


@pytest.fixture(autouse=True)
def _in_november():
    with time_machine.travel(moment("2026-11-22 10:00"), tick=True):
        yield


def days(rows):
    """Every day after those that the product brought."""
    with rows() as session:
        found = session.scalars(select(SpecialDay).where(SpecialDay.day > date(2026, 10, 10)).order_by(SpecialDay.day))
        return [(str(one.day), one.is_working, one.holiday, one.name, one.is_statutory) for one in found]


def test_what_is_not_known_is_said(as_, rows):
    page = text_of(as_("admin").get("/work-calendar/list/"))
    assert "2027 年的法定节假日未知，按周一至周五计算" in page
    assert "2026-10-01 周四 放假 国庆节" in page and "2026-10-10 周六 上班 国庆节" in page
    english = text_of(as_("admin", locale="en").get("/work-calendar/list/"))
    assert "The statutory holidays of 2027 are not known yet" in english
    assert "2026-10-01 Thu Day off National Day" in english and "国庆" not in english
    as_("admin").submit("/work-calendar/add", day="2027-01-01", holiday="new_year", is_statutory="y")
    assert "未知" not in text_of(as_("admin").get("/work-calendar/list/"))


def test_days_are_added_changed_and_deleted_and_the_log_tells_it(as_, rows):
    admin = as_("admin")
    fields = {"day": "2027-02-05", "last_day": "2027-02-07", "holiday": "spring", "name": "春节", "is_statutory": "y"}
    assert admin.submit("/work-calendar/add", **fields).status_code == 302
    expected = [(f"2027-02-0{day}", False, Holiday.SPRING, "春节", True) for day in (5, 6, 7)]
    assert days(rows) == expected
    with rows() as session:
        key = session.scalars(select(SpecialDay.id).where(SpecialDay.day == date(2027, 2, 7))).one()
    assert admin.submit(f"/work-calendar/edit/{key}", is_working="y", is_statutory="y", name="").status_code == 302
    assert days(rows)[-1] == ("2027-02-07", True, Holiday.SPRING, None, True)
    page = text_of(admin.get(f"/work-calendar/history/{key}"))
    assert "上班" in page and "春节" in page
    assert admin.post(f"/work-calendar/delete/{key}").status_code == 302
    assert days(rows) == expected[:2]
    with rows() as session:
        entries = select(AuditEntry.kind).where(AuditEntry.table_name == "special_days").order_by(AuditEntry.id)
        told = session.scalars(entries).all()
        assert [str(one) for one in told] == ["created", "created", "created", "changed", "deleted"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"day": "2026-10-01"}, "该日期已在工作日历中"),
        ({"day": "2026-09-30", "last_day": "2026-10-02"}, "2026-10-01 已在工作日历中"),
        ({"day": "2027-02-05", "last_day": "2027-02-04"}, "结束日期不能早于开始日期"),
        ({"day": "2027-02-05", "last_day": "2027-04-04"}, "一次最多添加 31 天"),
        ({"day": ""}, "必填"),
    ],
)
def test_what_cannot_be_added_is_refused_with_all_that_was_typed(as_, rows, fields, told):
    answer = as_("admin").submit("/work-calendar/add", **{"name": "厂庆", "holiday": "other", **fields})
    assert answer.status_code == 422
    assert told in text_of(answer) and fields_of(answer)["name"] == "厂庆"
    assert days(rows) == []


def test_a_day_does_not_move_onto_another(as_, rows):
    with rows() as session:
        key = session.scalars(select(SpecialDay.id).where(SpecialDay.day == date(2026, 10, 1))).one()
    answer = as_("admin").submit(f"/work-calendar/edit/{key}", day="2026-10-02")
    assert answer.status_code == 422 and "该日期已在工作日历中" in text_of(answer)


def test_only_administrators_come_in(as_, app):
    before = everything(app)
    for who in ("supervisor", "manager_a", "executive", "nobody"):
        for path in ("/work-calendar/list/", "/work-calendar/add", "/service-limits/list/", "/service-limits/edit/1"):
            assert as_(who).get(path).status_code == 403
        assert as_(who).post("/work-calendar/add", {"day": "2027-01-01"}).status_code == 403
    assert everything(app) == before


# ---- limits -----------------------------------------------------------------------------------------------


def test_limits_are_shown_in_hours_and_those_of_any_kind_stay(as_, rows):
    admin = as_("admin")
    assert "其他所有类型 普通 4 小时 24 小时" in text_of(admin.get("/service-limits/list/"))
    with rows() as session:
        key = session.scalars(select(ServiceLimit.id).order_by(ServiceLimit.id)).first()
    assert admin.post(f"/service-limits/delete/{key}").status_code == 409
    answer = admin.submit(f"/service-limits/edit/{key}", priority="urgent")
    assert answer.status_code == 422 and "须保留" in text_of(answer)
    assert admin.submit(f"/service-limits/edit/{key}", process_minutes="90").status_code == 302
    assert "其他所有类型 普通 4 小时 1 小时 30 分" in text_of(admin.get("/service-limits/list/"))
    assert admin.submit(f"/service-limits/edit/{key}", process_minutes="0").status_code == 422


def test_a_kind_gets_limits_of_its_own_and_loses_them(as_, rows):
    admin = as_("admin")
    page = admin.get("/service-limits/add").get_data(as_text=True)
    (value,) = [line.split('"')[1] for line in page.split("<option ") if ">投诉<" in line]
    fields = {"kind": value, "priority": "normal", "assign_minutes": "60", "process_minutes": "480"}
    assert admin.post("/service-limits/add", fields).status_code == 302
    again = admin.post("/service-limits/add", fields)
    assert again.status_code == 422 and "已有时限" in text_of(again)
    assert "投诉 普通 1 小时 8 小时" in text_of(admin.get("/service-limits/list/"))
    with rows() as session:
        key = session.scalars(select(ServiceLimit.id).where(ServiceLimit.kind_id.is_not(None))).one()
    assert admin.post(f"/service-limits/delete/{key}").status_code == 302


# ---- working hours ----------------------------------------------------------------------------------------


def test_working_hours_are_typed_and_told_as_times(as_, rows):
    admin = as_("admin")
    assert fields_of(admin.get("/settings"))["morning_begin"] == "09:00"
    assert admin.submit("/settings", morning_begin="8:30", afternoon_begin="12:00").status_code == 302
    with rows() as session:
        kept = {one.key: one.value for one in session.scalars(select(SettingValue))}
    assert kept == {"morning_begin": "510", "afternoon_begin": "720"}
    page = text_of(admin.get("/audit/list/"))
    assert "08:30" in page and "510" not in page


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"morning_begin": "12:00"}, "须晚于 12:00"),
        ({"afternoon_begin": "11:59"}, "须晚于 12:00"),
        ({"afternoon_end": "13:00"}, "须晚于 13:00"),
        ({"morning_begin": "24:00"}, "请按“时:分”填写"),
        ({"morning_begin": "９点"}, "请按“时:分”填写"),
        ({"morning_begin": ""}, "必填"),
    ],
)
def test_hours_out_of_order_and_no_times_are_refused(as_, rows, fields, told):
    answer = as_("admin").submit("/settings", **fields)
    assert answer.status_code == 422 and told in text_of(answer)
    assert {**fields_of(answer, "/settings"), **fields} == fields_of(answer, "/settings")
    with rows() as session:
        assert session.scalars(select(SettingValue)).all() == []
