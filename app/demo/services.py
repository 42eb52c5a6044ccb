"""What customers asked for: how each request was assigned, handled and judged, and what still waits for whom."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from app.demo.bulk import Row
from app.demo.courses import FINDERS
from app.demo.customers import Account
from app.demo.dice import Dice
from app.demo.interactions import words_of
from app.demo.vocabulary import Matter, service_words
from app.demo.world import World
from app.models.history import StatusMove
from app.models.services import Priority, ServiceRequest, ServiceRound, ServiceStatus

CREATED, ASSIGNED = ServiceStatus.CREATED, ServiceStatus.ASSIGNED
PROCESSED, ARCHIVED = ServiceStatus.PROCESSED, ServiceStatus.ARCHIVED

SERVING = 14
#: Every fifth customer has a request, from the last year and a half.
EVERY, LONGEST_BACK = 5, 350
PRIORITIES, PRIORITY_WEIGHTS = tuple(Priority), tuple(accumulate((75, 18, 7)))
#: So much of a day until it has to be assigned, and until it has to be handled.
LIMITS = {Priority.NORMAL: (0.5, 3.0), Priority.URGENT: (0.25, 1.0), Priority.MOST_URGENT: (0.0625, 0.5)}
#: The share of a limit that people take; few take more than all of it.
TAKEN, JUDGED_AFTER = (0.1, 1.1), (0.5, 4.0)
SCORES, SCORE_WEIGHTS = (5, 4, 3, 2, 1), tuple(accumulate((34, 38, 16, 8, 4)))
SCORES_OF_ANOTHER_ROUND = (5, 4, 4, 3, 3)
LEAST_CONTENT = 3
SHARE_BY_SUPERVISOR = 0.3
CONSULTING, COMPLAINT, SUGGESTION = "咨询", "投诉", "建议"


@dataclass(frozen=True, slots=True)
class Turn:
    """One round: when it was assigned, handled and judged, as points of ``Workdays``, and with which score."""

    assigned: float
    handled: float | None = None
    judged: float | None = None
    score: int = 0


@dataclass(frozen=True, slots=True)
class Ticket:
    """The outline of one request; without turns nobody was given it yet."""

    kind: str
    created: float
    priority: Priority = Priority.NORMAL
    turns: tuple[Turn, ...] = ()
    escalated: float | None = None
    by_supervisor: bool = False

    @property
    def last(self) -> Turn | None:
        """The round it is in, or ended with."""
        return self.turns[-1] if self.turns else None

    @property
    def status(self) -> ServiceStatus:
        """Where it stands."""
        if self.last is None:
            return CREATED
        if self.last.judged is not None:
            return ARCHIVED
        return ASSIGNED if self.last.handled is None else PROCESSED

    @property
    def due(self) -> float | None:
        """Until when the step must be done that it waits for; none from its handling on."""
        to_assign, to_process = LIMITS[self.priority]
        if self.last is None:
            return self.created + to_assign
        return self.last.assigned + to_process if self.status is ASSIGNED else None

    def from_day(self, day: float) -> "Ticket":
        """The same, with its points counted from another day."""
        turns = tuple(
            replace(
                turn,
                assigned=day + turn.assigned,
                handled=None if turn.handled is None else day + turn.handled,
                judged=None if turn.judged is None else day + turn.judged,
            )
            for turn in self.turns
        )
        escalated = None if self.escalated is None else day + self.escalated
        return replace(self, created=day + self.created, turns=turns, escalated=escalated)


#: What waits for each of the two who sign in, or for the supervisor, one at each of their first customers, in days from
#: today: overdue, due today, handled, come back, escalated, and two that are to be assigned.
WAITING = (
    Ticket(CONSULTING, -4.0, turns=(Turn(-3.6),)),
    Ticket(COMPLAINT, -2.6, turns=(Turn(-2.3),)),
    Ticket(SUGGESTION, -2.5, turns=(Turn(-2.2, -0.8),)),
    Ticket(COMPLAINT, -6.4, turns=(Turn(-6.1, -4.0, -1.5, 2), Turn(-1.5))),
    Ticket(COMPLAINT, -1.6, Priority.URGENT, (Turn(-1.4),), escalated=-0.3),
    Ticket(CONSULTING, -0.7),
    Ticket(SUGGESTION, -0.2, by_supervisor=True),
)


class ServiceWriter:
    """Writes the requests of one customer after the other."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._workdays = world.workdays
        self._sellers = {seller.key: seller.full_name for seller in world.team.sellers}
        self._finders = {world.team.named(name).key for name in FINDERS}
        self._customers: Counter[int] = Counter()
        self._count = 0

    def write(self, account: Account) -> None:
        """What a customer asked for, if it did."""
        dice = Dice(self._world.seed, SERVING, account.birth.company.row)
        for ticket in self._tickets(dice, account):
            self._write(dice, account, ticket)

    def _tickets(self, dice: Dice, account: Account) -> Iterator[Ticket]:
        manager = account.birth.manager
        place, self._count = self._customers[manager], self._count + 1
        self._customers[manager] += 1
        if manager in self._finders and place < len(WAITING):
            waiting = WAITING[place].from_day(self._workdays.end)
            if waiting.created > account.birth.point:
                yield waiting
        elif self._count % EVERY == 0:
            yield self._ticket(dice, account)

    def _ticket(self, dice: Dice, account: Account) -> Ticket:
        """A request of some day, as far as it has come by today."""
        words, end = service_words(), self._workdays.end
        kind = dice.weighted(tuple(words.matters), words.weights)
        priority = dice.weighted(PRIORITIES, PRIORITY_WEIGHTS)
        begin = max(account.birth.point, end - LONGEST_BACK)
        created = begin + (end - begin) * dice.random()
        turns = tuple(self._turns(dice, created, priority))
        return Ticket(kind, created, priority, turns, by_supervisor=dice.chance(SHARE_BY_SUPERVISOR))

    def _turns(self, dice: Dice, created: float, priority: Priority) -> Iterator[Turn]:
        to_assign, to_process = LIMITS[priority]
        end, assigned = self._workdays.end, created + to_assign * dice.between(*TAKEN)
        scores = (dice.weighted(SCORES, SCORE_WEIGHTS), dice.pick(SCORES_OF_ANOTHER_ROUND))
        for score in scores:
            if assigned >= end:
                return
            handled = assigned + to_process * dice.between(*TAKEN)
            judged = handled + dice.between(*JUDGED_AFTER)
            if judged >= end:
                yield Turn(assigned, handled if handled < end else None)
                return
            yield Turn(assigned, handled, judged, score)
            if score >= LEAST_CONTENT:
                return
            assigned = judged

    # ---- rows ---------------------------------------------------------------------------------------

    def _write(self, dice: Dice, account: Account, ticket: Ticket) -> None:
        told = Told(account, ticket, dice.pick(service_words().matters[ticket.kind]))
        key = self._world.keys[ServiceRequest].next()
        rounds = list(self._rounds(dice, told, key))
        moves = list(self._moves(told))
        last = {"changed_on": moves[-1]["at"], "changed_by_id": moves[-1]["by_id"], "version": len(moves)}
        self._world.bulk.add(ServiceRequest, self._request(told, key) | _now(rounds) | last)
        for one in rounds:
            if one["judged_on"] is not None:
                self._world.bulk.add(ServiceRound, {"id": self._world.keys[ServiceRound].next(), **one})
        for move in moves:
            self._world.bulk.add(StatusMove, {"id": self._world.keys[StatusMove].next(), "row_id": key, **move})

    def _rounds(self, dice: Dice, told: "Told", key: int) -> Iterator[Row]:
        """What was said in each round, also in one that is not at its end yet."""
        manager, moment = told.account.birth.manager, self._moment
        for number, turn in enumerate(told.ticket.turns, start=1):
            is_handled, is_judged = turn.handled is not None, turn.judged is not None
            handling = told.say(dice.pick(told.matter.handling if number == 1 else told.matter.again))
            result = told.say(dice.pick(told.matter.good if turn.score >= LEAST_CONTENT else told.matter.bad))
            yield {
                "request_id": key,
                "customer_id": told.account.key,
                "number": number,
                "assignee_id": manager,
                "assigned_on": moment(turn.assigned),
                "handling": handling if is_handled else None,
                "handled_by_id": manager if is_handled else None,
                "handled_on": moment(turn.handled),
                "result": result if is_judged else None,
                "satisfaction": turn.score if is_judged else None,
                "judged_on": moment(turn.judged),
            }

    def _request(self, told: "Told", key: int) -> Row:
        ticket, account = told.ticket, told.account
        return {
            "id": key,
            "kind_id": self._world.entries.service_kinds[ticket.kind],
            "summary": told.say(told.matter.summary),
            "customer_id": account.key,
            "customer_name": account.birth.company.name,
            "request": told.say(told.matter.request),
            "priority": ticket.priority,
            "level": 0 if ticket.escalated is None else 1,
            "status": ticket.status,
            "due_on": self._moment(ticket.due),
            "is_overdue_told": False,
            "external_id": None,
            "created_on": self._moment(ticket.created),
            "created_by_id": self._creator(told),
        }

    def _moves(self, told: "Told") -> Iterator[Row]:
        """The history, in the order in which it came to be."""
        ticket, manager, by = told.ticket, told.account.birth.manager, self._creator(told)
        yield self._move("create", ticket.created, (None, CREATED), by=by)
        for number, turn in enumerate(ticket.turns):
            if number == 0:
                note = self._sellers[manager]
                to = (CREATED, ASSIGNED)
                yield self._move("allocate", turn.assigned, to, by=self._world.team.supervisor) | {"note": note}
            if turn.handled is not None:
                yield self._move("process", turn.handled, (ASSIGNED, PROCESSED), by=manager)
            if turn.judged is not None:
                after = ARCHIVED if turn.score >= LEAST_CONTENT else ASSIGNED
                yield self._move("feedback", turn.judged, (PROCESSED, after), by=manager) | {"note": "★" * turn.score}
        if ticket.escalated is not None:
            reason = told.say(service_words().escalation)
            yield self._move("escalate", ticket.escalated, (ASSIGNED, ASSIGNED), by=by) | {
                "reason": reason,
                "note": "1",
            }

    def _move(self, verb: str, point: float, way: tuple[ServiceStatus | None, ServiceStatus], *, by: int) -> Row:
        before, after = way
        row: Row = {"kind": ServiceRequest.__tablename__, "move": verb, "before": before, "after": after}
        return row | {"by_id": by, "at": self._moment(point), "reason": None, "note": None}

    def _creator(self, told: "Told") -> int:
        return self._world.team.supervisor if told.ticket.by_supervisor else told.account.birth.manager

    def _moment(self, point: float | None) -> Any:
        return None if point is None else self._workdays.moment(point)


@dataclass(frozen=True, slots=True)
class Told:
    """A request in words."""

    account: Account
    ticket: Ticket
    matter: Matter

    def say(self, text: str) -> str:
        """A sentence with its gaps filled."""
        return text.format_map(words_of(self.account.birth.company.trade.group, self.account.people[0][1]))


def _now(rounds: Sequence[Row]) -> Row:
    """The blocks of the round that the request is in."""
    names = ("assignee_id", "assigned_on", "handling", "handled_by_id", "handled_on", "result", "satisfaction")
    last = rounds[-1] if rounds else dict.fromkeys((*names, "judged_on"))
    return {"round": max(len(rounds), 1), "archived_on": last["judged_on"], **{name: last[name] for name in names}}
