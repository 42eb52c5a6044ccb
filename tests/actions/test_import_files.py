"""Files and maps of imports: encodings, separators, workbooks, column maps and their arithmetic."""

import zipfile
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given
from hypothesis import strategies as st

from app.actions.imports.amounts import read_amount, read_formula
from app.actions.imports.mapping import header_key, plan_for, read_map
from app.actions.imports.report import BadRow, Fault, Unusable
from app.actions.imports.tables import bad_rows_file, open_table

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PARCEL = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


@pytest.fixture(autouse=True)
def _english() -> object:
    application = Flask("tests")
    Babel(application, default_locale="en")
    with application.app_context():
        yield


def rows_of(path: Path) -> list[tuple[int, list[str]]]:
    with open_table(path) as table:
        return list(table.rows)


def written(folder: Path, content: bytes, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def workbook(path: Path, rows: dict[int, list[str | float]], far: str = "") -> Path:
    """A workbook as small as can be; ``far`` adds a cell at that place."""
    lines = "".join(f'<row r="{number}">{"".join(map(_cell, cells))}</row>' for number, cells in rows.items())
    lines += f'<row r="{far.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}"><c r="{far}"><v>1</v></c></row>' if far else ""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parcel:
        parcel.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PARCEL}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPE}.worksheet+xml"/></Types>',
        )
        relations = f'<Relationships xmlns="{PARCEL}/relationships"><Relationship Id="r1" Type="{OFFICE}'
        parcel.writestr("_rels/.rels", f'{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
        parcel.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>",
        )
        parcel.writestr(
            "xl/_rels/workbook.xml.rels",
            f'{relations}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        parcel.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData></worksheet>',
        )
    return path


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"


# ---- tables ---------------------------------------------------------------------------------------------------

TEXT = "名称;电话\n华强;13800138000\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("gb18030"),
        TEXT.replace(";", ",").encode(),
        TEXT.replace(";", "\t").encode("gb18030"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.rstrip("\n").encode(),
        '"名称";"电话"\r\n"华强";"13800138000"'.encode(),
    ],
)
def test_encodings_and_separators_are_found(tmp_path: Path, content: bytes) -> None:
    with open_table(written(tmp_path, content)) as table:
        assert table.headers == ("名称", "电话")
        assert list(table.rows) == [(2, ["华强", "13800138000"])]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "The first row of the file must hold the headers."),
        (b"\n\na,b\n", "The first row of the file must hold the headers."),
        (b"a,b\n\xff\xff\xff", "neither UTF-8 nor GB18030"),
        ("a,b\n中,".encode("utf-16"), "neither UTF-8 nor GB18030"),
        (b'a,b\n1,"x\n', "cannot be read from line 2 on"),
        (b"a,b\n1," + b"x" * 200_000 + b"\n", "cannot be read from line 2 on"),
        (b"\xd0\xcf\x11\xe0 old", "save it as xlsx or csv"),
        (b"PK\x03\x04 broken", "rows.csv cannot be read"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, part: str) -> None:
    with pytest.raises(Unusable) as caught:
        rows_of(written(tmp_path, content))
    assert part in str(caught.value)


def test_a_workbook_is_read_whatever_its_name(tmp_path: Path) -> None:
    path = workbook(tmp_path / "rows.csv", {1: ["name", "phone"], 3: ["华强", 13800138000.0], 4: ["b", 0.1 + 0.2]})
    assert rows_of(path) == [(3, ["华强", "13800138000"]), (4, ["b", "0.3"])]


def test_a_workbook_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "rows.xlsx", {1: ["name"]}, far="XFD1048576")
    with pytest.raises(Unusable) as caught:
        rows_of(path)
    assert "save the sheet as csv" in str(caught.value)


def test_bad_rows_come_back_harmless_and_can_be_taken_in_again(tmp_path: Path) -> None:
    cells = ["=cmd()", "+86 10 8888", "-5", "@x", 'a"b', "\t=1"]
    path = tmp_path / "bad.csv"
    with bad_rows_file(path, ["a", "b", "c", "d", "e", "f", "=g"]) as tell:
        tell(BadRow(cells, [Fault(2, "a", "Wrong."), Fault(2, "", "Worse.")]))
    assert path.read_bytes().startswith(b"\xef\xbb\xbfa,b,c,d,e,f,'=g,Reason\r\n'=cmd(),+86 10 8888,-5,'@x,")
    [(_, again)] = rows_of(path)
    assert again == [*(cell.strip() for cell in cells[:5]), "=1", "", "a: Wrong. Worse."]


def test_a_file_of_bad_rows_is_whole_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeyError), bad_rows_file(tmp_path / "bad.csv", ["a"]):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


# ---- maps -----------------------------------------------------------------------------------------------------

NAMES = {"name": ("Name", "名称"), "amount": (), "code": ()}


def values(folder: Path, map_text: str, headers: list[str], cells: list[str]) -> dict[str, object]:
    """The values of a row, and reasons in place of those that cannot be told."""
    (folder / "map.toml").write_text(map_text, encoding="utf-8")
    rules = read_map(folder / "map.toml", NAMES)
    found, why = plan_for(headers, NAMES, rules, needed=["name"]).values(cells)
    return {**found, **why}


