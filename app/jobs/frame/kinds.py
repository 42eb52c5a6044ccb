"""The kinds of jobs: declarations in the files of ``app.jobs``, found by themselves."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time, timedelta
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy.orm import Session

import app.jobs
from app.i18n import Label, Told

if TYPE_CHECKING:
    from app.jobs.frame.running import Work


@dataclass(frozen=True)
class Weekly:
    """A time of the company's clock on one day of the week, of which Monday is 0."""

    weekday: int
    at: time


#: How often something is done: at that distance, or each day or week at that time of the company's clock.
Every: TypeAlias = timedelta | time | Weekly


@dataclass(frozen=True)
class Kind:
    """One kind of job; ``run`` does it and tells what came of it.

    With ``every`` it is done by itself; where that depends on settings, it is a function that reads them. It is begun
    at most ``most_tries`` times when it breaks; a DomainError ends it at once, because a second try hears the same no.
    """

    key: str
    label: Label
    run: Callable[[Work], Told]
    every: Every | Callable[[Session], Every] | None = None
    most_tries: int = 3

    def every_now(self, session: Session) -> Every | None:
        """How often it is done by itself, as the settings are now."""
        return self.every(session) if callable(self.every) else self.every


@cache
def kinds() -> dict[str, Kind]:
    """Every kind, by its key."""
    names = sorted(found.name for found in pkgutil.iter_modules(app.jobs.__path__, "app.jobs."))
    declared = (one for name in names for one in vars(importlib.import_module(name)).values())
    return {kind.key: kind for kind in declared if isinstance(kind, Kind)}
