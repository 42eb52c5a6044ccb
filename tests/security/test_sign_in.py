"""Signing in under attack: guessing, finding out names, stolen and planted cookies, and being led elsewhere."""

import re
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select, update

from app import create_app
from app.actions import sign_in
from app.actions.sign_in import forget_old_tries, network_of
from app.clock import now
from app.extensions import db
from app.models import AuditEntry, AuditKind, Employee, SignIn
from app.views.edge import safe_path
from tests.browsing import Browser, text_of
from tests.cast import PASSWORD
from tests.conftest import settings_for
from tests.walk import routes

WRONG = "not-my-password"
SAYS_WRONG, SAYS_WAIT = "用户名或密码不正确", "错误次数过多"


@pytest.fixture
def looks(monkeypatch):
    """The passwords that were looked at, of how many real hashes; in place of scrypt, which is slow on purpose."""
    seen = []

    def look(stored, password):
        seen.append(stored == sign_in.NOBODY)
        return password == PASSWORD and stored != sign_in.NOBODY

    monkeypatch.setattr(sign_in, "check_password_hash", look)
    return seen


def tries(browser, name="manager_a", password=WRONG, address="127.0.0.1", **more):
    """The answer to a try from that address."""
    return browser.client.post(
        "/login/",
        data={"username": name, "password": password},
        environ_overrides={"REMOTE_ADDR": address},
        **more,
    )


def signed_in(app, name="manager_a", **more):
    """A browser in which that person has signed in by the form."""
    browser = Browser(app)
    assert tries(browser, name, PASSWORD, **more).status_code == 302
    return browser


def noted(rows, kind):
    """The entries of that kind in the audit log."""
    with rows() as session:
        found = session.scalars(select(AuditEntry).where(AuditEntry.kind == kind).order_by(AuditEntry.id))
        return [(one.person_name, one.address, one.reason) for one in found]


# ---- guessing -----------------------------------------------------------------------------------------


def test_a_thousand_tries_from_fifty_addresses_neither_succeed_nor_keep_the_owner_out(app, looks):
    device = signed_in(app, address="198.51.100.9")
    device.post("/logout/")
    looks.clear()
    attacker, codes = Browser(app), []
    for number in range(1000):
        codes.append(tries(attacker, address=f"203.0.113.{number % 50}").status_code)
        if number in {100, 500, 999}:
            assert tries(device, password=PASSWORD, address="198.51.100.200").status_code == 302
            device.post("/logout/")
            newcomer = Browser(app)
            assert tries(newcomer, password=PASSWORD, address=f"192.0.2.{number % 255}").status_code == 302
            at_home = Browser(app)
            assert tries(at_home, password=PASSWORD, address="198.51.100.9").status_code == 302
    assert set(codes) == {422, 429}
    assert codes.count(422) <= sign_in.MANY_AT_ONE_ACCOUNT + 50
    assert len(looks) == codes.count(422) + 9


