"""Management reports at the door: who may do what in which state, and what everybody reads."""

import threading
from decimal import Decimal
from importlib import import_module
from io import BytesIO

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from app.actions.management_reports import REPORTS, tell_due
from app.clock import now
from app.i18n import company_zone
from app.models import (
    Customer,
    CustomerMonth,
    Department,
    Employee,
    ManagementReport,
    ManagementReportComment,
    ManagementReportVersion,
    Reach,
    Reminder,
    ReportStatus,
    RoleReach,
)
from app.models.reminders import MANAGEMENT_REPORT_DUE
from app.security.scope import copying
from tests.browsing import Browser, fields_of, text_of
from tests.cast import CAST, key_of
from tests.walk import counted, everything

DRAFT, SUBMITTED, REVIEWED = ReportStatus
MARCH = "2026-03"


def key_of_draft(rows):
    with rows() as session:
        return session.scalars(select(ManagementReport.id).where(ManagementReport.status == DRAFT)).one()


@pytest.fixture
def draft(as_, rows):
    """The draft of March of the supervisor, its key."""
    assert as_("supervisor").submit("/management-reports/add", period=MARCH).status_code == 302
    return key_of_draft(rows)


@pytest.fixture
def submitted(as_, draft):
    """The same, submitted."""
    assert as_("supervisor").submit(f"/management-reports/move/submit/{draft}").status_code == 302
    return draft


@pytest.fixture
def reviewed(as_, submitted):
    """The same, reviewed."""
    assert as_("executive").submit(f"/management-reports/move/review/{submitted}").status_code == 302
    return submitted


#: Of each state, who may make which move; everybody else is refused.
POSSIBLE = {
    "draft": {("submit", "supervisor")},
    "submitted": {(move, who) for move in ("review", "send_back") for who in ("executive", "admin")},
    "reviewed": set(),
}


@pytest.mark.parametrize("state", POSSIBLE)
@pytest.mark.parametrize("move", [one.key for one in REPORTS.moves])
def test_every_move_in_every_state_by_everybody(request, rows, state, move):
    """Whoever may not changes nothing, and then the first who may makes the move."""
    key, as_ = request.getfixturevalue(state), request.getfixturevalue("as_")
    path, app = f"/management-reports/move/{move}/{key}", as_().app
    before, answers = everything(app), dict.fromkeys(REPORTS.move(move).asks, "请补充")
    for who in set(CAST) - {"disabled"} - {who for one, who in POSSIBLE[state] if one == move}:
        assert as_(who).post(path, answers).status_code in {403, 404, 409}, who
    assert everything(app) == before
    for who in sorted(who for one, who in POSSIBLE[state] if one == move)[:1]:
        assert as_(who).post(path, answers).status_code == 302
        with rows() as session:
            assert session.get_one(ManagementReport, key).status is REPORTS.move(move).after


def test_from_the_draft_to_the_second_version(as_, rows, draft):
    supervisor, executive = as_("supervisor"), as_("executive")
    supervisor.submit(f"/management-reports/edit/{draft}", overall_remark="三月平稳", churn_remark="暂无流失")
    shown = text_of(supervisor.get(f"/management-reports/show/{draft}"))
    assert "预览" in shown and "三月平稳" in shown
    supervisor.submit(f"/management-reports/move/submit/{draft}")
    page = text_of(executive.get(f"/management-reports/show/{draft}"))
    assert "第 1 版" in page and "三月平稳" in page and "769.00" in page
    answer = executive.submit(f"/management-reports/move/send_back/{draft}", reason="请说明华东")
    assert answer.status_code == 302
    supervisor.submit(f"/management-reports/edit/{draft}", overall_remark="华东持平")
    supervisor.submit(f"/management-reports/move/submit/{draft}")
    assert "华东持平" in text_of(executive.get(f"/management-reports/show/{draft}"))
    first = text_of(executive.get(f"/management-reports/show/{draft}?version=1"))
    assert "三月平稳" in first and "华东持平" not in first
    assert executive.get(f"/management-reports/show/{draft}?version=3").status_code == 400
    with rows() as session:
        told = {one.kind: one.values for one in session.scalars(select(Reminder).where(Reminder.row_id == draft))}
    assert told["management_report_sent_back"]["reason"] == "请说明华东"
    assert told["management_report_submitted"]["period"] == MARCH


def test_a_draft_is_its_owners_alone(as_, draft):
    for who in ("executive", "admin"):
        browser = as_(who)
        for page in ("show", "edit", "analysis", "figures", "compare", "compared", "pdf", "history"):
            assert browser.get(f"/management-reports/{page}/{draft}").status_code == 403, page
        listed = browser.get("/management-reports/list/").get_data(as_text=True)
        assert f"/management-reports/show/{draft}" not in listed
        assert "/management-reports/show/1" in listed
    assert f"/show/{draft}" in as_("supervisor").get("/management-reports/list/").get_data(as_text=True)


