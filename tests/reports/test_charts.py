"""Charts: what of matplotlib's drawing reaches a page, and that drawing meets neither the start nor another thread."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.reports import charts
from app.reports.charts import sparks

ROOT = Path(__file__).resolve().parents[2]
VALUES = (3, 5, 4, None, 8, 13)
CSS = ROOT / "app" / "static" / "app.css"


def bars(title="三个月", colour="chart"):
    """A chart with texts, lines of a grid, and bars that are clipped and lead somewhere."""
    drawing, axes = charts.figure(300, 150, margins=(40, 8, 24, 28))
    for bar in axes.bar([1, 2, 3], [4, 5, 6.123456], color=charts.PALETTE[colour], width=0.6):
        bar.set_url("/plans/list/?status=succeeded&page=1")
    axes.plot([1, 2, 3], [1, 2, 3], "o-", color=charts.PALETTE["ink"], mec="none")
    axes.set_xticks([1, 2, 3], ["一月", "二月", "<三月>"])
    return charts.svg(drawing, title)


@pytest.mark.parametrize("draw", [lambda: charts.spark(VALUES, "走势：3、5"), bars], ids=["spark", "bars"])
def test_a_chart_obeys_the_policy_and_the_theme(draw):
    text = str(draw())
    assert not re.search(r"style|<script|\son\w+=|<!|<\?", text)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b(?<!url\(#)|rgb", re.sub(r'url\(#[^)]+\)|id="[^"]+"', "", text))
    used = set(re.findall(r"var\((--zk-[\w-]+)\)", text))
    known = set(re.findall(r"(--zk-[\w-]+):", CSS.read_text(encoding="utf-8")))
    assert used and used <= known
    assert all(re.search(r'(fill|stroke)="var\(' + token, text) for token in used)


def test_every_token_of_the_palette_is_one_of_the_page():
    known = set(re.findall(r"--zk-([\w-]+):", CSS.read_text(encoding="utf-8")))
    assert set(charts.PALETTE) <= known
    assert len(set(charts.PALETTE.values())) == len(charts.PALETTE)


def test_a_colour_that_is_no_token_is_refused():
    drawing, axes = charts.figure(100, 50)
    axes.plot([1, 2], color="#123456")
    with pytest.raises(ValueError, match="#123456"):
        charts.svg(drawing, "x")


def test_a_chart_is_read_out_and_its_texts_stay_texts():
    root = ElementTree.fromstring(str(bars("一月 4、二月 5 & <三月> 6")))
    assert root.get("role") == "group"
    assert root.get("aria-label") == "一月 4、二月 5 & <三月> 6"
    assert [one.text for one in root.iter("text")][:3] == ["一月", "二月", "<三月>"]
    assert {one.get("href") for one in root.iter("a")} == {"/plans/list/?status=succeeded&page=1"}
    assert not re.search(r"\d\.\d{3}", str(bars()))


def test_no_two_charts_share_an_id():
    found = [re.findall(r'\bid="([^"]+)"', str(bars(*more))) for more in (("一",), ("二",), ("一", "chart-soft"))]
    assert all(found)
    together = [one for ids in found for one in ids]
    assert len(together) == len(set(together))
    for ids, text in zip(found, (str(bars("一")), str(bars("二"))), strict=False):
        assert set(re.findall(r"url\(#([^)]+)\)", text)) == set(ids)


def test_drawing_twice_gives_the_same_bytes():
    sparks._spark.cache_clear()
    first = charts.spark(VALUES, "x")
    sparks._spark.cache_clear()
    assert charts.spark(VALUES, "x") == first
    assert bars() == bars()


def test_threads_draw_at_once_and_each_its_own():
    numbers = list(range(24))
    alone = []
    for number in numbers:
        sparks._spark.cache_clear()
        alone.append((charts.spark([*VALUES, number], f"t{number}"), bars(f"b{number}")))
    sparks._spark.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        together = list(
            pool.map(lambda number: (charts.spark([*VALUES, number], f"t{number}"), bars(f"b{number}")), numbers)
        )
    assert together == alone


def test_a_spark_needs_two_values_and_leaves_gaps():
    assert charts.spark([], "x") == charts.spark([1], "x") == charts.spark([None, float("nan"), 2], "x") == ""
    line, *_ = re.findall(r'<path d="([^"]+)"', str(charts.spark(VALUES, "x")))
    assert line.count("M") == 2
    assert charts.spark([5, 5, 5], "flat").count("NaN") == 0


def test_what_is_kept_is_bounded():
    numbers = count()
    assert sparks._spark.cache_info().maxsize == sparks.CHARTS_KEPT
    assert charts.spark([1, next(numbers)], "kept") is charts.spark([1.0, 0], "kept")


def test_the_application_starts_without_the_heavy_libraries(tmp_path):
    code = (
        "import sys\nfrom app import create_app\nfrom config import Settings\n"
        f"url = 'sqlite:///{tmp_path}/x.sqlite'\n"
        "create_app(Settings.from_environment({'CRM_DATABASE_URL': url, 'CRM_SECRET_KEY': 'k' * 40}))\n"
        "from app.views.sections import sections\nassert sections()\n"
        "print([name for name in ('matplotlib', 'pandas', 'numpy') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
