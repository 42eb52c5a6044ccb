"""A worker process and the people who are signed in to it over HTTP on loopback."""

import gzip
import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlencode

import psutil  # type: ignore[import-untyped]  # psutil has no types

from bench.company import PASSWORD, Subjects
from bench.work import worked
from bench.worker import HOST, STATEMENTS_HEADER, URL_VARIABLE, WORKED_HEADER

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120
INPUT = re.compile(r"<input\b[^>]*>", re.IGNORECASE)
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
#: The hidden fields that belong to a person's form; whatever else is on a page belongs to other forms.
HIDDEN = ("csrf_token", "version")
#: No headers beyond those of every request.
PLAIN: Mapping[str, str] = MappingProxyType({})


class Unexpected(RuntimeError):
    """An application answered otherwise than it should; nothing it did may be measured."""


@dataclass(frozen=True)
class Answer:
    """What an exchange took: seconds of work of both sides, SQL statements and bytes of the body."""

    seconds: float
    statements: int = 0
    size: int = 0
    text: str = ""
    #: How long a browser may keep it, and the mark by which it asks whether it still holds.
    kept: str = ""
    mark: str = ""


class Worker:
    """One application in a process of its own, until ``stop``."""

    def __init__(self, kind: str, url: str, log: Path) -> None:
        self._began = time.perf_counter()
        self._log = log
        self._worked = 0.0
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.worker", kind],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=os.environ | {URL_VARIABLE: url},
            )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline() or 0)

    def first_answer(self) -> Answer:
        """The sign-in page, with the seconds that went by since the process was started."""
        with closing(Person(self)) as person:
            person.get("/login/")
        return Answer(time.perf_counter() - self._began)

    def worked_since(self, told: str) -> float:
        """The seconds it has worked since its last answer, by what it tells with this one."""
        before, self._worked = self._worked, float(told)
        return self._worked - before

    def resident_bytes(self) -> int:
        """The memory that the process holds now."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    def last_words(self) -> str:
        """The end of what it wrote about its faults."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-2000:]

    def stop(self) -> None:
        """End the process, which it does when its input ends."""
        self._process.communicate()


class Person:
    """Somebody at a browser; ``subjects`` are the rows to look at and to change."""

    def __init__(self, worker: Worker, subjects: Subjects | None = None) -> None:
        self.worker = worker
        self.subjects = subjects
        self._unassigned: Iterator[int] = iter(subjects.unassigned if subjects else ())
        self._connection = http.client.HTTPConnection(HOST, worker.port, timeout=PATIENCE)
        self._cookies: SimpleCookie = SimpleCookie()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def next_unassigned(self) -> int:
        """The key of an unassigned opportunity, another one each time; raises Unexpected when all are used up."""
        key = next(self._unassigned, None)
        if key is None:
            raise Unexpected("no unassigned opportunity is left: take a larger size")
        return key

    def sign_in(self, username: str) -> None:
        """Sign in as a person does."""
        self.submit("/login/", {"username": username, "password": PASSWORD})

    def get(self, path: str) -> Answer:
        """Open an address."""
        return self._exchange("GET", path, 200)

    def ask(self, path: str, headers: Mapping[str, str] = PLAIN) -> Answer:
        """Open an address as browsers do, which take it compressed and may have it already."""
        return self._exchange("GET", path, 304 if headers else 200, headers={"Accept-Encoding": "gzip", **headers})

    def submit(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Open a form, fill it in and send it; the answer is that to the sending."""
        filled = {**hidden_fields(self.get(path).text), **fields}
        return self._exchange("POST", path, 302, urlencode(filled))

    def _exchange(
        self,
        method: str,
        path: str,
        expected: int,
        body: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        cookies = self._cookies.output([], header="", sep=";").strip()
        headers = {"Cookie": cookies, "Accept-Language": "zh", **(headers or {})}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        began = worked()
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unexpected(f"{method} {path}: {error!r}\n{self.worker.last_words()}") from error
        seconds = worked() - began + self.worker.worked_since(response.headers[WORKED_HEADER])
        for cookie in response.headers.get_all("Set-Cookie", ()):
            self._cookies.load(cookie)
        if response.status != expected:
            raise Unexpected(f"{method} {path}: {response.status}, expected {expected}\n{self.worker.last_words()}")
        told = response.headers
        text = gzip.decompress(content) if told["Content-Encoding"] == "gzip" and content else content
        marks = told["Cache-Control"] or "", told["ETag"] or ""
        return Answer(seconds, int(told[STATEMENTS_HEADER]), len(content), text.decode(errors="replace"), *marks)


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden fields of a page's form that have to be sent back."""
    inputs = [dict(ATTRIBUTE.findall(tag)) for tag in INPUT.findall(page)]
    return {one["name"]: one.get("value", "") for one in inputs if one.get("name") in HIDDEN}
