"""The benchmark itself: its rows are whole, its verdicts are right, and one tiny run writes what it should."""

import json

import pytest

from bench.__main__ import SIZES, main
from bench.browser import hidden_fields
from bench.measures import Measured, compared, exact
from bench.report import HEAD, Line, table, write_json
from bench.rows import ROWS, STATEMENTS, Row


def row(limit: float = 12, unit: str = STATEMENTS) -> Row:
    """A row that measures nothing."""
    return Row("a row", unit, limit, lambda stage: exact(0, None))


def line(measured: Measured, limit: float = 12) -> Line:
    """A row as measured."""
    return Line("sqlite", row(limit), measured)


def test_every_row_is_declared_whole():
    assert len(ROWS) > 25
    assert len({(one.name, one.unit) for one in ROWS}) == len(ROWS)
    for one in ROWS:
        assert one.name and one.unit and one.limit >= 0 and callable(one.measure), one
        assert one.customers <= SIZES["large"], one


def test_the_limits_are_those_of_the_specification():
    limits = {(one.unit, one.limit) for one in ROWS}
    assert limits >= {("statements", 12), ("statements", 15), ("× stock", 0.6), ("× stock", 1.3), ("kB", 150)}


@pytest.mark.parametrize(("value", "is_ok"), [(11, True), (12, True), (13, False)])
def test_statements_are_judged_exactly(value: int, is_ok: bool):
    assert line(exact(value, 30)).is_ok is is_ok


def test_a_time_is_red_only_when_every_round_is_over_the_limit():
    noisy = compared([(3.0, 1.0), (2.5, 1.0), (1.1, 1.0)])
    assert (noisy.value, noisy.lower) == (2.5, 1.1)
    assert line(noisy, 1.2).is_ok
    assert not line(noisy, 1.0).is_ok
    assert [line(noisy, limit).as_cells()[4] for limit in (3, 1.2, 1.0)] == ["yes", "near", "NO"]


def test_json_and_table_hold_the_same_columns(tmp_path):
    lines = [line(exact(9, 30)), line(Measured(0.5, 0.4, 48.25, "ms"), 0.6), line(exact(13, None))]
    write_json(lines, tmp_path / "deep" / "bench.json")
    found = json.loads((tmp_path / "deep" / "bench.json").read_text(encoding="utf-8"))
    assert [tuple(one) for one in found] == [HEAD] * 3
    assert [one["ok"] for one in found] == [True, True, False]
    assert [one["baseline"] for one in found] == [30, 48.25, None]
    assert table(lines).splitlines()[0].split() == list(HEAD)


def test_only_a_forms_own_hidden_fields_are_sent_back():
    page = (
        '<form><input type="hidden" name="q" value="x"><input id="csrf_token" name="csrf_token" '
        'type="hidden" value="abc"><input name="version" type="hidden" value="3"><input name="name"></form>'
    )
    assert hidden_fields(page) == {"csrf_token": "abc", "version": "3"}


def test_an_unknown_size_is_refused(capsys):
    with pytest.raises(SystemExit) as refusal:
        main(["--size", "huge"])
    assert refusal.value.code == 2
    assert "small, medium, large" in capsys.readouterr().err


def test_a_tiny_run(tmp_path, capsys):
    outcome = tmp_path / "bench.json"
    places = ["--folder", str(tmp_path), "--json", str(outcome)]
    status = main(["--size", "200", "--on", "sqlite", "--only", "opportunit", "--unit", STATEMENTS, *places])
    found = json.loads(outcome.read_text(encoding="utf-8"))
    names = {one["name"] for one in found}
    assert {"sqlite: list of opportunities (statements)", "sqlite: create an opportunity (statements)"} <= names
    for one in found:
        assert tuple(one) == HEAD
        assert isinstance(one["value"], int | float) and one["value"] >= 1
        assert one["unit"] == STATEMENTS and one["baseline"] >= 1
        assert one["ok"] is (one["value"] <= one["limit"]), one
    assert status == (0 if all(one["ok"] for one in found) else 1)
    assert f"{len(found)} rows" in capsys.readouterr().out
    assert not list(tmp_path.glob("copy-*"))
