"""The words the demo company is made of, read from ``words/``."""

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Self

WORDS = Path(__file__).resolve().parent / "words"
MONTH = 22
WEEKS = 11
SIGNS_OF_TRYING = "周天试样先"
#: Who decides where a group names nobody else.
CHIEF = "分管副总"
MUNICIPALITIES = {"北京", "天津", "上海", "重庆"}
AUTONOMOUS = {
    "内蒙古": "内蒙古自治区",
    "广西": "广西壮族自治区",
    "西藏": "西藏自治区",
    "宁夏": "宁夏回族自治区",
    "新疆": "新疆维吾尔自治区",
}


@dataclass(frozen=True, slots=True)
class City:
    """A city, with what an address and a phone number there need; ``leads`` begin its landlines."""

    name: str
    province: str
    region: str
    area: str
    postcode: str
    weight: int
    length: int
    leads: str
    districts: tuple[tuple[str, str], ...]
    is_capital: bool

    def address(self, district: str) -> str:
        """Province, city and district as an address begins; a district that is a city stands for itself."""
        if self.name in MUNICIPALITIES:
            return f"{self.name}市{district}"
        province = AUTONOMOUS.get(self.province, f"{self.province}省")
        return f"{province}{district}" if district.endswith("市") else f"{province}{self.name}市{district}"


@dataclass(frozen=True, slots=True)
class Scene:
    """One thing a company may need, with the words of its whole story; ``price`` is in yuan for one unit."""

    summary: tuple[str, ...]
    subject: str
    unit: str
    count: tuple[int, int]
    price: tuple[int, int]
    pain: tuple[str, ...]
    want: tuple[str, ...]
    found: tuple[str, ...]
    trial: str
    trial_done: tuple[str, ...]

    @classmethod
    def read(cls, entry: dict[str, Any]) -> Self:
        """The scene of an entry of ``groups.json``."""
        words: dict[str, Any] = {key: _firm(word) for key, word in entry.items()}
        return cls(**words)

    @property
    def trial_days(self) -> int:
        """How many workdays pass before a trial has a result."""
        words = self.trial + "".join(self.trial_done)
        if "月" in words:
            return MONTH
        return WEEKS if any(sign in self.trial for sign in SIGNS_OF_TRYING) else 0


@dataclass(frozen=True, slots=True)
class Group:
    """Companies of one line of business: who decides there, and what they may need."""

    industry: str
    positions: tuple[str, ...]
    department: str
    place: str
    halt: str
    rest: str
    chief: str
    scenes: tuple[Scene, ...]


@dataclass(frozen=True, slots=True)
class Trade:
    """The word for a line of business in a company's name."""

    word: str
    weight: int
    group: Group


@dataclass(frozen=True, slots=True)
class Stage:
    """A phase of developing an opportunity: what is planned, and what may come out."""

    todo: tuple[str, ...]
    done: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A way to fail: after how many phases at the earliest, the last step and its result, the reason.

    ``only`` is a word that the place must have.
    """

    earliest: int
    only: str
    todo: str
    last: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrases:
    """The sentences of opportunities and plans."""

    openings: dict[str, tuple[str, ...]]
    terms: tuple[str, ...]
    stages: tuple[Stage, ...]
    quick_close: tuple[str, ...]
    following: tuple[str, ...]
    stalled: tuple[str, ...]
    by_supervisor: tuple[str, ...]
    failures: tuple[Failure, ...]
    reassignments: tuple[str, ...]
    memos: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Goods:
    """What is sold: how many at a time, and to which industries (to all where none is named)."""

    number: str
    name: str
    model: str
    batch: str
    unit: str
    price: Decimal
    usual: tuple[int, int]
    industries: frozenset[str]


@dataclass(frozen=True, slots=True)
class Talk:
    """A way of dealing with a customer: where it takes place, and what it is about with what was said."""

    kind: str
    places: tuple[str, ...]
    topics: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Talks:
    """The ways of dealing with a customer, with the running totals of their weights."""

    ways: tuple[Talk, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ChurnWords:
    """Measures to keep a customer, why one was lost by the kind of reason, and why one was won back."""

    first: tuple[str, ...]
    further: tuple[str, ...]
    reasons: dict[str, tuple[str, ...]]
    returns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that customers ask for: how it is handled, at once and again, and what they say to it."""

    summary: str
    request: str
    handling: tuple[str, ...]
    again: tuple[str, ...]
    good: tuple[str, ...]
    bad: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServiceWords:
    """What customers ask for by kind, with the running totals of the weights, and why one is escalated."""

    matters: dict[str, tuple[Matter, ...]]
    weights: tuple[float, ...]
    escalation: str


@dataclass(frozen=True, slots=True)
class Warehouses:
    """Names of warehouses with the letter of their places, and remarks on what lies there."""

    names: tuple[tuple[str, str], ...]
    memos: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """Family names with the running totals of their weights, given names, and those of roads and banks."""

    family: tuple[str, ...]
    family_weights: tuple[float, ...]
    male: tuple[str, ...]
    female: tuple[str, ...]
    roads: tuple[str, ...]
    banks: tuple[str, ...]


