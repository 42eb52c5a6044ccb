"""One's own account: sessions seen and ended, the password changed; and what an administrator ends."""

from zoneinfo import ZoneInfo

import pytest
from flask_babel import force_locale
from sqlalchemy import select
from werkzeug.security import check_password_hash

from app.actions.sessions import REMEMBERED, end_sessions, forget_old_sessions
from app.clock import now
from app.models import AuditEntry, AuditKind, Employee, EndReason, SignIn
from app.views.devices import device_in_words
from tests.browsing import Browser, text_of
from tests.cast import PASSWORD, key_of

NEW = "Qinghe-9-dukou"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Safari/537.36"


def agents(rows, **by_id):
    """Give sessions the browsers they came from."""
    with rows() as session:
        for key, text in by_id.items():
            session.get(SignIn, int(key[1:])).user_agent = text


def lines(page):
    """How many sessions a page lists."""
    return page.text.partition('class="sessions"')[2].partition("</ul>")[0].count("<li>")


def reasons(rows):
    """Why each session ended, in the order they began."""
    with rows() as session:
        return [one.ended_because for one in session.scalars(select(SignIn).order_by(SignIn.id))]


def fields(old=PASSWORD, new=NEW, again=None):
    """What the form of one's password sends."""
    return {"old_password": old, "password": new, "repeated": new if again is None else again}


# ---- sessions ---------------------------------------------------------------------------------------------


def test_everybody_finds_his_account_and_sessions(as_, rows):
    as_("manager_b")
    mine, other = as_("manager_a"), as_("manager_a")
    agents(rows, _3=WINDOWS)
    page = mine.get("/account")
    text = text_of(page)
    assert lines(page) == 2 and text.count("当前会话") == 1
    assert "Windows · Chrome" in text and "未知设备" in text
    assert "林知远" in text and "manager_a@example.com" in text and "客户经理" in text
    assert 'href="/account"' in other.get("/").text
    assert "End all other sessions" in as_("manager_a", locale="en").get("/account").text


def test_one_other_session_is_ended(as_, rows):
    mine, other = as_("manager_a"), as_("manager_a")
    assert mine.post("/account/sessions/end/2").location == "/account"
    assert mine.get("/account").status_code == 200
    assert "您已在另一台设备上结束此会话" in text_of(other.get(other.get("/").location))
    assert reasons(rows) == [None, EndReason.BY_OWNER]
    assert mine.post("/account/sessions/end/2").status_code == 404, "it is over"


def test_all_other_sessions_are_ended_and_nobody_elses(as_, rows):
    mine = as_("manager_a")
    for who in ("manager_a", "manager_a", "manager_b"):
        as_(who)
    mine.post("/account/sessions/end")
    assert "已结束 2 个会话" in text_of(mine.get("/account"))
    assert reasons(rows) == [None, EndReason.BY_OWNER, EndReason.BY_OWNER, None]
    with rows() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.kind == AuditKind.SIGN_OUT)).one()
        assert (entry.person_name, entry.row_name, entry.reason) == ("manager_a", "林知远", "Ended by the person")


@pytest.mark.parametrize("key", ["1", "999999", "99999999999999999999"])
def test_nobody_ends_somebody_elses_session_or_none(as_, rows, key):
    as_("manager_b")
    mine = as_("manager_a")
    assert mine.post(f"/account/sessions/end/{key}").status_code == 404
    assert reasons(rows) == [None, None]


def test_the_session_one_works_in_is_left_by_signing_out(as_, rows):
    answer = as_("manager_a").post("/account/sessions/end/1")
    assert answer.status_code == 409 and "请直接退出登录" in text_of(answer)
    assert reasons(rows) == [None]


def test_an_administrator_sees_and_ends_somebodys_sessions(as_, app, rows):
    theirs, admin = [as_("manager_a"), as_("manager_a")], as_("admin")
    address = f"/users/{key_of(app, 'manager_a')}/sessions"
    page = admin.get(address)
    assert lines(page) == 2 and "林知远的登录会话" in text_of(page)
    assert admin.post(f"{address}/end").location == address
    assert "目前没有登录会话" in text_of(admin.get(address))
    assert "管理员已结束您的会话" in text_of(theirs[0].get(theirs[0].get("/").location))
    assert reasons(rows) == [EndReason.BY_ADMINISTRATOR] * 2 + [None]


def test_an_administrator_stays_in_his_own(as_, app, rows):
    admin, other = as_("admin"), as_("admin")
    admin.post(f"/users/{key_of(app, 'admin')}/sessions/end")
    assert admin.get("/").status_code == 200
    assert other.get("/").status_code == 302


@pytest.mark.parametrize("who", ["supervisor", "manager_a", "executive", "nobody", "head_a"])
def test_nobody_else_sees_or_ends_them(as_, app, rows, who):
    as_("admin")
    address = f"/users/{key_of(app, 'admin')}/sessions"
    assert as_(who).get(address).status_code == 403
    assert as_(who).post(f"{address}/end").status_code == 403
    assert reasons(rows) == [None] * 3


@pytest.mark.parametrize("key", ["999999", "99999999999999999999"])
def test_the_sessions_of_nobody(as_, key):
    assert as_("admin").get(f"/users/{key}/sessions").status_code == 404


def test_ending_says_how_many_and_can_leave_one(as_, app, rows):
    for _ in range(3):
        as_("manager_a")
    with rows() as session:
        person_id = key_of(app, "manager_a")
        assert end_sessions(session, person_id, why=EndReason.DISABLED, at=now(), but=2) == 2
        assert end_sessions(session, person_id, why=EndReason.DISABLED, at=now(), but=2) == 0


