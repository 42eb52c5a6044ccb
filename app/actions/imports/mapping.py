"""Where the values of a field come from: a column of its name, or what a map (TOML) says."""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.actions.imports.amounts import read_formula
from app.actions.imports.report import Unusable
from app.i18n import Label, Told, gettext, listed

SOURCES = ("header", "constant", "template", "arithmetic")
EXTRAS = ("values", "default", "when")
SLOT = re.compile(r"\{([^{}|]+)((?:\|\w+)*)\}")

SIGN = re.compile(r"[-+*/×÷−－＋]")

Row = Mapping[str, str]
Value = str | Decimal

FILTERS: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "dotted": lambda text: ".".join(text.split()),
    "first_word": lambda text: text.partition(" ")[0],
    "other_words": lambda text: text.partition(" ")[2],
}


@dataclass(frozen=True)
class Rule:
    """How one field is read: from which headers and by which function, which raises ValueError.

    ``is_column`` says that the field is the cell of its one header as it stands. ``otherwise`` is the rule that counts
    where there is no such header.
    """

    field: str
    headers: tuple[str, ...]
    read: Callable[[Row], Value]
    is_column: bool = False
    otherwise: "Rule | None" = None


@dataclass(frozen=True)
class Plan:
    """How the rows of one file become values of fields."""

    headers: tuple[str, ...]
    rules: tuple[Rule, ...]
    ignored: tuple[str, ...]

    def values(self, cells: Sequence[str]) -> tuple[dict[str, Value], dict[str, str]]:
        """The values of a row that are not empty, and the reasons why others cannot be told, by field."""
        row = dict(zip(self.headers, [*cells, *[""] * (len(self.headers) - len(cells))], strict=False))
        values: dict[str, Value] = {}
        reasons: dict[str, str] = {}
        for rule in self.rules:
            try:
                value = rule.read(row)
            except ValueError as error:
                reasons[rule.field] = str(error)
            else:
                if value != "":
                    values[rule.field] = value
        return values, reasons


def header_key(text: str) -> str:
    """The form in which headers are compared: ``Customer_Name *`` is ``customer name``."""
    plain = unicodedata.normalize("NFKC", text).replace("_", " ").rstrip("* ")
    return " ".join(plain.split()).casefold()


# ---- the plan of one file -------------------------------------------------------------------------------


def plan_for(
    headers: Sequence[str],
    names: Mapping[str, Collection[str]],
    rules: Mapping[str, Rule],
    *,
    needed: Collection[str],
) -> Plan:
    """How to read a file of these ``headers``: by its map's ``rules``, other fields by their ``names``.

    Raises Unusable when a needed field or a header of the map is not there, or one is there twice.
    """
    keys = tuple(header_key(header) or f"#{place}" for place, header in enumerate(headers, start=1))
    rules = {field: _chosen(rule, keys) for field, rule in rules.items()}
    _refuse_missing_headers(rules, keys)
    fields = {header_key(name): field for field, others in names.items() for name in (field, *others)}
    own = [_column(fields[key], key) for key in keys if key in fields and fields[key] not in rules]
    chosen = (*rules.values(), *own)
    used = {header for rule in chosen for header in rule.headers}
    _refuse_doubles(chosen, [key for key in keys if key in used])
    missing = [field for field in needed if field not in {rule.field for rule in chosen}]
    if missing:
        raise Unusable(Told.of(Label("These columns are missing: %(names)s"), names=", ".join(missing)))
    ignored = tuple(header or key for header, key in zip(headers, keys, strict=True) if key not in used)
    return Plan(keys, chosen, ignored)


def _column(field: str, key: str) -> Rule:
    return Rule(field, (key,), lambda row: row[key], is_column=True)


def _chosen(rule: Rule, keys: Collection[str]) -> Rule:
    """What was written like a header and like arithmetic is a header where there is one of that name."""
    return rule.otherwise if rule.otherwise and rule.headers[0] not in keys else rule


def _refuse_missing_headers(rules: Mapping[str, Rule], keys: Collection[str]) -> None:
    for rule in rules.values():
        for header in rule.headers:
            if header not in keys:
                raise Unusable(
                    Told.of(
                        Label("The map reads %(field)s from the column “%(header)s”, which the file does not have."),
                        field=rule.field,
                        header=header,
                    )
                )


def _refuse_doubles(rules: Sequence[Rule], used: Sequence[str]) -> None:
    fields = [rule.field for rule in rules]
    twice = [name for names in (used, fields) for name in names if names.count(name) > 1]
    if twice:
        raise Unusable(Told.of(Label("The column “%(header)s” is there twice."), header=twice[0]))


# ---- the map --------------------------------------------------------------------------------------------


