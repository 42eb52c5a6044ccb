"""The sales funnel beside the plain SQL of its figures, on the same opportunities and their history."""

from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.database import engine_for
from app.reports.engine import ask, report_of
from app.security.actor import SYSTEM
from bench.measures import Measured, in_rounds
from bench.stage import Stage
from bench.work import worked

#: The company's opportunities are repeated until there are about so many, however few customers it has.
LEAST = 200_000
COLUMNS = (
    "customer_name, name_key, probability, summary, description, source, region_id, expected_amount, status, "
    "assignee_id, assigned_on, closed_on, created_by_id, created_on, changed_on, version"
)
REPEATED = f"""
INSERT INTO opportunities ({COLUMNS})
WITH RECURSIVE places (place) AS (SELECT 1 UNION ALL SELECT place + 1 FROM places WHERE place < :times)
SELECT {COLUMNS} FROM opportunities, places
"""
#: A history of each, as its moves would have left it.
MOVES = (
    "DELETE FROM status_moves WHERE kind = 'opportunities'",
    """
INSERT INTO status_moves (kind, row_id, move, before, after, at)
SELECT 'opportunities', id, 'create', NULL, 'unassigned', created_on FROM opportunities
""",
    """
INSERT INTO status_moves (kind, row_id, move, before, after, at)
SELECT 'opportunities', id, 'assign', 'unassigned', 'assigned', coalesce(assigned_on, changed_on) FROM opportunities
WHERE status <> 'unassigned'
""",
    """
INSERT INTO status_moves (kind, row_id, move, before, after, at)
SELECT 'opportunities', id, 'close', 'assigned', status, coalesce(closed_on, changed_on) FROM opportunities
WHERE status IN ('succeeded', 'failed')
""",
)
CENTS = "CAST(round(expected_amount * 100) AS BIGINT)"
#: A moment in whole seconds.
SECONDS = {"sqlite": "CAST(strftime('%s', {}) AS BIGINT)", "postgresql": "CAST(extract(epoch FROM {}) AS BIGINT)"}
STAGES = f"""
SELECT status, count(*), count(expected_amount), sum({CENTS}), sum(({CENTS} * probability + 50) / 100)
FROM opportunities GROUP BY status
"""
STAYS = """
SELECT status, avg(took), max(among) FROM (
    SELECT status, took, row_number() OVER (PARTITION BY status ORDER BY took) AS place,
           count(*) OVER (PARTITION BY status) AS among
    FROM (
        SELECT status_moves.after AS status, {left} - {came} AS took
        FROM status_moves JOIN opportunities ON opportunities.id = status_moves.row_id
        WHERE kind = 'opportunities' AND (status_moves.before IS NULL OR status_moves.before <> status_moves.after)
    ) AS stays WHERE took IS NOT NULL
) AS ranked WHERE place * 2 BETWEEN among AND among + 2 GROUP BY status
"""
LEFT = "lead(status_moves.at) OVER (PARTITION BY status_moves.row_id ORDER BY status_moves.id)"


def funnel_beside_sql(stage: Stage, limit: float) -> Measured:
    """The report of all opportunities by stage ÷ the statements of its figures alone."""
    engine = engine_for(stage.fresh("funnel"))
    try:
        _prepare(engine)
        _took(engine, _report), _took(engine, _plain)
        return in_rounds(lambda: (_took(engine, _report), _took(engine, _plain)), limit)
    finally:
        engine.dispose()


def _prepare(engine: Engine) -> None:
    with engine.begin() as connection:
        there = connection.scalar(text("SELECT count(*) FROM opportunities")) or 0
        if LEAST // there > 1:
            connection.execute(text(REPEATED), {"times": LEAST // there - 1})
        for statement in MOVES:
            connection.execute(text(statement))
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE opportunities, status_moves"))


def _took(engine: Engine, read: Callable[[Session], int]) -> float:
    """How long it takes to read the figures; there are some."""
    with Session(engine) as session:
        session.info["actor"] = SYSTEM
        begun = worked()
        count = read(session)
        took = worked() - begun
    if count < LEAST // 2:
        raise RuntimeError(f"only {count} opportunities are told of")
    return took


def _report(session: Session) -> int:
    report = report_of("funnel")
    asked = ask(report.filters, {}, today=date.today(), zone=ZoneInfo("Asia/Shanghai"))
    return int(report.find(session, asked).table.totals["count"])


def _plain(session: Session) -> int:
    connection = session.connection()
    seconds = SECONDS[connection.dialect.name]
    stays = STAYS.format(left=seconds.format(LEFT), came=seconds.format("status_moves.at"))
    connection.execute(text(stays)).all()
    return sum(int(row[1]) for row in connection.execute(text(STAGES)))
