"""One stream of what happened, the newest first: every source reads its own newest by an index, and they are merged.

However much there is, a page costs one statement for each source and no more rows than fit on it, and one.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, Select, Subquery, literal, select, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.reports.periods import midnight
from app.security.scope import ONE_BY_ONE

#: Keys are 32-bit numbers, from 1.
BEFORE_ALL_KEYS, AFTER_ALL_KEYS = 0, 2**31 - 1
Statement: TypeAlias = Select[*tuple[Any, ...]]


class Place(NamedTuple):
    """Where something stands in the stream; no two share a place, so that none is lost or doubled between pages.

    A date has no time: it stands at the beginning of its day, below what happened at some hour of it.
    """

    moment: datetime
    kind: str
    key: int


@dataclass(frozen=True)
class Entry:
    """Something that happened: ``row`` is what its source's statement found, the record first."""

    place: Place
    on: date
    row: Sequence[Any]
    has_time: bool = True


@dataclass(frozen=True)
class Source:
    """Things of one kind: ``rows`` makes the statement about a record, ``moment`` is its model's date or moment.

    An index serves the statement in the order of ``moment`` and key.
    """

    kind: str
    moment: InstrumentedAttribute[Any]
    rows: Callable[[Any], Statement]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the places that it finds."""
        return (self.kind,)

    def newest(self, session: Session, about: Any, before: Place | None, *, size: int, zone: ZoneInfo) -> list[Entry]:
        """The first ``size`` below ``before`` (None: from the top)."""
        statement = self.first(about, before, size=size, zone=zone)
        found = session.execute(statement, execution_options=ONE_BY_ONE).unique()
        return [self._entry(row, zone) for row in found]

    def first(self, about: Any, before: Place | None, *, size: int, zone: ZoneInfo) -> Statement:
        """The statement of the first ``size`` below ``before``, which an index serves."""
        key = self.moment.class_.id
        statement = self.rows(about).order_by(self.moment.desc(), key.desc()).limit(size)
        return statement if before is None else statement.where(self._below(before, key, zone))

    def _below(self, before: Place, key: Any, zone: ZoneInfo) -> ColumnElement[bool]:
        """The condition of what stands below a place of any kind, as one comparison that an index serves."""
        value: Any = before.moment
        keys = AFTER_ALL_KEYS if self.kind < before.kind else BEFORE_ALL_KEYS
        if self.kind == before.kind:
            keys = before.key
        if self._is_dated:
            value = before.moment.astimezone(zone).date()
            # Any hour of a day stands above what the day itself holds.
            keys = keys if midnight(value, zone) == before.moment else AFTER_ALL_KEYS
        return tuple_(self.moment, key) < tuple_(literal(value, self.moment.type), literal(keys))

    @cached_property
    def _is_dated(self) -> bool:
        return isinstance(self.moment.type, Date)

    def _entry(self, row: Sequence[Any], zone: ZoneInfo) -> Entry:
        value = getattr(row[0], self.moment.key)
        moment = midnight(value, zone) if self._is_dated else value
        day = value if self._is_dated else value.astimezone(zone).date()
        return Entry(Place(moment.astimezone(UTC), self.kind, row[0].id), day, row, not self._is_dated)


@dataclass(frozen=True)
class Steps:
    """Things that happen in several steps, each with a moment of its own, read together by one statement.

    The rows of each step have the columns ``kind``, ``key`` and ``moment``, and what ``whole`` needs of them: from the
    first of all steps it makes the statement of a kind, a key, a moment and the record. The kind stands last in the row
    of an entry.
    """

    kind: str
    steps: tuple[Source, ...]
    whole: Callable[[Subquery], Statement]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the places that it finds, one for each step."""
        return tuple(step.kind for step in self.steps)

    def newest(self, session: Session, about: Any, before: Place | None, *, size: int, zone: ZoneInfo) -> list[Entry]:
        """The first ``size`` of each step below ``before`` (None: from the top)."""
        firsts = [select(step.first(about, before, size=size, zone=zone).subquery()) for step in self.steps]
        found = session.execute(self.whole(union_all(*firsts).subquery()), execution_options=ONE_BY_ONE).unique()
        return [self._entry(row, zone) for row in found]

    @staticmethod
    def _entry(row: Sequence[Any], zone: ZoneInfo) -> Entry:
        kind, key, moment, *found = row
        return Entry(Place(moment.astimezone(UTC), kind, key), moment.astimezone(zone).date(), (*found, kind))


def merged(
    session: Session, about: Any, sources: Sequence[Source | Steps], *, before: Place | None, size: int, zone: ZoneInfo
) -> list[Entry]:
    """The newest ``size`` of all sources below ``before``."""
    found = [one for source in sources for one in source.newest(session, about, before, size=size, zone=zone)]
    return heapq.nlargest(size, found, key=lambda entry: entry.place)
