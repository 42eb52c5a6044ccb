"""The words the demo is made of, and the courses of its opportunities on any day."""

import csv
import string
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from app import demo
from app.actions.basedata import SEEDS
from app.actions.phones import read_phone
from app.demo.companies import Directory, credit_code
from app.demo.courses import ASSIGNED, FAILED, SUCCEEDED, UNASSIGNED, Courses
from app.demo.dice import Dice
from app.demo.org import Seller, Team
from app.demo.people import landline, mobile
from app.demo.vocabulary import WORDS, churn_words, cities, goods, phrases, service_words, talks, team, trades
from app.demo.workdays import Workdays, is_workday
from app.demo.world import World
from app.models import Category

ZONE = ZoneInfo("Asia/Shanghai")
SHARED = Path(__file__).resolve().parents[3] / "shared"


# ---- the words --------------------------------------------------------------------------------------------


def test_words_are_few_and_carry_their_notice():
    assert sum(path.stat().st_size for path in WORDS.iterdir()) < 300_000
    notice = (WORDS / "NOTICE.md").read_text(encoding="utf-8")
    assert all(path.name in notice for path in WORDS.iterdir() if path.suffix in {".txt", ".json"})


def test_no_two_companies_have_one_name():
    directory = Directory(4)
    names = {directory.company(row).name for row in range(60_000)}
    assert len(names) == 60_000
    assert directory.size > demo.MOST_CUSTOMERS * 1.2
    far = [directory.company(row).name for row in range(directory.size - 500, directory.size)]
    assert not names & set(far) and len(set(far)) == 500


def test_companies_are_spread():
    directory = Directory(1)
    companies = [directory.company(row) for row in range(400)]
    assert len({company.city.region for company in companies}) == 10
    assert len({company.trade.group.industry for company in companies}) >= 15
    same = sum(one.city is other.city for one, other in pairwise(companies))
    assert same < 20


def test_every_phrase_has_only_known_gaps():
    contact = {"who", "boss", "dept", "place", "halt", "rest"}
    known = contact | {"n", "unit", "subject", "budget", "final", "closing", "live"}
    words = phrases()
    texts = [text for group in {id(t.group): t.group for t in trades()}.values() for text in _texts(group)]
    texts += [*_texts(words), *_texts(talks().ways), *_texts(churn_words()), *_texts(service_words())]
    assert len(texts) > 900
    for text in texts:
        assert {field for _, field, _, _ in string.Formatter().parse(text) if field is not None} <= known


def _texts(words: Any) -> Iterator[str]:
    if isinstance(words, str):
        yield words
    elif isinstance(words, dict):
        yield from (text for value in words.values() for text in _texts(value))
    elif isinstance(words, list | tuple):
        yield from (text for value in words for text in _texts(value))
    elif hasattr(words, "__dataclass_fields__"):
        yield from (text for name in words.__dataclass_fields__ for text in _texts(getattr(words, name)))


def test_the_words_name_known_dictionary_entries():
    items = {(category, item) for category, entries in SEEDS.items() for item, _ in entries}
    assert {(Category.REGION, city.region) for city in cities()} <= items
    assert {(Category.INDUSTRY, trade.group.industry) for trade in trades()} <= items
    assert {(Category.SOURCE, source) for source in phrases().openings} <= items
    assert {(Category.SERVICE_KIND, kind) for kind in service_words().matters} <= items
    assert {(Category.INTERACTION_KIND, way.kind) for way in talks().ways} <= items
    assert {(Category.CHURN_REASON, kind) for kind in churn_words().reasons} == {
        one for one in items if one[0] is Category.CHURN_REASON
    }
    assert {(Category.INDUSTRY, industry) for one in goods() for industry in one.industries} <= items


def test_every_trade_finds_products_of_its_own():
    for trade in trades():
        offered = [one for one in goods() if not one.industries or trade.group.industry in one.industries]
        assert len(offered) > 20
    assert len({one.number for one in goods()}) == len(goods()) == 60


def test_landlines_of_every_city_are_valid():
    for row, city in enumerate(cities()):
        dice = Dice(9, 9, row)
        for phone in (landline(dice, city), landline(dice, city), mobile(dice)):
            read = read_phone(phone.text)
            assert (read.text, read.key, read.is_mobile) == (phone.text, phone.key, phone.is_mobile)


def test_credit_codes_have_the_right_check_characters():
    path = SHARED / "data" / "cn-company-names" / "demo_customers.csv"
    assert credit_code(Dice(1, 1, 1), "320505")[:8] == "Y1320505"
    if not path.exists():
        pytest.skip("no shared data here")

    class Given(Dice):
        """Throws the digits of a given code."""

        def digits(self, count: int) -> str:
            return code[8 : 8 + count]

    with path.open(encoding="utf-8") as file:
        codes = [row["uscc"] for row in csv.DictReader(file)]
    plain = [code for code in codes if code[8:16].isdigit()]
    assert len(plain) > 4_000
    for code in plain:
        assert credit_code(Given(1, 1, 1), code[2:8]) == code


# ---- on any day -------------------------------------------------------------------------------------------


def sellers() -> Team:
    """The team without a database."""
    words = [word for part in ("accounts", "colleagues") for word in team()[part] if "skill" in word]
    made = (
        Seller(
            key=key,
            username=word["username"],
            full_name=word["last_name"] + word["first_name"],
            department=word["department"],
            regions=frozenset(word["regions"]),
            industries=frozenset(word["industries"]),
            skill=word["skill"],
            load=word["load"],
        )
        for key, word in enumerate(words, start=2)
    )
    return Team(1, 1, tuple(made))


@pytest.mark.parametrize("month", range(1, 13))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_state_is_there_on_any_day(month: int, seed: int):
    world = World(
        seed=seed,
        workdays=Workdays(date(2027, month, 7 + month), ZONE),
        directory=Directory(seed),
        team=sellers(),
        entries=cast(Any, None),
        bulk=cast(Any, None),
        keys={},
    )
    courses = [Courses(world, 140).course(row) for row in range(140)]
    found = Counter(course.status for course in courses)
    assert found[UNASSIGNED] >= 5 and found[ASSIGNED] >= 18, found
    assert found[SUCCEEDED] >= 25 and found[FAILED] >= 15, found
    open_ones = Counter(course.seller.username for course in courses if course.seller and course.closed is None)
    assert open_ones["jingli1"] and open_ones["jingli2"]
    assert [course.created for course in courses] == sorted(course.created for course in courses)


def test_holidays_are_free():
    assert not is_workday(date(2026, 2, 17)) and not is_workday(date(2026, 10, 1))
    assert not is_workday(date(2026, 11, 22)) and is_workday(date(2026, 11, 23))
