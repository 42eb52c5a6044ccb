"""How long this process was at work on something, whatever else the machine did meanwhile.

That is the processor time of its threads and what it waited for PostgreSQL, without the collecting of garbage: by whose
objects a collection is set off, and whether within a round, is chance.
"""

import gc
import time
from typing import Any

import psycopg

_waited = 0.0
_collected = 0.0
_collecting_since = 0.0


def worked() -> float:
    """The seconds of work so far; one piece of work is the difference of two readings."""
    return time.process_time() + _waited - _collected


def _note_collection(phase: str, _: dict[str, int]) -> None:
    global _collecting_since, _collected  # noqa: PLW0603  (the clock of a process)
    if phase == "start":
        _collecting_since = time.thread_time()
    else:
        _collected += time.thread_time() - _collecting_since


def _wait(connection: Any, *given: Any, **named: Any) -> Any:
    global _waited  # noqa: PLW0603  (the clock of a process)
    began, busy = time.perf_counter(), time.thread_time()
    try:
        return _driver_waits(connection, *given, **named)
    finally:
        _waited += (time.perf_counter() - began) - (time.thread_time() - busy)


_driver_waits = psycopg.Connection.wait
psycopg.Connection.wait = _wait  # type: ignore[assignment, method-assign]  # all that a server is asked
gc.callbacks.append(_note_collection)
