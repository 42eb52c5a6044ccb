"""What refusals and failures look like: a page that says what happened, what to do, and the way back."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from flask import Flask, current_app, g, render_template, request
from flask.globals import request_ctx
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app.errors import DomainError, Forbidden, OutOfSight
from app.extensions import session
from app.i18n import Label, LazyString, gettext
from app.security import reasons
from app.security.rights import SCREENS, Verb
from app.views.listing import BadAddress
from app.views.presentation import Page

log = logging.getLogger(__name__)
#: Another transaction came in between: SQLSTATEs of serialization failure, deadlock and lock not available.
LOST_RACES = {"40001", "40P01", "55P03"}
#: After how many seconds a program may ask again, once the database did not answer.
RETRY_AFTER = 30
#: Those that may go away by themselves, so that the first thing to do is to try again.
PASSING = {409, 429, 500, 503}
#: The refusals of a business rule whose sentence says itself what to do.
RULES = {409, 422}


@dataclass(frozen=True)
class Story:
    """What is told of an answer's code: a title, what happened, what to do, and the sign beside it."""

    title: LazyString
    sentence: LazyString
    advice: LazyString
    sign: str = "alert-triangle"


STORIES: Mapping[int, Story] = {
    400: Story(
        Label("The request cannot be read"),
        Label("A part of the address or of the form cannot be read."),
        Label("Go back, load the page again, and retry."),
    ),
    403: Story(
        Label("Not allowed"),
        Label("You do not have the right to do this."),
        Label("If your work needs it, ask your administrator."),
        "lock",
    ),
    404: Story(
        Label("Not found"),
        Label("This page does not exist, or you may not see it."),
        Label("Check the address, or look for the record in its list."),
        "search",
    ),
    405: Story(
        Label("Not possible this way"),
        Label("This address cannot be opened directly."),
        Label("Go back and use the button there."),
    ),
    409: Story(
        Label("Not possible any more"),
        Label("Somebody saved something at the same moment that this depends on."),
        Label("Look at it again, then decide."),
    ),
    413: Story(
        Label("Too large"),
        Label("What was sent is larger than the server takes."),
        Label("Shorten the longest text, or choose a smaller file, and send it again."),
    ),
    422: Story(
        Label("Please check what you typed"),
        Label("Something that was sent does not fit."),
        Label("Go back, correct it, and send it again."),
    ),
    429: Story(
        Label("Too many requests"),
        Label("There were too many requests in a short time."),
        Label("Wait a moment, then try again."),
        "hourglass",
    ),
    500: Story(
        Label("Something went wrong"),
        Label("This is our fault, not yours. Nothing was half-saved."),
        Label("Try again. If it happens once more, tell your administrator the number below."),
    ),
    503: Story(
        Label("Not available at the moment"),
        Label("The database cannot be reached. Nothing was half-saved."),
        Label("Wait a minute, then try again."),
        "server-off",
    ),
}
#: What stands over a form that could not be saved.
SENTENCES = {
    400: _l("A part of the address or of the form cannot be read. Go back and try again."),
    409: _l("Somebody saved something at the same moment that this depends on. Please try again."),
    500: _l("This is our fault, not yours. Nothing is saved: please try again, or tell your administrator."),
    503: _l("The database cannot be reached at the moment. Please try again in a minute."),
}
#: What is left to show when the page of an error cannot be made either; it needs neither template nor catalogue.
PLAIN = Template((Path(__file__).parents[1] / "templates" / "crm" / "plain_error.html").read_text(encoding="utf-8"))


def prepare(app: Flask) -> None:
    """Answer every refusal and failure of an application."""
    app.register_error_handler(DomainError, answer_refusal)
    app.register_error_handler(CSRFError, answer_forged)
    app.register_error_handler(BadAddress, answer_bad_address)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(Exception, answer_defect)
    app.after_request(say_when_to_retry)


def answer_refusal(refusal: DomainError) -> Any:
    """The business said no outside a form."""
    let_go()
    g.refused_for = getattr(refusal, "right", "") or getattr(refusal.sentence, "message", str(refusal.sentence))
    return error_page(refusal.status, refusal.sentence, has_advice=refusal.status not in RULES, why=_why(refusal))


def _why(refusal: DomainError) -> str:
    """For an administrator who looks through somebody's eyes: which role or scope refuses it."""
    if not (g.get("actor") and g.actor.is_watched):
        return ""
    if isinstance(refusal, OutOfSight) and refusal.model is not None:
        return reasons.why_out_of_sight(session(), g.actor, refusal.model, refusal.key or 0)
    if isinstance(refusal, Forbidden) and refusal.right:
        return reasons.why_no_right(session(), g.actor, refusal.right)
    return ""


def answer_forged(_error: CSRFError) -> Any:
    """A form without its token: an old tab, or somebody else's page."""
    return error_page(400, gettext("This form is too old, or it did not come from here."))


