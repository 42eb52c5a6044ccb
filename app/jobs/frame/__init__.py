"""The frame of the jobs: what a kind of job is, putting one down, and running what is due."""

from app.jobs.frame.kinds import Every, Kind, Weekly, kinds
from app.jobs.frame.queue import enqueue
from app.jobs.frame.running import Work, run_due

__all__ = ["Every", "Kind", "Weekly", "Work", "enqueue", "kinds", "run_due"]
