"""Jobs: what the program does by itself or for somebody, beside the pages. The row is the truth about a job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Dialect, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from app.i18n import Choice, Label, Told
from app.models.base import NEVER_REUSED, ChoiceType, Model, UtcDateTime, said
from app.models.org import Employee


class JobState(Choice):
    """Where a job stands. One that is tried again waits."""

    WAITING = "waiting", Label("Waiting")
    RUNNING = "running", Label("Running")
    DONE = "done", Label("Finished")
    FAILED = "failed", Label("Job failed")


class Arguments(TypeDecorator[dict[str, Any]]):
    """What a job is to be done with, kept as JSON in a text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)

    def process_result_value(self, value: Any, dialect: Dialect) -> dict[str, Any] | None:
        return None if value is None else dict(json.loads(value))


class ToldType(TypeDecorator[Told]):
    """A sentence for people, kept as JSON in a text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Told | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps([value.message, value.values], ensure_ascii=False)

    def process_result_value(self, value: Any, dialect: Dialect) -> Told | None:
        return None if value is None else Told(*json.loads(value))


class Job(Model):
    """One job: what it is, for whom, when it is due, and what became of it.

    ``kind`` is the key of its kind and ``title`` that kind's name. ``tick`` is the moment of the schedule it was made
    for, which exists once however many machines look at the clock. Without ``person`` it is the system's own. ``tries``
    counts how often it was begun: who runs it writes only while the number is still his. ``beat_at`` is when its
    runner was last known to live. ``log`` has one line of JSON per sentence: moment, message, values.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("kind", "tick"),
        Index("ix_jobs_state_due_at", "state", "due_at"),
        Index("ix_jobs_kind_id", "kind", "id"),
        Index("ix_jobs_person_id_id", "person_id", "id"),
        NEVER_REUSED,
    )
    is_audited: ClassVar[bool] = False
    is_personal: ClassVar[bool] = True
    seen_by_all_with: ClassVar[str] = "jobs.see"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    kind: Mapped[str] = mapped_column(String(50))
    title: Mapped[Told] = mapped_column(ToldType, info=said(Label("Job")))
    arguments: Mapped[dict[str, Any]] = mapped_column(Arguments, default=dict)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    state: Mapped[JobState] = mapped_column(ChoiceType(JobState), default=JobState.WAITING, info=said(Label("State")))
    tick: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, info=said(Label("Due at")))
    tries: Mapped[int] = mapped_column(Integer, default=0, info=said(Label("Tries")))
    most_tries: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Started")))
    beat_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Ended")))
    milliseconds: Mapped[int | None] = mapped_column(Integer, info=said(Label("Took")))
    done: Mapped[int] = mapped_column(Integer, default=0, info=said(Label("Progress")))
    total: Mapped[int] = mapped_column(Integer, default=0)
    outcome: Mapped[Told | None] = mapped_column(ToldType, info=said(Label("Outcome"), is_long=True))
    log: Mapped[str] = mapped_column(Text, default="")

    person: Mapped[Employee | None] = relationship(info=said(Label("For whom")))

    @property
    def version(self) -> int:
        """Changes with every try."""
        return self.tries

    @property
    def lines(self) -> Iterator[tuple[datetime, Told]]:
        """What it told on the way, each with its moment."""
        for line in self.log.splitlines():
            moment, message, values = json.loads(line)
            yield datetime.fromisoformat(moment), Told(message, values)

    def __str__(self) -> str:
        return str(self.title)
