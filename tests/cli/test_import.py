"""``flask crm import`` and ``flask crm password`` as commands: what they tell, their status, one transaction."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.models import AuditEntry, Employee, Opportunity, StatusMove
from tests.browsing import Browser

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PIPELINE = ROOT.parent / "shared" / "data" / "crm-pipeline"
HEAD = "external_id,customer_name,summary\n"

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """``flask crm`` with these words."""
    runner = app.test_cli_runner()
    return lambda *words, **more: runner.invoke(args=["crm", *map(str, words)], **more)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of one good and one bad row."""
    path = tmp_path / "rows.csv"
    path.write_text(f"{HEAD}1,A,s\n2,,s\n", encoding="utf-8")
    return path


def told(result: Result) -> dict[str, Any]:
    """The outcome of a run with --json."""
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def count(rows: Callable[[], Any], model: Any) -> int:
    """How many rows there are."""
    with rows() as session:
        return int(session.scalar(select(func.count()).select_from(model)))


def is_plain(result: Result) -> bool:
    """Whether the command said one line on standard error, and no trace."""
    return len(result.stderr.strip().splitlines()) == 1 and "Traceback" not in result.stderr


# ---- outcomes -------------------------------------------------------------------------------------------------


def test_good_rows_go_in_and_bad_ones_are_told(run: Run, rows: Any, file: Path) -> None:
    before = count(rows, Opportunity)
    result = run("import", "opportunities", file, "--json")
    [error] = told(result).pop("errors")
    assert (error["row"], error["column"], bool(error["reason"])) == (3, "customer_name", True)
    counts = {"rows": 2, "created": 1, "updated": 0, "skipped": 0, "failed": 1, "unmatched": 0}
    assert told(result) == {"kind": "opportunities", **counts, "errors": [error], "ignored_columns": []}
    assert (result.exit_code, result.stderr) == (0, "")
    assert count(rows, Opportunity) == before + 1


@pytest.mark.parametrize(("words", "who"), [((), "command"), (("--as", "Supervisor"), "supervisor")])
def test_an_import_is_told_once_beside_its_rows(
    run: Run, rows: Any, file: Path, words: tuple[str, ...], *, who: str
) -> None:
    begun = count(rows, AuditEntry)
    assert run("import", "opportunities", file, "--dry-run", *words).exit_code == 0
    assert count(rows, AuditEntry) == begun
    assert run("import", "opportunities", file, *words).exit_code == 0
    with rows() as session:
        told = session.scalars(select(AuditEntry).where(AuditEntry.id > begun).order_by(AuditEntry.id)).all()
        assert [one.kind.value for one in told] == ["created", "moved", "imported"]
        assert {one.person_name for one in told} == {who}
        assert told[1].reason == "导入"
        changes = json.loads(told[-1].changes)
        counts = {"rows": 2, "created": 1, "updated": 0, "skipped": 0, "failed": 1, "unmatched": 0}
        assert changes == {
            name: [None, value] for name, value in {"kind": "opportunities", "file": "rows.csv", **counts}.items()
        }


def test_without_json_people_read_lines(run: Run, file: Path) -> None:
    result = run("import", "opportunities", file)
    assert result.exit_code == 0
    assert "2" in result.stdout
    assert "customer_name" in result.stderr


@pytest.mark.parametrize(("option", "status", "created"), [("--dry-run", 0, 1), ("--all-or-nothing", 1, 0)])
def test_nothing_stays_of_a_run_that_is_not_kept(
    run: Run, rows: Any, file: Path, *, option: str, status: int, created: int
) -> None:
    before = count(rows, Opportunity), count(rows, StatusMove)
    result = run("import", "opportunities", file, option, "--json")
    assert (result.exit_code, told(result)["created"]) == (status, created)
    assert (count(rows, Opportunity), count(rows, StatusMove)) == before


