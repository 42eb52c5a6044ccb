"""The one interface of all sources, and what they refuse."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from app.errors import DomainError
from app.i18n import Told

#: So many rows are read at once; with more of them at a time Python's garbage collection has more to look through.
BATCH = 1_000


class SourceFailed(DomainError):
    """A source cannot be read; ``told`` says why, to be kept for readers of any language."""

    def __init__(self, told: Told) -> None:
        super().__init__(str(told))
        self.told = told


@dataclass(frozen=True)
class Batch:
    """Some rows: their numbers, and the cells of the columns that were asked for, column by column.

    ``overlong`` are the places of rows with more cells than there are headers.
    """

    numbers: Sequence[int]
    columns: Sequence[Sequence[Any]]
    overlong: frozenset[int] = frozenset()


class Portion(ABC):
    """The rows of one kind in one source."""

    headers: tuple[str, ...]
    expected: int

    @abstractmethod
    def batches(self, places: Sequence[int], *, since: tuple[int, Any] | None = None) -> Iterator[Batch]:
        """The cells of the columns at these places of the headers; raises SourceFailed.

        ``since`` is the place of a column and the least value it may have.
        """


class OpenSource(ABC):
    """A source while it is read: what it gives belongs to one moment, if the source can do that."""

    @abstractmethod
    def portion(self, kind: str) -> AbstractContextManager[Portion]:
        """The rows of a kind; raises SourceFailed and Unusable."""


class Source(ABC):
    """A database or a folder, as the settings describe it."""

    @abstractmethod
    def opened(self) -> AbstractContextManager[OpenSource]:
        """Begin to read; raises SourceFailed."""
