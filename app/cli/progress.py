"""A bar on standard error for whoever looks on."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, Callable[[], int]], None]]:
    """A function that is told how many are done and how to find out how many there are; nobody there, no bar."""
    if not sys.stderr.isatty():
        yield lambda _done, _expected: None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:
        lengths: dict[int, int] = {}

        def tell(done: int, expected: Callable[[], int]) -> None:
            if done < bar.pos or not lengths:  # the next kind begins
                lengths[0] = bar.length = max(expected(), 1)
                bar.pos = 0
            bar.update(done - bar.pos)

        yield tell
