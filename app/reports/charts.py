"""The house style of charts: matplotlib draws, and what it drew follows the page's theme and a strict policy.

Text stays text, every colour is a token, and nothing of a chart needs a style or meets an id of another one.
matplotlib is loaded when the first chart is drawn. Every figure is its own; nothing global changes after that.
"""

from __future__ import annotations

import hashlib
import math
import re
import warnings
from collections.abc import Sequence
from functools import cache, lru_cache
from io import StringIO
from threading import Lock
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import Series

#: What matplotlib draws with, by the token that stands for it on the page. No two tokens may share a colour.
PALETTE = {
    "accent": "#3450c8",
    "accent-soft": "#c6d0f4",
    "ink": "#1b1f27",
    "ink-2": "#4d5665",
    "ink-3": "#626c7c",
    "line": "#e5e8ec",
    "line-2": "#8b94a3",
    "bg": "#ffffff",
    "ok": "#1a7447",
    "warn": "#8f5400",
    "bad": "#b92c26",
    "chart": "#3450c9",
    "chart-soft": "#c6d0f5",
    "chart-up": "#2c8458",
    "chart-down": "#c4463f",
}
TOKENS = {colour: f"var(--zk-{name})" for name, colour in PALETTE.items()}
INCH = 72
CHARTS_KEPT = 512
#: Width and height of the smallest chart, in pixels.
SPARK = (96, 28)
SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
#: What the page says better: its own font, and widths that it knows.
LEFT_TO_THE_PAGE = {"font-family", "font-stretch", "font-style", "font-variant"}
NOT_TURNED = re.compile(r"^rotate\(-?0 [^)]*\)$")
DECIMALS = re.compile(r"\d+\.\d{3,}")
REFERENCE = re.compile(r"url\(#([^)]+)\)|^#(.+)$")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
_LOADING = Lock()


def _style() -> dict[str, Any]:
    """The one style: no frame but a base line, few quiet lines behind, figures in the second ink."""
    ink, quiet, line = PALETTE["ink-2"], PALETTE["ink-3"], PALETTE["line"]
    hidden = {f"axes.spines.{side}": False for side in ("top", "right", "left")}
    ticks = {f"{axis}tick.{what}": value for axis in "xy" for what, value in (("major.size", 0), ("major.pad", 8))}
    return hidden | ticks | {
        "svg.fonttype": "none",
        "svg.hashsalt": "zk",
        "svg.id": None,
        "font.size": 12,
        "figure.dpi": INCH,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "axes.edgecolor": line,
        "axes.linewidth": 1,
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.labelcolor": quiet,
        "axes.unicode_minus": True,
        "grid.color": line,
        "grid.linewidth": 1,
        "legend.frameon": False,
        "patch.linewidth": 0,
        "text.color": ink,
        "xtick.color": quiet,
        "ytick.color": quiet,
    }  # fmt: skip


@cache
def _figure_class() -> type[Figure]:
    """matplotlib, loaded and dressed once in the life of a process."""
    import matplotlib
    from matplotlib.figure import Figure

    # The page's own font draws the text; that matplotlib's has no Chinese only makes its measures rough.
    warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
    settings: Any = matplotlib.rcParams
    settings.update(_style())
    return Figure


def figure(width: int, height: int, *, margins: Sequence[float] = (0, 0, 0, 0)) -> tuple[Figure, Axes]:
    """An empty figure of that many pixels with its axes; ``margins`` are left, right, top and bottom."""
    with _LOADING:
        kind = _figure_class()
    left, right, top, bottom = margins
    drawing = kind(figsize=(width / INCH, height / INCH), dpi=INCH)
    place = (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height)
    return drawing, drawing.add_axes(place)


def svg(drawing: Figure, title: str) -> Markup:
    """The figure as a part of a page; ``title`` says in words what it shows."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    raw = StringIO()
    canvas: Any = FigureCanvasSVG(drawing)
    canvas.print_svg(raw, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ElementTree.fromstring(raw.getvalue())  # noqa: S314 (see above)
    _undress(root)
    _repeat_markers(root)
    _settle_ids(root, title)
    _drop_invisible(root)
    root.attrib = _frame_of(root, title)
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 (serialised, so every text is escaped)


# ---- what matplotlib wrote, as the page takes it --------------------------------------------------------


def _frame_of(root: ElementTree.Element, title: str) -> dict[str, str]:
    box = root.get("viewBox", "")
    _, _, width, height = (f"{float(number):g}" for number in box.split())
    size = {"width": width, "height": height, "viewBox": f"0 0 {width} {height}"}
    return {"class": "zk-chart", "role": "img", "aria-label": title, **size}


def _undress(root: ElementTree.Element) -> None:
    """Take out what the page has no use for, and turn styles into attributes and colours into tokens."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{SVG}metadata", f"{SVG}style"} or (child.tag == f"{SVG}defs" and not _content(child)):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
        element.text, element.tail = _plain(element.text), _plain(element.tail)
        element.attrib = {name.replace(LINK, "href"): value for name, value in _attributes(element)}


