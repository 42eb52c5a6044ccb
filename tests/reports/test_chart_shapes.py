"""The shapes of charts: any values are drawn, no text is cut or covered, bars lead to their rows, files have a font."""

import math
import re
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import accumulate, combinations
from xml.etree import ElementTree

import pytest
from flask_babel import force_locale
from hypothesis import given, settings
from hypothesis import strategies as st

from app.reports import charts
from app.reports.charts import Step
from app.reports.charts.labels import exactly, shortened, width_of
from app.reports.charts.scale import Scale
from app.reports.charts.style import MARGIN
from app.reports.money import YUAN, money_scale

NAMES = [
    "苏州砺川精密机械有限公司",
    "Very long English name of a company in Suzhou Ltd.",
    "短",
    "未指定",
    "Ökonom & Söhne <1>",
]
MONTHS = [f"2026-{month:02d}" for month in range(1, 13)]
FIGURES = [628.45, -120.5, 0, 12.25, 3]


def steps(values):
    """A bridge that begins and ends with a total."""
    changes = [Step(f"变化 {place}", value, href=f"/x/{place}") for place, value in enumerate(values)]
    return [Step("2024 年", 100.0, is_total=True), *changes, Step("2025 年", 100 + sum(values), is_total=True)]


def cumulative(values):
    """How much of the whole the values make together, in per cent."""
    known = [value or 0 for value in values]
    whole = sum(known) or 1
    return [100 * value / whole for value in accumulate(known)]


def names(count):
    """So many labels, long and short."""
    return [NAMES[place % len(NAMES)] for place in range(count)]


#: Each shape of a list of values; some are missing.
SHAPES = {
    "bars": lambda values: charts.bars(names(len(values)), values, unit="万元", hrefs=["/x"] * len(values)),
    "rows": lambda values: charts.rows(names(len(values)), values, unit="万元", hrefs=["/x"] * len(values)),
    "stacked": lambda values: charts.stacked(
        MONTHS[: len(values)] or [],
        {"咨询": values[:12], "投诉": values[:12][::-1], "维修与保养": values[:12]},
        unit="件",
    ),
    "lines": lambda values: charts.lines(
        [f"{place}月" for place in range(len(values))], {"流失率": values, "挽回": values[::-1]}, unit="%"
    ),
    "pareto": lambda values: charts.pareto(
        values, cumulative(values), unit="万元", note="前 2 名占 62.1 %", highlighted=2
    ),
    "bridge": lambda values: charts.bridge(steps([value or 0 for value in values]), unit="万元"),
    "heat_map": lambda values: charts.heat_map(names(3)[: len(values)], MONTHS[: len(values)], [values[:12]] * 3),
    "funnel": lambda values: charts.funnel(names(len(values)), values, notes=["80.0 %"] * len(values)),
}
NUMBERS = st.one_of(
    st.none(),
    st.floats(-1e15, 1e15, allow_nan=False),
    st.integers(-(10**9), 10**9),
    st.sampled_from([0, 1, -1, 5e-324, math.nan, math.inf]),
)


def texts_of(figure) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    """Every text and the box that it takes with the bundled font."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()
    for text in figure.texts:
        if text.get_text():
            yield text.get_text(), text.get_window_extent(renderer).extents


def is_covered(one, other) -> bool:
    """Whether two boxes share more than a hair's breadth; the lines of a font are higher than its signs."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    up = min(one[3], other[3]) - max(one[1], other[1])
    return across > 0.5 and up > 3


def check(figure):
    """A figure's texts lie within it and beside each other, and its SVG holds numbers, tokens and no more."""
    width, height = figure.bbox.size
    found = list(texts_of(figure))
    for text, (left, low, right, high) in found:
        assert left >= -0.5 and low >= -2 and right <= width + 0.5 and high <= height + 2, text
    for (text, box), (other, beside) in combinations(found[:80], 2):
        assert not is_covered(box, beside), (text, other)
    drawn = str(charts.svg(figure, "图"))
    assert not re.search(r"\b[Nn]a[Nn]\b|\binf\b|None|#[0-9a-fA-F]{6}\b|style=", drawn)
    ElementTree.fromstring(drawn)


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=30, deadline=None)
@given(values=st.lists(NUMBERS, max_size=24))
def test_any_values_are_drawn_and_no_text_is_cut_or_covered(name, values):
    check(SHAPES[name](values))


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(
    "values",
    [
        [],
        [0],
        [7],
        [-7],
        [0] * 5,
        [5] * 8,
        [-3, -2, -1],
        [99999.99, 0.01],
        list(range(20)),
        [None, math.nan],
        [1e15, 1],
    ],
    ids=["none", "zero", "one", "minus", "zeros", "equal", "negative", "far", "twenty", "unknown", "huge"],
)
def test_what_is_at_the_edge_is_drawn(name, values):
    check(SHAPES[name](values))


