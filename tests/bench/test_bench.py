"""The benchmark itself: its rows are whole, its verdicts are right, and one tiny run writes what it should."""

import gc
import json
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast

import pytest

from bench.__main__ import SIZES, main
from bench.browser import Answer, hidden_fields
from bench.measures import MOST_TIMES, ROUNDS, Measured, compared, exact, in_rounds
from bench.report import HEAD, Line, table, write_json
from bench.rows import ROWS, STATEMENTS, Row
from bench.weights import files_of, first_visit, is_fresh, next_visit
from bench.work import worked


def row(limit: float = 12, unit: str = STATEMENTS) -> Row:
    """A row that measures nothing."""
    return Row("a row", unit, limit, lambda stage, limit: exact(0, None))


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
    assert limits >= {
        ("statements", 12),
        ("statements", 15),
        ("× stock", 0.6),
        ("× stock", 1.3),
        ("kB", 150),
        ("kB", 300),
        ("kB", 30),
    }


@pytest.mark.parametrize(("value", "is_ok"), [(11, True), (12, True), (13, False)])
def test_statements_are_judged_exactly(value: int, is_ok: bool):
    assert line(exact(value, 30)).is_ok is is_ok


def test_a_time_is_red_only_when_every_round_is_over_the_limit():
    noisy = compared([(3.0, 1.0), (2.5, 1.0), (1.1, 1.0)])
    assert (noisy.value, noisy.lower) == (2.5, 1.1)
    assert line(noisy, 1.2).is_ok
    assert not line(noisy, 1.0).is_ok
    assert [line(noisy, limit).as_cells()[4] for limit in (3, 1.2, 1.0)] == ["yes", "near", "NO"]


@pytest.mark.parametrize(
    ("ratios", "count"),
    [([1.0] * 50, ROUNDS), ([3.0] * ROUNDS + [1.0] * 50, 2 * ROUNDS), ([3.0] * 50, MOST_TIMES * ROUNDS)],
)
def test_rounds_go_on_only_while_the_figure_is_over_its_limit(ratios: list[float], count: int):
    left = iter(ratios)
    found = in_rounds(lambda: (next(left), 1.0), 2.0)
    assert len(ratios) - len(list(left)) == count
    assert found.lower == min(ratios[:count])


def test_work_is_processor_time_without_waiting_and_without_collecting_garbage():
    before = worked()
    time.sleep(0.2)
    assert worked() - before < 0.1
    rubbish: list[Any] = [[number] for number in range(500_000)]
    before, busy = worked(), time.process_time()
    gc.collect()
    assert worked() - before < (time.process_time() - busy) / 2
    assert rubbish


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


def test_a_page_asks_for_each_of_its_files_once():
    page = (
        '<link rel="icon" href="/static/logo.svg?v=1"><link rel="stylesheet"  href="/static/a.css?v=1&amp;w=2">'
        '<script src="/static/a.js" defer></script><a href="/somewhere">x</a><img alt="" src="logo.png">'
        '<svg><use href="/static/icons.svg?v=1#plus"></use><use href="/static/icons.svg?v=1#x"></use></svg>'
        '<script src="https://elsewhere.example/x.js"></script><img src="data:image/png;base64,AA"><use href="#here">'
    )
    assert files_of(page, "/plans/list/") == [
        "/static/logo.svg?v=1",
        "/static/a.css?v=1&w=2",
        "/static/a.js",
        "/plans/list/logo.png",
        "/static/icons.svg?v=1",
    ]


@pytest.mark.parametrize(
    ("told", "fresh"),
    [
        ("public, max-age=31536000, immutable", True),
        ("no-cache", False),
        ("no-cache, max-age=3600", False),
        ("max-age=0", False),
        ("no-store", False),
        ("", False),
    ],
)
def test_what_a_browser_keeps_without_asking(told: str, fresh: bool):
    assert is_fresh(told) is fresh


class Shelf:
    """Stands for a person: a page, a file kept for a year, and one that is asked for again each time."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, path: str, headers: Mapping[str, str] = MappingProxyType({})) -> Answer:
        self.asked.append(path)
        if headers:
            assert headers == {"If-None-Match": '"b"'}
            return Answer(0, 0, 0, "", "no-cache", '"b"')
        if path == "/a.css":
            return Answer(0, 0, 50, "", "max-age=9", '"a"')
        if path == "/b.js":
            return Answer(0, 0, 20, "", "no-cache", '"b"')
        return Answer(0.5, 3, 7, '<link href="/a.css"><script src="/b.js">')


def test_a_first_visit_weighs_everything_and_the_next_what_is_not_kept():
    shelf = cast(Any, Shelf())
    assert first_visit("/1")(shelf) == Answer(0.5, 3, 77, '<link href="/a.css"><script src="/b.js">')
    shelf.asked.clear()
    assert next_visit("/2", after=["/1"])(shelf).size == 7
    assert shelf.asked == ["/1", "/a.css", "/b.js", "/2", "/b.js"]


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
