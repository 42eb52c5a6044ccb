"""``flask crm remind``: how many it told, once, in words and as JSON."""

import json
from datetime import timedelta

from sqlalchemy import func, select

from app.clock import now
from app.models import PlanItem, Reminder


def test_what_is_due_is_told_once(app, rows):
    with rows() as session:
        before = session.scalar(select(func.count(Reminder.id)))
        for item in session.scalars(select(PlanItem)):
            item.planned_on = now().date() - timedelta(days=1)
    runner = app.test_cli_runner()
    first, second = (runner.invoke(args=["crm", "remind"]) for _ in range(2))
    assert (first.exit_code, first.stdout) == (0, "已写入 3 条提醒。\n")
    assert (second.exit_code, second.stdout) == (0, "已写入 0 条提醒。\n")
    with rows() as session:
        assert session.scalar(select(func.count(Reminder.id))) == before + 3


def test_as_json(app, rows):
    with rows() as session:
        session.scalars(select(PlanItem)).first().planned_on = now().date()
    runner = app.test_cli_runner()
    told = [json.loads(runner.invoke(args=["crm", "remind", "--json"]).stdout) for _ in range(2)]
    assert told == [{"told": 1}, {"told": 0}]


def test_wrong_usage(app):
    result = app.test_cli_runner().invoke(args=["crm", "remind", "everybody"])
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1
