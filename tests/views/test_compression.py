"""Compression and keeping: answers are small, whole, and kept by browsers exactly as long as they hold."""

import gzip
import io
import json
import re
import time

import brotli  # type: ignore[import-untyped]
import pytest
from backports import zstd
from flask import Response

from app import create_app
from app.extensions import db
from app.views.assets import SMALLEST
from app.views.guards import public
from tests.browsing import Browser
from tests.conftest import settings_for

UNPACK = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstd.decompress, None: bytes}
ASSET = re.compile(r'/static/[^"#]+\?v=[0-9a-f]{12}')
CSS = "/static/vendor/tabler.min.css"


def unpacked(answer):
    return UNPACK[answer.headers.get("Content-Encoding")](answer.get_data())


def words(page):
    """The text of a page, without what is different each time."""
    return re.sub(r'content="[^"]+"|value="[^"]+"', "", page)


def fetch(browser, path, **headers):
    """An address read to its end, so that the file behind it is closed."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return browser.client.get(path, headers=sent, buffered=True)


def assets(browser):
    """Every file the first page asks for."""
    return sorted(set(ASSET.findall(browser.client.get("/", follow_redirects=True).text)))


@pytest.mark.parametrize(
    ("offered", "of_page", "of_file"),
    [
        ("gzip", "gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br", "zstd"),
        ("zstd, gzip", "zstd", "zstd"),
        ("deflate", None, None),
        ("identity", None, None),
        ("br;q=0.5, identity;q=0.1", "br", None),
        ("", None, None),
        ("nonsense;q=x,,;", None, None),
    ],
)
def test_pages_and_files_are_sent_as_the_browser_can_read_them(as_, *, offered, of_page, of_file):
    browser = as_("manager_a")
    plain = browser.get("/opportunities/list/?status=")
    for path in ("/opportunities/list/?status=", CSS, "/static/vendor/icons.svg", "/static/app.js"):
        answer = fetch(browser, path, Accept_Encoding=offered)
        taken = of_file if path.startswith("/static") else of_page
        assert answer.headers.get("Content-Encoding") == taken, path
        assert "Accept-Encoding" in answer.headers["Vary"]
        whole = fetch(browser, path).get_data()
        if path.startswith("/static"):
            assert unpacked(answer) == whole
        else:
            assert words(unpacked(answer).decode()) == words(plain.text)
        assert taken is None or len(answer.get_data()) < len(whole) / 2


def test_json_is_compressed_once_it_is_large_and_small_answers_are_not(as_):
    browser, gzipped = as_("admin"), {"Accept_Encoding": "gzip"}
    assert "Content-Encoding" not in fetch(browser, "/healthz", **gzipped).headers
    assert "Content-Encoding" not in fetch(browser, "/static/logo.svg", **gzipped).headers
    people = fetch(browser, "/choices/people?q=", **gzipped)
    assert (people.headers.get("Content-Encoding") == "gzip") is (len(unpacked(people)) >= SMALLEST)
    assert len(json.loads(unpacked(people))) >= 5


def test_files_are_kept_for_a_year_under_their_own_hash_only(as_):
    browser = as_("manager_a")
    found = assets(browser)
    assert len(found) >= 8
    assert any("icons.svg" in path for path in found) and any("logo.svg" in path for path in found)
    for path in found:
        right, wrong = fetch(browser, path), fetch(browser, path[:-12] + "0" * 12)
        bare, missing = fetch(browser, path.partition("?")[0]), fetch(browser, path.replace("?", "x?"))
        assert (right.status_code, right.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
        assert (wrong.status_code, wrong.headers["Cache-Control"]) == (200, "no-cache")
        assert (bare.status_code, bare.headers["Cache-Control"]) == (200, "no-cache")
        assert (missing.status_code, missing.headers["Cache-Control"]) == (404, "no-store")


def test_every_address_of_a_file_in_a_page_has_its_hash(as_):
    page = as_("manager_a").get("/opportunities/list/?status=").text
    assert len(re.findall(r'"/static/', page)) == len(re.findall(r'"/static/[^"]+\?v=[0-9a-f]{12}["#]', page)) > 8


def test_a_file_is_the_same_for_everybody(as_):
    for browser in (as_("manager_a"), as_()):
        for path in assets(browser):
            answer = fetch(browser, path)
            assert "Set-Cookie" not in answer.headers
            assert "Cookie" not in answer.headers["Vary"]


def test_pages_are_never_kept(as_):
    for path in ("/", "/opportunities/list/", "/login/", "/healthz", "/no/such/page"):
        assert as_("manager_a").get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("offered", ["gzip", "zstd", ""])
def test_an_unchanged_file_is_answered_by_304(as_, offered):
    browser, headers = as_("manager_a"), {"Accept_Encoding": offered}
    first = fetch(browser, CSS, **headers)
    mark = first.headers["ETag"]
    again = fetch(browser, CSS, **headers, If_None_Match=mark)
    assert (again.status_code, again.get_data()) == (304, b"")
    assert again.headers["ETag"] == mark
    other = fetch(browser, CSS, **headers, If_None_Match='"something else"')
    assert other.status_code == 200
    assert unpacked(other) == unpacked(first)


def test_the_marks_of_encodings_differ(as_):
    marks = {fetch(as_(), CSS, Accept_Encoding=one).headers["ETag"] for one in ("gzip", "zstd", "")}
    assert len(marks) == 3


def test_a_part_of_a_file_counts_its_own_bytes(as_):
    whole = fetch(as_(), CSS).get_data()
    part = fetch(as_(), CSS, Accept_Encoding="gzip", Range="bytes=100-199")
    assert (part.status_code, part.get_data()) == (206, whole[100:200])
    assert "Content-Encoding" not in part.headers


def test_head_tells_of_the_file_without_it(as_):
    answer = as_().client.head(CSS, headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert (answer.status_code, answer.get_data()) == (200, b"")


@pytest.fixture
def pouring(home):
    """The application with a route that streams a long table and one that sends a workbook."""
    home.renew()
    app = create_app(settings_for(home.url))
    drawn: list[int] = []

    @public
    def table():
        def lines():
            for number in range(50_000):
                drawn.append(number)
                yield f"{number},一行文字\r\n"

        return Response(lines(), mimetype="text/csv")

    @public
    def workbook():
        return Response(io.BytesIO(b"PK" + bytes(100_000)), mimetype="application/zip")

    app.add_url_rule("/table", "table", table)
    app.add_url_rule("/workbook", "workbook", workbook)
    yield app, drawn
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_stream_stays_a_stream(pouring, encoding):
    app, drawn = pouring
    answer = Browser(app).client.get("/table", headers={"Accept-Encoding": encoding}, buffered=False)
    assert answer.headers["Content-Encoding"] == encoding and "Content-Length" not in answer.headers
    pieces = answer.iter_encoded()
    first = next(pieces)
    assert first and len(drawn) < 50_000  # the first piece is sent before the last line is made
    body = UNPACK[encoding](first + b"".join(pieces)).decode()
    assert body.count("\r\n") == 50_000 and body.endswith("49999,一行文字\r\n")
    answer.close()


def test_what_is_compressed_already_is_sent_as_it_is(pouring):
    answer = Browser(pouring[0]).get("/workbook", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers and len(answer.get_data()) == 100_002


def test_the_token_on_a_page_is_signed_anew_so_that_its_length_betrays_nothing(strict_app):
    """What stays the same in a token from page to page is worth nothing without the signature, which does not."""
    browser = Browser(strict_app, "manager_a")
    tokens = set()
    for _ in range(2):
        tokens.update(re.findall(r'name="csrf-token" content="([^"]+)"', browser.get("/").text))
        time.sleep(1.1)
    assert len(tokens) == 2
    (same, first), (other, second) = (token.split(".", 1) for token in tokens)
    assert same == other and first.split(".")[1] != second.split(".")[1]
    for forged in (same, f"{same}.", f"{same}.{first.split('.')[0]}.{second.split('.')[1]}"):
        answer = browser.post("/preferences", {"theme": "dark", "csrf_token": forged})
        assert answer.status_code == 400
    assert browser.post("/preferences", {"theme": "dark", "csrf_token": tokens.pop()}).status_code == 302
