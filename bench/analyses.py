"""A report's way from the database to its tables beside the same statements by the driver alone."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.database import engine_for
from app.models import Employee
from app.reports.engine import Asked, Report, Slice, Statements, ask, report_of
from app.security.actor import load_actor
from bench.churn import ZONE
from bench.company import EVERYTHING
from bench.measures import Measure, Measured, in_rounds
from bench.stage import Stage
from bench.work import worked

#: Of fewer customers the fixed price of a report would be measured, which is a few milliseconds.
LEAST_CUSTOMERS = 200_000
FIRST_PAGE = Slice(0, 25)


def report_beside_statements(name: str) -> Measure:
    """What is found for somebody who sees everything ÷ its bare statements; without page and charts."""

    def measure(stage: Stage, limit: float) -> Measured:
        engine = engine_for(stage.to_read())
        report = report_of(name)
        asked = ask(report.filters, {}, today=now(ZONE).date(), zone=ZONE).of_page(FIRST_PAGE)
        try:
            with Session(engine) as session:
                person = session.scalars(select(Employee).where(Employee.username == EVERYTHING)).one()
                session.info["actor"] = load_actor(session, person)
                _took(_find, session, report, asked), _took(_fetch, session, report, asked)
                what = (session, report, asked)
                return in_rounds(lambda: (_took(_find, *what), _took(_fetch, *what)), limit)
        finally:
            engine.dispose()

    return measure


def _took(way: Callable[..., Any], *what: Any) -> float:
    begun = worked()
    way(*what)
    return worked() - begun


def _find(session: Session, report: Report, asked: Asked) -> None:
    report.find(session, asked)


def _fetch(session: Session, report: Report, asked: Asked) -> None:
    """Every statement with its values written into it, past SQLAlchemy and without the reader's scope."""
    connection = session.connection()
    if not isinstance(report.read, Statements):
        raise TypeError(f"the statements of {report.name} depend on each other")
    for statement in report.read.select(asked).values():
        bare = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
        cursor = connection.connection.cursor()
        cursor.execute(bare.replace("%%", "%"))
        cursor.fetchall()
        cursor.close()
