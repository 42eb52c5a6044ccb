"""The churn scan beside the bare statements that leave the same rows: cases, history, one log line, the reminders."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.actions.churn.scan import scan_churn
from app.actions.churn.silence import silence_at
from app.clock import now
from app.database import engine_for
from app.security.actor import SYSTEM
from bench.measures import ROUNDS, Measured, in_rounds
from bench.stage import Stage
from bench.work import worked

ZONE = ZoneInfo("Asia/Shanghai")
#: Of fewer customers the statements themselves would be measured, and no rows: a small company is repeated until then.
LEAST_CUSTOMERS = 200_000
#: With so many customers a round takes long, and few of them tell enough.
MANY_CUSTOMERS, FEW_ROUNDS = 500_000, 3

REPEATED = """
INSERT INTO customers (number, name, name_key, status, manager_id, last_order_on, version, created_on, changed_on)
WITH RECURSIVE places (place) AS (SELECT 1 UNION ALL SELECT place + 1 FROM places WHERE place < :times)
SELECT place || '-' || id, name, name_key, status, manager_id, last_order_on, 1, created_on, changed_on
FROM customers, places
"""
#: No customer has a case yet, so that the scan makes as many as there can be.
FORGOTTEN = ("DELETE FROM churn_measures", "DELETE FROM churn_cases")
#: What the scan writes, by the database alone.
BARE = (
    """
INSERT INTO churn_cases (customer_id, manager_id, as_of, last_order_on, status, version, created_on, changed_on)
SELECT id, manager_id, :day, last_order_on, 'warned', 1, :at, :at FROM customers
WHERE status = 'active' AND last_order_on < :cutoff AND (won_back_on IS NULL OR won_back_on < :cutoff)
ON CONFLICT DO NOTHING
""",
    """
INSERT INTO status_moves (kind, row_id, move, after, at)
SELECT 'churn_cases', id, 'create', 'warned', :at FROM churn_cases
""",
    """
INSERT INTO reminders (person_id, kind, key, about, row_id, "values", created_on)
SELECT manager_id, 'churn_warned', 'churn_warned:' || min(id), 'customers', min(customer_id),
       '{"by": "", "count": "' || count(*) || '"}', :at
FROM churn_cases WHERE manager_id IS NOT NULL GROUP BY manager_id
""",
    """
INSERT INTO audit_entries (at, kind, person_name, address, request_id, row_name, changes, reason)
VALUES (:at, 'churn_scan', '', '', '', '', '{}', '')
""",
)


def scan_beside_statements(stage: Stage, limit: float) -> Measured:
    """A scan of customers who have no case ÷ the bare statements; what either writes is taken back."""
    engine = engine_for(stage.fresh("churn"))
    rounds = FEW_ROUNDS if stage.customers >= MANY_CUSTOMERS else ROUNDS
    try:
        _prepare(engine, max(LEAST_CUSTOMERS // stage.customers - 1, 0))
        _took(engine, _scan), _took(engine, _write)
        return in_rounds(lambda: (_took(engine, _scan), _took(engine, _write)), limit, least=rounds)
    finally:
        engine.dispose()


def _prepare(engine: Engine, times: int) -> None:
    with engine.begin() as connection:
        for statement in FORGOTTEN:
            connection.execute(text(statement))
        if times:
            connection.execute(text(REPEATED), {"times": times})
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE customers, churn_cases"))


def _took(engine: Engine, write: Callable[[Session, datetime], int]) -> float:
    """How long it takes to write the rows; there are some."""
    with Session(engine) as session:
        session.info["actor"] = SYSTEM
        begun = worked()
        count = write(session, now(ZONE))
        took = worked() - begun
        session.rollback()
    if not count:
        raise RuntimeError("no customer has been silent for too long")
    return took


def _scan(session: Session, at: datetime) -> int:
    return scan_churn(session, by=SYSTEM, at=at).opened


def _write(session: Session, at: datetime) -> int:
    silence = silence_at(session, at)
    values: dict[str, Any] = {"day": silence.as_of, "cutoff": silence.cutoff, "at": at}
    if session.get_bind().dialect.name == "sqlite":
        values = {name: str(value) for name, value in values.items()}
    connection = session.connection()
    written = [connection.execute(text(statement), values).rowcount for statement in BARE]
    return written[0]
