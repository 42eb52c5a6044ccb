"""Customer numbers: in order, past those that were given, and no number twice however many ask at once."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from app.actions.customers import next_number
from app.actions.customers.numbers import next_numbers, pass_over
from app.actions.marketing import PIPELINE
from app.models import Customer, Employee, NumberSeries, Opportunity, OpportunityStatus
from app.models.search import search_table
from app.security.actor import SYSTEM
from tests.cast import MOMENT, opportunity

ROOT = Path(__file__).resolve().parents[2]
PROCESSES, EACH = 4, 50
DAY = date(2026, 3, 1)


def test_numbers_come_one_by_one_and_many_at_once(rows: Any) -> None:
    with rows() as session:
        assert [next_number(session, DAY) for _ in range(2)] == ["KH260301000001", "KH260301000002"]
        assert next_numbers(session, DAY, 3) == [f"KH26030100000{place}" for place in (3, 4, 5)]
        assert next_number(session, date(2026, 3, 2)) == "KH260302000001"
        session.rollback()
        assert next_number(session, DAY) == "KH260301000001"


def test_given_numbers_are_passed_over(rows: Any) -> None:
    with rows() as session:
        pass_over(session, ["KH260301000009", "KH260301000004", "KH2603020000012", "kh260303000001", "KH26", "", "K"])
        assert next_number(session, DAY) == "KH260301000010"
        pass_over(session, ["KH260301000002"])
        assert next_number(session, DAY) == "KH260301000011"
        assert sorted(session.scalars(select(NumberSeries.prefix))) == ["KH260301", "KH260302"]
        pass_over(session, [])


def test_four_processes_of_five_threads_make_customers_at_once(app: Any, rows: Any, home: Any) -> None:
    """Success as people have it: with contact, history, log and search text, in as many transactions."""
    with rows() as session:
        manager = session.scalars(select(Employee).where(Employee.username == "manager_a")).one()
        made = [opportunity(f"并发 {place} 有限公司", manager, manager) for place in range(PROCESSES * EACH)]
        PIPELINE.enter(session, [(row, OpportunityStatus.ASSIGNED) for row in made], by=SYSTEM, at=MOMENT)
        keys = [str(row.id) for row in made]
        before = session.scalar(select(func.count(Customer.id)))
    statuses = race(home.url, keys)
    assert statuses == [302] * len(keys)
    with rows() as session:
        numbers = session.scalars(select(Customer.number).where(Customer.name.startswith("并发"))).all()
        assert len(numbers) == len(set(numbers)) == len(keys)
        prefix = numbers[0][:8]
        assert sorted(numbers) == [f"{prefix}{place:06d}" for place in range(1, len(keys) + 1)]
        assert session.scalar(select(NumberSeries.last).where(NumberSeries.prefix == prefix)) == len(keys)
        assert session.scalar(select(func.count()).select_from(search_table(Customer))) == before + len(keys)
        won = select(func.count(Opportunity.id)).where(Opportunity.customer_id.is_not(None))
        assert session.scalar(won) == len(keys)


def race(url: str, keys: list[str]) -> list[int]:
    """The answers of all processes, which begin at once."""
    shares = [keys[place::PROCESSES] for place in range(PROCESSES)]
    racers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.number_race", url, *share],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for share in shares
    ]
    try:
        assert [racer.stdout.readline() for racer in racers] == ["ready\n"] * PROCESSES
        for racer in racers:
            racer.stdin.write("\n")
            racer.stdin.flush()
        return [status for racer in racers for status in json.loads(racer.communicate(timeout=120)[0])]
    finally:
        for racer in racers:
            racer.kill()
            racer.wait()
