"""Made-up companies: each number is one company with a name of its own, a place and a line of business."""

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from app.demo.dice import Dice
from app.demo.vocabulary import City, Trade, cities, stems, trades

NAMING, FACTS = 1, 2
FORMS = ("有限公司", "有限责任公司", "股份有限公司", "集团有限公司")
FORM_WEIGHTS = tuple(accumulate((80.0, 8.0, 8.0, 4.0)))
SHARE_WITH_CITY_BEHIND = 0.12
SHARE_WITH_PROVINCE = 0.3
#: A city of this name and the province of this name would be told apart no more.
NAMED_LIKE_A_CITY = "吉林"

CREDIT_CODE_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
VALUES = {sign: value for value, sign in enumerate(CREDIT_CODE_SIGNS)}
CREDIT_CODE_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
#: Department Y and kind of organisation; Y gives out no codes to companies, so these are nobody's.
CREDIT_CODE_HEAD = "Y1"


@dataclass(frozen=True, slots=True)
class Company:
    """One company; ``row`` is its number among all of the demo."""

    row: int
    name: str
    form: str
    pinyin: str
    city: City
    trade: Trade


class Directory:
    """All companies of one seed. Every number below ``size`` is another combination of city, trade and stem.

    Cities and trades stand in the list as often as their weight says; the copies of one pair take every
    so-many-th stem, so that no combination comes twice.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._cities = [(number, copy) for number, city in enumerate(cities()) for copy in range(city.weight)]
        self._trades = [(number, copy) for number, trade in enumerate(trades()) for copy in range(trade.weight)]
        heaviest = max(city.weight for city in cities()) * max(trade.weight for trade in trades())
        self._rounds = len(stems()) // heaviest
        dice = Dice(seed, NAMING, -1)
        self._mask = (1 << self.size.bit_length()) - 1
        self._half = self.size.bit_length() // 2
        self._odd = (dice.whole(0, self._mask) | 1, dice.whole(0, self._mask) | 1)
        self._start = dice.whole(0, self._mask)

    @cached_property
    def size(self) -> int:
        """How many companies there can be."""
        return len(self._cities) * len(self._trades) * self._rounds

    def _scattered(self, row: int) -> int:
        """Another number below ``size`` for each row, so that neighbours have nothing in common.

        Every step can be undone, so no two rows meet; what falls outside goes round again.
        """
        value = row
        while True:
            value = (value * self._odd[0] + self._start) & self._mask
            value ^= value >> self._half
            value = value * self._odd[1] & self._mask
            value ^= value >> self._half
            if value < self.size:
                return value

    def company(self, row: int) -> Company:
        """The company of that number."""
        place, turn = divmod(self._scattered(row), self._rounds)
        city_slot, trade_slot = divmod(place, len(self._trades))
        city_number, city_copy = self._cities[city_slot]
        trade_number, trade_copy = self._trades[trade_slot]
        city, trade = cities()[city_number], trades()[trade_number]
        copy = turn * city.weight * trade.weight + city_copy * trade.weight + trade_copy
        shift = city_number * 977 + trade_number * 6007
        stem, pinyin = stems()[(copy + shift) % len(stems())]
        dice = Dice(self._seed, NAMING, row)
        form = dice.weighted(FORMS, FORM_WEIGHTS)
        return Company(row, _name(dice, city, stem, trade) + form, form, pinyin, city, trade)


def _name(dice: Dice, city: City, stem: str, trade: Trade) -> str:
    """A company's name without its form."""
    if dice.chance(SHARE_WITH_CITY_BEHIND):
        return f"{stem}（{city.name}）{trade.word}"
    is_provincial = city.is_capital and city.province != NAMED_LIKE_A_CITY
    place = city.province if is_provincial and dice.chance(SHARE_WITH_PROVINCE) else city.name
    return f"{place}{stem}{trade.word}"


def credit_code(dice: Dice, district: str) -> str:
    """A 统一社会信用代码 with right check characters (GB 32100, GB 11714)."""
    body = dice.digits(8)
    organisation = body + _organisation_check(body)
    code = f"{CREDIT_CODE_HEAD}{district}{organisation}"
    total = sum(VALUES[sign] * weight for sign, weight in zip(code, CREDIT_CODE_WEIGHTS, strict=True))
    return code + CREDIT_CODE_SIGNS[-total % 31]


def _organisation_check(body: str) -> str:
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    rest = 11 - sum(weight * int(digit) for weight, digit in zip(weights, body, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))