@pytest.mark.parametrize("name", SHAPES)
def test_fifty_thousand_values_break_nothing(name):
    drawn = str(charts.svg(SHAPES[name]([float(value % 97) for value in range(50_000)]), "图"))
    assert len(drawn) < 3_000_000


def test_a_chart_that_shows_not_all_says_so():
    assert "the first 60 of 50,000" in str(charts.svg(charts.rows(["x"] * 50_000, range(50_000)), "x"))
    assert "the first 60 of 50,000" in str(charts.svg(charts.heat_map(["x"] * 50_000, ["y"], [[1]] * 50_000), "x"))


def parts(figure) -> dict[str, str]:
    """The addresses of a chart by what is told of their parts, "" for those that lead nowhere."""
    root = ElementTree.fromstring(str(charts.svg(figure, "x")))
    return {one.findtext("title", ""): one.get("href", "") for one in root.iter() if one.find("title") is not None}


def test_bars_lead_to_their_rows_and_tell_the_whole_name_and_value():
    long = NAMES[1]
    drawn = charts.rows([long, "零", "短"], [1234.5, 0, -3], unit="万元", hrefs=["/a?x=1&y=2", "/b", ""])
    assert parts(drawn) == {f"{long}: 1,234.50 万元": "/a?x=1&y=2", "零: 0 万元": "/b", "短: −3 万元": ""}
    assert long not in [text for text, _ in texts_of(drawn)]


def test_every_shape_links_its_parts():
    assert parts(charts.bars(["一", "二"], [1, 2], hrefs=["/1", "/2"])) == {"一: 1": "/1", "二: 2": "/2"}
    drawn = charts.stacked(["一"], {"甲": [1], "乙": [2]}, unit="件", hrefs={"乙": ["/b"]})
    assert parts(drawn) == {"一, 甲: 1 件": "", "一, 乙: 2 件": "/b"}
    assert parts(charts.lines(["一", "二"], {"甲": [None, 2]}, hrefs={"甲": ["", "/2"]})) == {"二, 甲: 2": "/2"}
    drawn = charts.pareto([6, 4], [60, 100], unit="元", hrefs=["/1", "/2"])
    assert parts(drawn) == {"No. 1: 6 元; cumulative 60.0 %": "/1", "No. 2: 4 元; cumulative 100.0 %": "/2"}
    drawn = charts.bridge([Step("去年", 5, is_total=True, href="/5"), Step("新增", 2), Step("今年", 7, is_total=True)])
    assert parts(drawn) == {"去年: 5": "/5", "新增: 2": "", "今年: 7": ""}
    assert parts(charts.heat_map(["行"], ["列", "空"], [[3, None]], hrefs=[["/3", ""]])) == {"行, 列: 3": "/3"}
    assert parts(charts.funnel(["一", "二"], [8, 4], notes=["", "50.0 %"], hrefs=["/8"])) == {
        "一: 8": "/8",
        "二: 4; 50.0 %": "",
    }


def test_a_chart_with_links_is_a_group_and_one_without_is_a_picture():
    roles = [
        ElementTree.fromstring(str(charts.svg(charts.bars(["一"], [1], hrefs=hrefs), "图"))) for hrefs in (["/1"], ())
    ]
    assert [(root.get("role"), root.get("aria-label")) for root in roles] == [("group", "图"), ("img", "图")]


def words(figure) -> list[str]:
    """The texts of a chart."""
    return [text.get_text() for text in figure.texts]


def test_a_cut_axis_says_so():
    levels = [Step("去年", 4662.2, is_total=True), Step("新增", 717.7), Step("今年", 5379.9, is_total=True)]
    assert "万元 (axis from 4,500)" in words(charts.bridge(levels, unit="万元"))
    assert {"4,662.2", "+717.7", "5,379.9"} <= set(words(charts.bridge(levels, unit="万元")))
    from_zero = [Step("去年", 10, is_total=True), Step("流失", -9), Step("今年", 1, is_total=True)]
    assert {"元", "−9"} <= set(words(charts.bridge(from_zero, unit="元")))


def test_a_chart_of_nothing_says_so():
    for shape in SHAPES.values():
        if shape is not SHAPES["bridge"]:
            assert words(shape([])) == ["Nothing to draw here"]
    assert words(charts.bridge([])) == ["Nothing to draw here"]


def test_series_are_told_by_words_and_marks():
    from matplotlib.lines import Line2D

    drawn = charts.lines(MONTHS, {name: [place] * 12 for place, name in enumerate(("甲", "乙", "丙"))})
    assert {"甲", "乙", "丙"} <= set(words(drawn))
    marks = {line.get_marker() for line in drawn.findobj(Line2D)} - {"None"}
    assert len(marks) == 3
    assert {"甲", "乙"} <= set(words(charts.stacked(["一"], {"甲": [1], "乙": [2]})))


