"""Attachments at the door: uploading, downloading by right and wall, deleting, and what is never done."""

import io
import threading

import pytest
from sqlalchemy import func, select

from app.actions.attachments import FileStore
from app.jobs.frame import run_due
from app.models import Attachment, AuditEntry, AuditKind, Customer, Interaction, Job, JobState, Role
from app.models.settings import SettingValue
from app.security.rights import ATTACHMENTS, Verb
from config import LARGEST_REQUEST, LARGEST_UPLOAD
from tests.actions.test_attachments import DOCX, PDF
from tests.browsing import text_of
from tests.cast import FILES
from tests.walk import everything

MULTIPART = "multipart/form-data; boundary=x"
MINE, OTHERS = "镇江岚砺磨具有限公司", "泰州知微生物有限公司"


@pytest.fixture
def keys(rows):
    """The customer of manager_a, its interaction and its attachment."""
    with rows() as session:
        row = session.scalars(select(Attachment).join(Attachment.customer).where(Customer.name == MINE)).one()
        return row.customer_id, row.interaction_id, row.id


def send(browser, path, *files):
    """Upload files as a browser does; written by hand, since the client of the tests leaves large ones open."""
    head = 'Content-Disposition: form-data; name="files"; filename="{}"\r\n\r\n'
    parts = [b"--x\r\n" + head.format(name).encode() + content + b"\r\n" for name, content in files]
    return browser.client.post(path, data=b"".join([*parts, b"--x--\r\n"]), content_type=MULTIPART)


def stored(rows):
    with rows() as session:
        found = session.scalars(select(Attachment).order_by(Attachment.id)).all()
        return [(row.name, row.size, row.interaction_id) for row in found][2:]


def count_files():
    return len([one for one in FILES.rglob("*") if one.is_file()])


def test_the_manager_uploads_several_and_downloads_one(as_, rows, keys):
    key, _, _ = keys
    browser = as_("manager_a")
    page = browser.get(f"/customers/show/{key}?tab=attachments").get_data(as_text=True)
    assert f'action="/attachments/add?customer={key}"' in page and 'enctype="multipart/form-data"' in page
    answer = send(browser, f"/attachments/add?customer={key}", ("报价 v2.pdf", PDF), ("合同.docx", DOCX))
    assert (answer.status_code, answer.location) == (302, f"/customers/show/{key}?tab=attachments")
    assert stored(rows) == [("报价 v2.pdf", len(PDF), None), ("合同.docx", len(DOCX), None)]
    assert "报价 v2.pdf" in text_of(browser.get(answer.location))
    with rows() as session:
        one = session.scalars(select(Attachment.id).where(Attachment.name == "报价 v2.pdf")).one()
    answer = browser.get(f"/attachments/download/{one}")
    assert answer.get_data() == PDF
    assert answer.headers["Content-Type"] == "application/pdf"
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment;") and "filename*=UTF-8''%E6%8A%A5%E4%BB%B7%20v2.pdf" in disposition
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cache-Control"] == "no-store"


def test_files_of_an_interaction_come_back_to_it(as_, rows, keys):
    key, met, _ = keys
    browser = as_("manager_a")
    assert f"/attachments/add?interaction={met}" in browser.get(f"/interactions/show/{met}").get_data(as_text=True)
    answer = send(browser, f"/attachments/add?interaction={met}", ("纪要.txt", "三点".encode()))
    assert (answer.status_code, answer.location) == (302, f"/interactions/show/{met}")
    assert stored(rows) == [("纪要.txt", 6, met)]
    assert "纪要.txt" in text_of(browser.get(f"/customers/show/{key}?tab=attachments"))


