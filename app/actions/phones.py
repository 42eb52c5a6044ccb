"""Phone numbers: Chinese mobiles and landlines and international ones, checked and brought into one form."""

import unicodedata
from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from app.errors import Invalid
from app.i18n import Label

HOME = "CN"


@dataclass(frozen=True)
class Phone:
    """A checked number: as shown, as compared, and whether it is a mobile."""

    text: str
    key: str
    is_mobile: bool


def read_phone(text: str, field: str = "phone") -> Phone:
    """The number in ``text``; raises Invalid on ``field`` with the reason."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if any(letter.isalpha() for letter in plain.replace("ext", "").replace("转", "")):
        raise Invalid({field: Label("A phone number has digits only, for example 13800138000 or 0755-26780000.")})
    try:
        number = phonenumbers.parse(plain.replace("转", "ext"), HOME)
    except NumberParseException:
        raise Invalid({field: Label("This is not a phone number.")}) from None
    if not phonenumbers.is_valid_number(number):
        raise Invalid({field: Label("This phone number does not exist: check its prefix and length.")})
    kind = phonenumbers.number_type(number)
    key = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    extension = f"x{number.extension}" if number.extension else ""
    is_mobile = kind in {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
    return Phone(_shown(number, is_mobile), key + extension, is_mobile)


def phone_key(text: str | None) -> str | None:
    """The compared form of a number, None where there is none or it cannot be read."""
    try:
        return read_phone(text).key if text else None
    except Invalid:
        return None


def mask_phone(text: str) -> str:
    """``text`` with the middle digits hidden, as 138****5678."""
    digits = [place for place, letter in enumerate(text) if letter.isdigit()]
    hidden = set(digits[3:-4] if len(digits) > 8 else digits[1:-2])
    return "".join("*" if place in hidden else letter for place, letter in enumerate(text))


def _shown(number: phonenumbers.PhoneNumber, is_mobile: bool) -> str:
    """A Chinese mobile as eleven digits, a landline as 0755-26780000, others in the international form."""
    if number.country_code != 86:
        return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    if is_mobile:
        return national.replace(" ", "")
    area, _, rest = national.partition(" ")
    return f"{area}-{rest.replace(' ', '')}" if rest and area.startswith("0") else national
