"""The demo company's own people: departments, the five accounts, and colleagues beside them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from app.demo.dice import Dice
from app.demo.people import mobile
from app.demo.vocabulary import team
from app.models.basedata import Category, DictionaryEntry
from app.models.org import Department, Employee

HOME_WEIGHT, AWAY_WEIGHT, SPECIALIST_FACTOR = 6.0, 0.1, 2.0
COLLEAGUES = 3
#: No hash, so that no password ever fits.
UNUSABLE_PASSWORD = "!"  # noqa: S105  # the mark of no password
METHOD = "scrypt"

Words = dict[str, Any]
Entries = dict[tuple[str, str], DictionaryEntry]


@dataclass(frozen=True, slots=True)
class Seller:
    """An account manager; ``skill`` is the share of his opportunities that he wins."""

    key: int
    username: str
    full_name: str
    department: str
    regions: frozenset[str]
    industries: frozenset[str]
    skill: float
    load: float


class Team:
    """Who sells, who supervises, and who keeps the program."""

    def __init__(self, supervisor: int, administrator: int, sellers: tuple[Seller, ...]) -> None:
        self.supervisor = supervisor
        self.administrator = administrator
        self.sellers = sellers
        self._by_name = {seller.username: seller for seller in sellers}
        self._weights: dict[tuple[str, str], tuple[float, ...]] = {}

    def named(self, username: str) -> Seller:
        """The seller of that name."""
        return self._by_name[username]

    def responsible(self, dice: Dice, region: str, industry: str) -> Seller:
        """Somebody for a customer there, most likely of that region and at home in that industry."""
        place = (region, industry)
        if place not in self._weights:
            self._weights[place] = self._cumulated(region, industry)
        return dice.weighted(self.sellers, self._weights[place])

    def colleague(self, dice: Dice, seller: Seller) -> Seller:
        """Another seller of the same department; the same one where there is no other."""
        others = [one for one in self.sellers if one.department == seller.department and one is not seller]
        return dice.pick(others or [seller])

    def _cumulated(self, region: str, industry: str) -> tuple[float, ...]:
        total, sums = 0.0, []
        for seller in self.sellers:
            weight = HOME_WEIGHT if region in seller.regions else AWAY_WEIGHT
            total += weight * seller.load * (SPECIALIST_FACTOR if industry in seller.industries else 1.0)
            sums.append(total)
        return tuple(sums)


def write_team(session: Session, *, password: str, seed: int, joined: datetime) -> Team:
    """The departments and people; flushes. Only the five accounts can sign in, with ``password``."""
    words = team()
    departments = _write_departments(session, words["departments"], joined)
    roles = {role.name: role for role in session.scalars(select(Role))}
    entries = _entries(session)
    people = {}
    for row, word in enumerate([*words["accounts"], *words["colleagues"]]):
        person = _employee(word, entries, joined=joined)
        person.password = _hashed(password) if word in words["accounts"] else UNUSABLE_PASSWORD
        person.roles = [roles[word["role"]]]
        person.department_id = departments[word["department"]].id
        person.phone = mobile(Dice(seed, COLLEAGUES, row)).text
        people[person.username] = person
        session.add(person)
        # One by one, so that their keys and those of their roles come in this order.
        session.flush()
    for word in words["departments"]:
        headed = update(Department).where(Department.id == departments[word["name"]].id)
        session.execute(headed.values(head_id=people[word["head"]].id))
    sellers = [word for word in (*words["accounts"], *words["colleagues"]) if "skill" in word]
    return Team(
        people["zhuguan"].id, people["admin"].id, tuple(_seller(word, people[word["username"]]) for word in sellers)
    )


def _write_departments(session: Session, words: list[Words], joined: datetime) -> dict[str, Department]:
    """By statements, so that no moment but ``joined`` is written: one seed makes one company."""
    made: dict[str, Department] = {}
    marks = {"created_on": joined, "changed_on": joined}
    for position, word in enumerate(words, start=1):
        parent = made.get(word["parent"])
        values = {"name": word["name"], "parent_id": parent.id if parent else None, "position": position, **marks}
        department = session.scalars(insert(Department).values(values).returning(Department)).one()
        path = f"{parent.path if parent else '/'}{department.id}/"
        session.execute(update(Department).where(Department.id == department.id).values(path=path))
        made[word["name"]] = department
    return made


def _employee(word: Words, entries: Entries, *, joined: datetime) -> Employee:
    return Employee(
        username=word["username"],
        first_name=word["first_name"],
        last_name=word["last_name"],
        email=f"{word['username']}@example.com",
        active=True,
        login_count=0,
        fail_login_count=0,
        # The framework's own columns know no zone.
        created_on=joined.replace(tzinfo=None),
        changed_on=joined.replace(tzinfo=None),
        regions=[entries[Category.REGION, name] for name in word["regions"]],
        industries=[entries[Category.INDUSTRY, name] for name in word["industries"]],
    )


def _entries(session: Session) -> Entries:
    return {(entry.category, entry.item): entry for entry in session.scalars(select(DictionaryEntry))}


def _hashed(password: str) -> str:
    return generate_password_hash(password, method=METHOD)


def _seller(word: Words, person: Employee) -> Seller:
    return Seller(
        key=person.id,
        username=person.username,
        full_name=person.full_name,
        department=word["department"],
        regions=frozenset(word["regions"]),
        industries=frozenset(word["industries"]),
        skill=word["skill"],
        load=word["load"],
    )
