"""What an import looks up again and again, asked for once: people and the entries of the dictionary."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.i18n import gettext
from app.models.basedata import Category, DictionaryEntry
from app.models.org import Employee, Role

#: What the default roles are called in Chinese files.
ROLES_IN_CHINESE = {
    "系统管理员": "Administrator",
    "销售主管": "Sales supervisor",
    "客户经理": "Account manager",
    "高管": "Executive",
}


@dataclass(frozen=True)
class Person:
    """Somebody a row names."""

    id: int
    is_enabled: bool


def plain_key(text: str) -> str:
    """The form in which names are compared."""
    return " ".join(text.split()).casefold()


class Directory:
    """People and roles by name, dictionary entries by item or value, and the company's time zone."""

    def __init__(self, session: Session, zone: ZoneInfo) -> None:
        self._session = session
        self.zone = zone

    def person(self, text: str) -> Person:
        """Who is meant; raises ValueError when nobody is, or more than one."""
        key = plain_key(text)
        if key in self._by_username:
            return self._by_username[key]
        found = self._by_full_name.get(key, [])
        if len(found) > 1:
            raise ValueError(gettext("Several people are called “%(text)s”: give the user name.", text=text))
        if not found:
            raise ValueError(gettext("There is no user “%(text)s”.", text=text))
        return found[0]

    def entry(self, category: Category, text: str) -> int:
        """The key of the entry with that item (in either language) or value; raises ValueError."""
        key = self._entries[category.value].get(plain_key(text))
        if key is None:
            raise ValueError(
                gettext(
                    "“%(text)s” is not in the dictionary under “%(category)s”.",
                    text=text,
                    category=category.label,
                )
            )
        return key

    def role(self, text: str) -> int:
        """The key of the role of that name; raises ValueError."""
        name = ROLES_IN_CHINESE.get(text, text)
        key = self._roles.get(plain_key(text)) or self._roles.get(plain_key(name))
        if key is None:
            raise ValueError(gettext("There is no role “%(text)s”.", text=text))
        return key

    @cached_property
    def _roles(self) -> dict[str, int]:
        return {plain_key(name): key for name, key in self._session.execute(select(Role.name, Role.id))}

    @cached_property
    def _people(self) -> list[Employee]:
        return list(self._session.scalars(select(Employee)))

    @cached_property
    def _by_username(self) -> dict[str, Person]:
        return {plain_key(row.username): Person(row.id, bool(row.active)) for row in self._people}

    @cached_property
    def _by_full_name(self) -> dict[str, list[Person]]:
        found = defaultdict(list)
        for row in self._people:
            found[plain_key(row.full_name)].append(Person(row.id, bool(row.active)))
        return dict(found)

    @cached_property
    def _entries(self) -> dict[str, dict[str, int]]:
        """Per category; where a text is one entry's item and another's value, the item counts."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        rows = self._session.scalars(select(DictionaryEntry).order_by(DictionaryEntry.id)).all()
        for attribute in ("item", "item_en", "value"):
            for row in rows:
                text = getattr(row, attribute)
                if text:
                    found[row.category].setdefault(plain_key(text), row.id)
        return found
