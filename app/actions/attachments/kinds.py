"""Which files are accepted: by the ending of their names, and only where the content is what the ending says."""

import codecs
import unicodedata
from dataclasses import dataclass
from typing import BinaryIO

import filetype

from app.i18n import gettext

LONGEST_NAME = 200
CHUNK = 1024 * 1024
#: How much of a file tells what it is.
HEAD = 8192
#: The container of Office until 2003, of WPS and of saved mails; ``filetype`` knows some of what is in it only.
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: Signs that a file's name may not hold on some machine, and those that part folders.
NOT_IN_FILE_NAMES = '<>:"|?*'
#: What a text begins with that a browser would run or draw.
PAGES = ("<!doctype", "<html", "<head", "<body", "<svg", "<script", "<?xml")
MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
TEXT = "text"


@dataclass(frozen=True)
class FileKind:
    """Files of one ending: the type they are sent as, and what their content may be known as."""

    mime: str
    contents: frozenset[str]


def _kind(mime: str, *contents: str) -> FileKind:
    return FileKind(mime, frozenset(contents))


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
_ZIPPED = ("zip", "docx", "xlsx", "pptx", "odt", "ods", "odp", "epub")

#: Every ending that is accepted. What is packed is never unpacked, so a small one that unpacks to much harms nobody.
KINDS: dict[str, FileKind] = {
    "pdf": _kind("application/pdf", "pdf"),
    "ofd": _kind("application/ofd", "zip"),
    "doc": _kind("application/msword", "ole"),
    "xls": _kind("application/vnd.ms-excel", "ole"),
    "ppt": _kind("application/vnd.ms-powerpoint", "ole"),
    "wps": _kind("application/vnd.ms-works", "ole"),
    "et": _kind("application/vnd.ms-excel", "ole"),
    "dps": _kind("application/vnd.ms-powerpoint", "ole"),
    "msg": _kind("application/vnd.ms-outlook", "ole"),
    "docx": _kind(f"{_OFFICE}.wordprocessingml.document", "docx", "zip"),
    "xlsx": _kind(f"{_OFFICE}.spreadsheetml.sheet", "xlsx", "zip"),
    "pptx": _kind(f"{_OFFICE}.presentationml.presentation", "pptx", "zip"),
    "odt": _kind(f"{_OPEN}.text", "odt", "zip"),
    "ods": _kind(f"{_OPEN}.spreadsheet", "ods", "zip"),
    "odp": _kind(f"{_OPEN}.presentation", "odp", "zip"),
    "rtf": _kind("application/rtf", "rtf"),
    "txt": _kind("text/plain", TEXT),
    "csv": _kind("text/csv", TEXT),
    "jpg": _kind("image/jpeg", "jpg"),
    "jpeg": _kind("image/jpeg", "jpg"),
    "png": _kind("image/png", "png"),
    "gif": _kind("image/gif", "gif"),
    "webp": _kind("image/webp", "webp"),
    "bmp": _kind("image/bmp", "bmp"),
    "tif": _kind("image/tiff", "tif"),
    "tiff": _kind("image/tiff", "tif"),
    "heic": _kind("image/heic", "heic"),
    "dwg": _kind("application/acad", "dwg"),
    "zip": _kind("application/zip", *_ZIPPED),
    "rar": _kind("application/vnd.rar", "rar"),
    "7z": _kind("application/x-7z-compressed", "7z"),
}


def clean_name(given: str) -> str:
    """The name of a file as it is kept: no folders, no invisible letters, no more than 200 characters.

    The ending stays as it is. Signs that some machine does not allow become a low line.
    """
    name = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    visible = "".join(letter for letter in name if unicodedata.category(letter)[0] != "C")
    plain = "".join("_" if letter in NOT_IN_FILE_NAMES else letter for letter in visible)
    stem, dot, ending = " ".join(plain.split()).rstrip(". ").rpartition(".")
    return f"{stem[: LONGEST_NAME - len(dot + ending)]}{dot}{ending}"[:LONGEST_NAME]


def kind_of(name: str) -> FileKind | None:
    """What a file of that name says it is, by its last ending; None for what is not accepted."""
    stem, _, ending = name.rpartition(".")
    return KINDS.get(ending.lower()) if stem else None


def fault_of(name: str, size: int, content: BinaryIO, *, largest: int) -> str:
    """Why a file is not accepted, as a sentence; empty for one that is. Sizes are in bytes; reads the content."""
    kind = kind_of(name)
    if kind is None:
        return gettext("“%(name)s”: files of this kind are not accepted.", name=name)
    if not size:
        return gettext("“%(name)s” is empty.", name=name)
    if size > largest:
        return gettext("“%(name)s” is larger than %(most)s MB.", name=name, most=largest // 1024**2)
    content.seek(0)
    is_true = _is_text(content) if TEXT in kind.contents else _content_of(content.read(HEAD)) in kind.contents
    content.seek(0)
    return "" if is_true else gettext("“%(name)s” is not what its ending says: its content is another.", name=name)


def _content_of(head: bytes) -> str:
    """What the first bytes of a file tell."""
    if head.startswith(OLE):
        return "ole"
    found = filetype.guess(head)
    return str(found.extension) if found else ""


def _is_text(content: BinaryIO) -> bool:
    """Whether it is a plain text in an encoding people use, and not a page or a program called one."""
    return any(_reads_as(content, encoding) for encoding in _encodings(content))


def _encodings(content: BinaryIO) -> tuple[str, ...]:
    head = content.read(4)
    return next(((encoding,) for mark, encoding in MARKS.items() if head.startswith(mark)), ("utf-8-sig", "gb18030"))


def _reads_as(content: BinaryIO, encoding: str) -> bool:
    content.seek(0)
    decoder, is_first = codecs.getincrementaldecoder(encoding)(), True
    try:
        while chunk := content.read(CHUNK):
            text = decoder.decode(chunk)
            if "\x00" in text or (is_first and text.lstrip().lower().startswith(PAGES)):
                return False
            is_first = False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