def test_one_place_has_five_tries_and_is_told_when_to_come_again(app, looks, rows):
    browser = Browser(app)
    answers = [tries(browser) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {422}
    refused = tries(browser, password=PASSWORD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 300
    assert SAYS_WAIT in text_of(refused) and 'value="manager_a"' in refused.text and PASSWORD not in refused.text
    assert len(looks) == 5
    assert tries(browser, "manager_b", PASSWORD).status_code == 302
    assert noted(rows, AuditKind.SIGN_IN_FAILED)[5:] == [
        ("manager_a", "127.0.0.1", "Slowed down after too many wrong tries")
    ]


def test_waiting_helps_and_what_was_refused_does_not_count(app, looks):
    browser, start = Browser(app), datetime(2026, 11, 22, 9, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as clock:
        for _ in range(5):
            tries(browser)
        clock.shift(timedelta(minutes=4, seconds=59))
        answer = tries(browser, password=PASSWORD)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        clock.shift(timedelta(seconds=1))
        assert tries(browser, password=PASSWORD).status_code == 302


def test_one_place_has_twenty_tries_at_all_accounts_together(app, looks):
    browser = Browser(app)
    codes = [tries(browser, f"person_{number}").status_code for number in range(25)]
    assert codes == [422] * 20 + [429] * 5
    assert tries(browser, "supervisor", PASSWORD, address="198.51.100.9").status_code == 302


def test_an_attacked_account_gives_a_stranger_one_try_and_its_own_places_five(app, looks):
    home = signed_in(app, address="198.51.100.9")
    home.post("/logout/")
    for number in range(20):
        tries(Browser(app), address=f"203.0.113.{number}")
    stranger = Browser(app)
    assert [tries(stranger, address="192.0.2.1").status_code for _ in range(3)] == [422, 429, 429]
    assert [tries(home, address="192.0.2.2").status_code for _ in range(6)] == [422] * 5 + [429]
    assert tries(Browser(app), password=PASSWORD, address="198.51.100.9").status_code == 302


def test_a_device_counts_apart_from_its_network_for_its_own_account_alone(app, looks):
    colleague = signed_in(app, "manager_b")
    mine = signed_in(app, "manager_a")
    for browser in (colleague, mine):
        browser.post("/logout/")
    for number in range(25):
        tries(Browser(app), f"person_{number}")
    assert tries(Browser(app), "manager_a", PASSWORD).status_code == 429, "a new browser in a network that guesses"
    assert tries(mine, "manager_a", PASSWORD).status_code == 302
    assert tries(colleague, "manager_a", PASSWORD).status_code == 429, "somebody else's device proves nothing"


def test_a_made_up_device_is_none(app, looks):
    browser = Browser(app)
    for number in range(7):
        browser.client.set_cookie("device", f"made-up-{number}.AAAA")
        answer = tries(browser)
    assert answer.status_code == 429


def test_tries_at_the_same_moment_count_one_another(app, looks, monkeypatch):
    codes, both = [], threading.Barrier(12)

    def send():
        browser = Browser(app)
        both.wait()
        codes.append(tries(browser).status_code)

    threads = [threading.Thread(target=send) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(codes) <= {422, 429} and len(looks) <= 5


def test_tries_that_count_no_more_are_forgotten(app, looks, rows):
    tries(Browser(app))
    with rows() as session:
        assert forget_old_tries(session, at=now()) == 0
        assert forget_old_tries(session, at=now() + timedelta(days=2)) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.9", "198.51.100.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.9", "198.51.100.9"),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_what_an_address_counts_as(address, network):
    assert network_of(address) == network


# ---- finding out names ------------------------------------------------------------------------------------


def test_an_unknown_name_a_wrong_password_and_a_disabled_person_are_one(app, looks, rows):
    with rows() as session:
        unusable = session.scalars(select(Employee).where(Employee.username == "nobody")).one()
        unusable.password = "!"
    pages = []
    for name, password in (("manager_a", WRONG), ("no.such.person", WRONG), ("disabled", PASSWORD), ("nobody", "!")):
        looks.clear()
        answer = tries(Browser(app), name, password, address="192.0.2.77")
        assert (answer.status_code, len(looks)) == (422, 1), name
        assert SAYS_WRONG in text_of(answer)
        pages.append(re.sub(r'value="[^"]*"|\b[0-9a-f]{12}\b|content="[^"]*"', "", answer.text))
    assert len(set(pages)) == 1
    waits = [[tries(Browser(app), name, address="192.0.2.78").status_code for _ in range(6)] for name in ("x", "admin")]
    assert waits[0] == waits[1] == [422] * 5 + [429]


def test_each_try_takes_the_same_statements(app, looks):
    from tests.walk import counted

    found = set()
    for name in ("manager_a", "no.such.person", "disabled"):
        browser = Browser(app)
        with counted(app) as seen:
            tries(browser, name)
        found.add(tuple(seen))
    assert len(found) == 1


def test_the_name_is_read_in_any_letters(app, looks):
    assert tries(Browser(app), " Manager_A ", PASSWORD).status_code == 302


def test_a_name_that_cannot_be_one_is_refused_in_the_form(app, looks):
    for name in ("a\x00b", "x" * 65):
        assert tries(Browser(app), name).status_code == 422
    assert looks == []


# ---- what is noted ----------------------------------------------------------------------------------------


def test_signing_in_and_out_is_noted_and_so_is_a_wrong_try(app, looks, rows):
    tries(Browser(app), "x" * 64, address="192.0.2.5")
    signed_in(app, address="192.0.2.6").post("/logout/", environ_overrides={"REMOTE_ADDR": "192.0.2.6"})
    assert noted(rows, AuditKind.SIGN_IN_FAILED) == [("x" * 64, "192.0.2.5", "")]
    assert noted(rows, AuditKind.SIGN_IN) == [("manager_a", "192.0.2.6", "")]
    assert noted(rows, AuditKind.SIGN_OUT) == [("manager_a", "192.0.2.6", "Signed out")]


# ---- stolen and planted cookies -----------------------------------------------------------------------------


def token_of(browser):
    """The token in a browser's cookie."""
    with browser.client.session_transaction() as cookie:
        return cookie.get("token")


def test_every_sign_in_has_a_new_token_and_only_its_hash_is_stored(app, looks, rows):
    browser = Browser(app)
    with browser.client.session_transaction() as cookie:
        cookie.update({"token": "planted", "foreign": "planted"})
    tries(browser, password=PASSWORD)
    first = token_of(browser)
    browser.post("/logout/")
    assert token_of(browser) is None
    tries(browser, password=PASSWORD)
    assert len({first, token_of(browser), "planted"}) == 3
    with browser.client.session_transaction() as cookie:
        assert set(cookie) <= {"token", "locale"}
    with rows() as session:
        kept = session.execute(select(*SignIn.__table__.columns)).all()
        assert first not in str(kept) and len(kept) == 2


def test_a_planted_session_becomes_nobodys(app, looks):
    """Whoever plants his own cookie in a browser is not in it once its owner has signed in."""
    attacker, victim = Browser(app), Browser(app)
    attacker.get("/login/")
    victim.client.set_cookie("session", attacker.client.get_cookie("session").value)
    tries(victim, password=PASSWORD)
    assert attacker.get("/").status_code == 302
    assert victim.get("/").status_code == 200


def test_signing_out_ends_a_copied_cookie_too(app, looks):
    mine, copy = signed_in(app), Browser(app)
    copy.client.set_cookie("session", mine.client.get_cookie("session").value)
    assert copy.get("/").status_code == 200
    mine.post("/logout/")
    assert copy.get("/").status_code == 302


def test_a_cookie_that_another_key_signed_is_none(app, home, looks):
    other = create_app(settings_for(home.url, CRM_SECRET_KEY="o" * 40))
    theirs, mine = Browser(other, "admin"), Browser(app)
    mine.client.set_cookie("session", theirs.client.get_cookie("session").value)
    assert mine.get("/").status_code == 302
    with other.app_context():
        db.engine.dispose()


def test_the_names_that_flask_login_reads_open_nothing(app):
    browser = Browser(app)
    with browser.client.session_transaction() as cookie:
        cookie.update({"_user_id": "1", "_fresh": True})
    browser.client.set_cookie("remember_token", "1|x")
    assert browser.get("/").status_code == 302


@contextmanager
def production(home):
    """The application as it runs behind HTTPS."""
    app = create_app(settings_for(home.url, CRM_ENV="production", CRM_ALLOWED_HOSTS="localhost"))
    app.config["WTF_CSRF_ENABLED"] = False
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def flags(answer):
    """The cookies that an answer sets, by name, with their attributes."""
    found = {}
    for line in answer.headers.getlist("Set-Cookie"):
        name, _, rest = line.partition("=")
        found[name] = {part.strip().partition("=")[0]: part.partition("=")[2] for part in rest.split(";")[1:]}
    return found


def test_cookies_of_a_demo(app, looks):
    found = flags(tries(Browser(app), password=PASSWORD))
    assert found["session"] == {"HttpOnly": "", "Path": "/", "SameSite": "Lax"}
    assert found["device"].keys() == {"HttpOnly", "Path", "SameSite", "Max-Age", "Expires"}
    assert found["device"]["Max-Age"] == str(180 * 24 * 3600)


def test_cookies_in_production(app, home, looks):
    with production(home) as real:
        browser = Browser(real)
        answer = tries(browser, password=PASSWORD, base_url="https://localhost")
        found = flags(answer)
        assert found["__Host-session"] == {"HttpOnly": "", "Path": "/", "SameSite": "Lax", "Secure": ""}
        assert found["__Host-device"]["SameSite"] == "Lax" and "Secure" in found["__Host-device"]
        assert all("Domain" not in one for one in found.values())
        assert browser.get("/", base_url="https://localhost").status_code == 200
        assert len(answer.headers["Set-Cookie"]) < 400
        assert "max-age=" in answer.headers["Strict-Transport-Security"]


def test_the_form_needs_its_token(strict_app, looks):
    assert tries(Browser(strict_app), password=PASSWORD).status_code == 400
    browser = Browser(strict_app)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get("/login/").text).group(1)
    fields = {"username": "manager_a", "password": PASSWORD, "csrf_token": token}
    assert Browser(strict_app).post("/login/", fields).status_code == 400
    assert browser.post("/login/", fields).status_code == 302
    assert browser.post("/logout/", {"csrf_token": token}).status_code == 400, "the token of before is of no use"
    assert looks == [False]


# ---- being led elsewhere ------------------------------------------------------------------------------------

ELSEWHERE = (
    "//evil.com",
    "///evil.com",
    "////evil.com/x",
    "https://evil.com",
    "http:evil.com",
    "http:/evil.com",
    "https:///evil.com",
    "/\\evil.com",
    "\\\\evil.com",
    "/\t/evil.com",
    "/\n//evil.com",
    "\t//evil.com",
    " //evil.com",
    "javascript:alert(1)",
    "data:text/html,x",
    "user@evil.com",
    "//user@evil.com",
    "https://localhost@evil.com",
    "//[",
    "//evil.com%2F@localhost",
    "evil.com",
    "",
)


@pytest.mark.parametrize("target", ELSEWHERE)
def test_signing_in_leads_nowhere_else(app, looks, target):
    browser = Browser(app)
    answer = tries(browser, password=PASSWORD, query_string={"next": target})
    assert (answer.status_code, answer.location) == (302, "/")
    assert browser.get("/login/", query_string={"next": target}).location == "/"


@pytest.mark.parametrize("target", ["/opportunities/list/?name=a%2Fb", "/plans/show/3", "/%5Cevil.com", "/a//b"])
def test_signing_in_leads_back_to_a_page_of_ours(app, looks, target):
    assert safe_path(target) == target
    assert tries(Browser(app), password=PASSWORD, query_string={"next": target}).location == target


# ---- the frame, the host, the kind of content, and files ------------------------------------------------------


@pytest.mark.parametrize("path", ["/login/", "/", "/account", "/account/password", "/static/app.js", "/no/such/page"])
def test_no_page_is_framed_or_taken_for_another_kind(as_, path):
    answer = as_("admin").get(path)
    answer.close()
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("host", ["evil.com", "localhost.evil.com", "evil.com:80", "localhost@evil.com", "", "[::1"])
def test_a_foreign_host_is_refused_and_led_nowhere(app, looks, host):
    answer = tries(Browser(app), password=PASSWORD, headers={"Host": host})
    assert answer.status_code == 400
    assert answer.location is None and "evil.com" not in answer.text
    assert looks == []


def test_the_host_that_a_proxy_tells_is_believed_of_none(as_):
    answer = as_().get("/plans/list/", headers={"X-Forwarded-Host": "evil.com", "X-Forwarded-For": "192.0.2.1"})
    assert answer.location.startswith("/login/")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../config.py",
        "/static/%2e%2e/config.py",
        "/static/..%2fextensions.py",
        "/static/%2e%2e%2fextensions.py",
        "/static/..\\extensions.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/vendor/../../extensions.py",
        "/static/\x00",
        "/static/",
        "/static/vendor",
    ],
)
def test_no_file_but_those_of_the_pages_is_given(as_, path):
    answer = as_("admin").get(path, follow_redirects=True)
    assert answer.status_code in {400, 404}
    assert "import" not in answer.text and "root:" not in answer.text


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_there_is_no_interface_for_programs_yet(as_, method):
    for who in ("admin", None):
        for path in ("/api/v1/security/login", "/api/v1/opportunities/", "/api/"):
            assert as_(who).client.open(path, method=method).status_code == 404


@pytest.mark.one_database
def test_no_route_is_left_out_of_the_check_of_tokens(strict_app):
    from app.extensions import csrf

    assert csrf._exempt_views == set() and csrf._exempt_blueprints == set()
    browser = Browser(strict_app, "admin")
    posts = [route for route in routes(strict_app) if route.method == "POST"]
    assert len(posts) > 20
    for route in posts:
        assert browser.post(route.path).status_code == 400, route.path
    assert browser.get("/").status_code == 200


# ---- time ---------------------------------------------------------------------------------------------------


def seen(rows):
    """When each session was seen last."""
    with rows() as session:
        return session.execute(select(SignIn.id, SignIn.last_seen_at, SignIn.ended_at).order_by(SignIn.id)).all()


@pytest.mark.one_database
def test_looking_at_pages_changes_no_session_within_its_first_minute(app, rows):
    browser = Browser(app, "admin")
    before = seen(rows)
    for route in routes(app):
        if route.method == "GET":
            browser.get(route.path)
    assert seen(rows) == before


def test_who_was_here_is_kept_once_a_minute_and_not_for_what_a_page_asks_by_itself(app, rows):
    start = datetime(2026, 11, 22, 9, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as clock:
        browser = Browser(app, "manager_a")
        clock.shift(timedelta(minutes=2))
        assert browser.post("/reminders/check").status_code == 200
        assert seen(rows)[0].last_seen_at == start
        browser.get("/")
        clock.shift(timedelta(seconds=59))
        browser.get("/")
        assert seen(rows)[0].last_seen_at == start + timedelta(minutes=2)


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_who_rests_too_long_is_told_so_and_comes_back_to_the_page(app, rows, looks, locale):
    words = {"zh": "您已 120 分钟没有操作", "en": "after 120 minutes without activity"}[locale]
    with time_machine.travel(datetime(2026, 11, 22, 9, tzinfo=UTC), tick=False) as clock:
        browser = Browser(app, "manager_a", locale=locale)
        clock.shift(timedelta(minutes=119))
        assert browser.get("/").status_code == 200
        for _ in range(5):
            clock.shift(timedelta(minutes=24))
            browser.post("/reminders/check")
        part = browser.get("/plans/list/?page=1", headers={"HX-Request": "true"})
        assert part.status_code == 401
        answer = browser.get("/plans/list/?page=1")
        assert (answer.status_code, answer.location) == (302, "/login/?next=/plans/list/?page%3D1")
        assert words in text_of(browser.get(answer.location))
        clock.shift(timedelta(days=1))
        assert words in text_of(browser.get(answer.location))
        back = browser.post(answer.location, {"username": "manager_a", "password": PASSWORD})
        assert back.location == "/plans/list/?page=1"
        assert browser.get("/login/").status_code == 302
    with rows() as session:
        assert [one.ended_because for one in session.scalars(select(SignIn).order_by(SignIn.id))] == ["idle", None]


def test_who_is_never_idle_is_out_after_the_longest_time(app):
    with time_machine.travel(datetime(2026, 11, 22, 9, tzinfo=UTC), tick=False) as clock:
        browser = Browser(app, "manager_a")
        for _ in range(23):
            clock.shift(timedelta(hours=1))
            assert browser.get("/").status_code == 200
        clock.shift(timedelta(hours=1))
        assert "登录已满 24 小时" in text_of(browser.get(browser.get("/").location))


def test_the_limits_are_settings_and_count_at_once(app, rows):
    from app.models import SettingValue

    with time_machine.travel(datetime(2026, 11, 22, 9, tzinfo=UTC), tick=False) as clock:
        browser = Browser(app, "manager_a")
        with rows() as session:
            session.add(SettingValue(key="idle_minutes", value="5"))
        clock.shift(timedelta(minutes=4))
        assert browser.get("/").status_code == 200
        clock.shift(timedelta(minutes=5))
        assert "您已 5 分钟没有操作" in text_of(browser.get(browser.get("/").location))


@pytest.mark.one_database
def test_somebody_who_writes_at_length_keeps_nobody_from_reading(app, rows):
    """The moment somebody was seen is not worth waiting for on SQLite, which has one writer at a time."""
    with time_machine.travel(datetime(2026, 11, 22, 9, tzinfo=UTC), tick=False) as clock, rows() as session:
        browser = Browser(app, "manager_a")
        clock.shift(timedelta(minutes=2))
        writer = db.engine.raw_connection()
        writer.execute("BEGIN IMMEDIATE")
        assert browser.get("/").status_code == 200
        writer.rollback()
        writer.close()
        browser.get("/")
        assert session.scalar(select(func.max(SignIn.last_seen_at))) == now()


# ---- ended by somebody ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "words"), [("active", "您的账号已停用"), ("password", "密码已修改"), ("roles", "您的角色已变更")]
)
def test_a_change_of_rights_ends_every_session_whoever_makes_it(app, rows, field, words):
    browsers = [Browser(app, "manager_a"), Browser(app, "manager_a")]
    other = Browser(app, "manager_b")
    value = {"active": False, "password": "!", "roles": []}[field]
    with rows() as session:
        setattr(session.scalars(select(Employee).where(Employee.username == "manager_a")).one(), field, value)
    for browser in browsers:
        answer = browser.get("/")
        assert answer.status_code == 302
        assert words in text_of(browser.get(answer.location))
    assert other.get("/").status_code == 200
    assert noted(rows, AuditKind.SIGN_OUT)


def test_a_change_of_anything_else_ends_none(app, rows):
    browser = Browser(app, "manager_a")
    with rows() as session:
        person = session.scalars(select(Employee).where(Employee.username == "manager_a")).one()
        person.phone, person.active, person.locale = "8012", True, "zh"
    assert browser.get("/").status_code == 200


def test_who_is_disabled_past_the_session_is_out_too(app, rows):
    browser = Browser(app, "manager_a")
    with rows() as session:
        session.execute(update(Employee).where(Employee.username == "manager_a").values(active=False))
    assert browser.get("/").status_code == 302
