"""Fills an empty database with the demo company, whole or not at all."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, inspect, literal, select, text
from sqlalchemy.orm import Session

from app.clock import now
from app.database import engine_for
from app.demo.announcements import write_announcements
from app.demo.basedata import read_entries
from app.demo.bulk import Bulk, Keys
from app.demo.churn import ChurnWriter
from app.demo.companies import Directory
from app.demo.courses import ASSIGNED, FINDERS, SUCCEEDED, Courses
from app.demo.customers import Birth, CustomerWriter
from app.demo.dice import Dice
from app.demo.interactions import InteractionWriter
from app.demo.marketing import OpportunityWriter
from app.demo.orders import OrderWriter
from app.demo.org import Team, write_team
from app.demo.reminders import write_reminders
from app.demo.services import ServiceWriter
from app.demo.workdays import Workdays
from app.demo.world import World
from app.errors import DomainError
from app.i18n import Label
from app.models.announcements import Announcement
from app.models.base import mapper_of
from app.models.basedata import Product, StockLevel
from app.models.churn import ChurnCase, ChurnMeasure
from app.models.customers import Contact, Customer, NumberSeries
from app.models.history import StatusMove
from app.models.installation import DEMO_MARK, Installation
from app.models.interactions import Interaction
from app.models.marketing import Opportunity, PlanItem
from app.models.orders import CustomerMonth, CustomerYear, Order, OrderLine
from app.models.org import Department, Employee
from app.models.search import search_table, searched_models
from app.models.services import ServiceRequest, ServiceRound
from app.search import fill_up
from app.security.audit import unlogged
from config import Settings

Progress = Callable[[int, int], None]


MOST_CUSTOMERS = 3_000_000
#: Every fifth customer has an opportunity; a small company has so many more, to have some in every state.
EVERY, MORE = 5, 100
DUE_TODAY_EACH = 2
PROGRESS_EVERY = 500
CARRIED_OVER = 3
#: Parents before children.
KEYED = (
    *(Announcement, Product, StockLevel, Customer, Contact, Opportunity, PlanItem, StatusMove),
    *(Order, OrderLine, Interaction, ChurnCase, ChurnMeasure, ServiceRequest, ServiceRound),
)
WRITTEN = (NumberSeries, *KEYED, CustomerMonth, CustomerYear)


class DemoRefused(DomainError):
    """The database holds records already."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted: how many customers, by which seed, and the day that counts as today."""

    customers: int
    seed: int
    today: date
    zone: ZoneInfo
    password: str

    @property
    def opportunities(self) -> int:
        """How many opportunities there are beside the customers."""
        return self.customers // EVERY + min(MORE, self.customers // 2)


def load(settings: Settings, *, customers: int, seed: int, progress: Progress | None = None) -> None:
    """Write the demo company in one transaction; the tables and the foundation are there already.

    ``progress`` is called with the records written and those to come in all. Raises DemoRefused when there
    are records, ValueError for a size there are not enough names for.
    """
    if not 1 <= customers <= MOST_CUSTOMERS:
        raise ValueError(f"customers: expected 1 to {MOST_CUSTOMERS}")
    zone = ZoneInfo(settings.timezone)
    wish = Wish(customers, seed, now(zone).date(), zone, settings.demo_password)
    engine = engine_for(settings.database_url)
    try:
        with engine.begin() as connection:
            _refuse_records(connection)
            _Loading(connection, wish, progress or _untold).run()
    finally:
        engine.dispose()


def is_demo(settings: Settings) -> bool:
    """Whether the database holds the demo company."""
    engine = engine_for(settings.database_url)
    try:
        with engine.connect() as connection:
            return _is_marked(connection)
    finally:
        engine.dispose()


def refuse_records(settings: Settings) -> None:
    """Raises DemoRefused when people or business records are there; the tables need not be."""
    engine = engine_for(settings.database_url)
    try:
        with engine.connect() as connection:
            _refuse_records(connection)
    finally:
        engine.dispose()


def _refuse_records(connection: Connection) -> None:
    if _is_marked(connection):
        raise DemoRefused(Label("This database holds the demo company already: begin with an empty database."))
    for model in (Employee, Department, Customer, Opportunity):
        table = mapper_of(model).local_table
        if not inspect(connection).has_table(model.__tablename__):
            continue
        if connection.execute(select(literal(1)).select_from(table).limit(1)).first():
            raise DemoRefused(Label("This database holds records of its own: the demo needs an empty database."))


def _is_marked(connection: Connection) -> bool:
    if not inspect(connection).has_table(Installation.__tablename__):
        return False
    return connection.execute(select(Installation.key).where(Installation.key == DEMO_MARK)).first() is not None


def _untold(_done: int, _all: int) -> None:
    """Nobody wants to know how far it is."""


