"""Copies the front end's packages from node_modules into app/static/vendor, and the tests' own into tests/vendor.

`npm ci` comes first.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
LOCK = ROOT / "package-lock.json"
STATIC = ROOT / "app" / "static"
VENDOR = STATIC / "vendor"
TESTS_VENDOR = ROOT / "tests" / "vendor"
ICON_NAMES = STATIC / "icons.txt"
SUMS = "SHA256SUMS"

#: What is copied as it is, by the name it has here.
COPIES = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx.LICENSE.txt": "htmx.org/LICENSE",
    "tom-select.base.min.js": "tom-select/dist/js/tom-select.base.min.js",
    "tom-select.min.css": "tom-select/dist/css/tom-select.min.css",
    "tom-select.LICENSE.txt": "tom-select/LICENSE",
    "icons.LICENSE.txt": "@tabler/icons/LICENSE",
    "flatpickr.min.js": "flatpickr/dist/flatpickr.min.js",
    "flatpickr.min.css": "flatpickr/dist/flatpickr.min.css",
    "flatpickr.zh.js": "flatpickr/dist/l10n/zh.js",
    "flatpickr.LICENSE.txt": "flatpickr/LICENSE.md",
    "fullcalendar.min.js": "@fullcalendar/core/index.global.min.js",
    "fullcalendar.daygrid.min.js": "@fullcalendar/daygrid/index.global.min.js",
    "fullcalendar.list.min.js": "@fullcalendar/list/index.global.min.js",
    "fullcalendar.zh.min.js": "@fullcalendar/core/locales/zh-cn.global.min.js",
    "fullcalendar.LICENSE.txt": "@fullcalendar/core/LICENSE.md",
    "sortable.min.js": "sortablejs/Sortable.min.js",
    "sortable.LICENSE.txt": "sortablejs/LICENSE",
}
#: What only the tests use.
TESTS_COPIES = {
    "axe.min.js": "axe-core/axe.min.js",
    "axe.LICENSE.txt": "axe-core/LICENSE",
    "axe.LICENSE-3RD-PARTY.txt": "axe-core/LICENSE-3RD-PARTY.txt",
}
OUTLINES = MODULES / "@tabler" / "icons" / "icons" / "outline"
SVG = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
BACKGROUND = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>')
COPYRIGHT = re.compile(r"^[ *]*(Copyright .+)$", re.MULTILINE)
ELSEWHERE = re.compile(rb"@import|url\(\s*[\"']?(?:https?:)?//", re.IGNORECASE)


class VendorError(Exception):
    """Something is not as expected; says what, and what to do."""


def main() -> int:
    """Copies everything anew. Returns 1 when something is not as expected."""
    try:
        strip_addresses(LOCK)
        check_installed(LOCK)
        write(VENDOR, dict(files()))
        write(TESTS_VENDOR, {name: (MODULES / source).read_bytes() for name, source in TESTS_COPIES.items()})
    except (VendorError, OSError) as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


def strip_addresses(lock: Path) -> None:
    """Takes out of the lock file from where each package came: the integrity alone says what it is."""
    content = json.loads(lock.read_text(encoding="utf-8"))
    for package in content["packages"].values():
        package.pop("resolved", None)
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    if text != lock.read_text(encoding="utf-8"):
        lock.write_text(text, encoding="utf-8")


def check_installed(lock: Path) -> None:
    """Raises VendorError when node_modules is not what the lock file says."""
    for place, package in json.loads(lock.read_text(encoding="utf-8"))["packages"].items():
        installed = ROOT / place / "package.json"
        if place and (not installed.exists() or version_of(installed) != package["version"]):
            raise VendorError(f"{place} {package['version']} is not installed: run npm ci.")


def version_of(package: Path) -> str:
    """The version that a package.json says."""
    return str(json.loads(package.read_text(encoding="utf-8"))["version"])


def files() -> Iterator[tuple[str, bytes]]:
    """Name and content of everything the folder holds, but the sums."""
    for name, source in COPIES.items():
        content = (MODULES / source).read_bytes()
        if name.endswith(".css"):
            refuse_other_hosts(name, content)
        yield name, content
    yield "tabler.LICENSE.txt", tabler_licence()
    yield "icons.svg", sprite(icon_names())


def refuse_other_hosts(name: str, content: bytes) -> None:
    """Raises VendorError for a style sheet that would load something from elsewhere."""
    found = ELSEWHERE.search(content)
    if found:
        raise VendorError(f"{name} loads from elsewhere: {found.group().decode()}")


def tabler_licence() -> bytes:
    """The MIT licence of @tabler/core, whose package has none: its own copyright over its sister's words."""
    head = (MODULES / COPIES["tabler.min.css"]).read_text(encoding="utf-8")[:1000]
    owners = COPYRIGHT.findall(head)
    words = (MODULES / COPIES["icons.LICENSE.txt"]).read_text(encoding="utf-8")
    if not owners or "Licensed under MIT" not in head or len(COPYRIGHT.findall(words)) != 1:
        raise VendorError("The licences of @tabler/core and @tabler/icons are no longer where they were.")
    return COPYRIGHT.sub("\n".join(owners), words).encode()


def icon_names() -> list[str]:
    """The icons listed, in order."""
    lines = ICON_NAMES.read_text(encoding="utf-8").splitlines()
    return sorted({line.strip() for line in lines if line.strip() and not line.startswith("#")})


def sprite(names: list[str]) -> bytes:
    """One SVG with a symbol for each icon; colour and stroke come from the page."""
    symbols = "\n".join(symbol(name) for name in names)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'.encode()


def symbol(name: str) -> str:
    """The outline of one icon, without the frame that all have. Raises VendorError when there is none."""
    source = OUTLINES / f"{name}.svg"
    found = SVG.search(source.read_text(encoding="utf-8")) if source.exists() else None
    if found is None:
        raise VendorError(f"{ICON_NAMES.name}: there is no outline named {name}.")
    drawing = " ".join(BACKGROUND.sub("", found.group(1)).split()).replace("> <", "><")
    return f'<symbol id="{name}" viewBox="0 0 24 24">{drawing}</symbol>'


def write(folder: Path, contents: dict[str, bytes]) -> None:
    """Makes ``folder`` hold exactly these files and their sums."""
    folder.mkdir(parents=True, exist_ok=True)
    sums = [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in sorted(contents.items())]
    wanted = contents | {SUMS: ("\n".join(sums) + "\n").encode()}
    for path in folder.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, content in wanted.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())
