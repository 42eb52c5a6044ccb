"""The kinds of jobs: declarations in the files of ``app.jobs``, found by themselves."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time, timedelta
from functools import cache
from typing import TYPE_CHECKING

import app.jobs
from app.i18n import Label, Told

if TYPE_CHECKING:
    from app.jobs.frame.running import Work


@dataclass(frozen=True)
class Kind:
    """One kind of job; ``run`` does it and tells what came of it.

    With ``every`` it is done by itself: at that distance, or each day at that time of the company's clock. It is begun
    at most ``most_tries`` times when it breaks; a DomainError ends it at once, because a second try hears the same no.
    """

    key: str
    label: Label
    run: Callable[[Work], Told]
    every: timedelta | time | None = None
    most_tries: int = 3


@cache
def kinds() -> dict[str, Kind]:
    """Every kind, by its key."""
    names = sorted(found.name for found in pkgutil.iter_modules(app.jobs.__path__, "app.jobs."))
    declared = (one for name in names for one in vars(importlib.import_module(name)).values())
    return {kind.key: kind for kind in declared if isinstance(kind, Kind)}