def test_a_run_in_which_every_row_fails_is_refused(run: Run, file: Path) -> None:
    file.write_text(f"{HEAD}1,,s\n", encoding="utf-8")
    assert run("import", "opportunities", file).exit_code == 1
    file.write_text(HEAD, encoding="utf-8")
    assert run("import", "opportunities", file).exit_code == 0


def test_bad_rows_come_back_as_a_file_that_can_be_taken_in(run: Run, file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    run("import", "opportunities", file, "--errors", bad)
    [head, row] = list(csv.reader(bad.read_text(encoding="utf-8-sig").splitlines()))
    assert head[:3] == ["external_id", "customer_name", "summary"]
    assert row[:3] == ["2", "", "s"]
    assert row[3].startswith("customer_name: ")
    bad.write_text(bad.read_text(encoding="utf-8").replace("2,,s", "2,B,s"), encoding="utf-8")
    assert told(run("import", "opportunities", bad, "--json"))["created"] == 1


# ---- wrong usage and refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("import", "opportunities", "missing.csv"),
        ("import", "dragons", "{file}"),
        ("import", "opportunities"),
        ("import", "opportunities", "{file}", "--map", "missing.toml"),
        ("import", "opportunities", "{file}", "--map", "{file}"),
        ("import", "opportunities", "{file}", "--on-duplicate", "guess"),
        ("import", "opportunities", "{file}", "--nonsense"),
        ("import", "opportunities", "{file}", "--as", "stranger"),
        ("import", "opportunities", "{file}", "--errors", "{file}"),
        ("import", "opportunities", "{file}", "--errors", "nowhere/bad.csv"),
        ("import", "users", "{file}"),
        ("password", "stranger"),
        ("dragons",),
    ],
)
def test_wrong_usage_ends_with_2_and_one_line(run: Run, file: Path, words: tuple[str, ...]) -> None:
    result = run(*(word.format(file=file) for word in words))
    assert result.exit_code == 2, result.output
    assert is_plain(result), result.stderr


@pytest.mark.parametrize(("username", "status"), [("supervisor", 0), ("manager_a", 1), ("disabled", 1)])
def test_in_somebodys_name_his_rights_count(run: Run, rows: Any, file: Path, *, username: str, status: int) -> None:
    result = run("import", "opportunities", file, "--as", username, "--json")
    assert result.exit_code == status
    if status:
        assert is_plain(result)
        return
    with rows() as session:
        made = session.scalars(select(Opportunity).where(Opportunity.external_id == "1")).one()
        assert made.created_by.username == username


@pytest.mark.parametrize("place", ["INSERT INTO opportunities", "INSERT INTO status_moves", "COMMIT"])
def test_when_the_database_gives_up_nothing_is_half_done(
    app: Flask, run: Run, rows: Any, file: Path, *, place: str
) -> None:
    before = count(rows, Opportunity), count(rows, StatusMove)

    def fail(*_: Any) -> None:
        raise OperationalError(place, {}, Exception("the disk is full"))

    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(place):
            fail()

    with app.app_context():
        engine = db.engine
    target, name = ("commit", fail) if place == "COMMIT" else ("before_cursor_execute", look)
    event.listen(engine, target, name)
    try:
        result = run("import", "opportunities", file)
    finally:
        event.remove(engine, target, name)
    assert result.exit_code == 1
    assert is_plain(result)
    assert "the disk is full" in result.stderr
    assert (count(rows, Opportunity), count(rows, StatusMove)) == before


def test_a_file_that_breaks_in_the_middle_leaves_nothing(run: Run, rows: Any, file: Path) -> None:
    before = count(rows, Opportunity)
    good = "".join(f"{place},A,s\n" for place in range(1500))
    file.write_text(f'{HEAD}{good}9999,"A,s\n', encoding="utf-8")
    result = run("import", "opportunities", file)
    assert result.exit_code == 2
    assert is_plain(result)
    assert count(rows, Opportunity) == before


# ---- passwords --------------------------------------------------------------------------------------------------


