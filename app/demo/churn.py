"""Customers about to be lost: warned by the scan of each Saturday, postponed, lost, kept by an order, won back."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from app.demo.bulk import Row
from app.demo.customers import Account, Birth
from app.demo.dice import Dice
from app.demo.interactions import words_of
from app.demo.orders import MONTHS, Plan
from app.demo.vocabulary import churn_words
from app.demo.workdays import saturday
from app.demo.world import World
from app.models.churn import ChurnCase, ChurnMeasure, ChurnStatus
from app.models.customers import Customer, CustomerStatus
from app.models.history import StatusMove
from app.reports.periods import months_before

WARNED, POSTPONED = ChurnStatus.WARNED, ChurnStatus.POSTPONED
CONFIRMED, RECOVERED = ChurnStatus.CONFIRMED, ChurnStatus.RECOVERED

CHURNING = 12
YEAR, HALF_A_YEAR = timedelta(days=365), timedelta(days=181)
#: In workdays after the warning: when somebody acts, how long what he does takes effect, when he gives up.
ACTS_AFTER, NEXT_AFTER, GIVES_UP_AFTER = (0.5, 8.0), (6.0, 30.0), (20.0, 90.0)
MEASURES = (1, 1, 2, 2, 3)
SHARE_GIVEN_UP, SHARE_WON_BACK = 0.6, 0.15
#: The first case of a manager waits for him, if it is not older than this.
WAITS_AT_MOST = 12
#: Who is won back is so many workdays after he was lost, and not longer than this ago.
BACK_AFTER, BACK_WITHIN = 8.0, (15.0, 60.0)


@dataclass(frozen=True, slots=True)
class Step:
    """Something done with a case, at a point of ``Workdays``."""

    move: str
    after: ChurnStatus
    point: float


@dataclass(frozen=True, slots=True)
class Case:
    """The course of one case: found on which Saturday, after which last order, and what became of it."""

    found: date
    last_order: date
    steps: tuple[Step, ...]

    @property
    def status(self) -> ChurnStatus:
        """Where it stands."""
        return self.steps[-1].after if self.steps else WARNED


@dataclass(frozen=True, slots=True)
class Fate:
    """Every case of a customer, the oldest first, and when it was won back."""

    cases: tuple[Case, ...] = ()
    won_back: float | None = None

    @property
    def lost(self) -> float | None:
        """When it was lost."""
        last = self.cases[-1] if self.cases else None
        return last.steps[-1].point if last and last.status is CONFIRMED else None


class ChurnWriter:
    """Writes the cases of one customer after the other."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._workdays = world.workdays
        self._first = saturday(world.workdays.today - YEAR)
        self._waiting: set[int] = set()
        self._won_back: Counter[bool] = Counter()

    # ---- what happened ------------------------------------------------------------------------------

    def fate(self, birth: Birth, plan: Plan) -> Fate:
        """What becomes of a customer that orders so."""
        dice = Dice(self._world.seed, CHURNING, birth.company.row)
        kept = (self._kept(dice, before, after) for before, after in pairwise(plan.points))
        cases = [case for case in kept if case is not None]
        found = self._found(self._workdays.date(plan.points[-1])) if plan.points else None
        if found is None or found >= self._workdays.today:
            return Fate(tuple(cases))
        steps = tuple(self._silence(dice, self._workdays.number_of(found), birth.manager))
        fate = Fate((*cases, Case(found, self._workdays.date(plan.points[-1]), steps)))
        return Fate(fate.cases, self._return(dice, fate.lost)) if fate.lost is not None else fate

    def _found(self, last_order: date) -> date:
        """The Saturday on which the scan finds somebody silent since that day."""
        found = max(saturday(last_order + HALF_A_YEAR), self._first)
        while months_before(found, MONTHS) <= last_order:
            found += timedelta(weeks=1)
        return found

    def _kept(self, dice: Dice, before: float, after: float) -> Case | None:
        """The case between two orders; None where they lie near each other."""
        last = self._workdays.date(before)
        found = self._found(last)
        if found >= self._workdays.date(after):
            return None
        measures = self._measures(dice, self._workdays.number_of(found), until=after)
        return Case(found, last, (*measures, Step("recover", RECOVERED, after)))

    def _measures(self, dice: Dice, found: int, *, until: float) -> Iterator[Step]:
        point = found + dice.between(*ACTS_AFTER)
        for _ in range(dice.pick(MEASURES)):
            if point >= until:
                return
            yield Step("postpone", POSTPONED, point)
            point += dice.between(*NEXT_AFTER)

    def _silence(self, dice: Dice, found: int, manager: int) -> Iterator[Step]:
        """What the account manager did about a customer that did not order again."""
        end = self._workdays.end
        given_up = found + dice.between(*GIVES_UP_AFTER)
        is_given_up = dice.chance(SHARE_GIVEN_UP) and given_up < end
        if manager not in self._waiting and end - found <= WAITS_AT_MOST:
            self._waiting.add(manager)
            return
        yield from self._measures(dice, found, until=given_up if is_given_up else end)
        if is_given_up:
            yield Step("confirm", CONFIRMED, given_up)

    def _return(self, dice: Dice, lost: float) -> float | None:
        """When a lost customer was won back; the first one that can be is."""
        point = max(lost + BACK_AFTER, self._workdays.end - dice.between(*BACK_WITHIN))
        is_chosen = dice.chance(SHARE_WON_BACK) or not self._won_back[True]
        if not is_chosen or point >= self._workdays.end:
            return None
        self._won_back[True] += 1
        return point

    def of_customer(self, birth: Birth, fate: Fate, version: int) -> Row:
        """What is different at a customer that was lost, on its record of that version."""
        if fate.lost is None:
            return {}
        moment = self._workdays.moment
        if fate.won_back is None:
            changed = {"changed_on": moment(fate.lost), "changed_by_id": birth.manager, "version": version + 1}
            return changed | {"status": CustomerStatus.LOST}
        changed = {"changed_on": moment(fate.won_back), "changed_by_id": self._world.team.supervisor}
        return changed | {"version": version + 2, "won_back_on": self._workdays.date(fate.won_back)}

    # ---- rows ---------------------------------------------------------------------------------------

    def write(self, account: Account, fate: Fate) -> None:
        """The cases of a customer with their measures and history."""
        dice = Dice(self._world.seed, CHURNING, -1 - account.birth.company.row)
        for case in fate.cases:
            self._write_case(dice, account, case)
        if fate.lost is not None:
            self._write_lost(dice, account, fate, fate.lost)

    def _write_case(self, dice: Dice, account: Account, case: Case) -> None:
        key, manager = self._world.keys[ChurnCase].next(), account.birth.manager
        found = self._workdays.night(case.found)
        kind, reason = self._reason(dice, account) if case.status is CONFIRMED else (None, None)
        ended = self._workdays.moment(case.steps[-1].point) if case.steps else found
        row = {
            "id": key,
            "customer_id": account.key,
            "manager_id": manager,
            "as_of": case.found,
            "last_order_on": case.last_order,
            "status": case.status,
            "reason": reason,
            "reason_kind_id": kind,
            "confirmed_on": ended if case.status is CONFIRMED else None,
            "recovered_on": ended if case.status is RECOVERED else None,
            "created_on": found,
            "created_by_id": None,
            "changed_on": ended,
            "changed_by_id": manager if case.status in (POSTPONED, CONFIRMED) else None,
            "version": 1 + len(case.steps),
        }
        self._world.bulk.add(ChurnCase, row)
        of_case = {"kind": ChurnCase.__tablename__, "row_id": key}
        self._move(of_case | {"move": "create", "before": None, "after": WARNED, "by_id": None, "at": found})
        self._write_steps(dice, account, case, of_case)

    def _write_steps(self, dice: Dice, account: Account, case: Case, of_case: Row) -> None:
        before, said = WARNED, [dice.pick(churn_words().first)]
        said += dice.sample(churn_words().further, len(MEASURES) - 1)
        for place, step in enumerate(case.steps):
            at, by = self._workdays.moment(step.point), account.birth.manager
            by_id = None if step.move == "recover" else by
            self._move(of_case | {"move": step.move, "before": before, "after": step.after, "by_id": by_id, "at": at})
            before = step.after
            if step.move == "postpone":
                text = said[place].format_map(_words(account))
                marks = {"created_on": at, "created_by_id": by, "changed_on": at, "changed_by_id": by, "version": 1}
                measure = {"id": self._world.keys[ChurnMeasure].next(), "case_id": of_case["row_id"], "text": text}
                self._world.bulk.add(ChurnMeasure, measure | marks)

    def _write_lost(self, dice: Dice, account: Account, fate: Fate, lost: float) -> None:
        """The history of the customer itself."""
        active, gone = CustomerStatus.ACTIVE, CustomerStatus.LOST
        of_customer = {"kind": Customer.__tablename__, "row_id": account.key}
        losing = {"move": "lose", "before": active, "after": gone, "by_id": account.birth.manager}
        self._move(of_customer | losing | {"at": self._workdays.moment(lost)})
        if fate.won_back is not None:
            back = {"move": "win_back", "before": gone, "after": active, "by_id": self._world.team.supervisor}
            reason = dice.pick(churn_words().returns).format_map(_words(account))
            self._move(of_customer | back | {"at": self._workdays.moment(fate.won_back)}, reason)

    def _move(self, row: Row, reason: str | None = None) -> None:
        more = {"id": self._world.keys[StatusMove].next(), "reason": reason, "note": None}
        self._world.bulk.add(StatusMove, row | more)

    def _reason(self, dice: Dice, account: Account) -> tuple[int, str]:
        """Why a customer was lost: the kind's key, and the words."""
        kind = dice.pick(tuple(churn_words().reasons))
        reason = dice.pick(churn_words().reasons[kind]).format_map(_words(account))
        return self._world.entries.churn_reasons[kind], reason


def _words(account: Account) -> dict[str, str]:
    return words_of(account.birth.company.trade.group, account.people[0][1])
