"""Where files lie: below one folder, under names of our own, each written whole or not at all."""

import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

CHUNK = 1024 * 1024
#: A name of our own; the two letters at its beginning are its folder.
NAME = re.compile(r"[0-9a-f]{32}")
#: What is being written.
DRAFT = ".part"


@dataclass(frozen=True)
class Stored:
    """A file that lies there: its name, its bytes and their hash."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class FileStore:
    """The folder of files. A file in it never changes."""

    folder: Path

    def path(self, name: str) -> Path:
        """Where the file of that name lies; raises ValueError for a name that is not ours."""
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a stored file")
        return self.folder / name[:2] / name

    def keep(self, content: BinaryIO) -> Stored:
        """Write a file from where ``content`` stands to its end, piece by piece.

        It gets its name only when it is whole and on the disk. Raises OSError.
        """
        name = uuid.uuid4().hex
        path = self.path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(DRAFT)
        try:
            size, digest = _write(draft, content)
            draft.rename(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        _settle(path.parent)
        return Stored(name, size, digest)

    def size_of(self, name: str) -> int | None:
        """How many bytes the file has; None when it is not there."""
        try:
            return self.path(name).stat().st_size
        except OSError:
            return None

    def remove(self, name: str) -> None:
        """Delete a file; one that is gone, or cannot be deleted now, is left to ``names_before``."""
        with suppress(OSError):
            self.path(name).unlink(missing_ok=True)

    def names_before(self, moment: datetime) -> Iterator[Path]:
        """The files, and what was left half-written, last written before a moment; nothing that is not ours."""
        for path in self.folder.glob("[0-9a-f][0-9a-f]/*"):
            is_ours = NAME.fullmatch(path.name.removesuffix(DRAFT))
            with suppress(OSError):
                if is_ours and path.stat().st_mtime < moment.timestamp():
                    yield path


def _write(draft: Path, content: BinaryIO) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        while chunk := content.read(CHUNK):
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _settle(folder: Path) -> None:
    """Put the file's name on the disk too, where the system lets a folder be opened."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
