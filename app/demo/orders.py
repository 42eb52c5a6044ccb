"""What customers ordered in the last two years: some ever more, some ever less, some not for long, some never."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.demo.basedata import SOURCE, write_goods
from app.demo.bulk import Row
from app.demo.customers import Account, Birth
from app.demo.dice import Dice
from app.demo.vocabulary import Goods, names
from app.demo.workdays import last_scan
from app.demo.world import World
from app.models.orders import ALL_YEARS, CustomerMonth, CustomerYear, Order, OrderLine, OrderStatus
from app.reports.periods import months_before

RHYTHM, LINES = 8, 9
TWO_YEARS = timedelta(days=730)
#: Who has not ordered for so long is about to be lost.
MONTHS = 6
#: Who orders regularly orders so often in two years, and so many lines at a time.
ORDERS = (4, 5, 6, 6, 7, 7, 8, 9)
LINES_EACH = (1, 1, 2, 2, 2, 3, 3)
LIKED = 5
#: In workdays. More than six months of silence lie before a silent customer's last order.
FIRST_AFTER, SILENT_FOR, UNPAID_FOR = (1.0, 15.0), (138.0, 320.0), 35
SHARE_UNPAID_RECENTLY, SHARE_UNPAID_LONG = 0.7, 0.02
#: What a customer pays of the price of the catalogue, in hundredths.
RATES = (100, 100, 98, 95, 92)
BY_WEIGHT = "千克"
MILLION, CENT = 1_000_000, Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How orders lie in time (above one: ever rarer) and how their size changes from the first to the last."""

    bend: float
    first_size: float
    last_size: float
    is_silent: bool = False


STEADY, GROWING = Rhythm(1.0, 1.0, 1.0), Rhythm(0.75, 0.6, 1.6)
SHRINKING, SILENT = Rhythm(1.3, 1.6, 0.5), Rhythm(1.0, 1.0, 0.8, is_silent=True)
#: Of a hundred customers; the last two never order.
RHYTHMS: tuple[Rhythm | None, ...] = (*[STEADY] * 44, *[GROWING] * 20, *[SHRINKING] * 20, *[SILENT] * 14, None, None)
#: Takes neighbours far apart and meets every place of a hundred once.
STRIDE = 37


@dataclass(frozen=True, slots=True)
class Plan:
    """When a customer orders, as points of ``Workdays``, and in which rhythm."""

    points: tuple[float, ...]
    rhythm: Rhythm = STEADY


@dataclass(frozen=True, slots=True)
class Offer:
    """A product with what it may cost, in yuan and in millionths of one."""

    key: int
    goods: Goods
    called: str
    prices: tuple[tuple[Decimal, int], ...]


