"""Loading the demo company: repeatable, of any size, whole or not there at all, and only into an empty database."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import create_app, demo
from app.models import Department, Installation, Opportunity
from app.security.actor import SYSTEM
from config import Settings
from tests.databases import fresh_database, sqlite_database, unique_name
from tests.demo.databases import PASSWORD, Empty, connected, contents


def test_the_mark(settings: Settings, empty: Empty):
    assert demo.is_demo(settings)
    assert not demo.is_demo(empty.make())


# ---- repeatable -------------------------------------------------------------------------------------------


def test_the_same_seed_makes_the_same_company(settings: Settings, empty: Empty):
    again, other = empty.make(), empty.make()
    demo.load(again, customers=200, seed=1)
    demo.load(other, customers=200, seed=2)
    assert contents(again) == contents(settings)
    names = {row[1] for row in contents(settings)["departments"]}
    assert {row[1] for row in contents(other)["departments"]} == names
    assert contents(other)["opportunities"] != contents(settings)["opportunities"]


@pytest.mark.parametrize("customers", [1, 2, 7])
def test_small_companies(empty: Empty, customers: int):
    settings = empty.make()
    told: list[tuple[int, int]] = []
    demo.load(settings, customers=customers, seed=3, progress=lambda *steps: told.append(steps))
    found = contents(settings)
    assert len(found["customers"]) == customers
    assert told[-1] == (customers + len(found["opportunities"]),) * 2


def test_another_time_zone(empty: Empty):
    settings = empty.make(CRM_TIMEZONE="America/New_York")
    demo.load(settings, customers=40, seed=1)
    zone = ZoneInfo("America/New_York")
    with connected(settings) as connection, Session(connection) as session:
        session.info["actor"] = SYSTEM
        hours = {row.created_on.astimezone(zone).hour for row in session.scalars(select(Opportunity))}
        assert hours <= {*range(9, 12), *range(13, 18)}


def test_impossible_sizes(empty: Empty):
    settings = empty.make()
    for customers in (0, -1, demo.MOST_CUSTOMERS + 1):
        with pytest.raises(ValueError):
            demo.load(settings, customers=customers, seed=1)
    assert not demo.is_demo(settings)


# ---- whole or not at all ----------------------------------------------------------------------------------


def test_broken_off_leaves_nothing(empty: Empty, monkeypatch: pytest.MonkeyPatch):
    settings = empty.make()
    before = contents(settings)
    monkeypatch.setattr("app.demo.bulk.BATCH", 50)
    monkeypatch.setattr("app.demo.loading.PROGRESS_EVERY", 10)

    def break_off(written: int, in_all: int) -> None:
        if written == in_all:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        demo.load(settings, customers=300, seed=1, progress=break_off)
    assert contents(settings) == before
    assert not demo.is_demo(settings)
    demo.load(settings, customers=2, seed=1)
    assert demo.is_demo(settings)


def test_refused_beside_other_records(empty: Empty):
    settings = empty.make()
    with connected(settings) as connection, Session(connection) as session:
        session.add(Department(name="销售部", path="/1/"))
        session.commit()
        connection.commit()
    before = contents(settings)
    with pytest.raises(demo.DemoRefused):
        demo.load(settings, customers=10, seed=1)
    assert contents(settings) == before


def test_the_command(empty: Empty):
    settings = empty.make()
    runner = create_app(settings).test_cli_runner()
    words = ["crm", "demo", "--customers", "12", "--seed", "5"]
    first = runner.invoke(args=words)
    assert first.exit_code == 0 and PASSWORD in first.stdout and first.stderr == ""
    before = contents(settings)
    second = runner.invoke(args=words)
    assert second.exit_code == 1 and second.stdout == ""
    assert second.stderr.count("\n") == 1
    assert contents(settings) == before
    with connected(settings) as connection:
        connection.execute(Installation.__table__.delete())
        connection.commit()
    third = runner.invoke(args=words)
    assert third.exit_code == 1 and third.stderr.count("\n") == 1 and third.stderr != second.stderr
    assert runner.invoke(args=["crm", "demo", "--customers", "0"]).exit_code == 2


def test_the_command_makes_the_tables(backend: str, tmp_path: Path, request: Any):
    name = unique_name("demo")
    if backend == "sqlite":
        url = sqlite_database(tmp_path, name)
    else:
        url = fresh_database(request.getfixturevalue("_server"), name)
    settings = Settings.from_environment({"CRM_DATABASE_URL": url, "CRM_SECRET_KEY": "d" * 40})
    result = create_app(settings).test_cli_runner().invoke(args=["crm", "demo", "--customers", "3"])
    assert result.exit_code == 0, result.stderr
    assert demo.is_demo(settings)
