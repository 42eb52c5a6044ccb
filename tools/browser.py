"""Finds a browser for the tests, and installs one where there is none."""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
UNIX_PLACES = (
    "/snap/bin/chromium",
    "/opt/google/chrome/chrome",
    "/opt/microsoft/msedge/msedge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
WINDOWS_FOLDERS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
WINDOWS_PLACES = (
    "Google/Chrome/Application/chrome.exe",
    "Chromium/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
)
# In a process of its own, since playwright cannot be started inside itself and tests ask while it runs.
PLAYWRIGHT_PATH = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""
APT_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive"}
CHINESE_FONT = "fonts-noto-cjk"


def main() -> int:
    """Makes sure of a browser and names it. Returns 1 when there is none to be had."""
    browser = find_browser()
    if browser is None and not os.environ.get("TEST_BROWSER"):
        print("No Chromium, Chrome or Edge found; installing one …", file=sys.stderr, flush=True)
        browser = install_browser()
    if browser is None:
        print(
            "There is no browser: install Chromium, Chrome or Edge, or name one in TEST_BROWSER.",
            file=sys.stderr,
        )
        return 1
    if can_use_apt() and not has_chinese_font():
        apt_install(CHINESE_FONT)
    print(f"Browser: {browser}", flush=True)
    return 0


@functools.cache
def find_browser() -> str | None:
    """The path of a Chromium, Chrome or Edge: the one in TEST_BROWSER, the system's, or playwright's own."""
    return next((path for path in places() if os.access(path, os.X_OK) and Path(path).is_file()), None)


def places() -> Iterator[str]:
    """Where a browser may be, the likeliest first."""
    named = os.environ.get("TEST_BROWSER")
    if named:
        yield named
        return
    yield from filter(None, map(shutil.which, NAMES))
    yield from UNIX_PLACES
    for folder in filter(None, map(os.environ.get, WINDOWS_FOLDERS)):
        yield from (str(Path(folder, place)) for place in WINDOWS_PLACES)
    yield from filter(None, [playwright_browser()])


def playwright_browser() -> str | None:
    """Where playwright puts its browser; nothing may be there yet."""
    answer = subprocess.run([sys.executable, "-c", PLAYWRIGHT_PATH], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def install_browser() -> str | None:
    """Debian's package where this process may install it, else playwright's download."""
    if can_use_apt() and apt_install("chromium"):
        find_browser.cache_clear()
    if find_browser() is None:
        with_system_libraries = ["--with-deps"] if can_use_apt() else []
        run([sys.executable, "-m", "playwright", "install", *with_system_libraries, "chromium"])
        find_browser.cache_clear()
    return find_browser()


def can_use_apt() -> bool:
    """Whether this is Debian or alike, and we are root."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(package: str) -> bool:
    """Installs a package of the system; its list of packages may be missing or old."""
    install = ["apt-get", "install", "--yes", "--no-install-recommends", package]
    return run(install) or (run(["apt-get", "update"]) and run(install))


def has_chinese_font() -> bool:
    """Whether pages show Chinese as Chinese and not as boxes."""
    if shutil.which("fc-list") is None:
        return False
    answer = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
    return bool(answer.stdout.strip())


def run(command: list[str]) -> bool:
    """Runs a command with its output on standard error. Whether it went well."""
    environment = os.environ | APT_ENVIRONMENT
    return subprocess.run(command, env=environment, stdout=sys.stderr, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
