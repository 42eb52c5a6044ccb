"""What a page weighs for a browser: the page and every file it asks for, as sent, with an empty or a warm cache."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urljoin, urlsplit

from bench.browser import Answer, Person
from bench.deeds import Deed

#: The files a page asks for by itself: style sheets, scripts, icons and pictures, but no fonts within style sheets.
ASKED = re.compile(r'<(?:link|script|img|image|use)\b[^>]*?\s(?:href|src)="([^"#]+)', re.IGNORECASE)
MAX_AGE = re.compile(r"max-age=(\d+)")


def files_of(page: str, path: str) -> list[str]:
    """The addresses on this host that the page at ``path`` asks for, each once, without fragments."""
    found = (urlsplit(urljoin(path, unescape(address))) for address in ASKED.findall(page))
    ours = [f"{one.path}?{one.query}" if one.query else one.path for one in found if not one.scheme and not one.netloc]
    return list(dict.fromkeys(ours))


def is_fresh(cache_control: str) -> bool:
    """Whether a browser uses what it keeps without asking again."""
    age = MAX_AGE.search(cache_control)
    return bool(age and int(age[1])) and not {"no-cache", "no-store"} & set(re.split(r"[,\s]+", cache_control))


@dataclass
class Cache:
    """What a browser keeps: for each address the mark to ask with, empty where it need not ask."""

    person: Person
    marks: dict[str, str] = field(default_factory=dict)

    def load(self, path: str) -> Answer:
        """Open a page with all its files; the answer's size is what was sent for all of them."""
        page = self.person.ask(path)
        sizes = [self._fetch(address) for address in files_of(page.text, path)]
        return Answer(page.seconds, page.statements, page.size + sum(sizes), page.text)

    def _fetch(self, address: str) -> int:
        mark = self.marks.get(address)
        if mark == "":
            return 0
        answer = self.person.ask(address, {"If-None-Match": mark} if mark else {})
        self.marks[address] = "" if is_fresh(answer.kept) else answer.mark
        return answer.size


def first_visit(path: str) -> Deed:
    """A page with every file it asks for, for a browser that was never here."""
    return lambda person: Cache(person).load(path)


def next_visit(path: str, *, after: Iterable[str]) -> Deed:
    """A page for a browser that keeps what it may of the pages opened before."""

    def deed(person: Person) -> Answer:
        cache = Cache(person)
        for earlier in after:
            cache.load(earlier)
        return cache.load(path)

    return deed
