"""The edge between requests and the rest: who is asking, in which language, and what every refusal looks like."""

import hashlib
import logging
import uuid
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g, redirect, render_template, request, url_for
from flask import session as cookie
from flask.globals import request_ctx
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app.errors import DomainError
from app.extensions import session
from app.i18n import gettext
from app.models.installation import DEMO_MARK, Installation
from app.models.org import Employee
from app.security.actor import Actor, load_actor
from app.security.rights import CATALOGUE, Verb
from app.views.bell import bell
from app.views.guards import Guard, guard_of
from app.views.listing import BadAddress
from app.views.presentation import Page

log = logging.getLogger(__name__)
OPEN_ENDPOINTS = {"static"}
#: Keys are 32-bit numbers.
LARGEST_KEY = 2**31 - 1
#: The most rows that one action takes.
MOST_ROWS = 100
#: Another transaction came in between: SQLSTATEs of serialization failure, deadlock and lock not available.
LOST_RACES = {"40001", "40P01", "55P03"}


@dataclass(frozen=True)
class Reader:
    """What the frame says of the signed-in person, kept apart from the database."""

    name: str
    initials: str
    roles: str
    locale: str
    theme: str


def prepare(app: Flask) -> None:
    """Put the edge around an application."""
    app.before_request(admit)
    app.after_request(add_headers)
    app.context_processor(frame)
    app.register_error_handler(DomainError, answer_refusal)
    app.register_error_handler(CSRFError, answer_forged)
    app.register_error_handler(BadAddress, answer_bad_address)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(Exception, answer_defect)


# ---- who is asking ------------------------------------------------------------------------------------


def admit() -> Response | str | tuple[Any, int] | None:
    """Let the request in, or answer it: every route asks for what its guard says, and none without a guard."""
    g.request_id = uuid.uuid4().hex[:12]
    g.actor, g.reader = None, None
    if request.endpoint in OPEN_ENDPOINTS or request.routing_exception is not None:
        cookie.setdefault("locale", preferred_locale(None))
        return None
    handler = current_app.view_functions[str(request.endpoint)]
    _recognise()
    return _judge(handler, guard_of(handler))


def _judge(handler: Any, guard: Guard | None) -> Response | str | tuple[Any, int] | None:
    """The answer for who may not call the route; None for who may."""
    if guard is None:
        return error_page(HTTPStatus.FORBIDDEN, gettext("This page is closed."))
    if guard.is_public:
        return None
    if g.actor is None:
        return ask_to_sign_in()
    if not guard.admits(getattr(handler, "__self__", None), g.actor):
        return error_page(HTTPStatus.FORBIDDEN, SENTENCES[403])
    return None


def _recognise() -> None:
    known = current_app.extensions
    if "crm_is_demo" not in known:  # asked once in the life of a process
        known["crm_is_demo"] = session().get(Installation, DEMO_MARK) is not None
    person = cast(Employee, current_user) if current_user.is_authenticated else None
    cookie["locale"] = preferred_locale(person)
    if person is None:
        return
    g.actor = load_actor(session(), person)
    session().info["actor"] = g.actor
    g.reader = Reader(
        person.full_name,
        initials(person.full_name),
        ", ".join(gettext(name) for name in g.actor.roles),
        str(cookie["locale"]),
        person.theme or "auto",
    )


def initials(name: str) -> str:
    """Two letters for the round sign: the given name of a Chinese name, else the first letters."""
    if name.isascii():
        return "".join(word[0] for word in name.split()[:2]).upper()
    return name[-2:]


def preferred_locale(person: Employee | None) -> str:
    """The person's language, else the one chosen at sign-in, else the browser's, else the company's."""
    known = current_app.config["LANGUAGES"]
    asked = person.locale if person is not None else None
    asked = asked or cookie.get("chosen_locale") or request.accept_languages.best_match(list(known))
    return str(asked if asked in known else current_app.config["BABEL_DEFAULT_LOCALE"])


def ask_to_sign_in() -> Response | tuple[dict[str, str], int]:
    """302 to the sign-in page; 401 for a part of a page or JSON."""
    if wants_part():
        return {"error": gettext("Please sign in.")}, HTTPStatus.UNAUTHORIZED
    rows = [row for row in request.form.getlist("row") if len(row) <= 2 * len(str(LARGEST_KEY)) + 1]
    chosen = urlencode([("row", row) for row in rows[:MOST_ROWS]])
    query = request.query_string.decode(errors="ignore") if request.method == "GET" else chosen
    return redirect(url_for("SignIn.login", next=f"{request.path}?{query}" if query else request.path))


def safe_path(address: str) -> str:
    """``address`` when it leads to a page of ours, else the first page; nobody is led to another host."""
    parts = urlsplit(address)
    is_ours = address.startswith("/") and not address.startswith("//") and not parts.netloc and not parts.scheme
    is_plain = "\\" not in address and not any(ord(letter) < 32 for letter in address)
    return address if is_ours and is_plain else "/"


def wants_part() -> bool:
    """Whether the browser asks for a piece of a page or for JSON, not for a page."""
    return bool(request.headers.get("HX-Request")) or request.accept_mimetypes.best == "application/json"


def read_key(text: str) -> int | None:
    """The key in a posted text or an address; None when it cannot be one."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_KEY))
    return int(text) if is_number and int(text) <= LARGEST_KEY else None


def actor() -> Actor:
    """The person of this request."""
    return cast(Actor, g.actor)


def zone() -> ZoneInfo:
    """The company's time zone."""
    return cast(ZoneInfo, current_app.extensions["crm_zone"])


# ---- refusals and failures ----------------------------------------------------------------------------


