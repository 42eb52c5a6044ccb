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

from sqlalchemy import ColumnElement, Date, Select, literal, tuple_
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


@dataclass(frozen=True)
class Source:
    """Things of one kind: ``rows`` makes the statement about a record, ``moment`` is its model's date or moment.

    An index serves the statement in the order of ``moment`` and key.
    """

    kind: str
    moment: InstrumentedAttribute[Any]
    rows: Callable[[Any], Statement]

    def newest(self, session: Session, about: Any, before: Place | None, *, size: int, zone: ZoneInfo) -> list[Entry]:
        """The first ``size`` below ``before`` (None: from the top)."""
        key = self.moment.class_.id
        statement = self.rows(about).order_by(self.moment.desc(), key.desc()).limit(size)
        if before is not None:
            statement = statement.where(self._below(before, key, zone))
        found = session.execute(statement, execution_options=ONE_BY_ONE).unique()
        return [self._entry(row, zone) for row in found]

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
        return Entry(Place(moment.astimezone(UTC), self.kind, row[0].id), day, row)


def merged(
    session: Session, about: Any, sources: Sequence[Source], *, before: Place | None, size: int, zone: ZoneInfo
) -> list[Entry]:
    """The newest ``size`` of all sources below ``before``."""
    found = [one for source in sources for one in source.newest(session, about, before, size=size, zone=zone)]
    return heapq.nlargest(size, found, key=lambda entry: entry.place)
