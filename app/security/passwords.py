"""Which passwords are good enough."""

import threading
from functools import cache
from pathlib import Path
from typing import Any

from app.errors import Invalid, Sentence
from app.i18n import Label
from app.models.org import Employee

SHORTEST, LONGEST = 10, 200
#: How hard to guess a password must be, from 0 to 4.
LEAST_SCORE = 3
#: zxcvbn looks at no more letters.
LOOKED_AT = 72
#: Shorter parts of a name stand in many a good password by chance; two Chinese signs are a name.
SHORTEST_NAME, SHORTEST_CHINESE_NAME = 3, 2
SHORTEST_PHONE, LONGEST_PHONE = 7, 11
WEAK_WORDS = Path(__file__).with_name("weak_words.txt")
CHINESE = "chinese"

TOO_SHORT = Label("A password has at least 10 characters.")
TOO_LONG = Label("A password has at most 200 characters.")
HOLDS_A_NAME = Label("A password holds neither the user name nor the person's names, phone or mail address.")
COMMON = Label("This is a common password or very like one. Choose another one, for example a few uncommon words.")
WORDS = Label("Common words, names and phrases are easy to guess. Add a few uncommon words.")
KEYS = Label("Rows and patterns of keys are easy to guess. Choose a few uncommon words instead.")
REPEATED = Label("Repeated or consecutive characters are easy to guess. Choose a few uncommon words instead.")
DATES = Label("Dates and years are easy to guess. Add a few uncommon words.")
GUESSED = Label("This password is too easy to guess. Add a few uncommon words.")

#: What to say of the part of a password that is guessed first, by the kind of pattern that zxcvbn found.
SENTENCES = {"spatial": KEYS, "repeat": REPEATED, "sequence": REPEATED, "regex": DATES, "date": DATES}
#: zxcvbn keeps the words of one person in a place that all threads share.
_one_at_a_time = threading.Lock()


def refuse_weak(password: str, person: Employee) -> None:
    """Raises Invalid with what is wrong with ``password`` as that of ``person``."""
    sentence = _fault_of(password, _names_of(person))
    if sentence is not None:
        raise Invalid({"password": sentence})


def _fault_of(password: str, names: list[str]) -> Sentence | None:
    if len(password) < SHORTEST:
        return TOO_SHORT
    if len(password) > LONGEST:
        return TOO_LONG
    if any(name in password.casefold() for name in names):
        return HOLDS_A_NAME
    judged = _judged(password, names)
    return None if judged["score"] >= LEAST_SCORE else _why_weak(judged["sequence"])


def _names_of(person: Employee) -> list[str]:
    """What a stranger tries first, in small letters."""
    mail = (person.email or "").partition("@")[0]
    given = (person.username, person.first_name, person.last_name, person.full_name, mail)
    names = {name.casefold() for name in given if name}
    long_enough = [name for name in names if len(name) >= (SHORTEST_NAME if name.isascii() else SHORTEST_CHINESE_NAME)]
    phone = "".join(filter(str.isdigit, person.phone or ""))[-LONGEST_PHONE:]
    return sorted([*long_enough, phone] if len(phone) >= SHORTEST_PHONE else long_enough)


def _judged(password: str, names: list[str]) -> Any:
    judge = _judge()
    with _one_at_a_time:
        return judge(password[:LOOKED_AT], user_inputs=names)


@cache
def _judge() -> Any:
    """zxcvbn with the weak words of Chinese; loaded when a password is first set, not when the program starts."""
    from zxcvbn import zxcvbn
    from zxcvbn.matching import add_frequency_lists

    lines = WEAK_WORDS.read_text(encoding="utf-8").splitlines()
    add_frequency_lists({CHINESE: [word for line in lines if not line.startswith("#") for word in line.split()]})
    return zxcvbn


def _why_weak(sequence: list[Any]) -> Sentence:
    """Of the longest part that follows a pattern; a password that follows none is guessed letter by letter."""
    patterns = [part for part in sequence if part["pattern"] != "bruteforce"]
    if not patterns:
        return GUESSED
    part = max(patterns, key=lambda one: len(one["token"]))
    if part["pattern"] == "dictionary":
        return COMMON if part["dictionary_name"] in {"passwords", CHINESE} else WORDS
    return SENTENCES.get(part["pattern"], GUESSED)
