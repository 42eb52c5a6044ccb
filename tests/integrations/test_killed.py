"""A refresh that is killed at any moment leaves the old copy whole, and the next one completes."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.models import CustomerMonth, Order, OrderLine, Refresh, RefreshState
from config import ROOT
from tests.integrations.test_refresh import assert_kept
from tests.integrations.trade import Trade, counts

#: Where a process stops and says so, so that it is killed there.
PLACES = {
    "while it reads": ("reading", "KindReader.read", 1),
    "between two kinds": ("loading", "order_stage", 2),
    "while it compares": ("comparing", "_find_touched", 1),
    "within the switch, with some rows written": ("switching", "_link_products", 1),
    "within the switch, with everything written": ("refreshing", "_end", 1),
}
PROGRAM = """
import importlib, sys, time
module, name, times = sys.argv[1:4]
place = importlib.import_module("app.integrations.sales_system." + module)
*owners, name = name.split(".")
for owner in owners:
    place = getattr(place, owner)
original, calls = getattr(place, name), []

def stop(*arguments, **more):
    calls.append(1)
    if len(calls) == int(times):
        print("here", file=sys.__stdout__, flush=True)
        time.sleep(60)
    return original(*arguments, **more)

setattr(place, name, stop)
from app import create_app
from config import load_settings
create_app(load_settings()).test_cli_runner().invoke(args=["crm", "sync-sales"])
"""


def killed_at(home: Any, trade: Trade, place: str) -> None:
    """Start a refresh in a process of its own and kill it when it comes to a place."""
    trade.write()
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONUTF8": "1",
        "PYTHONPATH": str(ROOT),
        "CRM_DATABASE_URL": home.url,
        "CRM_SECRET_KEY": "t" * 40,
        "CRM_SALES_CONFIG": str(trade.path),
    }
    command = [sys.executable, "-c", PROGRAM, *map(str, PLACES[place])]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGKILL)


def copy(rows: Any) -> list[Any]:
    """What there is."""
    with rows() as session:
        return [
            session.execute(select(Order.number, Order.total, Order.ordered_on).order_by(Order.number)).all(),
            session.execute(select(OrderLine.amount).order_by(OrderLine.id)).all(),
            session.execute(select(CustomerMonth.month, CustomerMonth.amount).order_by(CustomerMonth.month)).all(),
        ]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("place", PLACES)
def test_killed(app: Any, home: Any, rows: Any, tmp_path: Path, *, place: str) -> None:
    trade = Trade(app, tmp_path)
    trade.refresh()
    before = copy(rows)
    trade.rows["orders"] = ["S1,KH260302000001,,2026-03-05,,,", "S9,KH260302000001,,2026-03-05,,,"]
    trade.rows["order_lines"] = ["S1,1,P1,,2,套,1", "S9,1,P1,,2,套,1"]
    killed_at(home, trade, place)
    assert copy(rows) == before
    assert_kept(rows)
    assert counts(trade.refresh())["orders"] == (1, 1, 0, 2, 0)
    assert_kept(rows)
    with rows() as session:
        states = session.scalars(select(Refresh.state).order_by(Refresh.id)).all()
        assert states == [RefreshState.DONE, RefreshState.FAILED, RefreshState.DONE]
        assert session.scalar(select(func.count(Order.id))) == 2
