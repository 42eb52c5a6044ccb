"""Announcements: an ordinary entity without a template of its own, and what of it stands on the workbench."""

from datetime import timedelta
from pathlib import Path

import pytest

from app.clock import now
from app.models import Announcement
from tests.browsing import text_of

TODAY = now().date()
FIELDS = {"title": "系统维护", "text": "周六停机两小时。\n请提前保存。", "starts_on": str(TODAY), "ends_on": ""}


def key_of_the_one(rows):
    """The key of the only announcement."""
    with rows() as session:
        return session.query(Announcement).one().id


def test_the_administrator_writes_one_and_everybody_reads_it(as_, rows):
    made = as_("admin").submit("/announcements/add", **FIELDS)
    key = key_of_the_one(rows)
    assert (made.status_code, made.location) == (302, f"/announcements/show/{key}")
    for who in ("admin", "supervisor", "manager_a", "executive", "narrow"):
        assert "系统维护" in text_of(as_(who).get("/"))
        page = text_of(as_(who).get(f"/announcements/show/{key}"))
        assert "周六停机两小时。" in page and "公告" in page
        assert "系统维护" in text_of(as_(who).get("/announcements/list/"))


def test_only_the_administrator_changes_them(as_, rows):
    as_("admin").submit("/announcements/add", **FIELDS)
    key = key_of_the_one(rows)
    for who in ("supervisor", "manager_a", "executive", "nobody"):
        for path in ("/announcements/add", f"/announcements/edit/{key}"):
            assert as_(who).get(path).status_code == 403
            assert as_(who).post(path, FIELDS).status_code == 403
        assert as_(who).post(f"/announcements/delete/{key}").status_code == 403
        assert "/announcements/edit/" not in as_(who).get("/announcements/list/").get_data(as_text=True)
    assert as_("nobody").get("/announcements/list/").status_code == 403
    assert "系统维护" not in text_of(as_("nobody").get("/"))


def test_it_is_changed_and_deleted(as_, rows):
    as_("admin").submit("/announcements/add", **FIELDS)
    key = key_of_the_one(rows)
    assert as_("admin").submit(f"/announcements/edit/{key}", title="维护改期").status_code == 302
    assert "维护改期" in text_of(as_("manager_a").get("/"))
    old = {**FIELDS, "title": "旧的", "version": "1"}
    assert as_("admin").post(f"/announcements/edit/{key}", old).status_code == 409
    assert as_("admin").post(f"/announcements/delete/{key}").status_code == 302
    assert "维护改期" not in text_of(as_("manager_a").get("/"))


@pytest.mark.parametrize(
    ("days", "is_shown"),
    [((0, 0), True), ((-9, None), True), ((-9, 9), True), ((1, None), False), ((-9, -2), False)],
)
def test_it_stands_on_the_workbench_from_its_first_day_to_its_last(as_, rows, days, is_shown):
    first, last = days
    # One day to either side belongs to the company's time zone, which may be a day ahead of UTC.
    ends_on = None if last is None else TODAY + timedelta(days=last + (last >= 0))
    starts_on = TODAY + timedelta(days=first * 2)
    with rows() as session:
        session.add(Announcement(title="停电通知", text="x", starts_on=starts_on, ends_on=ends_on))
    assert ("停电通知" in text_of(as_("manager_a").get("/"))) is is_shown
    assert "停电通知" in text_of(as_("manager_a").get("/announcements/list/"))


def test_the_latest_come_first_and_no_more_than_five(as_, rows):
    with rows() as session:
        for days in range(7):
            session.add(Announcement(title=f"公告{days}", text="x", starts_on=TODAY - timedelta(days=days)))
    text = text_of(as_("manager_a").get("/"))
    assert [name for name in (f"公告{n}" for n in range(7)) if name in text] == [f"公告{n}" for n in range(5)]
    assert text.index("公告0") < text.index("公告4")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"ends_on": str(TODAY - timedelta(days=1))}, "结束日期不能早于开始日期。"),
        ({"title": ""}, "该字段为必填项。"),
        ({"title": "x" * 101}, ""),
        ({"starts_on": ""}, "该字段为必填项。"),
        ({"starts_on": "soon"}, ""),
    ],
)
def test_what_is_wrong_comes_back_with_everything_typed(as_, rows, wrong, sentence):
    answer = as_("admin").submit("/announcements/add", **{**FIELDS, **wrong})
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert "请提前保存。" in answer.get_data(as_text=True)
    with rows() as session:
        assert session.query(Announcement).count() == 0


def test_markup_stays_text(as_, rows):
    as_("admin").submit("/announcements/add", **{**FIELDS, "title": "<b>粗</b>", "text": "<script>1</script>"})
    key = key_of_the_one(rows)
    for path in ("/", f"/announcements/show/{key}", "/announcements/list/"):
        body = as_("manager_a").get(path).get_data(as_text=True)
        assert "<b>粗" not in body and "<script>1" not in body


def test_it_needs_no_template():
    templates = Path(__file__).resolve().parents[2] / "app" / "templates"
    assert not [path for path in templates.rglob("*.html") if "announcement" in path.name]
