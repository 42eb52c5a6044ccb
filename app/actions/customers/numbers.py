"""Customer numbers: KH, the day as yymmdd, six digits; none comes twice."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection, case
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models.customers import NumberSeries

OF_A_SERIES = re.compile(r"(KH[0-9]{6})([0-9]{6,9})")


def next_number(session: Session, day: date) -> str:
    """A customer number nobody else has.

    The series row stays locked until the transaction ends, so whoever holds a number is alone in
    creating customers; a number taken by a transaction that fails is given again.
    """
    return next_numbers(session, day, 1)[0]


def next_numbers(session: Session, day: date, count: int) -> list[str]:
    """So many numbers nobody else has, in one statement."""
    prefix = f"KH{day:%y%m%d}"
    statement = _insert(session.connection()).values(prefix=prefix, last=count)
    raised = statement.on_conflict_do_update(index_elements=["prefix"], set_={"last": NumberSeries.last + count})
    last = session.execute(raised.returning(NumberSeries.last)).scalar_one()
    return [f"{prefix}{number:06d}" for number in range(last - count + 1, last + 1)]


def pass_over(session: Session, numbers: Iterable[str]) -> None:
    """Let the series go on after numbers that were given from elsewhere."""
    lasts: dict[str, int] = {}
    for found in filter(None, map(OF_A_SERIES.fullmatch, numbers)):
        lasts[found[1]] = max(int(found[2]), lasts.get(found[1], 0))
    if not lasts:
        return
    statement = _insert(session.connection())
    highest = case((NumberSeries.last < statement.excluded.last, statement.excluded.last), else_=NumberSeries.last)
    raised = statement.on_conflict_do_update(index_elements=["prefix"], set_={"last": highest})
    # In one order, so that no two transactions wait for each other.
    session.execute(raised, [{"prefix": prefix, "last": lasts[prefix]} for prefix in sorted(lasts)])


def _insert(connection: Connection) -> Any:
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(NumberSeries)
