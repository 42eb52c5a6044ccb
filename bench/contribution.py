"""The contribution of every customer beside the statement that sums the lines up, sent by the driver."""

from collections.abc import Callable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.database import engine_for
from app.models import Employee
from app.reports.engine import Asked, Slice, ask, report_of
from app.security.actor import SYSTEM, load_actor
from app.security.scope import raise_wall
from bench.company import EVERYTHING
from bench.measures import Measure, Measured, in_rounds
from bench.stage import Stage
from bench.work import worked

ROUNDS, FEW_ROUNDS, MANY_CUSTOMERS = 5, 3, 500_000
PAGE = Slice(0, 25)
#: Days that are no months, so that nothing kept is read.
LIVE = {"from": "1990-01-02", "to": "2190-01-03", "compare": "none"}

#: The same figures by the database alone; the quicker form counts.
RAW = (
    """
SELECT customers.id, customers.name, sum(order_lines.amount) FROM order_lines
JOIN orders ON orders.id = order_lines.order_id JOIN customers ON customers.id = orders.customer_id
WHERE customers.status <> 'deleted' GROUP BY customers.id, customers.name ORDER BY 3 DESC, 1
""",
    """
SELECT customers.id, customers.name, bought.amount FROM (
  SELECT orders.customer_id, sum(order_lines.amount) AS amount FROM order_lines
  JOIN orders ON orders.id = order_lines.order_id GROUP BY orders.customer_id
) AS bought JOIN customers ON customers.id = bought.customer_id
WHERE customers.status <> 'deleted' ORDER BY 3 DESC, 1
""",
)


class WalledSession(Session):
    """A session as the application has them."""


raise_wall(WalledSession)


def beside_the_lines(**given: str) -> Measure:
    """The first page of what is asked ÷ the statement over all lines, of which every row is fetched."""

    def measure(stage: Stage, limit: float) -> Measured:
        engine = engine_for(stage.fresh("contribution"))
        report = report_of("contribution")
        asked = ask(report.filters, given, today=date(2026, 3, 2), zone=ZoneInfo("Asia/Shanghai")).of_page(PAGE)
        rounds = FEW_ROUNDS if stage.customers >= MANY_CUSTOMERS else ROUNDS
        try:
            raw = min(RAW, key=lambda statement: _took(lambda: _fetch(engine, statement)))
            _took(lambda: _find(engine, asked))
            return in_rounds(
                lambda: (_took(lambda: _find(engine, asked)), _took(lambda: _fetch(engine, raw))), limit, least=rounds
            )
        finally:
            engine.dispose()

    return measure


def _took(deed: Callable[[], Any]) -> float:
    begun = worked()
    deed()
    return worked() - begun


def _find(engine: Engine, asked: Asked) -> None:
    """As somebody who sees everything that is not deleted."""
    with WalledSession(engine) as session:
        session.info["actor"] = SYSTEM
        session.info["actor"] = load_actor(session, session.scalars(_person()).one())
        outcome = report_of("contribution").find(session, asked)
    if not outcome.table.rows_in_all:
        raise RuntimeError("nobody bought anything")


def _person() -> Any:
    return select(Employee).where(Employee.username == EVERYTHING)


def _fetch(engine: Engine, statement: str) -> int:
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(statement)
        return len(cursor.fetchall())
    finally:
        connection.close()