def test_a_text_is_downloaded_as_it_was_whatever_a_browser_unpacks(as_, rows, keys):
    key, _, _ = keys
    text = ("姓名,电话\r\n" * 4_000).encode("gb18030")
    send(as_("manager_a"), f"/attachments/add?customer={key}", ("名单.csv", text))
    with rows() as session:
        one = session.scalars(select(func.max(Attachment.id))).one()
    assert as_("manager_a").get(f"/attachments/download/{one}").get_data() == text
    packed = as_("manager_a").get(f"/attachments/download/{one}", headers={"Accept-Encoding": "gzip"})
    if packed.headers.get("Content-Encoding") == "gzip":
        import gzip

        assert gzip.decompress(packed.get_data()) == text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.exe", b"MZ" + bytes(50)),
        ("a.pdf", b"MZ" + bytes(50)),
        ("a.html", b"<html>"),
        ("a.svg", b"<svg/>"),
        ("a.txt", b"<script>alert(1)</script>"),
        ("a.pdf.exe", PDF),
        ("../../a.sh", b"rm"),
        ("a.txt", b""),
        ("", b""),
    ],
)
def test_what_is_refused_says_why_and_leaves_nothing(as_, keys, name, content):
    key, browser = keys[0], as_("manager_a")
    before, files = everything(browser.app), count_files()
    answer = send(
        browser, f"/attachments/add?customer={key}", (name, content), ("报价.pdf", PDF) if name else ("", b"")
    )
    assert answer.status_code == 422
    assert "field-error" in answer.get_data(as_text=True)
    assert everything(browser.app) == before and count_files() == files


def test_a_file_larger_than_the_setting_is_refused(as_, rows, keys):
    key, browser = keys[0], as_("manager_a")
    large = PDF + bytes(1024 * 1024)
    with rows() as session:
        session.add(SettingValue(key="largest_attachment_mb", value="1"))
    answer = send(browser, f"/attachments/add?customer={key}", ("大.pdf", large))
    assert answer.status_code == 422 and "超过 1 MB" in text_of(answer)
    assert stored(rows) == []
    assert send(browser, f"/attachments/add?customer={key}", ("小.pdf", PDF)).status_code == 302


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_a_request_that_is_too_large_is_told_in_the_readers_language(as_, rows, keys, locale):
    key, browser = keys[0], as_("manager_a", locale=locale)

    def claim(path, length):
        claimed = {"CONTENT_LENGTH": str(length)}
        return browser.client.post(path, data=b"--x--\r\n", content_type=MULTIPART, environ_overrides=claimed)

    answer = claim(f"/attachments/add?customer={key}", LARGEST_UPLOAD + 1)
    assert answer.status_code == 413
    assert ("内容过大" if locale == "zh" else "Too large") in text_of(answer)
    # Every other form is as narrow as it was.
    assert claim(f"/contacts/add?customer={key}", LARGEST_REQUEST + 1).status_code == 413


def test_an_upload_may_be_larger_than_any_other_form(as_, rows, keys):
    content = PDF + bytes(LARGEST_REQUEST)
    answer = send(as_("manager_a"), f"/attachments/add?customer={keys[0]}", ("大.pdf", content))
    assert answer.status_code == 302
    assert stored(rows) == [("大.pdf", len(content), None)]


