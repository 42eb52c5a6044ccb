"""Keeps the catalogues of translations in step with the sources: ``update``, ``check`` and ``compile``."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("zh", "en")
#: The sources are in English, so a catalogue of it needs entries only where its words shall differ.
SOURCE_LANGUAGE = "en"
KEYWORDS = (
    "_",
    "_l",
    "gettext",
    "lazy_gettext",
    "ngettext:1,2",
    "lazy_ngettext:1,2",
    "pgettext:1c,2",
    "lazy_pgettext:1c,2",
    "Label",
)
WIDTH = 110
HEADER = "# Texts of Zhike CRM. English stands in the sources; `make translate` brings new ones here."
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sdifr]")

MessageKey = tuple[str, str | None]


def main(arguments: list[str]) -> int:
    """Returns the exit status: 1 when ``check`` finds faults, 2 for a word it does not know."""
    commands = {"update": update, "check": check, "compile": compile_all}
    if len(arguments) != 1 or arguments[0] not in commands:
        print(f"usage: translations.py {'|'.join(commands)}", file=sys.stderr)
        return 2
    return commands[arguments[0]]()


def update() -> int:
    """Brings new texts of the sources into every catalogue and drops those that are gone."""
    template = extract()
    for language in LANGUAGES:
        catalogue = read(language)
        catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
        write(language, catalogue)
    return 0


def check() -> int:
    """Prints what is wrong with the catalogues."""
    template = extract()
    faults = [fault for language in LANGUAGES for fault in faults_of(read(language), template, language)]
    for fault in sorted(faults):
        print(fault)
    return 1 if faults else 0


def compile_all() -> int:
    """Writes the catalogues as the application reads them."""
    sys.path.insert(0, str(ROOT))
    from app.catalogues import ensure_compiled

    for path in ensure_compiled():
        print(path.relative_to(ROOT))
    return 0


def extract(root: Path = ROOT) -> Catalog:
    """Every text of the sources, with the files it stands in."""
    with (root / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]  # Babel leaves it untyped
    template = Catalog(charset="utf-8", fuzzy=False)
    for name, _line, text, comments, context in extract_from_dir(
        root,
        methods,
        options,
        keywords=parse_keywords(KEYWORDS),
        comment_tags=("Translators:",),
        strip_comment_tags=True,
    ):
        # Without line numbers, or every change to a source would change the catalogues.
        template.add(text, locations=[(name, 0)], auto_comments=comments, context=context)
    return template


def path_of(language: str, root: Path = ROOT) -> Path:
    """Where the catalogue of a language stands."""
    return root / "translations" / language / "LC_MESSAGES" / "messages.po"


def read(language: str, root: Path = ROOT) -> Catalog:
    """The catalogue of a language, an empty one where there is none yet."""
    path = path_of(language, root)
    if not path.exists():
        return Catalog(locale=language, project="Zhike CRM", header_comment=HEADER, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def write(language: str, catalogue: Catalog, root: Path = ROOT) -> None:
    """Writes a catalogue in a form that changes only where its texts change."""
    path = path_of(language, root)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=WIDTH, sort_by_file=True, include_lineno=False, ignore_obsolete=True)


def faults_of(catalogue: Catalog, template: Catalog, language: str) -> Iterator[str]:
    """A line for each text that is missing, unused, fuzzy, not translated, or has other placeholders."""
    wanted = {key_of(message): message for message in template if message.id}
    present = {key_of(message): message for message in catalogue if message.id}
    for key in wanted.keys() - present.keys():
        yield f"{language}: missing, 'make translate' adds it: {shown(wanted[key])}"
    unused = [present[key] for key in present.keys() - wanted.keys()]
    for message in unused + list(catalogue.obsolete.values()):
        yield f"{language}: no longer used, 'make translate' drops it: {shown(message)}"
    for key in present.keys() & wanted.keys():
        yield from faults_of_message(present[key], language)


def faults_of_message(message: Message, language: str) -> Iterator[str]:
    """What is wrong with one text that the sources use."""
    translations = [text for text in in_forms(message.string) if text]
    if message.fuzzy:
        yield f"{language}: fuzzy: {shown(message)}"
    if language != SOURCE_LANGUAGE and len(translations) < len(in_forms(message.string)):
        yield f"{language}: not translated: {shown(message)}"
    # The last form is the plural, which has every placeholder; a singular may say "one" for the number.
    expected = placeholders(in_forms(message.id)[-1])
    allowed = [expected] + [placeholders(text) for text in in_forms(message.id)]
    if any(placeholders(text) not in allowed for text in translations):
        yield f"{language}: other placeholders: {shown(message)}"


def key_of(message: Message) -> MessageKey:
    """What gettext looks a text up by."""
    return in_forms(message.id)[0], message.context


def in_forms(text: str | list[str] | tuple[str, ...] | None) -> list[str]:
    """Singular and plural forms, one where the text has no plural."""
    return list(text) if isinstance(text, list | tuple) else [text or ""]


def placeholders(text: str) -> Counter[str]:
    """The values that are put into a text, with how often each."""
    return Counter(PLACEHOLDER.findall(text.replace("%%", "")))


def shown(message: Message) -> str:
    """A text on one line, with a file it stands in."""
    places = f" ({message.locations[0][0]})" if message.locations else ""
    return f"{in_forms(message.id)[0]!r}{places}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