def error_page(code: int, sentence: Any, title: Any = None) -> Any:
    """A page that says what happened and what to do; JSON for who asked for JSON."""
    if request.accept_mimetypes.best == "application/json":
        return {"error": str(sentence), "request_id": g.get("request_id", "")}, code
    heading = title or TITLES.get(code, _l("Something went wrong"))
    if request_ctx.url_adapter is None:  # a host that is not ours: no page of ours has an address there
        return f"{code} {heading}\n{sentence}\n", code, {"Content-Type": "text/plain; charset=utf-8"}
    page = Page(heading, "")
    body = render_template(
        "crm/error.html",
        page=page,
        code=code,
        title=heading,
        sentence=sentence,
        request_id=g.get("request_id", ""),
        home_href="/",
    )
    return body, code


TITLES = {
    400: _l("The request cannot be read"),
    403: _l("Not allowed"),
    404: _l("Not found"),
    405: _l("Not possible this way"),
    409: _l("Not possible any more"),
    413: _l("Too large"),
    422: _l("Please check what you typed"),
    429: _l("Too many requests"),
    500: _l("Something went wrong"),
    503: _l("Not available at the moment"),
}
SENTENCES = {
    400: _l("A part of the address or of the form cannot be read. Go back and try again."),
    403: _l("You do not have the right to do this."),
    404: _l("This page does not exist, or you may not see it."),
    409: _l("Somebody saved something at the same moment that this depends on. Please try again."),
    405: _l("This address cannot be opened directly. Go back and use the button."),
    413: _l("What was sent is too large."),
    429: _l("Please wait a moment and try again."),
    500: _l("This is our fault, not yours. Please tell your administrator the number below."),
    503: _l("The database cannot be reached at the moment. Please try again in a minute."),
}


def answer_refusal(refusal: DomainError) -> Any:
    """The business said no outside a form."""
    session().rollback()
    return error_page(refusal.status, refusal.sentence)


def answer_forged(_error: CSRFError) -> Any:
    """A form without its token: an old tab, or somebody else's page."""
    return error_page(400, gettext("This form is too old or did not come from here. Load the page again and retry."))


def answer_bad_address(error: BadAddress) -> Any:
    """A parameter of the address that cannot be read."""
    return error_page(400, gettext("This address cannot be read: check “%(name)s”.", name=error))


def answer_http(error: HTTPException) -> Any:
    """The answers of the framework, in the reader's language; redirects pass."""
    code = error.code or 500
    if code < HTTPStatus.BAD_REQUEST:
        return error
    response = current_app.make_response(error_page(code, SENTENCES.get(code, SENTENCES[400 if code < 500 else 500])))
    allowed = getattr(error, "valid_methods", None)
    if code == HTTPStatus.METHOD_NOT_ALLOWED and allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def answer_defect(error: Exception) -> Any:
    """A defect or a broken database: logged with the request's number, told plainly."""
    session().rollback()
    code = failure_code(error)
    log.exception("request %s failed", g.get("request_id", ""))
    if code == HTTPStatus.BAD_REQUEST:
        return error_page(400, SENTENCES[400])
    return error_page(code, SENTENCES[code])


def failure_code(error: Exception) -> int:
    """400 for a value the database cannot take, 409 for a lost race, 503 for a database that does not answer."""
    if isinstance(error, DataError):
        return HTTPStatus.BAD_REQUEST
    if getattr(getattr(error, "orig", None), "sqlstate", None) in LOST_RACES:
        return HTTPStatus.CONFLICT
    is_gone = isinstance(error, OperationalError) or getattr(error, "connection_invalidated", False)
    return HTTPStatus.SERVICE_UNAVAILABLE if is_gone and isinstance(error, DBAPIError) else 500


# ---- the frame ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MenuEntry:
    """One screen of the menu."""

    label: Any
    href: str
    is_current: bool


@dataclass(frozen=True)
class MenuModule:
    """One module of the menu with the screens its reader may see."""

    label: Any
    icon: str
    screens: list[MenuEntry]

    @property
    def is_open(self) -> bool:
        """Whether the reader is in it."""
        return any(screen.is_current for screen in self.screens)


def menu() -> list[MenuModule]:
    """The modules and screens the actor may see."""
    found = []
    for module in CATALOGUE:
        entries = [
            MenuEntry(screen.label, f"/{screen.key}/list/", request.path.startswith(f"/{screen.key}/"))
            for screen in module.screens
            if screen.in_menu and g.actor and g.actor.may(screen.right(Verb.SEE))
        ]
        if entries:
            found.append(MenuModule(module.label, module.icon, entries))
    return found


def frame() -> dict[str, Any]:
    """What the frame around every page needs."""
    locale = str(get_locale() or "zh")
    known = current_app.config["LANGUAGES"]
    return {
        "reader": g.get("reader"),
        "menu": menu() if g.get("actor") else [],
        "bell": bell,
        "languages": [(code, one["name"], code == locale[:2]) for code, one in known.items()],
        "is_demo": current_app.extensions.get("crm_is_demo", False),
        "asset": asset,
        "html_lang": "zh-CN" if locale.startswith("zh") else "en",
    }


def asset(path: str) -> str:
    """The address of a static file with its content hash, so that it may be kept for a year."""
    return _asset(path, request.script_root)


@cache
def _asset(path: str, _root: str) -> str:
    return url_for("static", filename=path, v=_digest(path))


@cache
def _digest(path: str) -> str:
    file = Path(current_app.static_folder or "") / path
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def add_headers(response: Response) -> Response:
    """Security headers on every answer; hashed assets are kept, pages are not."""
    response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint == "static" and "v" in request.args:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    elif request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    if current_app.config["CRM_SETTINGS"].is_production:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
