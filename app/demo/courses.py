"""How each opportunity went: when it came, who got it, how long it took and how it ended."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from math import exp, log, sqrt

from app.demo.companies import Company
from app.demo.dice import Dice
from app.demo.org import Seller
from app.demo.world import World
from app.models.marketing import OpportunityStatus

UNASSIGNED, ASSIGNED = OpportunityStatus.UNASSIGNED, OpportunityStatus.ASSIGNED
SUCCEEDED, FAILED = OpportunityStatus.SUCCEEDED, OpportunityStatus.FAILED

COURSE = 4
YEAR = timedelta(days=365)
#: By how much more comes in at the end of the year than at its beginning.
GROWTH = 1.2
#: In workdays.
WAITING_AGE, USUAL_WAIT, LONGEST_WAIT = 35, 1.8, 8.0
USUAL_DURATION, SPREAD, SHORTEST, LONGEST = 44.0, 0.5, 10.0, 120.0
SHARE_WAITING, SHARE_STALLED, SHARE_REASSIGNED = 0.85, 0.05, 0.04
REASSIGNED_FROM = 20
#: Every third opportunity of their regions is brought in by these two themselves.
FINDERS = ("jingli1", "jingli2")


@dataclass(frozen=True, slots=True)
class Course:
    """The outline of one opportunity; times are points of ``Workdays``, durations workdays."""

    row: int
    company: Company
    status: OpportunityStatus
    created: float
    created_by: int
    duration: float
    seller: Seller | None = None
    assigned: float | None = None
    first_seller: Seller | None = None
    first_assigned: float | None = None
    closed: float | None = None
    is_stalled: bool = False

    @property
    def begun(self) -> float:
        """When the one who has it got it, or would get it."""
        return self.created + USUAL_WAIT if self.assigned is None else self.assigned

    @property
    def last_change(self) -> float:
        """When the record itself last changed."""
        return next(point for point in (self.closed, self.assigned, self.created) if point is not None)


class Courses:
    """The courses of all ``total`` opportunities of the last year, in the order of their creation."""

    def __init__(self, world: World, total: int) -> None:
        self.total = total
        self._seed = world.seed
        self._workdays = world.workdays
        self._team = world.team
        self._directory = world.directory

    @cached_property
    def begin(self) -> int:
        """The workday a year ago."""
        return self._workdays.number_of(self._workdays.today - YEAR)

    def course(self, row: int) -> Course:
        """The course of one opportunity."""
        dice = Dice(self._seed, COURSE, row)
        company = self._directory.company(row)
        created = self._created(dice, row)
        seller = self._team.responsible(dice, company.city.region, company.trade.group.industry)
        by = self._finder(dice, row, company, seller)
        duration = _duration(dice)
        assigned = self._assigned(dice, created)
        if assigned is None:
            return Course(row, company, UNASSIGNED, created, by, duration)
        final, taken = self._handed_on(dice, seller, assigned, duration=duration)
        is_stalled = dice.chance(SHARE_STALLED)
        wins = dice.chance(final.skill)
        closed = None if is_stalled or taken + duration >= self._workdays.end else taken + duration
        status = ASSIGNED if closed is None else SUCCEEDED if wins else FAILED
        return Course(row, company, status, created, by, duration, final, taken, seller, assigned, closed, is_stalled)

    def _created(self, dice: Dice, row: int) -> float:
        """Rows come one after the other, ever more of them as the year goes on."""
        share = (row + 0.9 * dice.random()) / self.total
        place = (sqrt(1 + 2 * GROWTH * share * (1 + GROWTH / 2)) - 1) / GROWTH
        return self.begin + place * (self._workdays.end - self.begin)

    def _finder(self, dice: Dice, row: int, company: Company, seller: Seller) -> int:
        for name in FINDERS:
            finder = self._team.named(name)
            if row % 3 == 0 and company.city.region in finder.regions:
                return finder.key
        return self._team.supervisor if dice.chance(0.5) else seller.key

    def _assigned(self, dice: Dice, created: float) -> float | None:
        age = self._workdays.end - created
        assigned = created + 0.02 + min(-log(1 - dice.random()) * USUAL_WAIT, LONGEST_WAIT)
        is_waiting = age < WAITING_AGE and dice.chance(SHARE_WAITING * (1 - age / WAITING_AGE))
        return None if is_waiting or assigned >= self._workdays.end else assigned

    def _handed_on(self, dice: Dice, seller: Seller, assigned: float, *, duration: float) -> tuple[Seller, float]:
        """Who has it in the end and since when; few are reassigned, and then soon."""
        again = assigned + dice.between(0.5, 3)
        is_handed_on = dice.chance(SHARE_REASSIGNED) and duration > REASSIGNED_FROM and again < self._workdays.end
        return (self._team.colleague(dice, seller), again) if is_handed_on else (seller, assigned)


def _duration(dice: Dice) -> float:
    return min(max(USUAL_DURATION * exp(dice.gauss(0, SPREAD)), SHORTEST), LONGEST)