class _Loading:
    """One loading, over one connection."""

    def __init__(self, connection: Connection, wish: Wish, progress: Progress) -> None:
        self._connection = connection
        self._wish = wish
        self._progress = progress
        self._world = _world(connection, wish)
        self._courses = Courses(self._world, wish.opportunities)
        self._customers = CustomerWriter(self._world)
        self._orders = OrderWriter(self._world)
        self._churn = ChurnWriter(self._world)
        self._interactions = InteractionWriter(self._world)
        self._services = ServiceWriter(self._world)
        self._written = 0

    def run(self) -> None:
        """Write everything."""
        write_announcements(self._world, self._world.team.administrator)
        wins, due = self._outcomes()
        customer_of = self._write_customers(wins)
        self._write_opportunities(customer_of, due)
        self._world.bulk.flush()
        for keys in self._world.keys.values():
            keys.hand_over(self._connection)
        _write_search_text(self._connection)
        midnight = datetime.combine(self._wish.today, time(), self._wish.zone)
        write_reminders(self._connection, self._world.team, midnight)
        _gather_statistics(self._connection)

    def _outcomes(self) -> tuple[list[tuple[float, int]], set[int]]:
        """When which opportunities were won, and which shall have something due today."""
        wins: list[tuple[float, int]] = []
        due: dict[str, list[int]] = {name: [] for name in FINDERS}
        for row in range(self._courses.total):
            course = self._courses.course(row)
            if course.status is SUCCEEDED and course.closed is not None:
                wins.append((course.closed, row))
            elif course.status is ASSIGNED and course.seller and not course.is_stalled:
                due.get(course.seller.username, []).append(row)
        return sorted(wins), {row for rows in due.values() for row in rows[:DUE_TODAY_EACH]}

    def _write_customers(self, wins: list[tuple[float, int]]) -> array[int]:
        """Those from before the year, then the won ones. Returns the customer of each row, or 0."""
        customer_of = array("l", [0]) * self._courses.total
        for birth in self._carried_over(self._wish.customers - len(wins)):
            self._write_customer(birth)
        for _, row in wins:
            course = self._courses.course(row)
            if course.seller is not None and course.closed is not None:
                customer_of[row] = self._write_customer(Birth(course.company, course.closed, course.seller.key))
        self._customers.numbers.finish()
        return customer_of

    def _write_customer(self, birth: Birth) -> int:
        """One customer with all that belongs to it; returns its key."""
        plan = self._orders.plan(birth)
        fate, last = self._churn.fate(birth, plan), self._orders.last_day(plan)
        later = partial(self._churn.of_customer, birth, fate)
        account = self._customers.write(birth, last_order_on=last, later=later)
        self._orders.write(account, plan)
        self._churn.write(account, fate)
        self._interactions.write(account)
        self._services.write(account)
        self._tell()
        return account.key

    def _carried_over(self, count: int) -> Iterator[Birth]:
        """The customers of the years before the product came into use."""
        for row in range(count):
            dice = Dice(self._wish.seed, CARRIED_OVER, row)
            company = self._world.directory.company(self._courses.total + row)
            point = self._courses.begin * (row + dice.random()) / count
            place = (company.city.region, company.trade.group.industry)
            yield Birth(company, point, self._world.team.responsible(dice, *place).key)

    def _write_opportunities(self, customer_of: array[int], due: set[int]) -> None:
        writer = OpportunityWriter(self._world)
        for row in range(self._courses.total):
            course = self._courses.course(row)
            writer.write(course, customer_id=customer_of[row] or None, is_due_today=row in due)
            self._tell()

    def _tell(self) -> None:
        self._written += 1
        in_all = self._wish.customers + self._wish.opportunities
        if self._written % PROGRESS_EVERY == 0 or self._written == in_all:
            self._progress(self._written, in_all)


def _world(connection: Connection, wish: Wish) -> World:
    workdays = Workdays(wish.today, wish.zone)
    return World(
        seed=wish.seed,
        workdays=workdays,
        directory=Directory(wish.seed),
        team=_write_team(connection, wish, workdays),
        entries=read_entries(connection),
        bulk=Bulk(connection, WRITTEN),
        keys={model: Keys(connection, model) for model in KEYED},
    )


def _write_team(connection: Connection, wish: Wish, workdays: Workdays) -> Team:
    # No savepoint: SQLite's driver would begin with it and commit when it ends.
    with Session(connection, join_transaction_mode="rollback_only") as session:
        mark = f"customers={wish.customers} seed={wish.seed} on={wish.today}"
        session.add(Installation(key=DEMO_MARK, value=mark))
        joined = workdays.moment(0)
        # The rest goes in past the session: the log of a demo begins with what is done in it.
        with unlogged(session, "made-up people did nothing"):
            return write_team(session, password=wish.password, seed=wish.seed, joined=joined)


def _write_search_text(connection: Connection) -> None:
    with Session(connection, join_transaction_mode="rollback_only") as session:
        fill_up(session)


def _gather_statistics(connection: Connection) -> None:
    """PostgreSQL plans by statistics that it would gather only later."""
    if connection.dialect.name == "postgresql":
        for model in WRITTEN:
            connection.execute(text(f"ANALYZE {model.__tablename__}"))
        for model in searched_models():
            connection.execute(text(f"ANALYZE {search_table(model).name}"))
