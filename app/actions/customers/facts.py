"""What a customer says of itself: web address, credit code and postcode, checked and brought into one form."""

import re
import unicodedata
from typing import Any
from urllib.parse import SplitResult, urlsplit

from stdnum.cn import uscc

from app.errors import Invalid
from app.i18n import Label

#: How many letters a 统一社会信用代码 has; older licence numbers are shorter.
LENGTH_OF_CREDIT_CODE = 18
#: GB 32100: who registered it, what it is and where, the organisation's own code, the check character. The library
#: takes no letter for who registered it, as farmers' cooperatives (N) and others (Y) have.
CREDIT_CODE = re.compile(r"[1-9ANY][0-9]{7}[0-9A-HJ-NP-RTUWXY]{10}")
POSTCODE = re.compile(r"\d{6}", re.ASCII)
HAN = re.compile(r"[\u3400-\u9fff]")
#: A name of the net: parts of letters of any language, digits and hyphens, the last one no number.
HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]*")
SCHEMES = {"http", "https"}


def read_website(text: str, field: str = "website") -> str:
    """The web address in ``text``, with https where it names no scheme; raises Invalid on ``field``."""
    plain = unicodedata.normalize("NFKC", text).strip()
    address = plain if "://" in plain or plain.lower().startswith("javascript:") else f"https://{plain}"
    parts = _split(address)
    if parts is None or parts.scheme not in SCHEMES or any(letter.isspace() for letter in plain):
        raise Invalid({field: Label("A web address begins with http:// or https://, for example https://example.com.")})
    if not HOST.fullmatch(parts.hostname or "") or parts.username is not None:
        raise Invalid({field: Label("This is not the address of a website, for example https://example.com.")})
    return address


def safe_website(text: str | None) -> str:
    """The address to which a link may lead; empty for anything but a web address."""
    try:
        return read_website(text) if text else ""
    except Invalid:
        return ""


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        return parts if parts.port is None or parts.port else None
    except ValueError:
        return None


def read_licence(text: str, field: str = "licence_no") -> str:
    """The licence number in ``text``; one of 18 letters is a 统一社会信用代码 or raises Invalid on ``field``."""
    plain = unicodedata.normalize("NFKC", text).strip()
    code = re.sub(r"[\s-]", "", plain).upper()
    if len(code) != LENGTH_OF_CREDIT_CODE:
        return plain
    if not CREDIT_CODE.fullmatch(code) or uscc.calc_check_digit(code[:-1]) != code[-1]:
        raise Invalid({field: Label("This is no valid unified social credit code: check its letters.")})
    return code


def check_postcode(address: Any, postcode: Any) -> None:
    """Raises Invalid where a Chinese address has a postcode that is not six digits."""
    if address and postcode and HAN.search(address) and not POSTCODE.fullmatch(postcode):
        raise Invalid({"postcode": Label("A Chinese postcode has six digits, for example 518000.")})
