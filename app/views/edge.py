"""The edge between requests and the rest: who is asking, in which language, and the frame around every page."""

import secrets
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g, redirect, request, url_for
from flask import session as cookie
from flask.globals import request_ctx
from flask_babel import get_locale
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.actions import sessions
from app.clock import now
from app.database import impatient
from app.errors import Forbidden, OutOfSight
from app.extensions import session
from app.i18n import gettext, listed
from app.models.installation import DEMO_MARK, Installation
from app.models.org import Employee
from app.security.actor import Actor, Person, load_actor
from app.security.audit import Origin
from app.security.roles import name_of_role
from app.security.scope import WATCHED
from app.security.see_as import seen_through
from app.views import assets, failures, refusals
from app.views.assets import asset, keeping
from app.views.bell import bell
from app.views.failures import split_address
from app.views.guards import Guard, guard_of
from app.views.menu import menu, siblings
from config import LARGEST_UPLOAD

OPEN_ENDPOINTS = {"static"}
#: The place in the cookie where it stands as whom an administrator sees.
SEEN_AS = "seen_as"
Record = TypeVar("Record")
#: Keys are 32-bit numbers.
LARGEST_KEY = 2**31 - 1
#: The most rows that one action takes.
MOST_ROWS = 100
#: What an open page asks by itself: nobody need sit before it.
BACKGROUND_ENDPOINTS = {"Reminders.check"}
#: What is open to somebody who has to choose a password of his own first.
PASSWORD_ENDPOINT = "Account.password"  # noqa: S105  # the name of an endpoint


@dataclass(frozen=True)
class Reader:
    """What the frame says of the signed-in person, kept apart from the database."""

    name: str
    initials: str
    role_names: tuple[str, ...]
    locale: str
    theme: str

    @property
    def roles(self) -> str:
        """The names of the roles in his language, which few answers tell."""
        return listed(name_of_role(name) for name in self.role_names)


def prepare(app: Flask) -> None:
    """Put the edge around an application."""
    app.before_request(admit)
    app.after_request(add_headers)
    app.context_processor(frame)
    app.after_request(refusals.log_refusal)
    failures.prepare(app)
    assets.prepare(app)


# ---- who is asking ------------------------------------------------------------------------------------


def admit() -> Response | str | tuple[Any, int] | None:
    """Let the request in, or answer it: every route asks for what its guard says, and none without a guard."""
    g.request_id = uuid.uuid4().hex[:12]
    g.actor, g.reader, g.known = None, None, None
    if request.method == "HEAD":
        request.method = "GET"  # the same answer without its body: nothing may take it for a POST
    if request.endpoint in OPEN_ENDPOINTS or request_ctx.url_adapter is None:
        return None
    if "locale" not in cookie:  # also for the page that says why nobody can be recognised
        cookie["locale"] = preferred_locale(None)
    handler = current_app.view_functions.get(str(request.endpoint))
    guard = guard_of(handler)
    _recognise(may_see_as=guard is None or not guard.is_public)
    if request.routing_exception is not None:  # told within the frame to who is signed in
        return None
    refusal = _judge(handler, guard)
    if refusal is None and getattr(handler, "takes_files", False):
        request.max_content_length = LARGEST_UPLOAD
    return refusal


def _judge(handler: Any, guard: Guard | None) -> Response | str | tuple[Any, int] | None:
    """The answer for who may not call the route; None for who may."""
    if guard is None:
        return failures.error_page(HTTPStatus.FORBIDDEN, gettext("This page is closed."))
    if guard.is_public:
        return None
    if g.actor is None:
        return ask_to_sign_in()
    missing = guard.missing(getattr(handler, "__self__", None), g.actor)
    if missing:
        raise Forbidden(failures.STORIES[HTTPStatus.FORBIDDEN].sentence, right=missing)
    if g.actor.is_watched and request.method != "GET":
        raise Forbidden(WATCHED)
    if person().must_change_password and request.endpoint != PASSWORD_ENDPOINT:
        return _ask_for_password()
    return None


def _ask_for_password() -> Response | tuple[Any, int]:
    """A password that somebody else chose opens nothing but the page where it is changed."""
    if request.method != "GET" or wants_part():
        refusal: tuple[Any, int] = failures.error_page(HTTPStatus.FORBIDDEN, gettext("Choose a new password first."))
        return refusal
    return redirect(url_for(PASSWORD_ENDPOINT, next=request.full_path.rstrip("?")))


