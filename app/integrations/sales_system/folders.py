"""A folder of csv or xlsx files as a source, and a single file as one of one kind."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from app.actions.imports import Table, open_table
from app.integrations.sales_system.sources import BATCH, Batch, OpenSource, Portion, Source

EMPTY = ("",)


class FilePortion(Portion):
    """The rows of a file."""

    def __init__(self, table: Table) -> None:
        self.headers = table.headers
        self.expected = table.expected
        self._rows = table.rows

    def batches(self, places: Sequence[int], *, since: tuple[int, Any] | None = None) -> Iterator[Batch]:
        """A file is always read whole."""
        while rows := list(islice(self._rows, BATCH)):
            yield self._batch(rows, places)

    def _batch(self, rows: Sequence[tuple[int, list[str]]], places: Sequence[int]) -> Batch:
        numbers, cells = zip(*rows, strict=True)
        width = len(self.headers)
        overlong: frozenset[int] = frozenset()
        if set(map(len, cells)) != {width}:
            overlong = frozenset(place for place, row in enumerate(cells) if any(row[width:]))
            cells = tuple([*row[:width], *EMPTY * (width - len(row))] for row in cells)
        columns = list(zip(*cells, strict=True))
        return Batch(numbers, [columns[place] for place in places], overlong)


class FileSource(Source, OpenSource):
    """Files, one a kind."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    @contextmanager
    def opened(self) -> Iterator[OpenSource]:
        """Nothing is to be begun: each file is opened when its turn comes."""
        yield self

    @contextmanager
    def portion(self, kind: str) -> Iterator[Portion]:
        """The rows of the kind's file; raises Unusable."""
        with open_table(self._files[kind], as_it_stands=True) as table:
            yield FilePortion(table)
