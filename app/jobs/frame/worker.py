"""A worker: threads of Huey that run what is due, beside the server or in a process of their own.

Huey's queue is in memory and carries only the keys of jobs that wait in the table: nothing is lost with it.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask
from huey import MemoryHuey
from huey.consumer import BaseProcess, Consumer
from sqlalchemy.exc import SQLAlchemyError

from app.clock import now
from app.jobs.frame import queue
from app.jobs.frame.running import look_round, run_job

log = logging.getLogger(__name__)
THREADS = 2
#: How often it is looked for jobs that other processes put down, in seconds.
LOOKS_EVERY = 5
#: How long a stop waits for the jobs that run; what takes longer is taken up again later.
STOPS_WITHIN = 10


class Worker:
    """What one process works on: the jobs that wait for a thread of it, and those that run."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.in_hand: set[int] = set()
        self.running: set[int] = set()
        self.huey = MemoryHuey("crm", results=False)
        self.hand_out = self.huey.task()(self.run)

    def run(self, job_id: int) -> None:
        """Run a job in a thread, and have it looked for the next."""
        self.running.add(job_id)
        try:
            run_job(self.app, job_id)
        finally:
            self.running.discard(job_id)
            self.in_hand.discard(job_id)
            queue.WAKE.set()

    def look(self) -> None:
        """Say that the jobs in hand live, and hand out what is due. A database that is away is asked again later."""
        try:
            with self.app.app_context():
                queue.beat(frozenset(self.running), now())
            for job_id in look_round(self.app, without=frozenset(self.in_hand)):
                self.in_hand.add(job_id)
                self.hand_out(job_id)
        except SQLAlchemyError as error:
            log.warning("the jobs cannot be looked at now: %s", str(error).splitlines()[0])
        except Exception:  # a defect in one look must not end the thread that finds all jobs
            log.exception("the jobs cannot be looked at")


class Lookout(BaseProcess):  # type: ignore[misc]  # Huey has no types
    """The thread that looks for what is due, at its times and when it is woken."""

    process_name = "Lookout"

    def __init__(self, consumer: Consumer, look: Callable[[], None]) -> None:
        super().__init__(consumer.huey, consumer.stop_flag)
        self.look = look

    def loop(self, now: None = None) -> None:
        """Look once, then wait."""
        queue.WAKE.clear()
        self.look()
        queue.WAKE.wait(LOOKS_EVERY)


class Threads(Consumer):  # type: ignore[misc]  # Huey has no types
    """Huey's threads, with our own lookout in place of its schedule, and no handlers of signals."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        super().__init__(worker.huey, workers=THREADS, periodic=False, max_delay=0.5, shutdown_timeout=STOPS_WITHIN)

    def _create_scheduler(self) -> Lookout:
        return Lookout(self, self.worker.look)

    def _set_signal_handlers(self) -> None:
        """None: the program around it has its own."""


@contextmanager
def working(app: Flask) -> Iterator[None]:
    """Inside the block jobs are run by threads of this process; at its end it waits a little for those that run."""
    threads = Threads(Worker(app))
    threads.start()
    try:
        yield
    finally:
        threads.stop_flag.set()
        queue.WAKE.set()
        threads.stop(graceful=True)
