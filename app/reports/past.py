"""Customers as they were on an earlier day: what has changed since is taken back.

States come from the history of moves, fields from the audit log, in which each change holds what was before. So the
first change after a moment says what a customer was at that moment; without one it is as today.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import and_, false, or_, select

from app.models.audit import AuditEntry, AuditKind
from app.models.customers import Customer, CustomerStatus
from app.models.history import StatusMove
from app.reports.timeline import Statement

if TYPE_CHECKING:
    from pandas import DataFrame

TABLE = Customer.__tablename__
#: The field that is told by the moves, which also stand in the log; the moments of the two might differ.
STATUS = "status"
#: A customer by its values in the columns that are counted by.
Cell: TypeAlias = tuple[Any, ...]
IS_THERE = Customer.status != CustomerStatus.DELETED
#: What a customer was, by field.
Was: TypeAlias = dict[str, Any]


def moved_since(moment: datetime, columns: Sequence[Any]) -> Statement:
    """The customers that were there at a moment and moved to another state since, the first move first.

    A move is a customer's ``id``, its values in the ``columns`` today, and the state in which it ``was``.
    """
    is_its = and_(StatusMove.kind == TABLE, StatusMove.row_id == Customer.id)
    is_move = and_(StatusMove.at >= moment, StatusMove.before.is_not(None), StatusMove.before != StatusMove.after)
    statement: Statement = select(Customer.id, *columns, StatusMove.before.label("was"))
    moves = statement.join(StatusMove, is_its).where(is_move, IS_THERE, Customer.created_on < moment)
    return moves.order_by(StatusMove.at, StatusMove.id)


def changed_since(moment: datetime, columns: Sequence[Any], fields: Sequence[str]) -> Statement:
    """The changes of some fields of the customers that were there at a moment, likewise; ``changes`` is JSON."""
    is_its = and_(AuditEntry.table_name == TABLE, AuditEntry.row_id == Customer.id)
    kinds = (AuditKind.CHANGED, AuditKind.MOVED)
    told = [AuditEntry.changes.contains(f'"{field}":', autoescape=True) for field in fields if field != STATUS]
    names_one = or_(false(), *told)
    is_change = and_(AuditEntry.at >= moment, AuditEntry.kind.in_(kinds), names_one)
    statement: Statement = select(Customer.id, *columns, AuditEntry.changes)
    changes = statement.join(AuditEntry, is_its).where(is_change, IS_THERE, Customer.created_on < moment)
    return changes.order_by(AuditEntry.at, AuditEntry.id)


def taken_back(frames: Mapping[str, DataFrame], columns: Sequence[str], fields: Sequence[str]) -> DataFrame:
    """The count of each cell as it was: the frame ``cells`` counts today's, by ``columns``, which hold the ``fields``.

    The frames ``moves`` and ``changes`` are those above.

    A customer that was deleted then and is back now did not count.
    """
    from pandas import DataFrame

    counts = Counter({_cell(row, columns): int(row["count"]) for row in frames["cells"].to_dict("records")})
    was: dict[Any, Was] = {}
    now = dict(_told(frames, columns, was))
    for key, cell in now.items():
        counts[cell] -= 1
        if was[key].get(STATUS) != CustomerStatus.DELETED:
            counts[tuple(was[key].get(field, value) for field, value in zip(fields, cell, strict=True))] += 1
    rows = [(*cell, count) for cell, count in counts.items() if count]
    return DataFrame(rows, columns=[*columns, "count"])


def _told(frames: Mapping[str, DataFrame], columns: Sequence[str], was: dict[Any, Was]) -> Iterator[tuple[Any, Cell]]:
    """Each customer with its cell of today; what it was is kept in ``was``, where the first telling stays."""
    for row in frames["moves"].to_dict("records"):
        was.setdefault(row["id"], {}).setdefault(STATUS, row["was"])
        yield row["id"], _cell(row, columns)
    for row in frames["changes"].to_dict("records"):
        told: Mapping[str, Sequence[Any]] = json.loads(row["changes"])
        its = was.setdefault(row["id"], {})
        for field in told.keys() - {STATUS}:
            its.setdefault(field, told[field][0])
        yield row["id"], _cell(row, columns)


def _cell(row: Mapping[Any, Any], columns: Sequence[str]) -> Cell:
    """A missing value is None, whichever way pandas writes it."""
    return tuple(None if row[name] is None or row[name] != row[name] else row[name] for name in columns)
