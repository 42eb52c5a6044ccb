"""Reports over HTTP: their pages, their saved filters, and the files that leave by them."""

import csv
import io
import json
import re
from decimal import Decimal
from urllib.parse import unquote

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from app.models import AuditEntry, AuditKind
from app.models.lists import ListView
from app.reports.engine import Fact, reports
from app.views.reports.page import linked
from tests.browsing import fields_of, text_of
from tests.walk import counted

REPORT = "/reports/contribution"
HIDDEN = "泰州知微生物有限公司"
SEEN = "镇江岚砺磨具有限公司"
FILES = ("csv", "xlsx", "pdf")
NAMES = sorted(reports())


def csv_of(answer):
    """The rows of an answer's csv file by their labels, and the totals."""
    head, *rows, totals = csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig")))
    return head, rows, totals


def sheets_of(answer):
    """The sheets of an answer's workbook."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.get_data()))
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]


def charts_of(page):
    """The addresses of the pictures on a page."""
    return re.findall(r'href="(/reports/[^"]+/chart/[^"]+)"', page.get_data(as_text=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_report_opens_in_both_languages(as_, name):
    for locale in ("zh", "en"):
        page = as_("executive", locale=locale).get(f"/reports/{name}")
        assert page.status_code == 200
        assert str(reports()[name].screen.home) == f"/reports/{name}"
        assert "None" not in text_of(page)


@pytest.mark.parametrize("name", NAMES)
def test_totals_are_the_sum_of_the_rows_in_every_file(as_, name):
    browser = as_("executive")
    head, rows, totals = csv_of(browser.get(f"/reports/{name}/csv"))
    sheet = sheets_of(browser.get(f"/reports/{name}/xlsx"))[0]
    below = sheet[next(place for place, row in enumerate(sheet) if row[: len(head)] == head) + 1 :]
    columns = [place for place, one in enumerate(totals) if place and re.fullmatch(r"-?[\d.]+", one)]
    for place in columns:
        assert sum(Decimal(row[place] or 0) for row in rows) == Decimal(totals[place])
        assert sum(row[place] or 0 for row in below[: len(rows)]) == pytest.approx(below[-1][place])
    assert len(below) - len(rows) == bool(columns)
    assert not columns or below[-1][0] == "合计"


@pytest.mark.parametrize("name", NAMES)
def test_every_report_on_paper_names_itself_and_its_rows(as_, name):
    answer = as_("executive").get(f"/reports/{name}/pdf")
    assert answer.mimetype == "application/pdf"
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.get_data())).pages)
    assert str(reports()[name].label.message) or text
    assert "沈砚秋" in text
    assert "1 / " in text


@pytest.mark.parametrize("name", NAMES)
def test_every_chart_is_a_picture_too(as_, name):
    browser = as_("executive")
    for address in charts_of(browser.get(f"/reports/{name}")):
        found = browser.get(address.replace("&amp;", "&"))
        assert found.status_code == 200
        raw = found.get_data()
        assert raw.startswith(b"\x89PNG\r\n") if ".png" in address else b"<svg" in raw[:2000]
    assert browser.get(f"/reports/{name}/chart/no-such.svg").status_code == 404


def test_files_have_the_rows_of_the_filter_and_are_called_by_it(as_):
    answer = as_("executive").get(f"{REPORT}/csv", query_string={"year": "2025"})
    assert "客户贡献分析-2025.csv" in unquote(answer.headers["Content-Disposition"])
    answer = as_("executive", locale="en").get(f"{REPORT}/xlsx", query_string={"name": "磨具"})
    assert "Customer_contribution-All.xlsx" in unquote(answer.headers["Content-Disposition"])
    (sheet,) = sheets_of(answer)[:1]
    assert sheet[1][0].startswith("Customer name: 磨具, Calendar year: All")
    assert re.fullmatch(r"Made on \d{4}-\d\d-\d\d \d\d:\d\d by 沈砚秋", sheet[2][0])


@pytest.mark.parametrize("suffix", FILES)
def test_who_took_a_file_stands_in_the_audit_log(as_, rows, suffix):
    as_("executive").get(f"{REPORT}/{suffix}", query_string={"year": "2026", "name": "磨具", "page": "2"})
    with rows() as session:
        found = session.scalars(select(AuditEntry).where(AuditEntry.kind == AuditKind.EXPORTED)).all()
        (entry,) = found
        told = {name: value for name, (_, value) in json.loads(entry.changes).items()}
        assert entry.person_name == "executive"
        assert told["list"] == "reports/contribution"
        assert told["conditions"] == {"year": "2026", "name": "磨具"}
        assert told["file"] == {"csv": "CSV", "xlsx": "Excel", "pdf": "PDF"}[suffix]
        assert isinstance(told["rows"], int)
    page = text_of(as_("admin").get("/audit/list/?kind=exported"))
    assert "客户贡献分析" in page
    assert "2026" in page


def test_without_the_right_there_is_neither_page_nor_file(as_, rows):
    from flask_appbuilder.security.sqla.models import PermissionView, Role

    for path in ("", "/csv", "/xlsx", "/pdf", "/chart/pareto.svg", "/chart/pareto.png", "/filters/add"):
        assert as_("manager_a").get(f"{REPORT}{path}").status_code == 403
    with rows() as session:
        role = session.scalars(select(Role).where(Role.name == "Executive")).one()
        one = next(each for each in role.permissions if str(each) == "can export on report-contribution")
        assert isinstance(one, PermissionView)
        role.permissions.remove(one)
    page = as_("executive").get(REPORT)
    assert page.status_code == 200
    assert f"{REPORT}/csv" not in page.get_data(as_text=True)
    assert charts_of(page) == []
    for path in ("/csv", "/xlsx", "/pdf", "/chart/pareto.svg", "/chart/pareto.png"):
        assert as_("executive").get(f"{REPORT}{path}").status_code == 403


@pytest.mark.parametrize("name", NAMES)
def test_a_head_of_a_department_sees_and_takes_only_his_own(as_, name):
    browser = as_("head_a")
    doors = [f"/reports/{name}", *(f"/reports/{name}/{one}" for one in ("csv", "pdf"))]
    bodies = [browser.get(door) for door in doors]
    assert HIDDEN not in bodies[0].get_data(as_text=True)
    assert HIDDEN not in bodies[1].get_data(as_text=True)
    assert HIDDEN not in "".join(page.extract_text() for page in PdfReader(io.BytesIO(bodies[2].get_data())).pages)
    assert HIDDEN not in json.dumps(sheets_of(browser.get(f"/reports/{name}/xlsx")), default=str)
    for address in charts_of(bodies[0]):
        assert HIDDEN.encode() not in browser.get(address.replace("&amp;", "&")).get_data()


def test_the_sum_of_a_department_is_that_of_its_rows(as_):
    _, own, totals = csv_of(as_("head_a").get(f"{REPORT}/csv"))
    _, every, of_all = csv_of(as_("executive").get(f"{REPORT}/csv"))
    assert [row[1] for row in own] == [SEEN]
    assert {row[1] for row in every} == {SEEN, HIDDEN}
    place = 2
    amounts = {row[1]: Decimal(row[place]) for row in every}
    assert Decimal(totals[place]) == amounts[SEEN]
    assert Decimal(of_all[place]) == sum(amounts.values())


def test_a_name_that_begins_like_a_formula_stays_a_text(as_, rows):
    from app.models import Customer

    with rows() as session:
        session.scalars(select(Customer).where(Customer.name == SEEN)).one().name = "=cmd|' /C calc'!A0"
    _, found, _ = csv_of(as_("executive").get(f"{REPORT}/csv"))
    assert "'=cmd|' /C calc'!A0" in {row[1] for row in found}
    sheet = sheets_of(as_("executive").get(f"{REPORT}/xlsx"))[0]
    assert "=cmd|' /C calc'!A0" in {row[1] for row in sheet if len(row) > 1}


def test_texts_of_a_sentence_are_linked_once_and_not_within_a_link():
    links = {"2025": "/x?customer=2025", "3": "/y?year=2025", "25": "/z", "none": ""}
    told = linked(Fact("2025: 3 & none of 25, 3 in 2025", links))
    first, second, third = (f'<a href="{href}">{text}</a>' for text, href in links.items() if href)
    assert told == f"{first}: {second} &amp; none of {third}, 3 in 2025"
    assert linked(Fact("<3>")) == "&lt;3&gt;"


def test_what_cannot_be_read_is_answered_with_400(as_):
    for query in ("year=97", "year=abcd", "from=2026-02-31", f"name={'x' * 201}", "page=0", "page_size=1000"):
        answer = as_("executive").get(f"{REPORT}?{query}")
        assert answer.status_code == 400, query
        assert "无法" in text_of(answer) or "不能" in text_of(answer), text_of(answer)
    for query in ("year=97", "from=x"):
        assert as_("executive").get(f"{REPORT}/csv?{query}").status_code == 400
    assert as_("executive").get(f"{REPORT}?who=knows&sort=nonsense&view=x").status_code == 200


def test_the_address_is_the_filter(as_):
    page = as_("executive", locale="en").get(f"{REPORT}?name=磨具&year=2026&from=2026-01-01")
    assert fields_of(page, REPORT)["name"] == "磨具"
    assert fields_of(page, REPORT)["year"] == "2026"
    assert fields_of(page, REPORT)["from"] == "2026-01-01"
    body = page.get_data(as_text=True)
    assert "Calendar year 2026" in text_of(page)
    assert "from 2026-01-01" in text_of(page)
    for suffix in FILES:
        assert re.search(rf'href="{REPORT}/{suffix}\?name=[^"]+year=2026[^"]+from=2026-01-01"', body)


def test_the_years_offered_begin_with_the_first_order(as_, rows):
    from app.models import Order
    from app.security.scope import copying

    with rows() as session, copying(session):
        session.scalars(select(Order).order_by(Order.id)).first().ordered_on = __import__("datetime").date(2019, 5, 1)
    body = as_("executive").get(REPORT).get_data(as_text=True)
    assert '<option value="2019"' in body
    assert '<option value="2018"' not in body
    assert '<option value="1997" selected' in as_("executive").get(f"{REPORT}?year=1997").get_data(as_text=True)


def test_a_filter_is_saved_applied_renamed_shared_and_deleted(as_, rows):
    browser, colleague = as_("executive"), as_("supervisor")
    page = browser.get(f"{REPORT}/filters/add?year=2026&name=磨具")
    assert "磨具" in text_of(page)
    assert "is_default" not in fields_of(page, f"{REPORT}/filters/add")
    answer = browser.post(f"{REPORT}/filters/add?year=2026&name=磨具", {"name": "今年的磨具"})
    assert answer.status_code == 302
    with rows() as session:
        saved = session.scalars(select(ListView)).one()
        assert (saved.screen, saved.conditions) == ("reports/contribution", {"year": "2026", "name": "磨具"})
        key = saved.id
    assert f"view={key}" in answer.location
    page = browser.get(answer.location)
    assert "今年的磨具" in text_of(page)
    assert re.search(r'aria-current="true"[^>]*>今年的磨具', page.get_data(as_text=True))
    assert "今年的磨具" not in text_of(colleague.get(REPORT))
    edit = f"{REPORT}/filters/edit/{key}"
    assert browser.post(edit, {"name": "磨具客户", "is_shared": "y"}).status_code == 302
    assert "磨具客户" in text_of(colleague.get(REPORT))
    assert colleague.post(edit, {"name": "抢来的"}).status_code == 403
    assert browser.post(f"{REPORT}/filters/delete/{key}").status_code == 302
    assert "磨具客户" not in text_of(colleague.get(REPORT))


def test_a_saved_filter_shows_each_reader_his_own(as_, rows):
    as_("supervisor").post(f"{REPORT}/filters/add?name=公司", {"name": "全部公司", "is_shared": "y"})
    with rows() as session:
        key = session.scalars(select(ListView)).one().id
    assert HIDDEN not in as_("head_a").get(f"{REPORT}?name=公司&view={key}").get_data(as_text=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_takes_few_statements(as_, app, name):
    browser = as_("supervisor")
    with counted(app) as seen:
        browser.get(f"/reports/{name}?page_size=100")
    assert len(seen) <= 15, seen
