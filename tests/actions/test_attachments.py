"""Which files are accepted, how they are kept, and that files and rows belong together whatever breaks."""

import hashlib
import io
import os
import threading
import tracemalloc
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.actions.attachments import (
    KINDS,
    FileStore,
    Upload,
    add_attachments,
    check_files,
    clean_name,
    delete_attachment,
    forget_files,
    kind_of,
)
from app.actions.attachments.keeping import MOST_FILES, STILL_COMING, NotStored
from app.actions.attachments.kinds import LONGEST_NAME, fault_of
from app.clock import now
from app.errors import Forbidden, Invalid, WrongState
from app.models import Attachment, Customer, CustomerStatus
from app.security.scope import show_deleted

MINE = "镇江岚砺磨具有限公司"
LARGEST = 1024 * 1024


def zipped(*names: str) -> bytes:
    """An archive with files of these names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return content.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
DOCX = zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml")
XLSX = zipped("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml")
TRUE = {
    "报价.pdf": PDF,
    "合同.docx": DOCX,
    "表.xlsx": XLSX,
    "旧合同.doc": OLE,
    "旧表.xls": OLE,
    "国产.wps": OLE,
    "发票.ofd": zipped("OFD.xml"),
    "现场.jpg": b"\xff\xd8\xff\xe0" + bytes(100),
    "现场.JPEG": b"\xff\xd8\xff\xe0" + bytes(100),
    "现场.png": PNG,
    "动.gif": b"GIF89a" + bytes(50),
    "纪要.txt": "会议纪要：三点开始".encode(),
    "旧纪要.txt": "会议纪要：三点开始".encode("gb18030"),
    "纪要二.txt": "会议纪要".encode("utf-16"),
    "BMW.txt": b"BMW asks for a price",
    "名单.csv": "\ufeff姓名,电话\r\n韩雪,1\r\n".encode(),
    "图纸.zip": zipped("a.dwg", "b/c.dwg"),
    "合同包.zip": DOCX,
    "包.rar": b"Rar!\x1a\x07\x00" + bytes(50),
    "包.7z": b"7z\xbc\xaf\x27\x1c" + bytes(50),
    "report.final.v2.pdf": PDF,
}
FALSE = {
    "病毒.exe": b"MZ" + bytes(100),
    "病毒.pdf": b"MZ" + bytes(100),
    "病毒.pdf.exe": PDF,
    "页面.html": b"<html></html>",
    "页面.htm": b"<html></html>",
    "图.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "页面.txt": b"  <!DOCTYPE html><script>alert(1)</script>",
    "图.txt": b"\xef\xbb\xbf<svg onload=alert(1)>",
    "图.csv": b"<?xml version='1.0'?><svg/>",
    "图.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "表.docx": XLSX,
    "合同.xlsx": DOCX,
    "合同.docx": PDF,
    "报价.pdf": DOCX,
    "程序.txt": b"MZ\x00\x00" + bytes(100),
    "程序.csv": b"\x7fELF\x00" + bytes(100),
    "脚本.js": b"alert(1)",
    "脚本.bat": b"del *",
    "宏.docm": DOCX,
    "库.jar": zipped("META-INF/MANIFEST.MF"),
    "没有扩展名": PDF,
    ".pdf": PDF,
    "报价.pdf ": b"MZ" + bytes(10),
    "半个.txt": b"\xe4\xbd\xff\xff\xff\xff",
}


@pytest.mark.parametrize("name", TRUE)
def test_a_file_that_is_what_it_says_is_accepted(name):
    assert fault_of(clean_name(name), len(TRUE[name]), io.BytesIO(TRUE[name]), largest=LARGEST) == ""


@pytest.mark.parametrize("name", FALSE)
def test_a_file_that_is_not_is_refused_with_the_reason(app, name):
    with app.test_request_context():
        said = fault_of(clean_name(name), len(FALSE[name]), io.BytesIO(FALSE[name]), largest=LARGEST)
    assert said and clean_name(name) in said


def test_an_empty_and_a_large_one_are_refused(app):
    with app.test_request_context():
        assert fault_of("a.txt", 0, io.BytesIO(b""), largest=LARGEST)
        assert "1 MB" in fault_of("a.pdf", LARGEST + 1, io.BytesIO(PDF), largest=LARGEST)
        assert not fault_of("a.pdf", LARGEST, io.BytesIO(PDF), largest=LARGEST)


def test_nothing_that_a_browser_runs_is_accepted():
    assert not {"html", "htm", "svg", "xml", "xhtml", "js", "exe", "swf", "mht"} & set(KINDS)
    types = {kind.mime for kind in KINDS.values()}
    assert not [
        mime for mime in types if "html" in mime or "xml" in mime.split("/")[1].split(".")[0] or "script" in mime
    ]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("..\\..\\windows\\system.ini.pdf", "system.ini.pdf"),
        ("/tmp/a.pdf", "a.pdf"),
        ("a\x00.pdf", "a.pdf"),
        ("a.pdf\x00.exe", "a.pdf.exe"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie_ x.pdf"),
        ('a"b<c>d|e?f*g:h.pdf', "a_b_c_d_e_f_g_h.pdf"),
        ("a.exe. . ", "a.exe"),
        ("合同　最终.PDF", "合同 最终.PDF"),
        ("长" * 300 + ".pdf", "长" * 196 + ".pdf"),
        ("x" * 300, "x" * 200),
        ("..", ""),
        ("", ""),
    ],
)
def test_names_lose_folders_and_what_cannot_be_seen(given, kept):
    assert clean_name(given) == kept
    assert len(clean_name(given)) <= LONGEST_NAME


def test_the_last_ending_counts():
    assert kind_of("a.exe.pdf") is KINDS["pdf"]
    assert kind_of("a.pdf.exe") is None
    assert kind_of(".pdf") is None and kind_of("pdf") is None and kind_of("") is None


# ---- the folder -----------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    return FileStore(tmp_path / "files")


def test_a_file_is_kept_whole_under_a_name_of_ours(store):
    content = os.urandom(3_000_000)
    kept = store.keep(io.BytesIO(content))
    path = store.path(kept.name)
    assert path.read_bytes() == content
    assert (kept.size, kept.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert path.parent.name == kept.name[:2] and path.stat().st_mode & 0o077 == 0
    assert [one.name for one in store.folder.rglob("*") if one.is_file()] == [kept.name]


@pytest.mark.parametrize("name", ["../x", "a" * 31, "A" * 32, "a" * 32 + "/..", "", "a" * 32 + "\x00"])
def test_no_other_name_leads_anywhere(store, name):
    with pytest.raises(ValueError, match="no name of a stored file"):
        store.path(name)


class Breaking(io.BytesIO):
    """A connection that breaks off in the middle."""

    def read(self, size=-1):
        if self.tell() > 0:
            raise ConnectionError
        return super().read(10)


def test_half_a_file_is_never_there(store):
    with pytest.raises(ConnectionError):
        store.keep(Breaking(b"x" * 100))
    assert not [one for one in store.folder.rglob("*") if one.is_file()]


def test_many_are_kept_at_once(store):
    found = []

    def keep(number):
        found.append(store.keep(io.BytesIO(bytes([number]) * 100_000)))

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.name for one in found}) == 12
    assert all(store.size_of(one.name) == 100_000 for one in found)


def test_a_large_file_needs_no_memory(store, tmp_path):
    with open(tmp_path / "large", "wb+") as large:
        large.truncate(48 * 1024**2)
        tracemalloc.start()
        try:
            kept = store.keep(large)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert kept.size == 48 * 1024**2
    assert peak < 8 * 1024**2, peak


# ---- adding and deleting ----------------------------------------------------------------------------------------


def customer(session, name=MINE):
    return session.scalars(select(Customer).where(Customer.name == name)).one()


def upload(name, content):
    return Upload(name, io.BytesIO(content))


def files(store):
    return sorted(one.name for one in store.folder.rglob("*") if one.is_file()) if store.folder.exists() else []


def test_several_files_are_kept_with_their_rows(session_of, store):
    with session_of("manager_a") as (session, actor):
        rows = add_attachments(
            session,
            customer(session),
            [upload("../报价.pdf", PDF), upload("合同.docx", DOCX)],
            store=store,
            by=actor,
        )
        assert [(row.name, row.size) for row in rows] == [("报价.pdf", len(PDF)), ("合同.docx", len(DOCX))]
        assert [row.sha256 for row in rows] == [hashlib.sha256(one).hexdigest() for one in (PDF, DOCX)]
        assert files(store) == sorted(row.stored_as for row in rows)
        assert {row.created_by_id for row in rows} == {actor.person_id}


def test_one_refused_file_refuses_all(session_of, store):
    with session_of("manager_a") as (session, actor):
        with pytest.raises(Invalid) as refusal:
            add_attachments(
                session,
                customer(session),
                [upload("报价.pdf", PDF), upload("a.exe", PDF), upload("b.pdf", DOCX)],
                store=store,
                by=actor,
            )
        assert "a.exe" in str(refusal.value) and "b.pdf" in str(refusal.value)
    assert files(store) == []


def test_too_many_at_once(session_of, store):
    with session_of("manager_a") as (session, actor), pytest.raises(Invalid):
        many = [upload(f"{number}.pdf", PDF) for number in range(MOST_FILES + 1)]
        add_attachments(session, customer(session), many, store=store, by=actor)
    assert files(store) == []


@pytest.mark.parametrize("who", ["admin", "supervisor", "manager_b", "executive"])
def test_nobody_but_the_manager_adds_or_deletes(session_of, store, who):
    with session_of(who) as (session, actor):
        with pytest.raises(Forbidden):
            add_attachments(session, customer(session), [upload("a.pdf", PDF)], store=store, by=actor)
        row = session.scalars(select(Attachment).join(Attachment.customer).where(Customer.name == MINE)).one()
        with pytest.raises(Forbidden):
            delete_attachment(session, row, by=actor)
    assert files(store) == []


def test_a_deleted_customer_takes_none(session_of, rows, store):
    with rows() as session:
        session.connection().execute(
            Customer.metadata.tables["customers"].update().values(status=CustomerStatus.DELETED)
        )
    with session_of("manager_a") as (session, actor), pytest.raises(WrongState):
        show_deleted(session)
        add_attachments(session, customer(session), [upload("a.pdf", PDF)], store=store, by=actor)


def test_a_disk_that_is_full_is_told(session_of, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with session_of("manager_a") as (session, actor), pytest.raises(NotStored) as refusal:
        one = [upload("a.pdf", PDF)]
        add_attachments(session, customer(session), one, store=FileStore(tmp_path / "file"), by=actor)
    assert refusal.value.status == 503


# ---- files and rows -----------------------------------------------------------------------------------------------


def age(path, by):
    moment = (now() - by).timestamp()
    os.utime(path, (moment, moment))


def test_what_no_row_names_goes_after_a_day(session_of, rows, store):
    with session_of("manager_a") as (session, actor):
        known = add_attachments(session, customer(session), [upload("a.pdf", PDF)], store=store, by=actor)[0].stored_as
        session.commit()
    lost, fresh = store.keep(io.BytesIO(b"x")).name, store.keep(io.BytesIO(b"y")).name
    draft = store.path(lost).with_name(f"{'0' * 32}.part")
    draft.write_bytes(b"half")
    foreign = store.folder / "README"
    foreign.write_text("not ours", encoding="utf-8")
    for path in (store.path(known), store.path(lost), draft, foreign):
        age(path, STILL_COMING + timedelta(minutes=1))
    with rows() as session:
        assert forget_files(session, store, now()) == 2
        assert forget_files(session, store, now()) == 0
    assert files(store) == sorted([known, fresh, "README"])


def test_a_row_without_its_file_is_told(session_of, rows, store, app):
    with rows() as session:
        for row in session.scalars(select(Attachment)):
            session.delete(row)
    with session_of("manager_a") as (session, actor):
        made = add_attachments(
            session, customer(session), [upload("a.pdf", PDF), upload("b.pdf", PDF)], store=store, by=actor
        )
        names, first = [row.stored_as for row in made], made[0].id
        session.commit()
    with rows() as session, app.test_request_context():
        assert list(check_files(session, store.folder)) == []
        store.path(names[0]).write_bytes(b"cut")
        store.remove(names[1])
        (said,) = check_files(session, store.folder)
    assert "2" in said and str(first) in said


def test_a_zip_bomb_is_a_file_like_any_other(session_of, store):
    """It is never unpacked."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(50_000_000))
    assert len(content.getvalue()) < 100_000
    with session_of("manager_a") as (session, actor):
        made = add_attachments(session, customer(session), [Upload("b.zip", content)], store=store, by=actor)
        assert made[0].size == len(content.getvalue())
