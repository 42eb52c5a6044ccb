"""A report's way from the database to its tables beside the same statements by the driver alone."""

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.database import engine_for
from app.models import Employee
from app.reports.engine import Asked, Report, ask, report_of
from app.security.actor import load_actor
from bench.churn import ZONE
from bench.company import EVERYTHING
from bench.measures import ROUNDS, Measure, Measured, compared
from bench.stage import Stage

#: Of fewer customers the fixed price of a report would be measured, which is a few milliseconds.
LEAST_CUSTOMERS = 200_000


def report_beside_statements(name: str) -> Measure:
    """What is found for somebody who sees everything ÷ its bare statements; without page and charts."""

    def measure(stage: Stage) -> Measured:
        engine = engine_for(stage.to_read())
        report = report_of(name)
        asked = ask(report.filters, {}, today=now(ZONE).date(), zone=ZONE)
        try:
            with Session(engine) as session:
                person = session.scalars(select(Employee).where(Employee.username == EVERYTHING)).one()
                session.info["actor"] = load_actor(session, person)
                _took(_find, session, report, asked), _took(_fetch, session, report, asked)
                ways = (_find, _fetch)
                rounds = [[_took(way, session, report, asked) for way in ways] for _ in range(ROUNDS)]
                return compared([(found, fetched) for found, fetched in rounds])
        finally:
            engine.dispose()

    return measure


def _took(way: Callable[..., Any], *what: Any) -> float:
    begun = time.perf_counter()
    way(*what)
    return time.perf_counter() - begun


def _find(session: Session, report: Report, asked: Asked) -> None:
    report.find(session, asked)


def _fetch(session: Session, report: Report, asked: Asked) -> None:
    """Every statement with its values written into it, past SQLAlchemy and without the reader's scope."""
    connection = session.connection()
    for statement in report.select(asked).values():
        bare = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
        cursor = connection.connection.cursor()
        cursor.execute(bare.replace("%%", "%"))
        cursor.fetchall()
        cursor.close()
