"""``flask crm scan-churn``: what it tells, as JSON too, and how it ends."""

import json
from datetime import date

import pytest
import time_machine
from sqlalchemy import func, select

from app.models import AuditEntry, AuditKind, ChurnCase, Customer

pytestmark = pytest.mark.usefixtures("no_cases")

NOTHING = {"opened": 0, "already_open": 0, "recovered": 0}


@pytest.fixture
def scan(app, rows):
    """Runs the command on 2026-03-04, when the two of the cast have been silent for long."""
    with rows() as session:
        for customer in session.scalars(select(Customer)):
            customer.last_order_on = date(2025, 1, 1)

    def run(*arguments):
        with time_machine.travel("2026-03-04T09:00:00+08:00", tick=False):
            return app.test_cli_runner().invoke(args=["crm", "scan-churn", *arguments])

    return run


def test_it_tells_in_words(scan, rows):
    first, second = scan(), scan()
    assert (first.exit_code, first.stdout) == (
        0,
        "已检查客户 2 个：新增预警 2 个，已有预警 0 个，已挽回 0 个。\n",
    )
    assert second.stdout == "已检查客户 2 个：新增预警 0 个，已有预警 2 个，已挽回 0 个。\n"
    with rows() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.kind == AuditKind.CHURN_SCAN)).first()
        assert entry.person_name == "command"


def test_as_json(scan, rows):
    assert json.loads(scan("--json").stdout) == {"checked": 2, **NOTHING, "opened": 2}
    assert json.loads(scan("--json").stdout) == {"checked": 2, **NOTHING, "already_open": 2}


def test_for_an_earlier_day(scan, rows):
    told = scan("--as-of", "2025-07-02", "--json")
    assert json.loads(told.stdout) == {"checked": 2, **NOTHING, "opened": 2}
    with rows() as session:
        assert set(session.scalars(select(ChurnCase.as_of))) == {date(2025, 7, 2)}


@pytest.mark.parametrize(
    "arguments", [("--as-of", "2026-03-05"), ("--as-of", "2026-02-30"), ("--as-of", "x"), ("now",)]
)
def test_wrong_usage(scan, rows, arguments):
    result = scan(*arguments)
    assert (result.exit_code, result.stdout, len(result.stderr.strip().splitlines())) == (2, "", 1)
    with rows() as session:
        assert session.scalar(select(func.count(ChurnCase.id))) == 0


def test_what_the_database_refuses_is_told(scan, monkeypatch):
    from sqlalchemy.exc import OperationalError

    def refuse(*_arguments, **_more):
        raise OperationalError("x", {}, Exception("disk is full"))

    monkeypatch.setattr("app.cli.churn.scan_churn", refuse)
    result = scan()
    assert (result.exit_code, len(result.stderr.strip().splitlines())) == (1, 1)
