"""Made-up people outside the company: names, positions, how they are addressed, phone numbers."""

from dataclasses import dataclass

from app.demo.dice import Dice
from app.demo.vocabulary import City, names
from app.models.customers import Gender

SHARE_OF_WOMEN = 0.3
SHARE_OF_LANDLINES = 0.15

#: Ranges of Chinese mobiles as the operators use them; no range is kept for fiction.
MOBILE_RANGES = tuple(
    str(number)
    for first, last in ((130, 139), (150, 153), (155, 159), (166, 166), (173, 173), (175, 178), (180, 189))
    for number in range(first, last + 1)
)

#: What is said after the family name; a position that is not here is said by its last two characters.
ADDRESSED_AS = {
    "总经理": "总",
    "副总经理": "总",
    "技术总监": "总",
    "生产总监": "总",
    "运营总监": "总",
    "工程师": "工",
}
CHIEFS = {"总经理": "董事长", "副总经理": "总经理"}


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as shown and as compared (``app.actions.phones`` gives the same for it)."""

    text: str
    key: str
    is_mobile: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a customer."""

    family: str
    given: str
    gender: Gender
    position: str
    phone: Phone

    @property
    def name(self) -> str:
        """The whole name."""
        return self.family + self.given

    @property
    def addressed(self) -> str:
        """As colleagues speak of them, such as 顾工 or 李总."""
        return self.family + ADDRESSED_AS.get(self.position, self.position[-2:])

    @property
    def own_chief(self) -> str | None:
        """Who stands above the heads of a company; None for everybody else."""
        return CHIEFS.get(self.position)


def person(dice: Dice, positions: tuple[str, ...], city: City) -> Person:
    """Somebody in one of the positions, with a mobile or at times a landline."""
    words = names()
    is_woman = dice.chance(SHARE_OF_WOMEN)
    return Person(
        family=dice.weighted(words.family, words.family_weights),
        given=dice.pick(words.female if is_woman else words.male),
        gender=Gender.FEMALE if is_woman else Gender.MALE,
        position=dice.pick(positions),
        phone=landline(dice, city) if dice.chance(SHARE_OF_LANDLINES) else mobile(dice),
    )


def full_name(dice: Dice) -> str:
    """The name of somebody of whom nothing else is known."""
    words = names()
    return dice.weighted(words.family, words.family_weights) + dice.pick(words.male)


def mobile(dice: Dice) -> Phone:
    """A mobile number."""
    number = dice.pick(MOBILE_RANGES) + dice.digits(8)
    return Phone(number, f"+86{number}", is_mobile=True)


def landline(dice: Dice, city: City) -> Phone:
    """A landline in ``city``."""
    number = dice.pick(city.leads) + dice.digits(city.length - 1)
    return Phone(f"{city.area}-{number}", f"+86{city.area[1:]}{number}", is_mobile=False)