def test_a_head_of_a_department_sees_his_own_reports_alone(as_, submitted):
    browser = as_("head_a")
    assert browser.get(f"/management-reports/show/{submitted}").status_code == 404
    assert "2026年3月" not in text_of(browser.get("/management-reports/list/"))


def test_an_executive_reads_exactly_what_the_submitter_saw(as_, rows):
    head = as_("head_a")
    head.submit("/management-reports/add", period=MARCH)
    key = key_of_draft(rows)
    head.submit(f"/management-reports/move/submit/{key}")
    for page in (f"show/{key}", f"figures/{key}?name=contribution"):
        shown = text_of(as_("executive").get(f"/management-reports/{page}"))
        assert "384.50" in shown and "769.00" not in shown and "泰州知微" not in shown, page


def test_now_is_what_the_reader_sees_today(as_, rows):
    head = as_("head_a")
    head.submit("/management-reports/add", period=MARCH)
    key = key_of_draft(rows)
    head.submit(f"/management-reports/move/submit/{key}")
    address = f"/management-reports/compared/{key}?name=contribution"
    shown = text_of(as_("executive").get(address))
    assert "384.50" in shown and "769.00" in shown and "泰州知微" in shown
    assert "您本人今天可见" in text_of(as_("executive").get(f"/management-reports/compare/{key}"))


@pytest.mark.parametrize("is_moved", [True, False])
def test_whoever_lost_a_department_does_not_read_its_figures_of_today(as_, rows, is_moved):
    """Whether he leads another one now, or sees what is his own alone."""
    head = as_("head_a")
    head.submit("/management-reports/add", period=MARCH)
    key = key_of_draft(rows)
    head.submit(f"/management-reports/move/submit/{key}")
    with rows() as session, copying(session):
        name = Customer.name == "镇江岚砺磨具有限公司"
        month = session.scalars(
            select(CustomerMonth).join(Customer, CustomerMonth.customer_id == Customer.id).where(name)
        )
        month.one().amount = Decimal("507.95")
    address = f"/management-reports/compared/{key}?name=contribution"
    assert "507.95" in text_of(head.get(address))
    with rows() as session:
        person = session.scalars(select(Employee).where(Employee.username == "head_a")).one()
        if is_moved:
            person.department = session.scalars(select(Department).where(Department.name == "二部")).one()
        else:
            for one in session.scalars(select(RoleReach).where(RoleReach.role_id == person.roles[0].id)):
                one.reads = one.writes = Reach.OWN
    shown = text_of(as_("head_a").get(address))
    assert "384.50" in shown and "507.95" not in shown


def test_remarks_being_rewritten_are_in_nobody_elses_history(as_, submitted):
    supervisor, path = as_("supervisor"), f"/management-reports/history/{submitted}"
    as_("executive").submit(f"/management-reports/move/send_back/{submitted}", reason="请说明华东")
    supervisor.submit(f"/management-reports/edit/{submitted}", overall_remark="华东或将裁撤")
    supervisor.submit(f"/management-reports/edit/{submitted}", overall_remark="华东持平")
    assert "华东或将裁撤" in text_of(supervisor.get(path))
    for who in ("executive", "admin"):
        told = text_of(as_(who).get(path))
        assert "请说明华东" in told and "华东或将裁撤" not in told and "华东持平" not in told
    supervisor.submit(f"/management-reports/move/submit/{submitted}")
    told = text_of(as_("executive").get(path))
    assert "请说明华东" in told and "华东或将裁撤" not in told


def test_the_preview_does_not_ask_for_the_records_behind(as_, draft, monkeypatch):
    asked = []
    module = import_module("app.reports.management_reports.analyses")
    monkeypatch.setattr(module, "records_of", lambda *given: asked.append(given))
    page = as_("supervisor").get(f"/management-reports/analysis/{draft}?name=contribution")
    assert page.status_code == 200 and "769.00" in text_of(page)
    assert not asked


def test_remarks_stay_in_the_form_when_they_cannot_be_kept(as_, draft):
    browser = as_("supervisor")
    page = browser.get(f"/management-reports/edit/{draft}")
    typed = {**fields_of(page), "overall_remark": "很长的说明" * 1_000}
    answer = browser.post(f"/management-reports/edit/{draft}", typed)
    assert answer.status_code == 422
    assert "很长的说明很长的说明" in text_of(answer)
    other = as_("supervisor")
    assert other.submit(f"/management-reports/edit/{draft}", overall_remark="先存的").status_code == 302
    late = browser.post(f"/management-reports/edit/{draft}", {**fields_of(page), "overall_remark": "后存的"})
    assert late.status_code == 409
    assert "后存的" in text_of(late)


def test_one_report_of_a_period_and_none_of_a_period_to_come(as_, rows, draft):
    again = as_("supervisor").submit("/management-reports/add", period=MARCH)
    assert again.status_code == 422
    assert "您已有该报告期的报告" in text_of(again)
    assert as_("supervisor").post("/management-reports/add", {"period": "2099-01"}).status_code == 422
    assert as_("supervisor").submit("/management-reports/add", period="2026-Q1").status_code == 302