def _recognise(*, may_see_as: bool) -> None:
    extensions, here = current_app.extensions, session()
    if "crm_is_demo" not in extensions:  # asked once in the life of a process
        extensions["crm_is_demo"] = here.get(Installation, DEMO_MARK) is not None
    g.known = known = _known(here)
    who: Employee | Person | None = known.person if known and known.is_in else None
    locale = preferred_locale(who)
    if cookie["locale"] != locale:  # a cookie that stays as it was is neither signed nor sent again
        cookie["locale"] = locale
    if known is None or who is None:
        return
    acting, theme = load_actor(here, who), who.theme or "auto"
    here.info["origin"] = Origin(who.id, who.username, request.remote_addr or "", g.request_id)
    here.info["sign_in_id"] = known.sign_in_id
    seen = seen_through(here, acting, cookie[SEEN_AS]) if may_see_as and SEEN_AS in cookie else None
    if seen is not None:
        who, acting = seen
    here.info["actor"] = g.actor = acting
    g.reader = Reader(who.full_name, initials(who.full_name), acting.roles, locale, theme)


def _known(here: Session) -> sessions.Known | None:
    """Whose session this is; keeps now and then that somebody was here, and that it is over."""
    token = cookie.get("token")
    known = sessions.recognise(here, token, at=now()) if token else None
    if known is None or known.was_over:
        return known
    is_quiet = request.endpoint in BACKGROUND_ENDPOINTS or "X-Quiet" in request.headers
    is_due = now() - known.last_seen_at >= sessions.SEEN_EVERY and not is_quiet
    if is_due or not known.is_in:
        try:
            with impatient(here):
                sessions.keep_seen(here, known, at=now())
            here.commit()
        except OperationalError:  # somebody else is writing: the next request keeps it
            here.rollback()
    return known


def initials(name: str) -> str:
    """Two letters for the round sign: the given name of a Chinese name, else the first letters."""
    if name.isascii():
        return "".join(word[0] for word in name.split()[:2]).upper()
    return name[-2:]


def preferred_locale(person: Employee | Person | None) -> str:
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
    parts = split_address(address)
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


def load(model: type[Record], pk: int) -> Record:
    """The record of that key within this person's sight; raises OutOfSight."""
    row = session().get(model, pk) if pk <= LARGEST_KEY else None
    if row is None:
        raise OutOfSight(model, pk)
    return row


def actor() -> Actor:
    """The person of this request, as far as rights go."""
    return cast(Actor, g.actor)


def person() -> Person:
    """The person of this request."""
    return cast(Person, g.known.person)


def own_record() -> Employee:
    """The record of the person of this request."""
    return session().get_one(Employee, person().id)


def zone() -> ZoneInfo:
    """The company's time zone."""
    return cast(ZoneInfo, current_app.extensions["crm_zone"])


# ---- the frame ----------------------------------------------------------------------------------------


def frame() -> dict[str, Any]:
    """What the frame around every page needs."""
    locale = str(get_locale() or "zh")
    known = current_app.config["LANGUAGES"]
    return {
        "reader": g.get("reader"),
        "menu": menu() if g.get("actor") else [],
        "bell": bell,
        "is_watched": bool(g.get("actor") and g.actor.is_watched),
        "siblings": siblings() if g.get("actor") else [],
        "nonce": nonce,
        "languages": [(code, one["name"], code == locale[:2]) for code, one in known.items()],
        "is_demo": current_app.extensions.get("crm_is_demo", False),
        "asset": asset,
        "html_lang": "zh-CN" if locale.startswith("zh") else "en",
    }


ON_EVERY_ANSWER = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin"}
CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
    "font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def nonce() -> str:
    """What a script of this answer carries so that the style sheet it makes is let through."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def add_headers(response: Response) -> Response:
    """Security headers on every answer; hashed assets are kept, pages are not."""
    if "Content-Security-Policy" not in response.headers:  # an attachment has a stricter one
        response.headers.add("Content-Security-Policy", CONTENT_POLICY.format(nonce=nonce()))
    response.headers.extend(ON_EVERY_ANSWER)
    response.headers["Cache-Control"] = keeping(response)
    if current_app.config["CRM_SETTINGS"].is_production:
        response.headers.add("Strict-Transport-Security", "max-age=31536000")
    return response