def test_a_password_is_asked_for_twice_or_taken_from_the_environment(run: Run, app: Flask) -> None:
    assert run("password", "manager_a", input="long-enough-1\nlong-enough-1\n").exit_code == 0
    assert run("password", "MANAGER_B", env={"CRM_NEW_PASSWORD": "long-enough-2"}).exit_code == 0
    for password in ("too-short", "supervisor"):
        result = run("password", "supervisor", env={"CRM_NEW_PASSWORD": password})
        assert result.exit_code == 1
        assert is_plain(result)
    client = app.test_client()
    answer = client.post("/login/", data={"username": "manager_b", "password": "long-enough-2"})
    assert answer.status_code == 302


def test_a_password_from_the_command_ends_sessions_and_has_to_be_changed(run: Run, app: Flask) -> None:
    browser = Browser(app, "manager_b")
    assert run("password", "manager_b", env={"CRM_NEW_PASSWORD": "long-enough-2"}).exit_code == 0
    assert browser.get("/").location.startswith("/login/")
    browser.post("/login/", {"username": "manager_b", "password": "long-enough-2"})
    assert browser.get("/").location.startswith("/account/password")


def test_who_was_taken_in_cannot_sign_in_before_a_password_is_set(run: Run, app: Flask, file: Path) -> None:
    file.write_text("username\nfresh\n", encoding="utf-8")
    assert run("import", "users", file).exit_code == 0
    for password in ("!", ""):
        answer = app.test_client().post("/login/", data={"username": "fresh", "password": password})
        assert answer.status_code == 422


# ---- the real pipeline ------------------------------------------------------------------------------------------


@pytest.mark.skipif(not PIPELINE.is_dir(), reason="shared/data/crm-pipeline is not beside this checkout")
def test_the_sales_pipeline_goes_in_and_again_changes_nothing(run: Run, rows: Any) -> None:
    teams, deals = PIPELINE / "sales_teams.csv", PIPELINE / "sales_pipeline.csv"
    before = count(rows, Opportunity)
    supervisors = run("import", "users", teams, "--map", EXAMPLES / "crm-pipeline-supervisors.toml", "--json")
    assert (told(supervisors)["created"], told(supervisors)["skipped"]) == (6, 29)
    agents = run("import", "users", teams, "--map", EXAMPLES / "crm-pipeline-users.toml", "--json")
    assert told(agents)["created"] == 35
    words = ("import", "opportunities", deals, "--map", EXAMPLES / "crm-pipeline-opportunities.toml", "--json")
    first, second = told(run(*words)), told(run(*words))
    assert (first["rows"], first["created"], first["failed"], first["unmatched"]) == (8800, 7375, 1425, 4238)
    assert {error["column"] for error in first["errors"]} == {"customer_name"}
    assert len(first["errors"]) == 1000
    assert (second["created"], second["updated"], second["skipped"], second["failed"]) == (0, 0, 7375, 1425)
    assert count(rows, Opportunity) == before + 7375
    with rows() as session:
        check_pipeline(session)


def check_pipeline(session: Any) -> None:
    """The counts per status, and the people and times of one row of each."""
    imported = select(Opportunity).where(Opportunity.source == "CRM Sales Opportunities")
    found = session.scalars(imported).all()
    counts = Counter(row.status.value for row in found)
    assert counts == {"succeeded": 4238, "failed": 2473, "assigned": 501, "unassigned": 163}
    for row in found:
        assert (row.assignee_id is None) == (row.status == "unassigned")
        assert row.created_by_id is not None
        assert (row.closed_on is None) == (row.status in {"assigned", "unassigned"})
    moses = session.scalars(select(Employee).where(Employee.username == "moses.frase")).one()
    first = next(row for row in found if row.external_id == "1C1I7A6R")
    assert (first.assignee, first.created_by, str(moses)) == (moses, moses, "Moses Frase")
    assert (first.customer_name, first.expected_amount, first.probability) == ("Cancity", 1054, 100)
    assert str(moses.department.parent) == "Central"