def test_many_upload_to_one_customer_at_once(as_, rows, keys):
    codes, before = [], count_files()
    browsers = [as_("manager_a") for _ in range(5)]

    def upload(number):
        path = f"/attachments/add?customer={keys[0]}"
        codes.append(send(browsers[number], path, (f"{number}.pdf", PDF), (f"{number}.docx", DOCX)).status_code)

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(len(browsers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [302] * len(browsers)
    assert len(stored(rows)) == 10 and count_files() == before + 10


def test_only_the_declared_field_takes_files(as_, keys):
    key, browser = keys[0], as_("manager_a")
    before = everything(browser.app)
    path = f"/attachments/add?customer={key}"
    one = (io.BytesIO(PDF), "a.pdf")
    assert browser.post(path, {"files": "text"}).status_code == 400
    assert browser.post(path, {"other": one}).status_code == 400
    assert browser.post(path, {"files": (io.BytesIO(PDF), "a.pdf"), "customer_id": "2"}).status_code == 400
    assert browser.client.post(path, json={"files": "x"}).status_code == 400
    assert browser.post(f"/contacts/add?customer={key}", {"name": (io.BytesIO(b"x"), "x.txt")}).status_code == 400
    assert everything(browser.app) == before


@pytest.mark.parametrize("who", ["admin", "supervisor", "manager_b", "executive", "nobody"])
def test_nobody_else_uploads_or_deletes(as_, keys, who):
    (key, met, one), browser = keys, as_(who)
    before, files = everything(browser.app), count_files()
    for owner in (f"customer={key}", f"interaction={met}"):
        assert send(browser, f"/attachments/add?{owner}", ("a.pdf", PDF)).status_code == 403
        assert browser.get(f"/attachments/add?{owner}").status_code == 403
    assert browser.post(f"/attachments/delete/{one}").status_code == 403
    page = browser.get(f"/customers/show/{key}?tab=attachments").get_data(as_text=True)
    assert "/attachments/add" not in page and "/attachments/delete" not in page
    assert everything(browser.app) == before and count_files() == files


def test_who_sees_the_customer_and_may_see_attachments_downloads(as_, rows, keys):
    one = keys[2]
    for who, code in (("executive", 200), ("head_a", 200), ("admin", 200), ("nobody", 403), ("narrow", 404)):
        assert as_(who).get(f"/attachments/download/{one}").status_code == code, who
    assert as_().get(f"/attachments/download/{one}").status_code == 302
    with rows() as session:
        role = session.scalars(select(Role).where(Role.name == "Executive")).one()
        seeing = (f"can_{Verb.SEE.value}", ATTACHMENTS.key)
        role.permissions = [held for held in role.permissions if (held.permission.name, held.view_menu.name) != seeing]
    assert as_("executive").get(f"/attachments/download/{one}").status_code == 403
    assert "会议纪要" not in text_of(as_("executive").get(f"/customers/show/{keys[0]}?tab=attachments"))


@pytest.mark.parametrize(
    "path", ["../secret_key", "1/../../secret_key", "%2e%2e%2fsecret_key", "0", "99999999999", "x"]
)
def test_no_address_leads_out_of_the_folder(as_, path):
    assert as_("admin").get(f"/attachments/download/{path}").status_code in {404, 400}
    assert as_("admin").get(f"/static/../../instance/files/{path}").status_code == 404


def test_deleting_removes_row_and_file_and_is_told_in_the_log(as_, rows, keys):
    (key, met, one), browser = keys, as_("manager_a")
    with rows() as session:
        name = session.get_one(Attachment, one).stored_as
    store = FileStore(FILES)
    page = browser.get(f"/customers/show/{key}?tab=attachments").get_data(as_text=True)
    assert "会议纪要.txt" in page and "data-question" in page
    assert browser.get(f"/attachments/delete/{one}").status_code == 405
    answer = browser.post(f"/attachments/delete/{one}?next=/interactions/show/{met}")
    assert (answer.status_code, answer.location) == (302, f"/interactions/show/{met}")
    assert store.size_of(name) is None
    assert browser.get(f"/attachments/download/{one}").status_code == 404
    with rows() as session:
        kinds = session.scalars(select(AuditEntry.kind).where(AuditEntry.table_name == "attachments")).all()
    assert list(kinds)[-1] is AuditKind.DELETED
    assert "会议纪要.txt" in text_of(browser.get(f"/customers/history/{key}"))


def test_a_missing_file_is_told(as_, rows, keys):
    browser, one = as_("manager_a"), keys[2]
    with rows() as session:
        FileStore(FILES).remove(session.get_one(Attachment, one).stored_as)
    answer = browser.get(f"/attachments/download/{one}")
    assert answer.status_code == 409 and "找不到该附件的文件" in text_of(answer)


def test_an_owner_out_of_sight_is_not_there(as_, rows):
    with rows() as session:
        met = session.scalars(select(Interaction).join(Interaction.customer).where(Customer.name == OTHERS)).one()
        owners = (f"customer={met.customer_id}", f"interaction={met.id}", "customer=x", "interaction=", "")
    browser = as_("narrow")
    before, files = everything(browser.app), count_files()
    for owner in owners:
        assert send(browser, f"/attachments/add?{owner}", ("a.pdf", PDF)).status_code == 404, owner
    assert everything(browser.app) == before and count_files() == files


def test_the_list_names_files_and_leads_to_them(as_, keys):
    page = as_("executive").get("/attachments/list/?name=纪要&customer=镇江").get_data(as_text=True)
    assert f"/attachments/download/{keys[2]}" in page and MINE in page and OTHERS not in page
    said = text_of(as_("executive").get(f"/attachments/show/{keys[2]}"))
    assert "校验值" in said and "核对二期改造范围" in said


def test_a_job_removes_what_nobody_names(as_, rows):
    run_due(as_("admin").app)
    with rows() as session:
        states = {job.kind: job.state for job in session.scalars(select(Job))}
    assert states.get("forget_files") in {JobState.DONE, None}
