"""Templates without their indentation: it is for who writes them, and was two fifths of a page's bytes."""

import re
from typing import Any

import flask_babel
from jinja2.ext import Extension
from markupsafe import Markup

from app.i18n import translated

INDENTATION = re.compile(r"\n\s+")


class WithoutIndentation(Extension):
    """Takes indentation and empty lines out of a template when it is compiled; line breaks stay."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The source without what stands between a line break and the next letter."""
        return INDENTATION.sub("\n", source)


def make_lean(environment: Any) -> None:
    """Let ``environment`` write lean pages; called before the first template is compiled."""
    environment.trim_blocks = True
    environment.lstrip_blocks = True
    environment.add_extension(WithoutIndentation)


def make_quick(environment: Any) -> None:
    """Let templates look each text up once in the life of a process; called after the catalogues are set up."""
    environment.install_gettext_callables(translated, ngettext_plain, newstyle=True)
    environment.globals["_"] = said


def said(message: str, **values: object) -> Markup:
    """``message`` in the reader's language with its values escaped, straight; Jinja's own way takes three calls."""
    text = Markup(translated(message))  # noqa: S704  (texts of our own)
    return text % values if values or "%" in text else text


def ngettext_plain(singular: str, plural: str, num: int) -> str:
    """The form for ``num``, its placeholders left to the template."""
    return str(flask_babel.get_translations().ungettext(singular, plural, num))
