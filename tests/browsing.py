"""A browser for tests: one person's signed-in client, with forms taken from pages."""

import re
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from python_calamine import CalamineWorkbook
from werkzeug.test import TestResponse

from app.actions.sessions import Visit, begin_session
from app.clock import now
from app.extensions import db
from app.models import Employee
from tests.cast import key_of


class _Forms(HTMLParser):
    """The forms of a page: action, and the named fields with their values."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = [("", {})]
        self._by_id: dict[str, dict[str, str]] = {}
        self._values: dict[str, str] = self.forms[0][1]
        self._area: str | None = None
        self._select: str | None = None

    def _form(self, found: dict[str, str]) -> dict[str, str]:
        """The form a field belongs to: the one it names, which may come later, else the one it stands in."""
        return self._by_id.setdefault(found["form"], {}) if "form" in found else self.forms[-1][1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        if tag == "form":
            self.forms.append((found.get("action", ""), self._by_id.setdefault(found.get("id", str(id(found))), {})))
            return
        self._values = self._form(found) if tag in {"input", "textarea", "select"} else self._values
        if tag == "input" and name and found.get("type") not in {"radio", "checkbox", "submit"}:
            self._values[name] = found.get("value", "")
        elif tag == "textarea" and name:
            self._area, self._values[name] = name, ""
        elif tag == "select" and name:
            self._select, self._values[name] = name, ""
        elif tag == "option" and self._select and "selected" in found:
            self._values[self._select] = found.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            if self._area:
                self._values[self._area] = re.sub(r"^\r?\n", "", self._values[self._area], count=1)
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self._values[self._area] += data


def fields_of(page: TestResponse, action: str | None = None) -> dict[str, str]:
    """What the form with that action (the page's own address, when not given) would send, but for its token."""
    reader = _Forms()
    reader.feed(page.get_data(as_text=True))
    wanted = action or page.request.path
    values = next(fields for address, fields in reader.forms if address.partition("?")[0] == wanted)
    return {name: value for name, value in values.items() if name != "csrf_token"}


class ReadingClient(FlaskClient):
    """Reads every answer to its end, as browsers do: one that is sent while it is made goes on until then."""

    def open(self, *arguments: Any, buffered: bool = True, **more: Any) -> TestResponse:
        """Send a request."""
        return super().open(*arguments, buffered=buffered, **more)


def said_in(answer: TestResponse) -> str:
    """Everything that an answer says, whichever kind of file it is; of a picture made of points, nothing."""
    raw = answer.get_data()
    if answer.mimetype == "application/pdf":
        return "".join(page.extract_text() for page in PdfReader(BytesIO(raw)).pages)
    if answer.mimetype.endswith(".sheet"):
        book = CalamineWorkbook.from_filelike(BytesIO(raw))
        return str([book.get_sheet_by_name(name).to_python() for name in book.sheet_names])
    return "" if answer.mimetype == "image/png" else raw.decode()


class Browser:
    """One person's browser. Every call is a request of its own, with its own application context."""

    def __init__(self, app: Flask, username: str | None = None, *, locale: str = "zh") -> None:
        self.app, self.username = app, username
        self.client: FlaskClient = ReadingClient(app, app.response_class)
        self.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = locale
        if username is not None:
            with self.client.session_transaction() as cookie:
                cookie.update({"token": token_for(app, username), "chosen_locale": locale})

    def get(self, path: str, **more: Any) -> TestResponse:
        """Open an address."""
        return self.client.get(path, **more)

    def post(self, path: str, fields: Any = None, **more: Any) -> TestResponse:
        """Send fields."""
        return self.client.post(path, data=fields or {}, **more)

    def submit(self, path: str, **fields: Any) -> TestResponse:
        """Open a form, fill some fields, send it."""
        page = self.get(path)
        assert page.status_code == 200, (path, page.status_code, text_of(page)[-500:])
        return self.post(path, {**fields_of(page), **fields})


def token_for(app: Flask, username: str) -> str:
    """The token of a session begun now, without a password."""
    with app.app_context():
        person = db.session.get_one(Employee, key_of(app, username))
        token = begin_session(db.session(), person, Visit(), at=now())
        db.session.commit()
        return token


def text_of(page: TestResponse) -> str:
    """The visible text of a page, tags taken out."""
    body = page.get_data(as_text=True)
    body = re.sub(r"<(script|style|template)\b.*?</\1>", " ", body, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))