def test_comments_are_for_reviewers_and_the_owner(as_, rows, submitted):
    path = f"/management-reports/comment/{submitted}"
    assert as_("executive").post(path, {"text": "请补充三月的回款情况"}).status_code == 302
    assert as_("supervisor").post(path, {"text": "四月报告中补充"}).status_code == 302
    page = text_of(as_("executive").get(f"/management-reports/show/{submitted}"))
    assert page.index("请补充三月的回款情况") < page.index("四月报告中补充")
    empty = as_("executive").post(path, {"text": " "})
    assert empty.status_code == 422
    assert as_("manager_a").post(path, {"text": "我也说"}).status_code == 403
    with rows() as session:
        assert session.scalars(select(ManagementReportComment.text)).all() == ["请补充三月的回款情况", "四月报告中补充"]
        kind = select(Reminder.person_id).where(Reminder.kind == "management_report_commented")
        told = set(session.scalars(kind))
    assert told == {key_of(as_("admin").app, "supervisor"), key_of(as_("admin").app, "executive")}


def test_a_draft_that_was_never_submitted_can_be_deleted(as_, rows, draft):
    assert as_("supervisor").post("/management-reports/delete/1").status_code == 409
    assert as_("admin").post(f"/management-reports/delete/{draft}").status_code == 403
    assert as_("supervisor").post(f"/management-reports/delete/{draft}").status_code == 302
    with rows() as session:
        assert session.scalars(select(ManagementReport.id)).all() == [1]


def test_the_paper_has_every_part(as_, submitted):
    answer = as_("executive").get(f"/management-reports/pdf/{submitted}")
    assert answer.mimetype == "application/pdf"
    pages = [page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages]
    assert "客户管理报告" in pages[0] and "许安宁" in pages[0] and "2026" in pages[0]
    assert all(f"{place} / {len(pages)}" in page for place, page in enumerate(pages, start=1))
    whole = "\n".join(pages)
    assert "客户贡献分析" in whole and "镇江岚砺磨具有限公司" in whole and "769.00" in whole
    assert "None" not in whole and "\ufffd" not in whole and "\x00" not in whole
    english = Browser(as_("executive").app, "executive", locale="en")
    text = PdfReader(BytesIO(english.get(f"/management-reports/pdf/{submitted}").data)).pages[0].extract_text()
    assert "Management report" in text


def test_of_two_who_submit_at_once_one_wins(app, as_, rows, draft):
    codes, barrier = [], threading.Barrier(2)

    def submit():
        browser = Browser(app, "supervisor")
        fields = fields_of(browser.get(f"/management-reports/move/submit/{draft}"))
        barrier.wait()
        codes.append(browser.post(f"/management-reports/move/submit/{draft}", fields).status_code)

    threads = [threading.Thread(target=submit) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(codes) in ([302, 409], [302, 503])
    with rows() as session:
        of_draft = ManagementReportVersion.report_id == draft
        assert session.scalars(select(ManagementReportVersion.number).where(of_draft)).all() == [1]


def test_pages_stay_within_their_statements(app, as_, submitted):
    for page, most in (("list/", 12), (f"show/{submitted}", 15), (f"compared/{submitted}", 15)):
        with counted(app) as seen:
            assert as_("executive").get(f"/management-reports/{page}").status_code == 200
        assert len(seen) <= most, (page, len(seen))


def test_what_is_due_is_told_once_on_the_first_working_day(app, rows, as_):
    zone = company_zone()
    with rows() as session:
        holiday = now(zone).replace(year=2026, month=5, day=1)
        assert tell_due(session, today=holiday.date(), at=holiday) == 0
        first = holiday.replace(day=6)
        count = tell_due(session, today=first.date(), at=first)
        assert count == 2  # the supervisor and the head of a department; the administrator reviews
        assert tell_due(session, today=first.date(), at=first) == 0
        assert tell_due(session, today=first.replace(day=7).date(), at=first) == 0
        told = session.scalars(select(Reminder).where(Reminder.kind == MANAGEMENT_REPORT_DUE.key)).all()
        assert {one.values["period"] for one in told} == {"2026-04"}
        names = session.scalars(select(Employee.username).where(Employee.id.in_([one.person_id for one in told])))
        assert set(names) == {"supervisor", "head_a"}


def test_who_submitted_is_not_told_that_it_is_due(rows):
    with rows() as session:
        at = now(company_zone()).replace(year=2026, month=3, day=2)
        assert tell_due(session, today=at.date(), at=at) == 1  # the supervisor submitted February


def test_the_workbench_names_what_waits(as_, draft):
    assert "管理报告草稿" in text_of(as_("supervisor").get("/"))
    assert "管理报告" not in text_of(as_("executive").get("/")).replace("客户管理报告", "")
    as_("supervisor").submit(f"/management-reports/move/submit/{draft}")
    assert "待审阅管理报告" in text_of(as_("executive").get("/"))
    assert "管理报告草稿" not in text_of(as_("supervisor").get("/"))
