"""A figure as SVG: as a part of a page, which it follows in font, theme and policy, and as a file of its own.

Text stays text, every colour is a token, and nothing of a chart needs a style or meets an id of another one.
"""

from __future__ import annotations

import hashlib
import re
from io import StringIO
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from markupsafe import Markup

from app.reports.charts.style import FONTS, MARGIN, PALETTE, TOKENS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
#: What the page says better: its own font, and widths that it knows.
LEFT_TO_THE_PAGE = {"font-family", "font-stretch", "font-style", "font-variant"}
NOT_TURNED = re.compile(r"^rotate\(-?0 [^)]*\)$")
DECIMALS = re.compile(r"\d+\.\d{3,}")
REFERENCE = re.compile(r"url\(#([^)]+)\)|^#(.+)$")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
TOKEN = re.compile(r"var\(--zk-([\w-]+)\)")
#: The bundled font first, and those that people have.
FAMILIES = ", ".join((FONTS[0], "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif"))


def svg(drawing: Figure, says: str) -> Markup:
    """The figure as a part of a page; ``says`` tells in words what it shows."""
    root = _drawn(drawing)
    _settle_ids(root, says)
    _drop_invisible(root)
    has_links = root.find(".//a[@href]") is not None
    frame = {"class": "zk-chart", "role": "group" if has_links else "img", "aria-label": says}
    root.attrib = {**frame, **_measures(root)}
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 (serialised, so every text is escaped)


def standalone_svg(drawing: Figure, says: str) -> str:
    """The figure as a file: in the colours of the light theme, with fonts, and without links."""
    root = _drawn(drawing)
    _settle_ids(root, says)
    _drop_invisible(root)
    for link in root.iter("a"):
        link.tag = "g"
        link.attrib.pop("href", None)
    title = ElementTree.Element("title")
    title.text = says
    measures = _measures(root, MARGIN)
    place = {"x": f"{-MARGIN}", "y": f"{-MARGIN}", "width": measures["width"], "height": measures["height"]}
    root[:0] = [title, ElementTree.Element("rect", place, fill=TOKENS[PALETTE["bg"]])]
    root.attrib = {"xmlns": SVG[1:-1], "role": "img", "font-family": FAMILIES, **measures}
    return in_light(ElementTree.tostring(root, encoding="unicode", xml_declaration=False))


def in_light(text: str) -> str:
    """A picture in the colours of the light theme; what only looks like one of them stays, as in a name."""
    return TOKEN.sub(lambda found: PALETTE.get(found[1], found[0]), text)


# ---- what matplotlib wrote, as the page takes it --------------------------------------------------------


def _drawn(drawing: Figure) -> ElementTree.Element:
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    raw = StringIO()
    canvas: Any = FigureCanvasSVG(drawing)
    canvas.print_svg(raw, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ElementTree.fromstring(raw.getvalue())  # noqa: S314 (matplotlib wrote it this moment)
    _undress(root)
    _repeat_markers(root)
    _tell_parts(root)
    return root


def _measures(root: ElementTree.Element, margin: int = 0) -> dict[str, str]:
    box = root.get("viewBox", "")
    width, height = (f"{float(number) + 2 * margin:g}" for number in box.split()[2:])
    return {"width": width, "height": height, "viewBox": f"{-margin} {-margin} {width} {height}"}


def _tell_parts(root: ElementTree.Element) -> None:
    """Give each part the title that stands behind its address, and make a group of one that leads nowhere."""
    for link in root.iter("a"):
        link.attrib.pop("target", None)
        href, _, says = link.attrib.pop("href", "").partition(" ")
        if href:
            link.set("href", href)
        else:
            link.tag = "g"
        if says:
            title = ElementTree.Element("title")
            title.text = says
            link.insert(0, title)


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
    return [(name, _short(value) if name != LINK else value) for name, value in found]


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
