"""A report as a declaration: from it come the page, the address, the saved filters, the exports and the command."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

import app.reports.analyses
from app.errors import OutOfSight
from app.i18n import LazyString
from app.reports.engine.asking import Asked, Filter
from app.reports.engine.frames import Statement, frame_of
from app.reports.engine.outcome import Outcome
from app.security.actor import SYSTEM
from app.security.rights import Screen
from app.security.scope import actor_of

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Statements:
    """Reads by statements that depend on nothing but what is asked: their frames of whole cents, by name."""

    select: Callable[[Asked], Mapping[str, Statement]]

    def __call__(self, session: Session, asked: Asked) -> Mapping[str, DataFrame]:
        return {name: frame_of(session, statement) for name, statement in self.select(asked).items()}


@dataclass(frozen=True)
class Report:
    """One report: what it is called, what it may be asked, and how it comes to its outcome.

    ``read`` asks the database, mostly by ``Statements``; the session's wall narrows them to what its actor sees.
    ``tidy`` is a pure function that makes the outcome of what was read, in the reader's language.
    """

    name: str
    screen: Screen
    filters: tuple[Filter, ...]
    read: Callable[[Session, Asked], Any]
    tidy: Callable[[Any, Asked], Outcome]

    @property
    def label(self) -> LazyString:
        """What its screen is called."""
        return self.screen.label

    def find(self, session: Session, asked: Asked) -> Outcome:
        """Read what is asked for and make the outcome of it."""
        return self.tidy(*self.read_for(session, asked))

    def read_for(self, session: Session, asked: Asked) -> tuple[Any, Asked]:
        """What is read for the session's actor, and what he asked: both that ``tidy`` takes."""
        asked = asked.of_reader(actor_of(session) or SYSTEM)
        return self.read(session, asked), asked


@cache
def reports() -> dict[str, Report]:
    """Every report by its name, which is that of its file."""
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(app.reports.analyses.__path__, "app.reports.analyses."):
        one = vars(importlib.import_module(module.name)).get("REPORT")
        if isinstance(one, Report):
            found[one.name] = one
    return found


def report_of(name: str) -> Report:
    """The report of that name; raises OutOfSight."""
    if name not in reports():
        raise OutOfSight()
    return reports()[name]
