"""Looks for dead links between the project's pages: to files and headings that are not there."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("*.md", "docs/**/*.md")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\[[^\]]*\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)|^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
ELSEWHERE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


def main() -> int:
    """Prints the dead links. Returns 1 when there are any."""
    faults = [fault for pattern in PAGES for page in sorted(ROOT.glob(pattern)) for fault in faults_of(page)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def faults_of(page: Path, root: Path = ROOT) -> Iterator[str]:
    """A line for each dead link of a page."""
    for target in links_of(page):
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield f"{page.relative_to(root)}: no such file: {target}"
        elif anchor and file.suffix == ".md" and anchor not in anchors_of(file):
            yield f"{page.relative_to(root)}: no such heading: {target}"


def links_of(page: Path) -> list[str]:
    """The targets of a page's links within the project; what stands in code is no link."""
    text = CODE.sub("", FENCE.sub("", page.read_text(encoding="utf-8")))
    targets = [inline or reference for inline, reference in LINK.findall(text)]
    return [target for target in targets if not ELSEWHERE.match(target)]


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings as code hosts make them; a repeated heading gets a number."""
    anchors: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        name = anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = 0
        while anchor in anchors:
            number += 1
            anchor = f"{name}-{number}"
        anchors.add(anchor)
    return anchors


if __name__ == "__main__":
    sys.exit(main())
