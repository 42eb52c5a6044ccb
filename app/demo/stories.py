"""What each opportunity is about: need, size, contact, and every text of it."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate

from app.demo.companies import Company
from app.demo.courses import ASSIGNED, FAILED, SUCCEEDED, UNASSIGNED, Course
from app.demo.dice import Dice
from app.demo.people import Person, person
from app.demo.vocabulary import Failure, Phrases, Scene, phrases
from app.demo.workdays import Workdays
from app.models.marketing import OpportunityStatus

CONTACT, TEXT, PLAN = 5, 6, 7
SURVEY, TRIAL, NEGOTIATION, SIGNING = 1, 3, 4, 5
SOURCES = ("老客户介绍", "展会", "官网咨询", "电话营销", "招标信息", "合作伙伴推荐")
SOURCE_WEIGHTS = tuple(accumulate((25.0, 18.0, 20.0, 17.0, 10.0, 10.0)))
SHARE_WITHOUT_CONTACT, SHARE_WITHOUT_AMOUNT, SHARE_WITH_SECOND_TERM = 0.08, 0.1, 0.5
SHARE_SLIPPED = 0.15
NOBODY_YET = "对方"
GOING_LIVE = timedelta(days=60)
REBATE = Decimal("0.97")
TEN_THOUSAND = 10_000
LARGE_AMOUNT = 200_000

PROBABILITIES: dict[OpportunityStatus, tuple[int, ...]] = {
    UNASSIGNED: (10, 20, 20, 30, 30, 40, 50),
    ASSIGNED: (30, 40, 40, 50, 50, 60, 70),
    SUCCEEDED: (40, 50, 60, 60, 70, 80),
    FAILED: (20, 30, 30, 40, 50, 60),
}
#: The phases of a short, a usual and a long development, and from how many workdays it is usual or long.
SHORT, USUAL, LONG = (0, 1, 2, 5), (0, 1, 2, 4, 5), (0, 1, 2, 3, 4, 5)
USUAL_FROM, LONG_FROM = 22, 42


@dataclass(frozen=True, slots=True)
class Story:
    """The texts and figures of one opportunity; ``words`` fill the gaps in the phrases."""

    course: Course
    scene: Scene
    source: str
    contact: Person | None
    amount: Decimal
    is_estimated: bool
    closing: date
    probability: int
    phases: tuple[int, ...]
    failure: Failure | None
    words: dict[str, str]

    def say(self, phrase: str) -> str:
        """The phrase with its gaps filled."""
        return phrase.format_map(self.words)


def contact_at(seed: int, company: Company) -> Person:
    """The first contact at a company."""
    return person(Dice(seed, CONTACT, company.row), company.trade.group.positions, company.city)


def story(seed: int, course: Course, workdays: Workdays) -> Story:
    """The story of an opportunity."""
    dice = Dice(seed, TEXT, course.row)
    scene = dice.pick(course.company.trade.group.scenes)
    count = dice.whole(*scene.count)
    amount = _rounded(count * dice.whole(*scene.price))
    is_known = course.status is not UNASSIGNED or not dice.chance(SHARE_WITHOUT_CONTACT)
    contact = contact_at(seed, course.company) if is_known else None
    closing = _closing(dice, course, workdays)
    phases = _phases(course, scene)
    return Story(
        course=course,
        scene=scene,
        source=dice.weighted(SOURCES, SOURCE_WEIGHTS),
        contact=contact,
        amount=amount,
        is_estimated=course.status is not UNASSIGNED or not dice.chance(SHARE_WITHOUT_AMOUNT),
        closing=closing,
        probability=dice.pick(PROBABILITIES[course.status]),
        phases=phases,
        failure=_failure(dice, phases, course.company.trade.group.place) if course.status is FAILED else None,
        words=_words(course, scene, contact, amount=amount, count=count)
        | {
            "closing": _month(closing, workdays.date(course.created), later="明年"),
            "live": _month(closing + GOING_LIVE, closing, later="次年").strip(),
        },
    )


def summary(dice: Dice, told: Story) -> str:
    """The one line of an opportunity."""
    return told.say(dice.pick(told.scene.summary))


def description(dice: Dice, told: Story) -> str:
    """How it came, what hurts, what is wanted, and the terms."""
    words: Phrases = phrases()
    parts = [dice.pick(words.openings[told.source]), dice.pick(told.scene.pain), dice.pick(told.scene.want)]
    first = dice.pick(words.terms)
    parts.append(first)
    if dice.chance(SHARE_WITH_SECOND_TERM):
        parts.append(dice.pick([term for term in words.terms if term != first]))
    return told.say("".join(parts))


def _words(course: Course, scene: Scene, contact: Person | None, *, amount: Decimal, count: int) -> dict[str, str]:
    group = course.company.trade.group
    return {
        "n": str(count),
        "unit": scene.unit,
        "subject": scene.subject,
        "who": contact.addressed if contact else NOBODY_YET,
        "boss": (contact and contact.own_chief) or group.chief,
        "dept": group.department,
        "place": group.place,
        "halt": group.halt,
        "rest": group.rest,
        "budget": in_ten_thousands(amount),
        "final": in_ten_thousands(amount * REBATE),
    }


def in_ten_thousands(amount: Decimal) -> str:
    """An amount in 万元, as people say it."""
    return f"{amount / TEN_THOUSAND:.1f}".removesuffix(".0")


def _rounded(amount: int) -> Decimal:
    step = 1_000 if amount >= LARGE_AMOUNT else 100
    return Decimal(amount // step * step)


def _closing(dice: Dice, course: Course, workdays: Workdays) -> date:
    """When the order is expected; open ones that are late were mostly given a new date."""
    point = course.begun + course.duration * dice.between(0.85, 1.2)
    is_open = course.closed is None
    if is_open and point < workdays.end + 2 and not dice.chance(SHARE_SLIPPED):
        point = workdays.end + dice.between(3, 30)
    return workdays.date(point)


def _month(day: date, base: date, *, later: str) -> str:
    """A month as one says it from another; with the space that stands between a word and a digit."""
    return f"{later if day.year > base.year else ''} {day.month} 月"


def _phases(course: Course, scene: Scene) -> tuple[int, ...]:
    """A trial is for those who take their time, and it takes its own."""
    if course.duration < USUAL_FROM:
        return SHORT
    return USUAL if course.duration < LONG_FROM + scene.trial_days else LONG


def _failure(dice: Dice, phases: tuple[int, ...], place: str) -> Failure:
    reached = sum(phase < NEGOTIATION for phase in phases)
    fitting = [way for way in phrases().failures if way.earliest <= reached and way.only in place]
    return dice.pick(fitting)
