"""The tokens of names and numbers: what they hold, and what of a name is found by what is typed."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.models import Customer
from app.models.names import name_key
from app.search.tokens import LONGEST, beginning_of, long_runs, phone_term, terms_of, tokens_of
from tests.conftest import SHARED

NAME = "深圳市华强北电子有限公司"


def tokens(name: str, number: str = "KH260302000001", external_id: str | None = None, phone: str | None = None):
    """The tokens of a customer."""
    return tokens_of(Customer, (name_key(name), number, external_id, phone))


def finds(text: str, held: frozenset[str]) -> bool:
    """Whether what is typed finds tokens, as the databases compare them."""
    terms = terms_of(text)
    return bool(terms) and all(
        any(token.startswith(term.text) for token in held) if term.is_beginning else term.text in held for term in terms
    )


@pytest.mark.parametrize(
    "text",
    [
        *("华强", "深圳", "强北", "公司", "华", "华强北", NAME, "华强 电子", " 华强　电子 "),
        *("huaqiang", "huaq", "hua", "hqb", "hq", "HQ", "ｈｑ", "h", "shenzhen", "szshq", "beidianzi"),
        *("华强 hq", "hq电子", "华强,dz", "KH260302000001", "kh2603", "260302", "ＫＨ２６０３"),
    ],
)
def test_what_finds_a_name(text: str):
    assert finds(text, tokens(NAME))


@pytest.mark.parametrize(
    "text", ["强华", "华深", "qh", "uaqiang", "302000001", "H2603", "深圳 华夏", '"', "*", "（）", ""]
)
def test_what_does_not(text: str):
    assert not finds(text, tokens(NAME))


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("重庆长安", ("chongqing", "cq", "changan", "ca")),
        ("厦门银行", ("xiamen", "xm", "yinhang", "yh", "xmyh")),
        ("长沙重工", ("changsha", "zhonggong", "changshazhonggong", "cszg")),
        ("乐山音乐", ("leshan", "yinyue", "lsyy")),
        ("番禺大厦", ("panyu", "dasha", "pyds")),
        ("吕氏绿能", ("lvshi", "lvneng", "lsln")),
        ("Alfreds Futterkiste", ("alfreds", "futterkiste", "kiste", "alfredsfutt", "ALF kis")),
        ("Blondesddsl père et fils", ("pere", "père", "fils", "BLONDES")),
        ("Ｔｃｌ华星（深圳）", ("tcl", "tclhx", "tclhuaxing", "TCL华星", "华星 深圳", "hxsz")),
        ("3M中国", ("3m", "3mzg", "3M中国", "中国")),
        ("株式会社ソニー", ("ソニー", "会社")),
        ("Straße", ("strasse", "STRASSE", "straße")),
    ],
)
def test_other_names(name: str, texts: tuple[str, ...]):
    for text in texts:
        assert finds(text, tokens(name)), text


def test_a_phone_is_found_only_whole():
    held = tokens(NAME, phone="+8613800138000")
    for text in ("13800138000", "138 0013 8000", "+86 138-0013-8000", "１３８００１３８０００"):
        assert phone_term(text).text in held
    for text in ("1380013800", "138", "8613800138000x"):
        assert not finds(text, held)
    assert phone_term("华强 2026") is None


def test_an_external_number_is_found_by_its_words():
    held = tokens(NAME, external_id="SAP-0012/7b")
    for text in ("SAP-0012", "sap", "0012", "7B", "SAP00127B"):
        assert finds(text, held), text


def test_long_texts_are_cut_alike():
    name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    assert finds(name, tokens(name)) and finds("schifffahrtselektrizitätenhaupt", tokens(name))
    assert max(map(len, tokens(NAME * 8))) <= LONGEST + 1
    assert len(terms_of("华强" * 5_000)) <= 16 and len(terms_of("a b " * 5_000)) <= 16


def test_the_beginning_of_a_name():
    held = tokens(NAME)
    for text in ("深圳", "深圳市华", "shenzhen", "szs", "深圳 电子"):
        assert all(
            any(one.startswith(term.text) for one in held) if term.is_beginning else term.text in held
            for term in beginning_of(text)
        ), text
    assert not any(one.startswith(beginning_of("华强")[0].text) for one in held)
    assert beginning_of("!?") == ()


def test_three_characters_and_more_must_stand_together():
    assert long_runs("华强北 hq 电子 a有限公司") == ["华强北", "有限公司"]


HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
LETTERS = st.one_of(HAN, HAN, HAN, st.characters(codec="utf-8"), st.sampled_from("（）·- AZaz09é\"'*^"))
NAMES = st.text(LETTERS, min_size=1, max_size=30)


@settings(max_examples=300, deadline=None)
@given(st.text(HAN, min_size=2, max_size=40), st.data())
def test_every_part_of_a_chinese_name_finds_it(name: str, data: st.DataObject):
    held = tokens(name)
    start = data.draw(st.integers(0, len(name) - 2))
    end = data.draw(st.integers(start + 2, len(name)))
    assert finds(name[start:end], held)


@settings(max_examples=300, deadline=None)
@given(NAMES)
def test_every_name_finds_itself(name: str):
    if terms_of(name_key(name)):
        assert finds(name, tokens(name))


@settings(max_examples=300, deadline=None)
@given(NAMES, NAMES, st.text(max_size=20))
def test_no_token_or_term_holds_what_a_database_would_read_as_a_sign(name: str, number: str, typed: str):
    for one in (*tokens(name, number), *(term.text for term in (*terms_of(typed), *beginning_of(typed)))):
        assert one
        assert all(letter.isalnum() or letter == "^" for letter in one), (one, [unicodedata.name(c, "?") for c in one])


def test_real_names(request: pytest.FixtureRequest):
    path: Path = SHARED / "data" / "cn-company-names" / "legal_names.txt"
    if not path.exists():
        pytest.skip("the names are not here")
    for name in path.read_text(encoding="utf-8").split():
        held = tokens(name)
        pairs = (name[place : place + 2] for place in range(len(name) - 1))
        assert all(finds(pair, held) for pair in pairs if terms_of(pair)), name