@pytest.mark.parametrize(
    ("rule", "cells", "value"),
    [
        ('name = "A"', ["x", ""], "x"),
        ("name = { constant = 5 }", ["", ""], "5"),
        ("name = { constant = true }", ["", ""], "true"),
        ('name = { template = "{A} {B}" }', ["x", "y"], "x y"),
        ('name = { template = "{A} {B}" }', ["", "y"], "y"),
        ('name = { template = "{A|lower|dotted}-{B|first_word}" }', ["Mo Fra", "one two"], "mo.fra-one"),
        ('name = { template = "{A|other_words}!" }', ["one two three", ""], "two three!"),
        ('name = { template = "plain" }', ["", ""], "plain"),
        ('name = { header = "a", values = { Won = "won", Lost = 0 } }', ["Lost", ""], "0"),
        ('name = { header = "A", when = { B = ["1", "2"] } }', ["x", "2"], "x"),
        ('name = { header = "A", default = "nobody" }', ["x", ""], "x"),
        ('name = { header = "A", default = "nobody" }', ["", ""], "nobody"),
        ('name = { header = "A", values = { Won = "won" }, default = 7 }', ["", ""], "7"),
        ('name = { arithmetic = "({A} + 2) × {B} ÷ 4 − 1" }', ["1,000", "2"], Decimal(500)),
        (
            'name = { header = "A", values = { Won = "won" } }',
            ["?", ""],
            "“?” is not in the value table of the map.",
        ),
        ('name = { arithmetic = "1 / {A}" }', ["0", ""], "This would divide by zero."),
        ('name = { arithmetic = "1 + {A}" }', ["x", ""], "“x” is not a number."),
    ],
)
def test_a_map_says_where_values_come_from(tmp_path: Path, rule: str, cells: list[str], value: object) -> None:
    assert values(tmp_path, rule, ["A", "B"], cells) == {"name": value}


@pytest.mark.parametrize(
    "rule",
    [
        'name = { template = "{A}, {B}" }',
        'name = { header = "A", when = { B = "9" } }',
        'name = { header = "A", default = "nobody", when = { B = "9" } }',
        'name = { header = "A", values = { Won = "won" } }',
        'name = { arithmetic = "{A} * 2" }',
    ],
)
def test_an_empty_source_gives_an_empty_value(tmp_path: Path, rule: str) -> None:
    assert values(tmp_path, rule, ["A", "B"], ["", ""]) == {}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("name = ", "map.toml is not a map in TOML"),
        ('\nnmae = "A"', "map.toml, line 2, nmae: There is no such field; there are: name"),
        ("name = 5", "map.toml, line 1, name: This needs a header in quotes"),
        ("name = { header = 5 }", "name: This needs a text in quotes."),
        (
            'name = { header = "A", constant = 1 }',
            "name: This needs one of header, constant, template, arithmetic.",
        ),
        (
            'name = { header = "A", filter = 1 }',
            "name: This needs one of header, constant, template, arithmetic.",
        ),
        ('name = { template = "{A" }', "name: The braces of the template cannot be read."),
        ('name = { template = "{A|evil}" }', "name: The filter “evil” is not one of lower, dotted"),
        ('name = "A"\n[amount]\narithmetic = "1 +"', "map.toml, line 2, amount: The arithmetic needs"),
        ('name = "A"\namount.arithmetic = "(1"', "map.toml, line 2, amount: The arithmetic needs"),
        ('name = { arithmetic = "1 1" }', "name: The arithmetic needs"),
        ('name = { arithmetic = "__import__" }', "name: The arithmetic cannot be read from “__import__” on."),
        (f'name = {{ arithmetic = "{"(" * 100}1" }}', "name: The arithmetic needs"),
        (f'name = {{ arithmetic = "{"1+" * 200}1" }}', "name: The arithmetic is longer than 300 characters."),
        ('name = { header = "A", values = "x" }', "name: “values” needs a table"),
        ('name = { header = "A", when = "x" }', "name: “when” needs a table"),
        ('name = { constant = ["x"] }', "name: This needs a single value."),
        ('name = "Z"', "The map reads name from the column “z”, which the file does not have."),
        ('code = "A"', "These columns are missing: name"),
    ],
)
def test_a_bad_map_is_refused_with_line_and_field(tmp_path: Path, text: str, part: str) -> None:
    with pytest.raises(Unusable) as caught:
        values(tmp_path, text, ["A", "B"], ["", ""])
    assert part in str(caught.value)


def test_columns_are_found_by_field_and_by_both_labels(tmp_path: Path) -> None:
    for header in ("name", "NAME *", "Name", "名称", " 名称＊"):
        assert values(tmp_path, "", [header, "x"], ["a", "b"]) == {"name": "a"}
    with pytest.raises(Unusable, match="there twice"):
        values(tmp_path, "", ["name", "名称"], ["a", "b"])
    plan = plan_for(["name", "", "Other", "Other"], NAMES, {}, needed=[])
    assert plan.ignored == ("#2", "Other", "Other")


# ---- numbers --------------------------------------------------------------------------------------------------


@given(st.decimals(min_value=0, max_value=10**12, places=2))
def test_an_amount_with_separators_is_the_same_amount(amount: Decimal) -> None:
    assert read_amount(f"{amount:,.2f}") == amount
    assert read_amount(f"￥{amount:.2f}") == amount


@given(st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 999)), max_size=8), st.integers(0, 999))
def test_arithmetic_agrees_with_python(parts: list[tuple[str, int]], first: int) -> None:
    text = str(first) + "".join(f" {sign} {number}" for sign, number in parts)
    assert read_formula(text, header_key).value({}) == eval(text)
