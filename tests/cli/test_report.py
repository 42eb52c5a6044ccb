"""``flask crm report``: every report by its address parameters, in every format."""

import csv
import io
import json
from decimal import Decimal

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from app.models import AuditEntry, AuditKind
from app.reports.engine import reports

NAMES = sorted(reports())
HIDDEN = "泰州知微生物有限公司"
SEEN = "镇江岚砺磨具有限公司"


@pytest.fixture
def report(app):
    """Run the command; its status and what it printed."""

    def run(*words):
        outcome = app.test_cli_runner().invoke(args=["crm", "report", *words])
        assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
        return outcome.exit_code, outcome.stdout_bytes, outcome.stderr

    return run


@pytest.mark.parametrize("name", NAMES)
def test_every_report_in_every_format(report, name, tmp_path):
    for form in ("table", "csv", "json"):
        code, printed, _ = report(name, "--format", form)
        assert code == 0
        assert printed
    for form in ("xlsx", "pdf"):
        file = tmp_path / f"x.{form}"
        code, printed, told = report(name, "--format", form, "-o", str(file))
        assert (code, printed, told) == (0, b"", "")
    assert CalamineWorkbook.from_path(str(tmp_path / "x.xlsx")).sheet_names
    assert len(PdfReader(tmp_path / "x.pdf").pages) >= 1


@pytest.mark.parametrize("name", NAMES)
def test_totals_are_the_sum_of_the_rows(report, name):
    _, printed, _ = report(name, "--format", "csv")
    head, *rows, totals = csv.reader(io.StringIO(printed.decode("utf-8-sig")))
    found = json.loads(report(name, "--format", "json")[1])
    assert [one["label"] for one in found["columns"]] == head
    assert len(found["rows"]) == len(rows)
    for place, one in enumerate(found["columns"]):
        if found["totals"].get(one["key"]) is not None and place:
            assert Decimal(totals[place]) == sum(Decimal(row[place] or 0) for row in rows)
            told = Decimal(str(found["totals"][one["key"]]))
            assert told == sum(Decimal(str(row[one["key"]] or 0)) for row in found["rows"])


@pytest.mark.parametrize("name", NAMES)
def test_charts_as_pictures(report, name, tmp_path):
    code, printed, told = report(name, "--format", "svg")
    if code:
        assert (code, told.count("\n")) == (1, 1)
        return
    assert b"<svg" in printed
    file = tmp_path / "x.png"
    assert report(name, "--format", "png", "-o", str(file))[0] == 0
    assert file.read_bytes().startswith(b"\x89PNG")
    assert report(name, "--format", "svg", "--chart", "no-such")[0] == 2


def test_the_flags_are_the_address(report):
    _, printed, _ = report("contribution", "--name", "磨具", "--from", "2000-01-01", "--format", "json")
    found = json.loads(printed)
    assert found["filters"] == {"name": "磨具", "from": "2000-01-01"}
    assert {row["name"] for row in found["rows"]} == {SEEN}
    assert isinstance(found["rows"][0]["amount"], str)
    assert report("contribution", "--year", "1901", "--format", "csv")[1].decode().splitlines()[-1].startswith("合计")


def test_with_the_rights_and_the_scope_of_a_person(report):
    everything, own = report("contribution")[1].decode(), report("contribution", "--as", "head_a")[1].decode()
    assert HIDDEN in everything
    assert HIDDEN not in own
    assert SEEN in own


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (1, ["contribution", "--as", "manager_a"]),
        (1, ["contribution", "--as", "disabled"]),
        (1, ["contribution", "-o", "/no/such/folder/x.csv", "--format", "csv"]),
        (2, ["contribution", "--as", "stranger"]),
        (2, ["contribution", "--year", "97"]),
        (2, ["contribution", "--from", "2026-02-31"]),
        (2, ["contribution", "--no-such", "x"]),
        (2, ["contribution", "--format", "docx"]),
        (2, ["no-such"]),
        (2, []),
    ],
)
def test_what_is_refused_and_what_is_used_wrongly(report, status, words):
    code, printed, told = report(*words)
    assert (code, printed) == (status, b"")
    assert told.count("\n") == 1


def test_a_flag_of_another_report_is_wrong_usage(report, monkeypatch):
    monkeypatch.setattr("app.cli.report._parameters", lambda _: [])
    code, _, told = report("contribution", "--name", "x")
    assert (code, told) == (2, "该报表没有参数 --name。\n")


def test_who_took_a_file_stands_in_the_audit_log(report, rows, tmp_path):
    report("contribution", "--year", "2025", "--format", "csv")
    report("contribution", "--as", "head_a", "--format", "svg")
    report("contribution", "--as", "head_a", "--format", "xlsx", "-o", str(tmp_path / "x.xlsx"))
    report("contribution", "--as", "manager_a")  # who may not take any
    with rows() as session:
        entries = select(AuditEntry).where(AuditEntry.kind == AuditKind.EXPORTED).order_by(AuditEntry.id)
        found = [(one.person_name, json.loads(one.changes)) for one in session.scalars(entries)]
    assert [who for who, _ in found] == ["command", "head_a", "head_a"]
    told = [{name: value for name, (_, value) in changes.items()} for _, changes in found]
    assert told[0] == {"list": "reports/contribution", "conditions": {"year": "2025"}, "file": "CSV", "rows": 0}
    assert told[1]["file"] == "SVG" and told[1]["chart"]
    assert (told[2]["file"], told[2]["rows"]) == ("Excel", 1)
