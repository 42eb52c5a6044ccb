"""The settings of the link: one TOML file that names the sources, and what is wrong with it, line by line."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.actions.imports import Unusable
from app.actions.imports.mapping import Rule, rule_of
from app.i18n import gettext, listed
from app.integrations.sales_system.databases import DatabaseSource, Place
from app.integrations.sales_system.folders import FileSource
from app.integrations.sales_system.kinds import KINDS
from app.integrations.sales_system.sources import Source

SOURCE_KEYS = ("url", "folder", "allow_returns", *KINDS)
#: What may stand in the table of a kind, by the sort of the source.
KIND_KEYS = {"url": ("table", "query", "stamp", "map"), "folder": ("file", "map")}
ENDINGS = (".csv", ".xlsx")
VARIABLE = re.compile(r"\$\{(\w+)\}")
HEAD = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
KEY = re.compile(r"\s*([\w.\"'-]+)\s*=")
SOURCE_NAME = re.compile(r"[\w-]{1,30}")
#: The source of what ``flask crm import`` took in.
IMPORT = "import"


@dataclass(frozen=True)
class SourceSettings:
    """One source: where it is, how each kind is read, and by which column it tells what changed."""

    name: str
    source: Source
    rules: Mapping[str, Mapping[str, Rule]]
    stamps: Mapping[str, str] = field(default_factory=dict)
    allow_returns: bool = False


@dataclass(frozen=True)
class SettingsFault:
    """What is wrong in a file, where it stands (0: nowhere in particular), and in which source and kind."""

    file: str
    line: int
    place: str
    reason: str

    def __str__(self) -> str:
        parts = [self.file, gettext("line %(line)d", line=self.line) if self.line else "", self.place]
        return f"{gettext(', ').join(part for part in parts if part)}: {self.reason}"


class SalesSettings:
    """The sources of a settings file as far as they can be understood, and its faults."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sources: dict[str, SourceSettings] = {}
        self.faults: list[SettingsFault] = []
        self._lines: Sequence[str] = ()
        given = self._read()
        for name, source in given.items():
            self._take(name, source)

    def fault(self, place: Sequence[str], reason: object) -> None:
        """Keep what is wrong at a place, given as the keys that lead there."""
        line = _line_of(place, self._lines) if place else 0
        self.faults.append(SettingsFault(self.path.name, line, ".".join(place), str(reason)))

    def refuse_faults(self) -> None:
        """Raises Unusable with every fault."""
        if self.faults:
            raise Unusable(" ".join(map(str, self.faults)))

    def _read(self) -> Mapping[str, Any]:
        try:
            text = self.path.read_text(encoding="utf-8-sig")
            self._lines = text.splitlines()
            given = tomllib.loads(text)
        except OSError as error:
            self.fault((), gettext("%(name)s cannot be read: %(why)s", name=self.path, why=error.strerror))
            return {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            self.fault((), gettext("This is not TOML: %(why)s", why=error))
            return {}
        for key in given.keys() - {"sources"}:
            self.fault((key,), gettext("This is not known; there are: %(names)s", names="sources"))
        sources = given.get("sources")
        if not isinstance(sources, dict) or not sources:
            self.fault((), gettext("There is no source: [sources.NAME] with url or folder is needed."))
            return {}
        return sources

    # ---- one source -------------------------------------------------------------------------------------

    def _take(self, name: str, given: Any) -> None:
        place = ("sources", name)
        before = len(self.faults)
        if not isinstance(given, dict):
            self.fault(place, gettext("This needs a table, as in [sources.NAME]."))
            return
        if not SOURCE_NAME.fullmatch(name) or name == IMPORT:
            self.fault(place, gettext("A source needs a name of letters, digits and - that is not “import”."))
        self._refuse_unknown(place, given, SOURCE_KEYS)
        sorts = [sort for sort in KIND_KEYS if sort in given]
        if len(sorts) != 1 or not isinstance(given[sorts[0]], str):
            self.fault(place, gettext("A source needs either url or folder, in quotes."))
            return
        if not isinstance(given.get("allow_returns", False), bool):
            self.fault((*place, "allow_returns"), gettext("This needs true or false."))
        kinds = {kind: given[kind] for kind in KINDS if kind in given}
        source = self._database(place, given["url"], kinds) if sorts == ["url"] else self._folder(place, given, kinds)
        rules = {kind: self._rules((*place, kind), KINDS[kind].names, table) for kind, table in kinds.items()}
        stamps = {kind: table["stamp"] for kind, table in kinds.items() if isinstance(table, dict) and "stamp" in table}
        self._refuse_texts(place, stamps)
        if source is not None and len(self.faults) == before:
            told = {kind: rules.get(kind, {}) for kind in source[1]}
            self.sources[name] = SourceSettings(name, source[0], told, stamps, given.get("allow_returns", False))

    def _refuse_unknown(self, place: Sequence[str], given: Mapping[str, Any], known: Sequence[str]) -> None:
        for key in given:
            if key not in known:
                self.fault((*place, key), gettext("This is not known; there are: %(names)s", names=listed(known)))

    def _refuse_texts(self, place: Sequence[str], stamps: Mapping[str, Any]) -> None:
        for kind, stamp in stamps.items():
            if not isinstance(stamp, str):
                self.fault((*place, kind, "stamp"), gettext("This needs a text in quotes."))

    def _database(
        self, place: Sequence[str], given: str, kinds: Mapping[str, Any]
    ) -> tuple[Source, Sequence[str]] | None:
        if not kinds:
            self.fault(place, gettext("A database needs at least one of %(names)s.", names=listed(KINDS)))
        places = {kind: self._place((*place, kind), table) for kind, table in kinds.items()}
        url = self._url((*place, "url"), given)
        if url is None or not kinds or None in places.values():
            return None
        return DatabaseSource(url, {kind: one for kind, one in places.items() if one}), list(places)

    def _url(self, place: Sequence[str], given: str) -> URL | None:
        missing = [name for name in VARIABLE.findall(given) if name not in os.environ]
        if missing:
            self.fault(place, gettext("The environment has no %(name)s.", name=missing[0]))
            return None
        try:
            url = make_url(VARIABLE.sub(lambda found: os.environ[found[1]], given))
        except (ArgumentError, ValueError):  # what they say may quote a password
            self.fault(place, gettext("This is no database address such as postgresql://USER@HOST/NAME."))
            return None
        if url.drivername in {"postgres", "postgresql"}:
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() == "sqlite":
            url = url.set(database=str(self.path.parent / (url.database or "")))
        return url

    def _place(self, place: Sequence[str], given: Any) -> Place | None:
        if not isinstance(given, dict):
            self.fault(place, gettext("This needs a table with table or query in it."))
            return None
        self._refuse_unknown(place, given, KIND_KEYS["url"])
        named = [key for key in ("table", "query") if isinstance(given.get(key), str) and given[key].strip()]
        if len(named) != 1:
            self.fault(place, gettext("This needs either table or query, in quotes."))
            return None
        return Place(**{named[0]: given[named[0]].strip().rstrip(";")})

    def _folder(
        self, place: Sequence[str], given: Mapping[str, Any], kinds: Mapping[str, Any]
    ) -> tuple[Source, Sequence[str]] | None:
        folder = self.path.parent / given["folder"]
        if not folder.is_dir():
            self.fault((*place, "folder"), gettext("There is no folder %(name)s.", name=folder))
            return None
        files = dict(self._files(place, folder, kinds))
        if not files and not kinds:
            expected = listed(f"{kind}.csv" for kind in KINDS)
            self.fault((*place, "folder"), gettext("The folder has none of %(names)s.", names=expected))
        if not files:
            return None
        return FileSource(files), list(files)

    def _files(self, place: Sequence[str], folder: Path, kinds: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
        """The files by kind: those that are named, else those that are called like a kind."""
        for kind in kinds or KINDS:
            given = kinds.get(kind, {})
            if not isinstance(given, dict):
                self.fault((*place, kind), gettext("This needs a table with file in it."))
                continue
            self._refuse_unknown((*place, kind), given, KIND_KEYS["folder"])
            names = [given["file"]] if "file" in given else [f"{kind}{ending}" for ending in ENDINGS]
            found = [folder / str(name) for name in names if (folder / str(name)).is_file()]
            if found:
                yield kind, found[0]
            elif kinds:
                self.fault((*place, kind), gettext("There is no file %(name)s.", name=folder / str(names[0])))

    def _rules(self, place: Sequence[str], fields: Mapping[str, Any], given: Any) -> dict[str, Rule]:
        table = given.get("map", {}) if isinstance(given, dict) else {}
        if not isinstance(table, dict):
            self.fault((*place, "map"), gettext("This needs a table of fields."))
            return {}
        rules = {}
        for name, source in table.items():
            try:
                rules[name] = rule_of(name, source, fields)
            except ValueError as error:
                self.fault((*place, "map", name), error)
        return rules


def _line_of(place: Sequence[str], lines: Sequence[str]) -> int:
    """The line where the keys of a place stand, or as many of them as are found; 0 for none."""
    at: list[str] = []
    best, line = 0, 0
    for number, text in enumerate(lines, start=1):
        head, key = HEAD.match(text), KEY.match(text)
        if head:
            at = _parts(head[1])
        path = at if head else [*at, *_parts(key[1])] if key else []
        depth = min(len(path), len(place))
        if depth > best and path[:depth] == list(place[:depth]):
            best, line = depth, number
    return line


def _parts(text: str) -> list[str]:
    return [part.strip().strip("\"'") for part in text.split(".")]