def _content(definitions: ElementTree.Element) -> list[ElementTree.Element]:
    return [one for one in definitions if one.tag != f"{SVG}style"]


def _plain(text: str | None) -> str | None:
    return text.strip() or None if text else None


def _attributes(element: ElementTree.Element) -> list[tuple[str, str]]:
    found = [(name, value) for name, value in element.attrib.items() if name != "style"]
    declared = (part.split(":", 1) for part in element.get("style", "").split(";") if ":" in part)
    found += [pair for name, value in declared for pair in _said(name.strip(), value.strip())]
    found = [pair for pair in found if not (pair[0] == "transform" and NOT_TURNED.match(pair[1]))]
    if ("stroke-opacity", "0") in found:  # matplotlib's way to say: no line
        found = [pair for pair in found if not pair[0].startswith("stroke")]
    return [(name, _short(value) if name != "href" else value) for name, value in found]


def _said(name: str, value: str) -> list[tuple[str, str]]:
    """One declaration of a style as attributes."""
    if name in LEFT_TO_THE_PAGE:
        return []
    if name == "font":
        size = re.search(r"([\d.]+)px", value)
        bold = [("font-weight", "600")] if re.search(r"\b(600|700|bold)\b", value) else []
        return [("font-size", size[1] if size else "12"), *bold]
    return [(name, value.removesuffix("px") if name == "font-size" else value)]


def _short(value: str) -> str:
    """Two decimals are finer than a screen, and one blank is as good as a line break."""
    rounded = DECIMALS.sub(lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), value)
    return COLOUR.sub(lambda found: _token(found[0]), " ".join(rounded.split()))


def _token(colour: str) -> str:
    """Raises ValueError for a colour that is none of ours, because it would not follow the theme."""
    if colour.lower() not in TOKENS:
        raise ValueError(f"a chart uses {colour}, which is no token")
    return TOKENS[colour.lower()]


def _repeat_markers(root: ElementTree.Element) -> None:
    """Draw each marker where it stands, so that nothing refers to an id for it."""
    shapes = {one.get("id"): one for one in root.iter() if one.get("id")}
    for element in root.iter("use"):
        shape = shapes[element.attrib.pop("href").removeprefix("#")]
        x, y = element.attrib.pop("x"), element.attrib.pop("y")
        element.tag = shape.tag
        element.attrib = {"d": shape.attrib["d"], "transform": f"translate({x} {y})", **element.attrib}


def _settle_ids(root: ElementTree.Element, title: str) -> None:
    """Keep the ids that something refers to, under names no other chart has."""
    digest = hashlib.sha256(title.encode() + ElementTree.tostring(root)).hexdigest()[:10]
    used = {found[1] or found[2] for one in root.iter() for value in one.attrib.values() for found in _links(value)}
    names = {old: f"zk-{digest}-{place}" for place, old in enumerate(sorted(used))}
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name == "id":
                element.attrib.pop("id")
                if value in names:
                    element.set("id", names[value])
            else:
                element.set(name, REFERENCE.sub(lambda found: _renamed(found, names), value))


def _links(value: str) -> list[re.Match[str]]:
    return list(REFERENCE.finditer(value))


def _renamed(found: re.Match[str], names: dict[str, str]) -> str:
    return f"url(#{names[found[1]]})" if found[1] else f"#{names[found[2]]}"


def _drop_invisible(root: ElementTree.Element) -> None:
    """Definitions that nothing refers to, backgrounds without a colour, and groups that are empty by then."""
    for element in list(root):
        _drop_invisible(element)
        is_bare = element.get("fill") == "none" and "stroke" not in element.attrib
        is_unused = root.tag == "defs" and "id" not in element.attrib
        if is_bare or is_unused or (element.tag in {"g", "defs"} and not len(element)):
            root.remove(element)


# ---- charts ---------------------------------------------------------------------------------------------


def spark(
    values: Sequence[float | None] | Series[Any],
    title: str,
    colour: str = "accent",
    *,
    size: tuple[int, int] = SPARK,
) -> Markup:
    """The course of a figure in one line, its latest value as a dot; empty for fewer than two values.

    None and NaN are gaps. ``title`` says the values in words, ``colour`` is a token, ``size`` is in pixels.
    """
    known = tuple(None if value is None or math.isnan(value) else float(value) for value in values)
    if sum(value is not None for value in known) < 2:
        return Markup("")
    return _spark(known, title, PALETTE[colour], size)


@lru_cache(maxsize=CHARTS_KEPT)
def _spark(values: tuple[float | None, ...], title: str, colour: str, size: tuple[int, int]) -> Markup:
    drawing, axes = figure(*size, margins=(2, 5, 4, 4))
    axes.axis("off")
    heights = [math.nan if value is None else value for value in values]
    axes.plot(heights, color=colour, lw=1.5, solid_capstyle="round", solid_joinstyle="round", clip_on=False)
    last = max(place for place, value in enumerate(values) if value is not None)
    axes.plot([last], [heights[last]], "o", ms=5, color=colour, mec="none", clip_on=False)
    axes.margins(x=0.02, y=0.12)
    return svg(drawing, title)
