"""``flask crm sync-sales``, ``check-sales``, and the import of the sales system's kinds of rows."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from app.clock import now
from app.errors import Forbidden, WrongState
from app.jobs.frame import kinds, run_due
from app.jobs.sales_system import refresh_now
from app.models import AuditEntry, AuditKind, Job, Order, OrderLine, Product, Refresh
from tests.integrations.trade import HEADS, Trade, forget_trade

Run = Callable[..., Result]
COUNTS = ("rows", "created", "updated", "skipped", "failed", "unmatched")


@pytest.fixture
def trade(app: Flask, tmp_path: Path, monkeypatch: Any) -> Trade:
    """A small sales system, which the application is set up to read."""
    forget_trade(app)
    trade = Trade(app, tmp_path)
    trade.write()
    settings = replace(app.config["CRM_SETTINGS"], sales_config=str(trade.path))
    monkeypatch.setitem(app.config, "CRM_SETTINGS", settings)
    return trade


@pytest.fixture
def run(app: Flask) -> Run:
    """``flask crm`` with these words."""
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(args=["crm", *map(str, words)])


def numbers(told: dict[str, Any]) -> list[int]:
    """The counts of a kind."""
    return [told[name] for name in COUNTS]


def count(rows: Any, model: Any) -> int:
    """How many rows there are."""
    with rows() as session:
        return int(session.scalar(select(func.count(model.id))))


# ---- refresh ------------------------------------------------------------------------------------------


def test_a_refresh_tells_by_kind(run: Run, trade: Trade, rows: Any) -> None:
    trade.rows["products"].append("P3,,,,,,")
    trade.write()
    result = run("sync-sales", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    assert told.keys() == {"kinds", "seconds"}
    assert list(told["kinds"]) == list(HEADS)
    assert numbers(told["kinds"]["products"]) == [3, 2, 0, 0, 1, 0]
    assert numbers(told["kinds"]["orders"]) == [3, 3, 0, 0, 0, 1]
    assert told["kinds"]["orders"]["removed"] == 0
    [error] = told["kinds"]["products"]["errors"]
    assert (error["row"], error["column"]) == (4, "name")
    again = run("sync-sales", "--whole", "--source", "trade")
    assert (again.exit_code, len(again.stdout.splitlines())) == (0, 4)
    assert count(rows, Refresh) == 2


def test_what_ends_with_another_status(run: Run, trade: Trade, app: Flask, monkeypatch: Any) -> None:
    assert run("sync-sales", "--source", "other").exit_code == 2
    (trade.folder / "orders.csv").write_text("x\n1\n", encoding="utf-8")
    result = run("sync-sales", "--json")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert json.loads(result.stdout)["kinds"] == {}
    checked = run("check-sales")
    assert (checked.exit_code, len(checked.stdout.splitlines())) == (1, 1)
    assert "sources.trade.orders" in checked.stdout
    trade.write()
    assert (run("check-sales").exit_code, run("sync-sales").exit_code) == (0, 0)
    trade.path.write_text("[", encoding="utf-8")
    assert (run("check-sales").exit_code, run("sync-sales").exit_code) == (1, 2)
    monkeypatch.setitem(app.config, "CRM_SETTINGS", replace(app.config["CRM_SETTINGS"], sales_config=None))
    assert (run("check-sales").exit_code, run("sync-sales").exit_code) == (2, 2)


# ---- the job ------------------------------------------------------------------------------------------


def test_the_job_refreshes_and_tells(app: Flask, trade: Trade, rows: Any, session_of: Any) -> None:
    with session_of("manager_a") as (session, actor), pytest.raises(Forbidden):
        refresh_now(session, by=actor, at=now())
    with session_of("admin") as (session, actor):
        refresh_now(session, by=actor, at=now())
        with pytest.raises(WrongState):
            refresh_now(session, by=actor, at=now())
        session.commit()
        person = actor.person_id
    run_due(app)
    with rows() as session:
        jobs = session.scalars(select(Job).where(Job.kind == "refresh_sales").order_by(Job.id)).all()
        assert {job.state.value for job in jobs} == {"done"}
        assert jobs[0].outcome.values == {"done": 1, "failed": 0}
        assert len(list(jobs[0].lines)) == 4
        assert person in session.scalars(select(Refresh.person_id)).all()
        assert session.scalar(select(func.count(Order.id))) == 3


def test_without_settings_the_job_does_nothing(app: Flask, rows: Any) -> None:
    assert kinds()["refresh_sales"].every is not None
    run_due(app)
    assert count(rows, Refresh) == 0


# ---- files by hand --------------------------------------------------------------------------------------


def told_of(run: Run, *words: Any) -> dict[str, Any]:
    """The outcome of an import with --json."""
    result = run("import", *words, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_files_go_in_one_after_the_other(run: Run, trade: Trade, rows: Any) -> None:
    for kind in HEADS:
        told = told_of(run, kind, trade.folder / f"{kind}.csv")
        expected = {"products": [2, 2, 0, 0, 0, 0], "stock": [2, 2, 0, 0, 0, 0]}
        assert numbers(told) == expected.get(kind, [3, 3, 0, 0, 0, 1 if kind == "orders" else 0])
        assert told.keys() == {"kind", *COUNTS, "errors", "ignored_columns"}
    with rows() as session:
        assert session.scalar(select(func.sum(Order.total))) == 2151
        assert session.scalar(select(func.count(AuditEntry.id)).where(AuditEntry.kind == AuditKind.IMPORTED)) == 4
        assert set(session.scalars(select(Order.source))) == {"import"}
    assert run("sync-sales").exit_code == 0
    with rows() as session:
        assert set(session.scalars(select(Order.source))) == {"trade"}
    path = trade.folder / "few.csv"
    path.write_text(
        "订单编号,客户名称,日期\nS1,泰州知微生物有限公司,2026年3月1日\nN1,没有,2026-03-01\n", encoding="gb18030"
    )
    assert numbers(told_of(run, "orders", path)) == [2, 1, 1, 0, 0, 1]
    with rows() as session:
        order = session.scalars(select(Order).where(Order.number == "S1")).one()
        assert (order.source, order.address, order.status.value) == ("trade", "苏州", "paid")
        # The number still says whose it is.
        assert order.customer.name.startswith("镇江")
        assert session.scalar(select(func.count(Order.id))) == 4
    assert run("verify").exit_code == 0


@pytest.mark.parametrize(("option", "status"), [("--dry-run", 0), ("--all-or-nothing", 1)])
def test_nothing_stays_of_a_run_that_is_not_kept(
    run: Run, trade: Trade, rows: Any, *, option: str, status: int
) -> None:
    trade.rows["products"].append("P3,,,,,,")
    trade.write()
    result = run("import", "products", trade.folder / "products.csv", option, "--json")
    assert (result.exit_code, json.loads(result.stdout)["failed"]) == (status, 1)
    assert count(rows, Product) == 0


def test_bad_rows_come_back_as_they_stood(run: Run, trade: Trade, tmp_path: Path) -> None:
    trade.rows["products"] += ["P3,,,,,x,", "P1,twice,,,,,"]
    trade.write()
    bad = tmp_path / "bad.csv"
    assert told_of(run, "products", trade.folder / "products.csv", "--errors", bad)["failed"] == 2
    with bad.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert [line[:6] for line in lines[1:]] == [["P3", "", "", "", "", "x"], ["P1", "twice", "", "", "", ""]]
    assert all(line[7] for line in lines)


def test_a_map_and_the_right(run: Run, trade: Trade, rows: Any, tmp_path: Path) -> None:
    sheet, plan = tmp_path / "sheet.csv", tmp_path / "map.toml"
    sheet.write_text("Auftrag,Menge,Preis,Rabatt\nS1,3,10,0.15\nS1,1,,0\n", encoding="utf-8")
    plan.write_text(
        'order_number = "Auftrag"\nquantity = "Menge"\nunit_price = "Preis × (1 − Rabatt)"\n', encoding="utf-8"
    )
    run("sync-sales")
    refused = run("import", "order_lines", sheet, "--map", plan, "--as", "manager_a")
    assert (refused.exit_code, len(refused.stderr.splitlines())) == (1, 1)
    assert numbers(told_of(run, "order_lines", sheet, "--map", plan, "--as", "admin")) == [2, 0, 1, 0, 1, 0]
    with rows() as session:
        order = session.scalars(select(Order).where(Order.number == "S1")).one()
        assert [str(line.amount) for line in order.lines] == ["25.50", "1.01"]
        assert str(order.total) == "26.51"
        assert session.scalar(select(func.count(OrderLine.id))) == 3