def answer_bad_address(error: BadAddress) -> Any:
    """A parameter of the address that cannot be read."""
    return error_page(400, gettext("This address cannot be read: check “%(name)s”.", name=error))


def answer_http(error: HTTPException) -> Any:
    """The answers of the framework, in the reader's language; redirects pass."""
    code = error.code or 500
    if code < HTTPStatus.BAD_REQUEST:
        return error
    response = current_app.make_response(error_page(code))
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def answer_defect(error: Exception) -> Any:
    """A defect or a broken database: logged with the request's number, told plainly."""
    log.exception("request %s failed", g.get("request_id", ""))
    let_go()
    return error_page(failure_code(error))


def let_go() -> None:
    """Give back what the request holds of the database, also when that no longer answers."""
    with suppress(DBAPIError):
        session().rollback()


def failure_code(error: Exception) -> int:
    """400 for a value the database cannot take, 409 for a lost race, 503 for a database that does not answer."""
    if isinstance(error, DataError):
        return HTTPStatus.BAD_REQUEST
    if getattr(getattr(error, "orig", None), "sqlstate", None) in LOST_RACES:
        return HTTPStatus.CONFLICT
    is_gone = isinstance(error, OperationalError) or getattr(error, "connection_invalidated", False)
    return HTTPStatus.SERVICE_UNAVAILABLE if is_gone and isinstance(error, DBAPIError) else 500


def say_when_to_retry(response: Response) -> Response:
    """Who met a silent database, or tried too often, learns when to come again."""
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers.setdefault("Retry-After", str(RETRY_AFTER))
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS and "retry_after" in g:
        response.headers.setdefault("Retry-After", str(g.retry_after))
    return response


# ---- the page -----------------------------------------------------------------------------------------


def error_page(code: int, sentence: Any = None, *, has_advice: bool = True, why: str = "") -> Any:
    """A page that says what happened, what to do and the way back; JSON for who asked for JSON."""
    story = STORIES.get(code) or STORIES[400 if code < HTTPStatus.INTERNAL_SERVER_ERROR else 500]
    told = sentence or story.sentence
    try:
        if request.accept_mimetypes.best == "application/json":
            return {"error": str(told), "request_id": g.get("request_id", "")}, code
        if request_ctx.url_adapter is None:  # a host that is not ours: no page of ours has an address there
            text = f"{code} {story.title}\n{told}\n"
            return text, code, {"Content-Type": "text/plain; charset=utf-8"}
        return _drawn(code, story, told, why or (story.advice if has_advice else "")), code
    except Exception:
        log.exception("the page of error %s of request %s failed", code, g.get("request_id", ""))
        return PLAIN.substitute(code=int(code), number=g.get("request_id", "")), code


def _drawn(code: int, story: Story, told: Any, advice: Any) -> str:
    return render_template(
        "crm/error.html",
        page=Page(story.title, ""),
        code=int(code),
        story=story,
        sentence=told,
        advice=advice,
        ways=ways_back(code),
        close_href=_came_from() or "/",
        request_id=g.get("request_id", ""),
    )


@dataclass(frozen=True)
class Way:
    """A way on from the page of an error."""

    label: Any
    href: str
    icon: str = ""


def ways_back(code: int) -> list[Way]:
    """Where a person may go from here, the best first."""
    if g.get("reader") is None and code not in PASSING:
        return [Way(Label("Sign in"), f"/login/?{urlencode({'next': _came_from() or '/'})}", "login")]
    found = [Way(Label("Try again"), _again(), "refresh")] if code in PASSING else []
    if not found and _came_from():
        found.append(Way(Label("Back"), _came_from(), "arrow-back-up"))
    if g.get("reader") is not None:
        found += [*_way_to_list(), Way(Label("To the workbench"), "/", "home")]
    return found


def _again() -> str:
    """The same page by GET; the form a failed change was sent from."""
    return request.full_path.rstrip("?") if request.method == "GET" else _came_from() or "/"


def split_address(address: str) -> SplitResult:
    """The parts of an address somebody sent; all empty when it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _came_from() -> str:
    """The page of ours that led here; empty when there is none or it is this very address."""
    parts = split_address(request.headers.get("HX-Current-URL") or request.referrer or "")
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    here = request.full_path.rstrip("?") if request.method == "GET" else ""
    is_ours = parts.netloc == request.host and path.startswith("/") and not path.startswith("//")
    return path if is_ours and path != here and "\\" not in path else ""


def _way_to_list() -> list[Way]:
    """The list of the screen the address belongs to, for who may see it."""
    screen = SCREENS.get(request.path.split("/")[1])
    if screen is None or not screen.in_menu or not g.actor.may(screen.right(Verb.SEE)):
        return []
    href = screen.home
    return [] if href in {request.path, urlsplit(_came_from()).path} else [Way(screen.label, href, "list-check")]
