"""Keeps the compiled catalogues of translations as new as their sources."""

import os
import tempfile
from pathlib import Path

TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"


def ensure_compiled(folder: Path = TRANSLATIONS) -> list[Path]:
    """Compiles each ``.po`` whose ``.mo`` is missing or older. Returns the files it wrote."""
    return [_compile(source) for source in sorted(folder.glob("*/LC_MESSAGES/*.po")) if _is_stale(source)]


def _is_stale(source: Path) -> bool:
    compiled = source.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime


def _compile(source: Path) -> Path:
    # Not at the top: a start that finds everything compiled does without them.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with source.open("rb") as file:
        catalogue = read_po(file, locale=source.parent.parent.name)
    compiled = source.with_suffix(".mo")
    # Written beside and moved, so that another process never reads half a catalogue.
    handle, draft = tempfile.mkstemp(dir=source.parent, suffix=".draft")
    with os.fdopen(handle, "wb") as file:
        write_mo(file, catalogue)
    Path(draft).chmod(0o644)
    Path(draft).replace(compiled)
    return compiled


if __name__ == "__main__":
    for path in ensure_compiled():
        print(path)
