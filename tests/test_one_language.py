"""No page shows a word of the other language or a raw name of the code; the records are of the reader's language."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import String, TypeDecorator, inspect, select, update

from app.extensions import db
from app.models import DictionaryEntry, Installation, Model
from app.models.base import ChoiceType
from app.security.actor import SYSTEM
from tests.guards_off import take_guards_off
from tests.walk import routes

#: The one list of words that stand in both languages, and why.
COMMON_WORDS = {
    "zh": {
        "CRM": "the product's name",
        "CRM_ENV": "a setting of the machine",
        "production": "its value",
        "flask": "a command",
        "crm": "a command",
        "init": "a command",
        "make": "a command",
        "run": "a command",
        "worker": "a command",
        "README.md": "a file",
        "English": "the name of the other language",
        "KH": "customer numbers begin with it",
        "Ctrl": "a key",
        "Esc": "a key",
        "Tab": "a key",
        "Enter": "a key",
        "example.com": "the mail addresses of the cast",
        "txt": "the ending of a file",
        "SHA": "a way to reckon a checksum",
        "PDF": "a kind of file",
        "Office": "likewise",
        "Excel": "likewise",
        "CSV": "likewise",
        "RFM": "recency, frequency, monetary, as the trade calls it",
        "SVG": "likewise",
        "PNG": "likewise",
        "MB": "a size of files",
        "Narrow": "a role that somebody made, called as he called it",
        "Head": "likewise",
    },
    "en": {"知客": "the product's name", "简体中文": "the name of the other language"},
}
#: Attributes that people read or hear.
READ_ATTRIBUTES = re.compile(
    r"title|alt|placeholder|aria-label|aria-description|aria-roledescription|label|data-(?!bs-)\w+"
)
#: Attributes with ``data-`` that hold no words for people.
SILENT_ATTRIBUTES = {"data-remote", "data-exact", "data-reader"}
#: Tables whose texts are written by the product itself.
OWN_TABLES = {DictionaryEntry.__tablename__, Installation.__tablename__, "alembic_version"}
#: User names are Latin in every language.
OWN_COLUMNS = {"username", "email", "password", "locale", "theme", "path", "number"}
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+")
LATIN = re.compile(r"[A-Za-z_][A-Za-z_.]*[A-Za-z_]")
RAW_NAME = re.compile(r"\b[a-z]+_[a-z_]+\b|\b[A-Z][a-z]+[A-Z][A-Za-z]*\b|\bNone\b")


class _Words(HTMLParser):
    """Everything of a page that is read or heard: texts and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"script", "style"}
        found = dict(attrs)
        if tag == "input" and found.get("type") in {"submit", "button"}:
            self.texts.append(found.get("value") or "")
        for name, value in attrs:
            if value and " " not in name and READ_ATTRIBUTES.fullmatch(name) and name not in SILENT_ATTRIBUTES:
                self.texts += [] if _is_code(name, value) else [value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)


def _is_code(name: str, value: str) -> bool:
    """A ``data-`` attribute that names something to the scripts: an address, a key, a number."""
    return name.startswith("data-") and re.fullmatch(r"[\w/?=&.:#-]*|[\[{].*[\]}]", value, re.ASCII) is not None


def words_of(html: str) -> str:
    """What is read or heard of a page."""
    reader = _Words()
    reader.feed(html)
    return re.sub(r"\s+", " ", " | ".join(reader.texts))


def faults_of(html: str, locale: str) -> list[str]:
    """The words of the other language, and raw names of the code."""
    text = re.sub(
        r"\b[0-9a-f]{12}([0-9a-f]{52})?\b", " ", words_of(html)
    )  # the number of a request, the checksum of a file
    text = re.sub(r"\b(GET|POST) /\S*", " ", text)  # what was asked for, as the audit log keeps it
    pattern = LATIN if locale == "zh" else CHINESE
    found = {*pattern.findall(text), *RAW_NAME.findall(text)}
    return sorted(found - COMMON_WORDS[locale].keys() - USERNAMES - ROLES)


USERNAMES = {"admin", "supervisor", "manager_a", "manager_b", "executive", "nobody", "narrow", "head_a", "disabled"}
#: A role of the cast whose name is a record in Latin letters.
ROLES = {"Narrow"}


def write_in_latin(app: Flask) -> int:
    """Give every record English texts in place of its Chinese ones; returns how many texts changed."""
    with app.app_context():
        db.session.info["actor"] = SYSTEM
        changed = 0
        words: dict[str, str] = {}
        with db.engine.begin() as connection:
            take_guards_off(connection)
            for table in Model.metadata.sorted_tables:
                names = [] if table.name in OWN_TABLES else [one for one in table.columns if _is_text(one)]
                key = list(inspect(table).primary_key)
                for row in connection.execute(select(*key, *names)).mappings().all() if names else ():
                    latin = {one.name: _latin(row[one.name], words) for one in names}
                    different = {name: value for name, value in latin.items() if value != row[name]}
                    if different:
                        where = [one == row[one.name] for one in key]
                        connection.execute(update(table).where(*where).values(**different))
                        changed += len(different)
        return changed


def _is_text(column: Any) -> bool:
    kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    is_plain = isinstance(kind, String) and not isinstance(column.type, ChoiceType)
    return is_plain and column.name not in OWN_COLUMNS


def _latin(value: Any, words: dict[str, str]) -> Any:
    """The same Latin words for the same Chinese ones, within collections too."""
    if isinstance(value, dict):
        return {name: _latin(part, words) for name, part in value.items()}
    if isinstance(value, list):
        return [_latin(part, words) for part in value]
    if not isinstance(value, str):
        return value
    return CHINESE.sub(lambda found: words.setdefault(found.group(), f"Aldgate {len(words) + 1}"), value)


def pages(app: Flask) -> list[str]:
    """Every address that is opened by GET, moves too, with the first rows."""
    found = [route.path for pk in (1, 4) for route in routes(app, pk=pk) if route.method == "GET"]
    return sorted(set(found))


@pytest.mark.one_database
@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("who", ["admin", "supervisor", "manager_a", "executive", "nobody"])
def test_a_page_speaks_one_language(app, as_, who, locale):
    if locale == "en":
        assert write_in_latin(app) > 50
    browser, tried, found = as_(who, locale=locale), 0, {}
    for path in pages(app):
        answer = browser.get(path)
        if answer.mimetype != "text/html" or 300 <= answer.status_code < 400:
            continue
        html, tried = answer.get_data(as_text=True), tried + 1
        faults = faults_of(html, locale)
        if faults:
            found[path] = faults
        if "<html" in html[:2000]:
            assert f'<html lang="{"zh-CN" if locale == "zh" else "en"}"' in html
    print(f"\n{tried} pages as {who}")
    assert tried > 25
    assert found == {}


def test_the_walk_hears_what_is_wrong():
    assert faults_of("<p>客户 Customer</p>", "zh") == ["Customer"]
    assert faults_of('<p title="客户">Customer 3</p>', "en") == ["客户"]
    assert faults_of('<input placeholder="客户">', "en") == ["客户"]
    assert faults_of("<p>customer_name</p>", "en") == ["customer_name"]
    assert faults_of("<p>CrmModelView</p>", "en") == ["CrmModelView"]
    assert faults_of('<p data-question="Really do it?">客户</p>', "zh") == ["Really", "do", "it"]
    assert faults_of('<p data-remote="/choices/people">客户</p>', "zh") == []
