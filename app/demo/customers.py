"""The rows of customers and their contacts, with numbers as the product gives them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from app.demo.bulk import Bulk, Row
from app.demo.companies import FACTS, Company, credit_code
from app.demo.dice import Dice
from app.demo.people import Person, full_name, landline, person
from app.demo.stories import contact_at
from app.demo.vocabulary import names, phrases
from app.demo.world import World
from app.models.customers import Contact, Customer, CustomerStatus, NumberSeries
from app.models.names import name_key

SECOND_CONTACTS = ("采购经理", "财务经理", "副总经理", "工程师")
MAILBOXES = ("office", "purchase", "service", "tech")
CAPITALS = (50, 100, 200, 300, 500, 800, 1000, 2000, 3000, 5000, 10000)
CAPITAL_WEIGHTS = tuple(accumulate((6.0, 14.0, 12.0, 9.0, 20.0, 8.0, 14.0, 7.0, 5.0, 3.0, 2.0)))
LEAST_CAPITAL = {"股份有限公司": 500, "集团有限公司": 5000}
LEVEL_WEIGHTS = tuple(accumulate((58.0, 20.0, 12.0, 7.0, 3.0)))
SATISFACTIONS: tuple[int | None, ...] = (None, 1, 2, 3, 4, 5)
SATISFACTION_WEIGHTS = tuple(accumulate((4.0, 2.0, 6.0, 38.0, 35.0, 15.0)))
CREDIT_WEIGHTS = tuple(accumulate((4.0, 1.0, 5.0, 45.0, 33.0, 12.0)))
SHARE_WITH_WEBSITE, SHARE_WITH_TURNOVER, SHARE_WITH_MAIL, SHARE_WITH_MEMO = 0.55, 0.7, 0.4, 0.2
#: A customer is completed within so many workdays after it came to be.
COMPLETED_AFTER = 25


@dataclass(frozen=True, slots=True)
class Birth:
    """When a company became a customer, as a point of ``Workdays``, and whose it is."""

    company: Company
    point: float
    manager: int


@dataclass(frozen=True, slots=True)
class Account:
    """A customer as it was written, with the keys of its contacts: what belongs to it goes on from here."""

    key: int
    number: str
    address: str | None
    birth: Birth
    people: list[tuple[int, Person]]


class Numbers:
    """Customer numbers as ``app.actions.customers.next_number`` gives them, for days in order."""

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk
        self._prefix = ""
        self._last = 0

    def next(self, day: date) -> str:
        """The next number of that day."""
        prefix = f"KH{day:%y%m%d}"
        if prefix != self._prefix:
            self.finish()
            self._prefix, self._last = prefix, 0
        self._last += 1
        return f"{prefix}{self._last:06d}"

    def finish(self) -> None:
        """Write down the last number of the day, so that the product goes on after it."""
        if self._prefix:
            self._bulk.add(NumberSeries, {"prefix": self._prefix, "last": self._last})


class CustomerWriter:
    """Writes customers with their contacts, in the order in which they came to be."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._workdays = world.workdays
        self.numbers = Numbers(world.bulk)

    def write(self, birth: Birth, *, last_order_on: date | None, later: Callable[[int], Row]) -> Account:
        """One customer; one that is new is bare, as success leaves it.

        ``later`` says by its version what became different afterwards.
        """
        dice = Dice(self._world.seed, FACTS, birth.company.row)
        first = contact_at(self._world.seed, birth.company)
        is_complete = self._workdays.end - birth.point > COMPLETED_AFTER
        key = self._world.keys[Customer].next()
        marks = self._marks(dice, birth, is_complete=is_complete)
        facts = self._facts(dice, birth.company) if is_complete else BARE
        row = {"id": key, "number": self.numbers.next(self._workdays.date(birth.point)), **facts, **marks}
        last = {"last_order_on": last_order_on}
        self._world.bulk.add(Customer, row | self._basics(birth, first) | last | later(marks["version"]))
        office = row["phone"] if is_complete else None
        people: list[tuple[int, Person]] = []
        for somebody in _contacts(dice, birth.company, first, is_complete=is_complete):
            contact = self._contact(dice, birth.company, somebody, office=office)
            self._world.bulk.add(Contact, contact | marks | {"customer_id": key, "is_first": not people})
            people.append((contact["id"], somebody))
        return Account(key, row["number"], row["address"], birth, people)

    def _basics(self, birth: Birth, first: Person) -> Row:
        company = birth.company
        return {
            "name": company.name,
            "name_key": name_key(company.name),
            "phone_key": first.phone.key,
            "status": CustomerStatus.ACTIVE,
            "won_back_on": None,
            "manager_id": birth.manager,
            "region_id": self._world.entries.regions[company.city.region],
            "industry_id": self._world.entries.industries[company.trade.group.industry],
            "parent_id": None,
            "external_id": None,
            "duplicate_reason": None,
        }

    def _marks(self, dice: Dice, birth: Birth, *, is_complete: bool) -> Row:
        edited = birth.point + dice.between(1, COMPLETED_AFTER - 1) if is_complete else birth.point
        return {
            "created_on": self._workdays.moment(birth.point),
            "created_by_id": birth.manager,
            "changed_on": self._workdays.moment(edited),
            "changed_by_id": birth.manager,
            "version": 2 if is_complete else 1,
        }

    def _facts(self, dice: Dice, company: Company) -> Row:
        """What its account manager filled in."""
        city, legal = company.city, full_name(dice)
        code, district = dice.pick(city.districts)
        capital = max(dice.weighted(CAPITALS, CAPITAL_WEIGHTS), LEAST_CAPITAL.get(company.form, 0))
        licence = credit_code(dice, code)
        return {
            "level_id": dice.weighted(self._world.entries.levels, LEVEL_WEIGHTS),
            "satisfaction": dice.weighted(SATISFACTIONS, SATISFACTION_WEIGHTS),
            "credit": dice.weighted(SATISFACTIONS, CREDIT_WEIGHTS),
            "address": f"{city.address(district)}{dice.pick(names().roads)}{dice.whole(1, 399)}号",
            "postcode": city.postcode,
            "phone": landline(dice, city).text,
            "fax": landline(dice, city).text,
            "website": f"https://{company.pinyin}.example.com" if dice.chance(SHARE_WITH_WEBSITE) else None,
            "licence_no": licence,
            "legal_representative": legal,
            "registered_capital": capital,
            "annual_turnover": _turnover(dice, capital) if dice.chance(SHARE_WITH_TURNOVER) else None,
            "bank": f"{dice.pick(names().banks)}{_branch(city.name, district)}支行",
            "bank_account": f"{dice.whole(1000, 9999)}{dice.digits(15)}",
            "local_tax_no": licence,
            "national_tax_no": licence,
        }

    def _contact(self, dice: Dice, company: Company, somebody: Person, *, office: str | None) -> Row:
        phone, is_complete = somebody.phone, office is not None
        mailbox = f"{dice.pick(MAILBOXES)}@{company.pinyin}.example.com"
        return {
            "id": self._world.keys[Contact].next(),
            "name": somebody.name,
            "gender": somebody.gender,
            "position": somebody.position if is_complete else None,
            "office_phone": office if phone.is_mobile else phone.text,
            "mobile": phone.text if phone.is_mobile else None,
            "phone_key": phone.key,
            "email": mailbox if is_complete and dice.chance(SHARE_WITH_MAIL) else None,
            "memo": dice.pick(phrases().memos) if is_complete and dice.chance(SHARE_WITH_MEMO) else None,
        }


def _contacts(dice: Dice, company: Company, first: Person, *, is_complete: bool) -> Iterator[Person]:
    yield first
    if is_complete:
        others = tuple(position for position in SECOND_CONTACTS if position != first.position)
        yield person(dice, others, company.city)


def _branch(city: str, district: str) -> str:
    """City and district as banks write them, 苏州吴江 for 吴江区."""
    short = next((district.removesuffix(end) for end in ("新区", "区", "市", "县") if district.endswith(end)), "")
    return city if short == city else city + (short if len(short) > 1 else district)


def _turnover(dice: Dice, capital: int) -> int:
    """In 10,000 yuan, of the capital's order of magnitude; nobody states it to the last digit."""
    exact = capital * dice.between(1.5, 12)
    return int(exact // 10 * 10) if exact < 1_000 else int(exact // 100 * 100)


BARE: Row = {
    "level_id": None,
    "satisfaction": 3,
    "credit": 3,
    **dict.fromkeys(
        (
            "address",
            "postcode",
            "phone",
            "fax",
            "website",
            "licence_no",
            "legal_representative",
            "registered_capital",
            "annual_turnover",
            "bank",
            "bank_account",
            "local_tax_no",
            "national_tax_no",
        )
    ),
}
