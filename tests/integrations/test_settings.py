"""The settings of the link: what is wrong in them is told line by line."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel

from app.integrations.sales_system import SalesSettings, check_settings
from tests.integrations.trade import ROWS, ZONE, Trade


@pytest.fixture(autouse=True)
def _english() -> Any:
    application = Flask("tests")
    Babel(application, default_locale="en")
    with application.app_context():
        yield


def faults(folder: Path, text: str) -> list[str]:
    """What is told about a settings file in a folder with the small sales system and a small database."""
    trade = Trade(Flask("tests"), folder, text)
    trade.write()
    if not (folder / "some.db").exists():
        with sqlite3.connect(folder / "some.db") as connection:
            connection.execute("CREATE TABLE items (number, name)")
        connection.close()
    settings = SalesSettings(trade.path)
    check_settings(settings, ZONE)
    return [str(fault) for fault in settings.faults]


GOOD = (
    '[sources.a]\nfolder = "."\n',
    '[sources.a]\nfolder = "."\nallow_returns = true\n[sources.a.orders]\nfile = "orders.csv"\n',
    '[sources.a]\nurl = "sqlite:///some.db"\nproducts.table = "items"\n',
    '[sources.a]\nurl = "sqlite:///some.db"\n[sources.a.products]\nquery = "SELECT * FROM items;"\nstamp = "name"\n',
)


@pytest.mark.parametrize("text", GOOD)
def test_settings_in_order(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, text) == []


DATABASE = '[sources.a]\nurl = "sqlite:///some.db"\n'
FOLDER = '[sources.a]\nfolder = "."\n'
WRONG = (
    ("", "sales.toml: There is no source"),
    ("sources = 1", "There is no source"),
    ("[sources.a\n", "not TOML"),
    (f"colour = 1\n{FOLDER}", "line 1, colour: This is not known"),
    ("[sources]\na = 1\n", "line 2, sources.a: This needs a table"),
    ('[sources.import]\nfolder = "."\n', "line 1, sources.import: A source needs a name"),
    ("[sources.a]\n", "line 1, sources.a: A source needs either url or folder"),
    ('[sources.a]\nurl = ""\nfolder = "."\n', "A source needs either url or folder"),
    (f"{FOLDER}allow_returns = 1\n", "line 3, sources.a.allow_returns: This needs true or false"),
    (f"{FOLDER}order = 1\n", "line 3, sources.a.order: This is not known"),
    ('[sources.a]\nfolder = "nowhere"\n', "line 2, sources.a.folder: There is no folder"),
    (f'{FOLDER}orders.file = "x.csv"\n', "line 3, sources.a.orders: There is no file"),
    (f'{FOLDER}orders.table = "x"\n', "line 3, sources.a.orders.table: This is not known"),
    (f'{FOLDER}[sources.a.orders]\nmap = {{ number = "No" }}\n', "line 3, sources.a.orders: The map reads number"),
    (f"{FOLDER}[sources.a.orders.map]\nnumber = 1\n", "line 4, sources.a.orders.map.number: This needs a header"),
    (f'{FOLDER}[sources.a.orders.map]\ncolour = "x"\n', "line 4, sources.a.orders.map.colour: There is no such field"),
    (f"{FOLDER}[sources.a.orders]\nmap = 1\n", "line 4, sources.a.orders.map: This needs a table of fields"),
    ('[sources.a]\nurl = "mysql+nothing://x/y"\norders.table = "o"\n', "line 1, sources.a: The driver"),
    ('[sources.a]\nurl = "no address"\norders.table = "o"\n', "line 2, sources.a.url: This is no database address"),
    (
        '[sources.a]\nurl = "postgresql://x:${NO_SUCH}@h/d"\norders.table = "o"\n',
        "line 2, sources.a.url: The environment",
    ),
    (
        '[sources.a]\nurl = "sqlite:///none.db"\norders.table = "o"\n',
        "line 1, sources.a: The database cannot be reached",
    ),
    ('[sources.a]\nurl = "postgresql://x:geheim@127.0.0.1:1/d"\norders.table = "o"\n', "cannot be reached"),
    (DATABASE, "line 1, sources.a: A database needs at least one of"),
    (f"{DATABASE}[sources.a.orders]\n", "line 3, sources.a.orders: This needs either table or query"),
    (f'{DATABASE}orders.table = "o"\n', "line 3, sources.a.orders: The database refuses to be read: no such table"),
    (f'{DATABASE}orders.table = "items"\n', "line 3, sources.a.orders: These columns are missing: ordered_on"),
    (f'{DATABASE}[sources.a.products]\ntable = "items"\nstamp = "at"\n', "sources.a.products: There is no column “at”"),
    (
        f'{DATABASE}[sources.a.products]\ntable = "items"\nstamp = 1\n',
        "line 5, sources.a.products.stamp: This needs a text",
    ),
    (
        f'{DATABASE}[sources.a.order_lines]\ntable = "items"\nstamp = "name"\n[sources.a.order_lines.map]\n'
        'order_number = "number"\nquantity = { constant = 1 }\nunit_price = { constant = 1 }\n',
        "line 3, sources.a.order_lines: Lines that are read by a stamp need",
    ),
)


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    found = faults(tmp_path, text)
    assert len(found) == 1
    assert told in found[0]
    assert "geheim" not in found[0]


def test_every_fault_is_told(tmp_path: Path) -> None:
    text = (
        '[sources.a]\nfolder = "x"\n[sources.b]\nurl = "sqlite:///some.db"\norders.table = "o"\nproducts.table = "p"\n'
    )
    assert [fault.split(":")[0] for fault in faults(tmp_path, text)] == [
        "sales.toml, line 2, sources.a.folder",
        "sales.toml, line 6, sources.b.products",
        "sales.toml, line 5, sources.b.orders",
    ]


def test_an_unreadable_file_and_a_read_only_source(tmp_path: Path) -> None:
    assert "cannot be read" in str(SalesSettings(tmp_path / "none.toml").faults[0])
    text = '[sources.a]\nurl = "sqlite:///some.db"\nproducts.table = "items"\n'
    assert faults(tmp_path, text) == []
    with sqlite3.connect(tmp_path / "some.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    connection.close()
    assert set(ROWS) and os.name
