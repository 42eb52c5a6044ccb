"""The application served on loopback, and a real browser looking at it."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from tests.cast import PASSWORD
from tools.browser import find_browser

HEIGHT_OF_A_PHONE = 844
SCREENS = Path(__file__).resolve().parents[1] / "build" / "screens"
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
#: What axe judges by: every rule, and those about colours.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast"]
#: Only what is broken comes over to us; all that is right would take longer than to find it.
JUDGE = """rules => axe.run(document, {runOnly: rules, resultTypes: ["violations"], preload: false})
  .then(found => found.violations)"""
#: What asks for more when the page stands.
ASKS_LATER = "[hx-trigger*=load], script[src*=calendar], script[src*=board]"
#: What ends the browser of this process.
_ENDING = ExitStack()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The address at which ``app`` answers inside the block."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser of the system, in which nothing stays of what is done inside the block."""
    browser = _started()
    try:
        yield browser
    finally:
        for context in browser.contexts:
            context.close()


@cache
def _started() -> Browser:
    """The one browser of this process: to start it takes longer than most tests; each visitor has a context."""
    options = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    playwright = _ENDING.enter_context(sync_playwright())
    browser = playwright.chromium.launch(executable_path=find_browser(), args=options)
    _ENDING.callback(browser.close)
    return browser


def end_browser() -> None:
    """Close the browser of this process, if there is one."""
    _started.cache_clear()
    _ENDING.close()


class Visitor:
    """One person in the browser, with everything the page complained of or asked of another host."""

    def __init__(
        self, browser: Browser, address: str, locale: str = "zh-CN", *, width: int = 1366, theme: Any = "light"
    ) -> None:
        self.context = browser.new_context(
            base_url=address,
            locale=locale,
            viewport={"width": width, "height": HEIGHT_OF_A_PHONE if width < 600 else 900},
            reduced_motion="reduce",
            color_scheme=theme,
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.complaints: list[str] = []
        self.host = urlsplit(address).netloc
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._watch)

    def _listen(self, message: Any) -> None:
        # A refused form is answered with 4xx, which the browser reports as a failed resource; who leaves a page
        # before its charts have come ends their request.
        is_expected = "the server responded with a status of 4" in message.text or "htmx:sendAbort" in message.text
        if message.type in {"error", "warning"} and not is_expected:
            self.complaints.append(message.text)

    def _watch(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws"} and parts.netloc != self.host:
            self.complaints.append(f"asked another host: {request.url}")

    def sign_in(self, username: str, password: str = PASSWORD) -> "Visitor":
        """Sign in through the form."""
        self.page.goto("/login/")
        self.page.fill("[name=username]", username)
        self.page.fill("[name=password]", password)
        self.page.press("[name=password]", "Enter")
        self.page.wait_for_url(lambda url: "/login/" not in url)
        return self

    def shot(self, name: str) -> None:
        """Keep a picture of the whole page, as on a screen that is high enough for it."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        if self.page.query_selector(ASKS_LATER):
            self.page.wait_for_load_state("networkidle", timeout=60_000)  # the first chart waits for its library
        width, height = self.page.evaluate("[window.innerWidth, window.innerHeight]")
        needed = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": width, "height": max(height, needed)})
        self.page.screenshot(path=SCREENS / f"{name}.png")
        self.page.set_viewport_size({"width": width, "height": height})

    def is_wider_than_the_screen(self) -> bool:
        """Whether the page can be scrolled sideways."""
        script = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        return bool(self.page.evaluate(script))

    def resize(self, width: int) -> None:
        """Give the page another width."""
        self.page.set_viewport_size({"width": width, "height": HEIGHT_OF_A_PHONE if width < 600 else 900})

    def violations(self, rules: list[str] = RULES) -> list[str]:
        """What axe has against the page as it stands."""
        return violations(self.page, rules)

    def close(self) -> None:
        """Leave, without complaints."""
        self.context.close()
        assert not self.complaints, self.complaints


def violations(page: Page, rules: list[str] = RULES) -> list[str]:
    """What axe finds against WCAG 2.2 AA: the rule, the first element that breaks it, and why."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(JUDGE, rules)
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary']}" for one in found]
