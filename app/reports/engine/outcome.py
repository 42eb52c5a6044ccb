"""What a report found: tables, charts, and sentences that explain them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.i18n import LazyString
from app.reports.engine.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Fact:
    """A sentence with what stands behind it: the first occurrence of each text of ``links`` leads to its address."""

    sentence: str
    links: Mapping[str, str] = field(default_factory=dict)
    #: Whether it stands larger, above the others.
    is_head: bool = False


@dataclass(frozen=True)
class Chart:
    """A chart that is drawn when somebody wants it: ``says`` tells in words what it shows, for who cannot see it.

    ``basis`` tells on how many records it stands and how many of them are incomplete.
    """

    key: str
    title: LazyString | str
    says: str
    draw: Callable[[], Figure]
    basis: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """The table that the report is, charts, explanation and further tables below."""

    table: Table
    charts: tuple[Chart, ...] = ()
    facts: tuple[Fact, ...] = ()
    more: tuple[Table, ...] = ()