def test_sessions_of_long_ago_are_forgotten(as_, rows):
    as_("manager_a")
    with rows() as session:
        assert forget_old_sessions(session, at=now() + REMEMBERED / 2) == 0
        assert forget_old_sessions(session, at=now() + REMEMBERED * 2) == 1


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (WINDOWS, "Chrome on Windows"),
        (WINDOWS + " Edg/139.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0 Safari/604.1", "WeChat on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15; PLR-AL00) Chrome/138.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/18 Safari/605", "Safari on Mac"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("curl/8.9", "Unknown device"),
        ("<script>alert(1)</script>", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_what_a_browser_is_called(app, user_agent, words):
    with app.test_request_context(), force_locale("en"):
        assert device_in_words(user_agent) == words


# ---- one's own password -------------------------------------------------------------------------------------


def test_changing_it_ends_the_other_sessions_and_stays_in_this_one(as_, rows):
    mine, other = as_("manager_a"), as_("manager_a")
    assert mine.post("/account/password", fields()).location == "/account"
    assert "密码已修改" in text_of(mine.get("/account"))
    assert "密码已修改" in text_of(other.get(other.get("/").location))
    fresh = Browser(mine.app)
    assert fresh.post("/login/", {"username": "manager_a", "password": PASSWORD}).status_code == 422
    assert fresh.post("/login/", {"username": "manager_a", "password": NEW}).status_code == 302
    with rows() as session:
        entries = session.scalars(select(AuditEntry)).all()
        ended = [(one.person_name, one.row_name, one.reason) for one in entries if one.kind is AuditKind.SIGN_OUT]
        assert ended == [("manager_a", "林知远", "Password changed")]
        assert NEW not in str([(one.changes, one.reason) for one in entries])


@pytest.mark.parametrize(
    ("sent", "field", "words"),
    [
        (fields(old="wrong-password"), "old_password", "当前密码不正确"),
        (fields(old=""), "old_password", "必填"),
        (fields(new="kF8-xUq2w"), "password", "密码至少 10 个字符"),
        (fields(new="Manager_A-2026-x"), "password", "密码不能包含用户名"),
        (fields(new="woaini1314520"), "password", "这是常见密码"),
        (fields(new=PASSWORD), "password", "新密码与当前密码相同"),
        (fields(again="something-else"), "repeated", "两次输入的新密码不一致"),
    ],
)
def test_each_refusal_stands_under_its_field(as_, rows, *, sent, field, words):
    answer = as_("manager_a").post("/account/password", sent)
    assert answer.status_code == 422
    told = answer.text.partition(f'id="{field}-error"')[2].partition("</p>")[0]
    assert words in told, answer.text
    assert sent["password"] not in answer.text
    with rows() as session:
        person = session.scalars(select(Employee).where(Employee.username == "manager_a")).one()
        assert check_password_hash(person.password, PASSWORD)


def test_guessing_the_old_one_is_slow_too(as_, rows):
    mine = as_("manager_a")
    codes = [mine.post("/account/password", fields(old="wrong-password")).status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]
    answer = mine.post("/account/password", fields())
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
    assert "错误次数过多" in text_of(answer)


def test_a_field_that_is_not_on_the_form(as_):
    assert as_("manager_a").post("/account/password", {**fields(), "username": "admin"}).status_code == 400


# ---- a password that somebody else chose ----------------------------------------------------------------------


@pytest.fixture
def newcomer(as_, rows):
    """A browser in which somebody has signed in with a password that was given to him."""
    with rows() as session:
        session.scalars(select(Employee).where(Employee.username == "manager_a")).one().must_change_password = True
    return as_("manager_a")


def test_it_opens_nothing_but_the_page_where_it_is_changed(newcomer):
    answer = newcomer.get("/opportunities/list/?page=2")
    assert (answer.status_code, answer.location) == (
        302,
        "/account/password?next=/opportunities/list/?page%3D2",
    )
    for path in ("/", "/account", "/reminders/list/", "/help/keys"):
        assert newcomer.get(path).location.startswith("/account/password?"), path
    assert newcomer.get("/opportunities/add", headers={"HX-Request": "true"}).status_code == 403
    assert newcomer.get("/choices", headers={"Accept": "application/json"}).status_code in {403, 404}
    assert newcomer.post("/opportunities/add", {"customer_name": "x"}).status_code == 403
    page = newcomer.get(answer.location)
    assert page.status_code == 200 and "设置新密码" in text_of(page)
    assert 'class="side"' not in page.text and 'action="/logout/"' in page.text


def test_once_it_is_changed_the_way_is_open(newcomer, as_, rows):
    refused = newcomer.post("/account/password?next=/plans/list/", fields(new=PASSWORD))
    assert refused.status_code == 422
    answer = newcomer.post("/account/password?next=/plans/list/", fields())
    assert answer.location == "/plans/list/"
    assert newcomer.get("/plans/list/").status_code == 200
    assert newcomer.get("/account/password").status_code == 200


def test_it_leads_nowhere_else(newcomer):
    assert newcomer.post("/account/password?next=//evil.com", fields()).location == "/"


def test_its_owner_can_leave_instead(newcomer):
    assert newcomer.post("/logout/").location == "/login/"
    assert newcomer.get("/account/password").location.startswith("/login/")


def test_the_last_sign_in_stands_on_the_persons_page(app, as_):
    path = f"/users/show/{key_of(app, 'manager_a')}"
    assert "上次登录 —" in text_of(as_("admin").get(path))
    fields = {"username": "manager_a", "password": PASSWORD}
    assert Browser(app).post("/login/", fields).status_code == 302
    today = now().astimezone(ZoneInfo("Asia/Shanghai")).date()
    assert f"上次登录 {today}" in text_of(as_("admin").get(path))