def test_threads_draw_different_shapes_at_once():
    def draw(task: tuple[str, int]) -> tuple[str, bytes]:
        name, number = task
        values = [*FIGURES, number]
        return str(charts.svg(SHAPES[name](values), f"{number}")), charts.png(SHAPES[name](values), scale=1)

    tasks = [(name, number) for number in range(3) for name in SHAPES]
    alone = [draw(task) for task in tasks]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(draw, tasks)) == alone


def pixels(png: bytes):
    """A picture read back."""
    from matplotlib.image import imread

    return imread(BytesIO(png))


@pytest.mark.parametrize("name", SHAPES)
def test_a_picture_has_its_size_and_is_not_blank(name):
    figure = SHAPES[name](FIGURES)
    width, height = figure.bbox.size
    for scale in (1, 2):
        picture = pixels(charts.png(figure, scale=scale))
        across, down = (picture.shape[place] / scale - 2 * MARGIN for place in (1, 0))
        assert abs(across - width) <= 1 and abs(down - height) <= 1
        assert (picture[0, 0, :3] == 1).all()
        assert len({tuple(row) for row in picture.reshape(-1, picture.shape[2])[::7]}) > 3


def test_the_font_has_every_sign_that_charts_write():
    signs = ["客户贡献", "Ärger", "−+", "↑↓→", "…—", "80.0", "%", "（自4,200起）", "¥", "“《》”", "$x$", "璟犇喆"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = charts.rows(signs, [-1.5] * len(signs), unit="万元")
        picture = pixels(charts.png(figure))
    assert set(signs) <= set(words(figure)) and picture[:, : picture.shape[1] // 4, 0].min() < 0.5


def test_a_sign_that_no_font_has_is_no_failure():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        charts.png(charts.rows(["\U0001f9ff"], [1]))
    assert any("Glyph" in str(one.message) for one in told)
    charts.png(charts.rows(["\U0001f9ff"], [1]))


def test_a_file_stands_by_itself():
    text = charts.standalone_svg(charts.bars(["一 & 二"], [3], hrefs=["/x"]), "三 <b>")
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg" and root.get("font-family", "").startswith("Noto Sans SC,")
    assert root[0].text == "三 <b>" and root[1].attrib["fill"] == charts.PALETTE["bg"]
    assert root.get("viewBox") == "-8 -8 560 248" and (root.get("width"), root.get("height")) == ("560", "248")
    assert not re.search(r"var\(|<a |href=|style=", text)
    assert "一 & 二: 3" in [one.text for one in root.iter("{http://www.w3.org/2000/svg}title")]


def test_a_name_that_looks_like_a_colour_stays():
    text = charts.standalone_svg(charts.bars(["var(--zk-x)"], [3]), "var(--zk-y)")
    assert "var(--zk-x)" in text and "var(--zk-y)" in text and charts.PALETTE["chart"] in text
    assert charts.in_light('<path fill="var(--zk-bg)"/>') == f'<path fill="{charts.PALETTE["bg"]}"/>'


@given(text=st.text(st.sampled_from("客户贡献ABCWMmwil.,-%0123456789（）—…"), max_size=40), width=st.integers(0, 300))
@settings(max_examples=200, deadline=None)
def test_a_shortened_text_fits(text, width):
    cut = shortened(text, width)
    assert width_of(cut) <= width + 0.01
    assert cut == " ".join(text.split()) or cut == "" or cut.endswith("…")


@given(st.lists(st.floats(-1e15, 1e15), min_size=1))
def test_an_axis_holds_its_values_at_few_round_ones(values):
    scale = Scale.over([0 if abs(value) < 1e-9 else value for value in values], 20, 200)
    assert all(20 - 1e-6 <= scale.at(value) <= 200 + 1e-6 for value in (*values, 0, *scale.ticks))
    assert 1 <= len(scale.ticks) <= 5
    assert 0 in scale.ticks


def test_numbers_are_written_as_people_read_them():
    assert [exactly(value) for value in (0, -0.0, 12345, -1.5, -0.001)] == ["0", "0", "12,345", "−1.50", "0.00"]


@pytest.mark.parametrize(
    ("cents", "divisor", "unit"),
    [
        ([], 100, "yuan"),
        ([None, 0, math.nan], 100, "yuan"),
        ([999_999], 100, "yuan"),
        ([1_000_000, 5], 100_000, "k yuan"),
        ([-1_000_000_000], 100_000_000, "m yuan"),
    ],
)
def test_amounts_of_a_chart_share_a_unit(app, cents, divisor, unit):
    with app.test_request_context(), force_locale("en"):
        found, label = money_scale(cents)
        assert (found, str(label)) == (divisor, unit)


def test_in_chinese_people_count_by_ten_thousands(app):
    with app.test_request_context(), force_locale("zh"):
        assert money_scale([9_999_999]) == (100, YUAN)
        assert [(size, str(unit)) for size, unit in map(money_scale, ([10_000_000], [100_000_000_000]))] == [
            (1_000_000, "万元"),
            (10_000_000_000, "亿元"),
        ]