def read_map(path: Path, fields: Collection[str]) -> dict[str, Rule]:
    """The rules in a map for some of ``fields``. Raises Unusable with the line and the field."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        given = tomllib.loads(text)
    except OSError as error:
        raise Unusable(
            Told.of(Label("%(name)s cannot be read: %(why)s"), name=path.name, why=error.strerror or str(error))
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unusable(
            Told.of(Label("%(name)s is not a map in TOML: %(why)s"), name=path.name, why=str(error))
        ) from None
    rules = {}
    for field, source in given.items():
        try:
            rules[field] = rule_of(field, source, fields)
        except ValueError as error:
            raise Unusable(
                Told.of(
                    Label("%(name)s, line %(line)d, %(field)s: %(why)s"),
                    name=path.name,
                    line=_line_of(field, text),
                    field=field,
                    why=str(error),
                )
            ) from None
    return rules


def _line_of(field: str, text: str) -> int:
    """Where a field stands in the map; the first line when it is written in a way not looked for."""
    start = re.compile(rf"\s*\[?\s*[\"']?{re.escape(field)}[\"']?\s*[.=\]]")
    return next((number for number, line in enumerate(text.splitlines(), start=1) if start.match(line)), 1)


def rule_of(field: str, source: Any, fields: Collection[str]) -> Rule:
    """The rule that a map gives for one of ``fields``. Raises ValueError."""
    if field not in fields:
        meant = difflib.get_close_matches(field, fields, n=1)
        raise ValueError(gettext("There is no such field; there are: %(names)s", names=listed(meant or fields)))
    if isinstance(source, str):
        return _short_rule(field, source)
    if not isinstance(source, dict):
        raise ValueError(gettext("This needs a header in quotes, or a table in braces."))
    unknown = [key for key in source if key not in (*SOURCES, *EXTRAS)]
    kinds = [key for key in SOURCES if key in source]
    if unknown or len(kinds) != 1:
        raise ValueError(gettext("This needs one of %(names)s.", names=listed(SOURCES)))
    rule = _source_rule(field, kinds[0], source[kinds[0]])
    rule = _through_table(rule, source["values"]) if "values" in source else rule
    rule = _with_default(rule, source["default"]) if "default" in source else rule
    return _on_condition(rule, source["when"]) if "when" in source else rule


def _short_rule(field: str, text: str) -> Rule:
    """A text alone: a template where it has braces, else a header, or arithmetic where there is no such header."""
    if SLOT.search(text):
        return _template(field, text)
    rule = _column(field, header_key(text))
    with suppress(ValueError):
        if SIGN.search(text):
            return replace(rule, otherwise=_arithmetic(field, text, has_bare_names=True))
    return rule


def _source_rule(field: str, kind: str, given: Any) -> Rule:
    if kind == "constant":
        constant = _plain(given)
        return Rule(field, (), lambda _row: constant)
    if not isinstance(given, str):
        raise ValueError(gettext("This needs a text in quotes."))
    if kind == "header":
        return _column(field, header_key(given))
    return _template(field, given) if kind == "template" else _arithmetic(field, given)


def _plain(given: Any) -> str:
    """A value of the map as a cell would hold it."""
    if isinstance(given, dict | list):
        raise ValueError(gettext("This needs a single value."))
    return str(given).lower() if isinstance(given, bool) else str(given)


def _template(field: str, template: str) -> Rule:
    """Texts and ``{headers}``, which may go through filters; empty when all its headers are empty."""
    slots = [(header_key(name), _filters(names)) for name, names in SLOT.findall(template)]
    texts = [text for place, text in enumerate(SLOT.split(template)) if place % 3 == 0]
    if any("{" in text or "}" in text for text in texts):
        raise ValueError(gettext("The braces of the template cannot be read."))

    def read(row: Row) -> str:
        if slots and not any(row[header] for header, _ in slots):
            return ""
        values = [_filtered(row[header], filters) for header, filters in slots]
        return "".join(a + b for a, b in zip(texts, [*values, ""], strict=True)).strip()

    return Rule(field, tuple(header for header, _ in slots), read)


def _filters(names: str) -> list[Callable[[str], str]]:
    unknown = [name for name in names.split("|") if name and name not in FILTERS]
    if unknown:
        raise ValueError(
            gettext("The filter “%(name)s” is not one of %(names)s.", name=unknown[0], names=listed(FILTERS))
        )
    return [FILTERS[name] for name in names.split("|") if name]


def _filtered(text: str, filters: Sequence[Callable[[str], str]]) -> str:
    for change in filters:
        text = change(text)
    return text


def _arithmetic(field: str, text: str, *, has_bare_names: bool = False) -> Rule:
    formula = read_formula(text, header_key, has_bare_names=has_bare_names)

    def read(row: Row) -> Value:
        result = formula.value(row)
        return "" if result is None else result

    return Rule(field, formula.headers, read)


def _through_table(rule: Rule, given: Any) -> Rule:
    """Each value is replaced by the one beside it; an empty one stays empty unless the table names it."""
    if not isinstance(given, dict):
        raise ValueError(gettext('“values” needs a table, as in { Won = "succeeded" }.'))
    table = {key: _plain(value) for key, value in given.items()}

    def read(row: Row) -> Value:
        value = str(rule.read(row))
        if value and value not in table:
            raise ValueError(Told.of(Label("“%(text)s” is not in the value table of the map."), text=value))
        return table.get(value, "")

    return Rule(rule.field, rule.headers, read)


def _with_default(rule: Rule, given: Any) -> Rule:
    """What stands where the rule gives nothing."""
    default = _plain(given)

    def read(row: Row) -> Value:
        value = rule.read(row)
        return default if value == "" else value

    return Rule(rule.field, rule.headers, read)


def _on_condition(rule: Rule, given: Any) -> Rule:
    """Empty unless every named header has one of the values beside it."""
    if not isinstance(given, dict):
        raise ValueError(gettext('“when” needs a table, as in { stage = ["Won", "Lost"] }.'))
    wanted = {
        header_key(header): {_plain(value) for value in (values if isinstance(values, list) else [values])}
        for header, values in given.items()
    }

    def read(row: Row) -> Value:
        return rule.read(row) if all(row[header] in values for header, values in wanted.items()) else ""

    return Rule(rule.field, (*rule.headers, *wanted), read)