@cache
def stems() -> tuple[tuple[str, str], ...]:
    """The distinctive parts of company names, each with its pinyin."""
    lines = (WORDS / "stems.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition(" ") for line in lines)
    return tuple((stem, pinyin) for stem, _, pinyin in pairs)


@cache
def cities() -> tuple[City, ...]:
    """Every city; the first of a province is its capital."""
    seen: set[str] = set()
    found = []
    for entry in _read("cities.json"):
        districts = tuple((code, name) for code, name in entry.pop("districts"))
        found.append(City(districts=districts, is_capital=entry["province"] not in seen, **entry))
        seen.add(entry["province"])
    return tuple(found)


@cache
def trades() -> tuple[Trade, ...]:
    """Every trade word with its group."""
    return tuple(
        Trade(word, weight, group)
        for entry in _read("groups.json")
        for group in (_group(entry),)
        for word, weight in entry["trades"].items()
    )


def _group(entry: dict[str, Any]) -> Group:
    return Group(
        industry=entry["industry"],
        positions=tuple(entry["positions"]),
        department=entry["dept"],
        place=entry["place"],
        halt=entry["halt"],
        rest=entry["rest"],
        chief=entry.get("chief", CHIEF),
        scenes=tuple(Scene.read(scene) for scene in entry["scenes"]),
    )


@cache
def phrases() -> Phrases:
    """The sentences of opportunities and plans."""
    entry = _read("plans.json")
    failures = entry.pop("failures")
    return Phrases(
        openings={source: tuple(texts) for source, texts in entry.pop("openings").items()},
        stages=tuple(Stage(tuple(stage["todo"]), tuple(stage["done"])) for stage in entry.pop("stages")),
        failures=tuple(_failure(one) for one in failures),
        **{key: tuple(texts) for key, texts in entry.items()},
    )


def _failure(entry: dict[str, Any]) -> Failure:
    return Failure(
        earliest=entry["from"],
        only=entry.get("only", ""),
        todo=entry["todo"],
        last=entry["last"],
        reasons=tuple(entry["reasons"]),
    )


@cache
def names() -> Names:
    """The names of people, roads and banks."""
    entry = _read("names.json")
    words = entry["surnames"].split()
    return Names(
        family=tuple(words[::2]),
        family_weights=tuple(accumulate(float(weight) for weight in words[1::2])),
        male=tuple(entry["male"].split()),
        female=tuple(entry["female"].split()),
        roads=tuple(entry["roads"].split()),
        banks=tuple(entry["banks"].split()),
    )


@cache
def goods() -> tuple[Goods, ...]:
    """Everything that is sold."""
    return tuple(
        Goods(number, name, model, batch, unit, Decimal(price), (least, most), frozenset(industries))
        for number, name, model, batch, unit, price, (least, most), industries in _read("products.json")["products"]
    )


def warehouses() -> Warehouses:
    """Where the goods lie."""
    entry = _read("products.json")
    return Warehouses(tuple((name, letter) for name, letter in entry["warehouses"]), tuple(entry["stock_memos"]))


@cache
def talks() -> Talks:
    """What is talked about with customers."""
    entry = _read("interactions.json")
    ways = (
        Talk(kind, tuple(one["places"]), tuple((topic, tuple(said)) for topic, said in one["talks"]))
        for kind, one in entry.items()
    )
    return Talks(tuple(ways), tuple(accumulate(float(one["weight"]) for one in entry.values())))


@cache
def churn_words() -> ChurnWords:
    """What is done about customers that fall silent."""
    entry = _read("churn.json")
    reasons = {kind: tuple(said) for kind, said in entry["reasons"].items()}
    return ChurnWords(tuple(entry["first"]), tuple(entry["further"]), reasons, tuple(entry["returns"]))


@cache
def service_words() -> ServiceWords:
    """What customers ask for, and what becomes of it."""
    entry = _read("services.json")
    kinds = entry["kinds"]
    matters = {
        kind: tuple(Matter(**_firmly({**one, "again": each["again"]})) for one in each["requests"])
        for kind, each in kinds.items()
    }
    weights = tuple(accumulate(float(each["weight"]) for each in kinds.values()))
    return ServiceWords(matters, weights, entry["escalation"])


def team() -> dict[str, list[dict[str, Any]]]:
    """The departments, accounts and colleagues of the demo company."""
    entry: dict[str, list[dict[str, Any]]] = _read("team.json")
    return entry


def _firmly(words: dict[str, Any]) -> dict[str, Any]:
    return {name: _firm(word) for name, word in words.items()}


def _firm(word: Any) -> Any:
    return tuple(word) if isinstance(word, list) else word


def _read(name: str) -> Any:
    return json.loads((WORDS / name).read_text(encoding="utf-8"))
