"""What was talked about with customers, and whom to speak to again when."""

from collections import Counter
from datetime import date

from app.demo.bulk import Row
from app.demo.customers import Account
from app.demo.dice import Dice
from app.demo.people import Person
from app.demo.vocabulary import Group, phrases, talks
from app.demo.world import World
from app.models.interactions import Interaction

TALKING = 11
TALKS = (1, 2, 2, 3, 3, 3, 4, 4, 5)
SHARE_WITH_FIRST, SHARE_WITH_MEMO, SHARE_AGREED = 0.75, 0.1, 0.3
#: In workdays: so far back it goes, and so long before the next contact somebody was spoken to last.
LONGEST_BACK, QUIET_FOR = 500, 3
#: The next contacts still to come of every manager, in workdays from today; every fifth customer has one, until
#: there are no more, so that nobody's day is full of them in a large company either.
STILL_TO_COME = (0, -2, 4, -5, 7, 0, 12, 16)
EVERY = 5


class InteractionWriter:
    """Writes the interactions of one customer after the other."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._workdays = world.workdays
        self._customers: Counter[int] = Counter()

    def write(self, account: Account) -> None:
        """The interactions of a customer, the oldest first."""
        dice = Dice(self._world.seed, TALKING, account.birth.company.row)
        ahead = self._still_to_come(account.birth.manager)
        end = self._workdays.end if ahead is None else self._workdays.end + min(ahead, 0) - QUIET_FOR
        begin = max(account.birth.point, end - LONGEST_BACK)
        if begin >= end:
            return
        points = sorted(dice.between(begin, end) for _ in range(dice.pick(TALKS)))
        for point, following in zip(points, [*points[1:], None], strict=True):
            row = self._row(dice, account, point)
            if following is None:
                row |= self._open(ahead) if ahead is not None else NOTHING_AGREED
            else:
                row |= self._done(following) if dice.chance(SHARE_AGREED) else NOTHING_AGREED
            self._world.bulk.add(Interaction, {**row, "changed_on": row.get("changed_on", row["created_on"])})

    def _still_to_come(self, manager: int) -> int | None:
        """In how many workdays the manager shall speak to this customer again; None for most customers."""
        turn, is_other = divmod(self._customers[manager], EVERY)
        self._customers[manager] += 1
        return None if is_other or turn >= len(STILL_TO_COME) else STILL_TO_COME[turn]

    def _open(self, ahead: int) -> Row:
        return NOTHING_AGREED | {"next_contact_on": self._day(ahead)}

    def _day(self, ahead: int) -> date:
        return self._workdays.date(self._workdays.end + ahead) if ahead else self._workdays.today

    def _done(self, following: float) -> Row:
        """They did speak again as agreed."""
        done = {"changed_on": self._workdays.moment(following), "is_followed_up": True, "version": 2}
        return done | {"next_contact_on": self._workdays.date(following)}

    def _row(self, dice: Dice, account: Account, point: float) -> Row:
        way = dice.weighted(talks().ways, talks().weights)
        topic, said = dice.pick(way.topics)
        contact_id, somebody = account.people[0 if dice.chance(SHARE_WITH_FIRST) else -1]
        words = words_of(account.birth.company.trade.group, somebody)
        return {
            "id": self._world.keys[Interaction].next(),
            "customer_id": account.key,
            "contact_id": contact_id,
            "kind_id": self._world.entries.interaction_kinds[way.kind],
            "happened_on": self._workdays.date(point),
            "place": dice.pick(way.places).format_map(words),
            "summary": topic.format_map(words),
            "detail": dice.pick(said).format_map(words),
            "memo": dice.pick(phrases().memos) if dice.chance(SHARE_WITH_MEMO) else None,
            "external_id": None,
            "created_on": self._workdays.moment(point),
            "created_by_id": account.birth.manager,
            "changed_by_id": account.birth.manager,
        }


NOTHING_AGREED: Row = {"next_contact_on": None, "is_followed_up": False, "version": 1}


def words_of(group: Group, somebody: Person) -> dict[str, str]:
    """What fills the gaps of what is said about a customer and with somebody there."""
    return {
        "who": somebody.addressed,
        "boss": somebody.own_chief or group.chief,
        "dept": group.department,
        "place": group.place,
        "rest": group.rest,
    }
