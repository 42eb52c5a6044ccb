"""The tokens by which a record is found, and the terms in which somebody looks for it, from one reading of letters."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice, product
from typing import Any

from app.actions.phones import phone_key
from app.models.search import BEGINNING, Searched, Term
from app.search.pinyin import readings_of

#: So many letters of a token are kept, and so many of a word that is typed are looked at.
LONGEST = 16
#: A name with several heteronyms close together keeps so many of the ways in which they may be read.
MOST_READINGS = 4
LONGEST_QUERY, MOST_TERMS, MOST_RUNS = 100, 16, 4
LEAST_DIGITS_OF_A_PHONE = 7
CHINESE = "\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
RUNS = re.compile(f"[{CHINESE}]+|[^{CHINESE}]+")
IS_CHINESE = re.compile(f"[{CHINESE}]")
#: The digits that end a number such as KH260302000001.
DIGITS = re.compile(r"\d+$")


@lru_cache(maxsize=64)  # what is typed is read in several ways
def words_of(text: str) -> tuple[str, ...]:
    """The words: letters and digits in plain width, in small letters without accents."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    bare = unicodedata.normalize("NFC", "".join(letter for letter in plain if not unicodedata.combining(letter)))
    return tuple("".join(letter if letter.isalnum() else " " for letter in bare).split())


# ---- what is kept ---------------------------------------------------------------------------------------


def tokens_of(model: Any, values: Sequence[str | None]) -> frozenset[str]:
    """The tokens of a record of ``model`` whose searched attributes have these values."""
    found: set[str] = set()
    for way, value in zip(model.searched.values(), values, strict=True):
        if value:
            found.update(_KEPT[way](value))
    return frozenset(found)


def name_tokens(name: str) -> Iterator[str]:
    """Each Chinese character and pair, and from every character on the pinyin and the initials."""
    letters = "".join(words_of(name))
    readings = [readings_of(letter) for letter in letters]
    for place, letter in enumerate(letters):
        yield letter
        pair = letters[place : place + 2]
        if len(pair) == 2 and IS_CHINESE.match(pair[0]) and IS_CHINESE.match(pair[1]):
            yield pair
        yield from _sounds(readings[place : place + LONGEST])
    if letters:
        yield BEGINNING + letters[:LONGEST]
        yield from (BEGINNING + sound for sound in _sounds(readings[:LONGEST]))


def _sounds(readings: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The pinyin, the initials and the first initial, in each way they may be read."""
    for one in islice(product(*readings), MOST_READINGS):
        yield "".join(one)[:LONGEST]
        yield "".join(reading[0] for reading in one)
        yield one[0][0]


def code_tokens(code: str) -> Iterator[str]:
    """A number whole, its words, and the digits at the end of each."""
    words = words_of(code)
    for word in {*words, "".join(words)} - {""}:
        yield word[:LONGEST]
        digits = DIGITS.search(word)
        if digits:
            yield digits[0][:LONGEST]


def whole_tokens(value: str) -> Iterable[str]:
    """The value itself, whatever its length."""
    return ("".join(value.split()),)


_KEPT = {Searched.NAME: name_tokens, Searched.CODE: code_tokens, Searched.WHOLE: whole_tokens}


# ---- what is looked for ---------------------------------------------------------------------------------


def terms_of(text: str) -> tuple[Term, ...]:
    """What a record must have of what is typed; nothing where no letter or digit is."""
    words = words_of(text[:LONGEST_QUERY])
    terms = (term for word in words for run in RUNS.findall(word) for term in _terms_of_run(run))
    return tuple(islice(dict.fromkeys(terms), MOST_TERMS))


def _terms_of_run(run: str) -> Iterator[Term]:
    if len(run) == 1:
        yield Term(run)
    elif IS_CHINESE.match(run):
        yield from (Term(run[place : place + 2]) for place in range(len(run) - 1))
    else:
        yield Term(run[:LONGEST], is_beginning=len(run) <= LONGEST)


def beginning_of(text: str) -> tuple[Term, ...]:
    """What a record must have whose name begins with the first word that is typed, and holds the others."""
    words = words_of(text[:LONGEST_QUERY])
    first = Term(BEGINNING + words[0][:LONGEST], is_beginning=True) if words else None
    return (first, *terms_of(" ".join(words[1:]))) if first else ()


def long_runs(text: str) -> list[str]:
    """The Chinese runs of three characters and more: their pairs alone do not say that they stand together."""
    runs = (run for word in words_of(text[:LONGEST_QUERY]) for run in RUNS.findall(word))
    return [run for run in runs if len(run) > 2 and IS_CHINESE.match(run)][:MOST_RUNS]


def phone_term(text: str) -> Term | None:
    """The number, where what is typed is a whole phone number."""
    digits = sum(letter.isdigit() for letter in text)
    key = phone_key(text[:LONGEST_QUERY]) if digits >= LEAST_DIGITS_OF_A_PHONE else None
    return Term(key) if key else None
