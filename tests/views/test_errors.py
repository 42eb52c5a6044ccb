"""Every refusal and failure is a page of ours that says what happened, what to do and the way back."""

import re
from html import unescape

import pytest
from sqlalchemy import select
from werkzeug.exceptions import TooManyRequests

from app import create_app
from app.errors import Invalid
from app.extensions import db
from app.models import Opportunity
from app.views import failures
from app.views.guards import public, signed_in
from tests.browsing import Browser, text_of
from tests.conftest import settings_for
from tests.test_one_language import faults_of
from tests.walk import everything

WORDS = {
    "zh": {
        400: "无法识别的请求",
        403: "没有权限",
        404: "找不到",
        405: "操作方式不正确",
        409: "无法再进行此操作",
        413: "内容过大",
        422: "请检查填写的内容",
        429: "操作过于频繁",
        500: "出错了",
        503: "暂时无法使用",
    },
    "en": {
        400: "The request cannot be read",
        403: "Not allowed",
        404: "Not found",
        405: "Not possible this way",
        409: "Not possible any more",
        413: "Too large",
        422: "Please check what you typed",
        429: "Too many requests",
        500: "Something went wrong",
        503: "Not available at the moment",
    },
}
#: A field larger than what is kept in memory of one, and a request larger than any may be.
LARGE_FIELD, LARGE_REQUEST = 600_000, 16 * 1024 * 1024 + 1


@public
def busy():
    raise TooManyRequests(retry_after=60)


@signed_in
def unfit():
    raise Invalid({"name": "x"}, "x")


@signed_in
def broken():
    raise RuntimeError("a secret of the machine")


@pytest.fixture
def faulty(home):
    """The application with routes that fail as no other does."""
    home.renew()
    app = create_app(settings_for(home.url))
    app.config["WTF_CSRF_ENABLED"] = False
    for handler in (busy, unfit, broken):
        app.add_url_rule(f"/{handler.__name__}", handler.__name__, handler)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def severed():
    """The application in front of a database that is not there."""
    return create_app(settings_for("postgresql://nobody@127.0.0.1:1/none"))


def keys(app):
    with app.app_context():
        from app.security.actor import SYSTEM

        db.session.info["actor"] = SYSTEM
        assigned = select(Opportunity.id).where(Opportunity.customer_name.startswith("绍兴"))
        hidden = select(Opportunity.id).where(Opportunity.customer_name.startswith("温州"))
        return db.session.scalars(assigned).one(), db.session.scalars(hidden).one()


def tried(app, who, locale, code):
    """The answer of that code, come by as a person or a program would."""
    browser = Browser(app, who, locale=locale)
    assigned, _ = keys(app)
    form = {"customer_name": "x"}
    ways = {
        400: lambda: browser.get("/opportunities/list/?page=x"),
        403: lambda: browser.get(f"/opportunities/move/reassign/{assigned}"),
        404: lambda: browser.get("/opportunities/show/999999"),
        405: lambda: browser.get("/logout/"),
        409: lambda: browser.get(f"/opportunities/edit/{assigned}"),
        413: lambda: browser.post("/opportunities/add", {**form, "summary": "x" * LARGE_REQUEST}),
        422: lambda: browser.get("/unfit"),
        429: lambda: browser.get("/busy"),
        500: lambda: browser.get("/broken"),
    }
    return ways[code]()


def check_page(page, code, locale):
    """It is of that code and language, and offers a way on."""
    assert page.status_code == code
    text = text_of(page)
    assert WORDS[locale][code] in text, text
    assert f'<html lang="{"zh-CN" if locale == "zh" else "en"}"' in page.text
    number = re.search(r"\b[0-9a-f]{12}\b", text)
    assert number and str(code) in text
    assert re.search(r'class="btn btn-primary" href="/', page.text.replace("\n", " ")), page.text
    left = faults_of(page.text, locale)
    assert not set(left) - {"林知远", "知远", "HTML", "page"}, left


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("code", sorted(set(WORDS["zh"]) - {503, 422}))
def test_each_code_has_its_page(faulty, code, locale):
    page = tried(faulty, "manager_a", locale, code)
    check_page(page, code, locale)
    assert "a secret of the machine" not in page.text


def test_a_check_outside_a_form_has_its_page(faulty):
    page = tried(faulty, "manager_a", "zh", 422)
    assert page.status_code == 422
    assert WORDS["zh"][422] in text_of(page)


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_a_database_that_is_away(severed, locale):
    for username in (None, "1"):
        browser = Browser(severed, locale=locale)
        if username:
            with browser.client.session_transaction() as cookie:
                cookie.update({"token": username, "locale": locale})
        for path in ("/", "/opportunities/list/?status=", "/login/", "/healthz"):
            page = browser.get(path)
            check_page(page, 503, locale)
            assert int(page.headers["Retry-After"]) > 0
            assert f'href="{path}"' in unescape(page.text)
        sent = browser.post(
            "/opportunities/add", {"customer_name": "x"}, headers={"Referer": "http://localhost/plans/"}
        )
        assert sent.status_code == 503
        assert 'href="/plans/"' in sent.text


