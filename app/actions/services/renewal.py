"""Deadlines that follow the rules: when hours, limits or calendar changed, those of open requests are reckoned anew."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, Select, bindparam, select, update
from sqlalchemy.orm import Session

from app.actions.services.deadlines import Rules, deadline, read_rules, waits_for_a_step
from app.models.installation import DEADLINES_MARK, Installation
from app.models.service_time import ServicePause
from app.models.services import ServiceRequest
from app.security.scope import system

#: So many requests are renewed at a time.
BATCH = 500


def renew_open_deadlines(session: Session, *, at: datetime, batch: int = BATCH) -> Iterator[int]:
    """Renew the deadlines of all open requests if the rules are others than last time, or the day is.

    Yields after each part how many deadlines changed so far, so that whoever asks can keep the part. Each day anew,
    because what was imported, or written by rules that changed at that moment, is put right by it.
    """
    rules = read_rules(session)
    mark = f"{at.date()} {fingerprint(rules)}"
    known = session.get(Installation, DEADLINES_MARK)
    if known is not None and known.value == mark:
        return
    changed = last = 0
    while rows := _part(session, last, batch):
        changed += _renew(session, rules, rows, at)
        last = rows[-1].id
        yield changed
    session.merge(Installation(key=DEADLINES_MARK, value=mark))


def fingerprint(rules: Rules) -> str:
    """What is the same exactly as long as the rules are."""
    days = sorted((day.isoformat(), special.is_working) for day, special in rules.calendar.special.items())
    limits = sorted((str(key), limit.assign, limit.process) for key, limit in rules.limits.items())
    told = json.dumps([str(rules.calendar.zone), rules.calendar.spans, days, limits])
    return sha256(told.encode()).hexdigest()


def _part(session: Session, last: int, batch: int) -> Sequence[Row[Any]]:
    with system(session, "the deadlines of everybody's requests follow the rules"):
        return session.execute(_open_after(last).limit(batch)).all()


def _open_after(last: int) -> Select[Any]:
    columns = ("id", "version", "kind_id", "priority", "status", "created_on", "assigned_on", "handled_on", "due_on")
    return (
        select(*(getattr(ServiceRequest, name) for name in columns), ServiceRequest.is_overdue_told)
        .where(waits_for_a_step(), ServiceRequest.id > last)
        .order_by(ServiceRequest.id)
    )


def _renew(session: Session, rules: Rules, rows: Sequence[Row[Any]], at: datetime) -> int:
    """Write what changed, past the records: nobody who has a request open shall be told that somebody changed it."""
    pauses = _pauses(session, [row.id for row in rows])
    found = [(row, deadline(rules, row, pauses[row.id], at=at)) for row in rows]
    changes = [
        {"key": row.id, "seen": row.version, "due": due, "told": row.is_overdue_told and due is not None and due < at}
        for row, due in found
        if due != row.due_on
    ]
    if changes:
        session.connection().execute(_writing(), changes)
    return len(changes)


def _pauses(session: Session, keys: Sequence[int]) -> Mapping[int, list[Any]]:
    columns = (ServicePause.request_id, ServicePause.began_on, ServicePause.ended_on)
    found: dict[int, list[Any]] = defaultdict(list)
    with system(session, "the deadlines of everybody's requests follow the rules"):
        for row in session.execute(select(*columns).where(ServicePause.request_id.in_(keys))):
            found[row.request_id].append(row)
    return found


def _writing() -> Any:
    """One request, if nobody moved it on meanwhile; it keeps its version."""
    is_it = (ServiceRequest.id == bindparam("key"), ServiceRequest.version == bindparam("seen"))
    return update(ServiceRequest).where(*is_it).values(due_on=bindparam("due"), is_overdue_told=bindparam("told"))
