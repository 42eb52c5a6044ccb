"""The letters that lead to each page of the menu after ``g``: made from the catalogue, the same for everybody."""

import string
from collections.abc import Iterable

from app.security.rights import CATALOGUE, REPORTS

#: The workbench is no screen of the catalogue.
WORKBENCH = "workbench"


def letters_of(keys: Iterable[str]) -> dict[str, str]:
    """A letter for each key: the first of its own that is free, else any free one; none when all are taken."""
    found: dict[str, str] = {}
    for key in keys:
        wanted = [letter for letter in key if letter in string.ascii_lowercase]
        free = [letter for letter in (*wanted, *string.ascii_lowercase) if letter not in found.values()]
        if free:
            found[key] = free[0]
    return found


# There are more pages than letters: of the reports the first alone has one.
_SCREENS = [screen for module in CATALOGUE for screen in module.screens if screen.in_menu and screen not in REPORTS[1:]]
LETTERS = letters_of(
    [WORKBENCH, *(screen.key for screen in _SCREENS), *(page.key for screen in _SCREENS for page in screen.pages)]
)