def test_programs_get_json_and_learn_when_to_come_again(severed, faulty):
    answer = Browser(severed).get("/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.mimetype) == (503, "application/json")
    assert answer.headers["Retry-After"]
    assert set(answer.get_json()) == {"error", "request_id"}
    answer = Browser(faulty).get("/busy", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert len(answer.get_json()["request_id"]) == 12


def test_a_part_of_a_page_gets_a_part(faulty):
    browser, part = Browser(faulty, "manager_a"), {"HX-Request": "true", "HX-Current-URL": "http://localhost/plans/"}
    for path, code in (("/broken", 500), ("/opportunities/show/999999", 404), ("/busy", 429)):
        answer = browser.get(path, headers=part)
        assert answer.status_code == code
        assert "<html" not in answer.text and "data-sentence" in answer.text and "data-close" in answer.text


def test_who_is_signed_in_keeps_the_frame_and_who_is_not_may_sign_in(faulty):
    inside = Browser(faulty, "manager_a").get("/no/such/page")
    assert inside.status_code == 404
    assert 'class="side"' in inside.text and "返回工作台" in text_of(inside)
    outside = Browser(faulty).get("/no/such/page")
    assert outside.status_code == 404
    assert 'class="side"' not in outside.text and 'href="/login/?next=' in outside.text


@pytest.mark.parametrize(
    ("referrer", "href"),
    [
        ("http://localhost/plans/list/?page=2", "/plans/list/?page=2"),
        ("http://elsewhere.example/plans/", ""),
        ("http://localhost/opportunities/show/999999", ""),
        ("javascript:alert(1)", ""),
        ("http://localhost//elsewhere.example/", ""),
    ],
)
def test_the_way_back_leads_to_where_one_came_from_and_to_the_list(as_, referrer, href):
    page = as_("manager_a").get("/opportunities/show/999999", headers={"Referer": referrer})
    main = unescape(page.text[page.text.index("refusal-acts") :])
    assert (f'href="{href}"' in main) if href else ("返回</a>" not in main)
    assert "elsewhere" not in main and "javascript" not in main
    assert 'href="/opportunities/list/"' in main


def test_a_field_too_large_for_its_kind_of_form_is_told(as_, app):
    before = everything(app)
    body = f'--b\r\nContent-Disposition: form-data; name="summary"\r\n\r\n{"x" * LARGE_FIELD}\r\n--b--\r\n'
    answer = as_("manager_a").client.post(
        "/opportunities/add", data=body.encode(), content_type="multipart/form-data; boundary=b"
    )
    assert answer.status_code == 413
    assert "内容过大" in text_of(answer) and "data-interrupted" in answer.text and "data-kept" in answer.text
    assert everything(app) == before


def test_a_long_text_that_the_server_takes_comes_back_in_its_form(as_):
    answer = as_("manager_a").post("/opportunities/add", {"customer_name": "甲", "description": "长" * LARGE_FIELD})
    assert answer.status_code == 422
    assert "长" * LARGE_FIELD in answer.text


@pytest.mark.parametrize("who", ["manager_a", None])
def test_when_the_page_of_the_error_fails_too_a_plain_one_is_left(faulty, monkeypatch, who):
    def render(*_, **__):
        raise RuntimeError("no template")

    monkeypatch.setattr(failures, "render_template", render)
    page = Browser(faulty, who).get("/broken" if who else "/no/such/page")
    assert page.status_code == (500 if who else 404)
    assert "出了点问题" in page.text and "Something went wrong" in page.text
    assert re.search(r"\b[0-9a-f]{12}\b", page.text)
    assert "$" not in page.text


def test_another_host_is_refused_in_plain_words(app):
    page = Browser(app).get("/", headers={"Host": "elsewhere.example"})
    assert (page.status_code, page.mimetype) == (400, "text/plain")


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize(
    "path",
    [
        "/opportunities/list/?sort=description",
        "/opportunities/list/?page=x",
        "/opportunities/list/?page_size=0",
        "/opportunities/list/?created_on_from=x",
        "/opportunities/list/?status=x",
        "/opportunities/list/?expected_amount_to=nan",
        "/opportunities/board/cards?status=assigned&after=x",
        "/opportunities/board/cards?status=x",
        "/plans/calendar?date=x",
        "/plans/calendar?view=x",
        "/plans/calendar?scope=x",
        "/plans/events",
        "/plan-items/list/?state=x",
        "/reminders/list/?unread=x",
        "/?due=x",
    ],
)
def test_an_address_that_cannot_be_read_is_told_in_words(as_, path, locale):
    page = as_("manager_a", locale=locale).get(path)
    assert page.status_code == 400
    assert set(faults_of(page.text, locale)) <= {"林知远", "知远"}