class OrderWriter:
    """Writes the products, and the orders of one customer after the other."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._workdays = world.workdays
        self._begin = self._workdays.number_of(self._workdays.today - TWO_YEARS)
        self._just_silent = self._workdays.number_of(months_before(last_scan(self._workdays.today), MONTHS))
        self._falling_silent: set[int] = set()
        offers = [_offer(one, key) for one, key in write_goods(world.bulk, world.keys, world.seed).items()]
        industries = world.entries.industries
        self._offers = {name: tuple(one for one in offers if _fits(one, name)) for name in industries}
        self._count = 0

    def plan(self, birth: Birth) -> Plan:
        """When the next customer orders."""
        rhythm = RHYTHMS[self._count * STRIDE % len(RHYTHMS)]
        self._count += 1
        dice = Dice(self._world.seed, RHYTHM, birth.company.row)
        begin, end = max(birth.point + dice.between(*FIRST_AFTER), self._begin), self._workdays.end
        usual = dice.pick(ORDERS)
        if rhythm is None or begin >= end:
            return Plan(())
        until = end - dice.between(*SILENT_FOR) if rhythm.is_silent else end
        if rhythm.is_silent and birth.manager not in self._falling_silent and begin < self._just_silent:
            self._falling_silent.add(birth.manager)
            return Plan(tuple(self._falling(dice, begin)), rhythm)
        if until <= begin:
            rhythm, until = STEADY, end
        count = max(round(usual * (until - begin) / (end - self._begin)), 1)
        shares = ((place + dice.between(0.3, 0.95)) / count for place in range(count))
        return Plan(tuple(begin + (until - begin) * share**rhythm.bend for share in shares), rhythm)

    def _falling(self, dice: Dice, begin: float) -> Iterator[float]:
        """Orders that end just long enough ago for the latest scan to have warned of it."""
        end = max(self._just_silent - dice.between(0.5, 4.5), begin)
        count = dice.pick(ORDERS) // 2
        for place in range(1, count + 1):
            yield begin + (end - begin) * place / count

    def last_day(self, plan: Plan) -> date | None:
        """The day of the last order; None where there is none."""
        return self._workdays.date(plan.points[-1]) if plan.points else None

    def write(self, account: Account, plan: Plan) -> None:
        """The orders of a customer, and what they come to month by month."""
        company = account.birth.company
        dice = Dice(self._world.seed, LINES, company.row)
        offers = self._offers[company.trade.group.industry]
        liked = list(dict.fromkeys(dice.pick(offers) for _ in range(LIKED)))
        address = account.address or f"{company.city.address(company.city.districts[0][1])}{dice.pick(names().roads)}"
        months: dict[date, list[int]] = defaultdict(lambda: [0, 0])
        years: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        for place, point in enumerate(plan.points):
            rhythm, part = plan.rhythm, place / len(plan.points)
            size = rhythm.first_size + (rhythm.last_size - rhythm.first_size) * part
            day, key = self._workdays.date(point), self._world.keys[Order].next()
            lines = list(self._lines(dice, key, liked, size=size))
            cents = sum(line.pop("cents") for line in lines)
            for kept in (months[day.replace(day=1)], years[day.year], years[ALL_YEARS]):
                kept[0] += 1
                kept[1] += cents
            is_recent = point > self._workdays.end - UNPAID_FOR
            is_unpaid = dice.chance(SHARE_UNPAID_RECENTLY if is_recent else SHARE_UNPAID_LONG)
            row = self._order(account, day, key) | {"address": address, "total": cents * CENT}
            self._world.bulk.add(Order, row | {"status": OrderStatus.UNPAID if is_unpaid else OrderStatus.PAID})
            for line in lines:
                self._world.bulk.add(OrderLine, line)
        for first, (orders, cents) in months.items():
            row = {"customer_id": account.key, "month": first, "orders": orders, "amount": cents * CENT}
            self._world.bulk.add(CustomerMonth, row)
        for year, (orders, cents) in years.items():
            row = {"customer_id": account.key, "year": year, "orders": orders, "amount": cents * CENT}
            self._world.bulk.add(CustomerYear, row)

    def _order(self, account: Account, day: date, key: int) -> Row:
        return {
            "id": key,
            "number": f"XS{day:%y%m}{key:06d}",
            "customer_id": account.key,
            "customer_number": account.number,
            "customer_name": account.birth.company.name,
            "ordered_on": day,
            "stated_total": None,
            "source": SOURCE,
        }

    def _lines(self, dice: Dice, order_id: int, liked: list[Offer], *, size: float) -> Iterator[Row]:
        first = dice.whole(0, len(liked) - 1)
        for line_no in range(1, min(dice.pick(LINES_EACH), len(liked)) + 1):
            offer = liked[(first + line_no) % len(liked)]
            thousandths = _quantity(dice, offer.goods, size)
            price, millionths = dice.pick(offer.prices)
            cents = (thousandths * millionths + 5 * MILLION) // (10 * MILLION)
            row = {"id": self._world.keys[OrderLine].next(), "order_id": order_id, "line_no": line_no}
            called = {"product_id": offer.key, "product_number": offer.goods.number, "product_name": offer.called}
            amounts = {"quantity": Decimal(thousandths) / 1000, "unit_price": price, "amount": cents * CENT}
            yield row | called | amounts | {"unit": offer.goods.unit, "cents": cents}


def _offer(goods: Goods, key: int) -> Offer:
    prices = tuple((goods.price * rate / 100, int(goods.price * rate * MILLION / 100)) for rate in RATES)
    return Offer(key, goods, f"{goods.name}-{goods.model}-{goods.batch}", prices)


def _fits(offer: Offer, industry: str) -> bool:
    return not offer.goods.industries or industry in offer.goods.industries


def _quantity(dice: Dice, goods: Goods, size: float) -> int:
    """In thousandths; by weight in halves, all else in wholes, much of it in tens."""
    least, most = goods.usual
    wanted = dice.between(least, (least + most) / 2) * size
    if goods.unit == BY_WEIGHT:
        return max(round(wanted * 2), 1) * 500
    return max(round(wanted / 10) * 10 if wanted > 50 else round(wanted), 1) * 1000
