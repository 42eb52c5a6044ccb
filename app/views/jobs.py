"""Jobs on the screen: everybody sees his own, the administrator all of them, and the schedule."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from flask import abort, flash, redirect, request
from flask_appbuilder.models.sqla.interface import SQLAInterface

from app.actions import jobs
from app.actions.settings import WEEKDAYS
from app.clock import now
from app.extensions import session
from app.i18n import Choice, Label, format_moment, gettext, ngettext
from app.jobs.frame import Every, Kind, Weekly, kinds
from app.jobs.frame.alive import is_silent
from app.jobs.frame.queue import WAKE, start_now
from app.jobs.frame.schedule import next_tick
from app.models.jobs import Job, JobState
from app.security.rights import JOBS, Verb
from app.views import listing
from app.views.durations import length_in_words
from app.views.edge import actor, zone
from app.views.guards import expose, needs, signed_in
from app.views.listing import ChoiceFilter, PersonFilter
from app.views.model_view import CrmModelView
from app.views.presentation import EMPTY, Button, Cell, Column, Row
from app.views.range_filter import RangeFilter

LOOKS = {JobState.WAITING: "later", JobState.RUNNING: "open", JobState.DONE: "done", JobState.FAILED: "bad"}
#: A page refreshes itself while a job of it runs, or waits to begin within so long.
SOON = timedelta(minutes=1)


@dataclass(frozen=True)
class ProgressCell(Cell):
    """How much of a job is done, in per cent."""

    share: int = 0


@dataclass(frozen=True)
class KindFilter(ChoiceFilter):
    """One kind of job, by its key or its name."""

    def _offers(self) -> list[tuple[tuple[str, ...], tuple[Choice, ...]]]:
        # A key stands for a Choice here: both are texts.
        return [((str(kind.label), kind.key), (kind.key,)) for kind in kinds().values()]  # type: ignore[misc]


class Jobs(CrmModelView):
    """后台任务."""

    route_base = "/jobs"
    datamodel = SQLAInterface(Job)
    screen = JOBS
    record_label = Label("job")
    name_column = "title"
    list_template = "crm/jobs.html"
    show_template = "crm/job.html"
    list_columns = ("id", "title", "state", "person", "due_at", "started_at", "milliseconds", "outcome")
    more_columns = ("ended_at", "tries")
    order_columns = ("id", "due_at", "started_at", "ended_at", "milliseconds")
    show_columns = (
        "state",
        "person",
        "due_at",
        "started_at",
        "ended_at",
        "milliseconds",
        "tries",
        "done",
        "outcome",
    )
    filters = (
        KindFilter("kind", Label("Job")),
        ChoiceFilter("state", Label("State"), options=tuple(JobState)),
        RangeFilter("due_at", Label("Due at"), value_kind="moment"),
        PersonFilter("person", Label("For whom"), is_more=True),
    )
    empty_title = Label("No job yet")
    empty_text = Label("What takes long or happens by itself is listed here, with how far it is and what came of it.")

    # ---- list and detail --------------------------------------------------------------------------------

    def list_context(self, look: Any, query: listing.Query, found: listing.Found) -> dict[str, Any]:
        """The list refreshes itself while something is done."""
        context = super().list_context(look, query, found)
        return {**context, **self.watch(found.rows)}

    def show_context(self, row: Job) -> dict[str, Any]:
        """The page of a job refreshes itself until it ended."""
        return {**super().show_context(row), **self.watch([row])}

    def watch(self, rows: Sequence[Job]) -> dict[str, Any]:
        """Whether the page is to refresh itself, from where, and whether nobody works."""
        moment = now()
        return {
            "is_busy": any(_is_busy(job, moment) for job in rows),
            "is_silent": actor().may(JOBS.right(Verb.SEE)) and is_silent(session(), moment),
            "here": request.full_path,
        }

    def column(self, name: str, query: listing.Query) -> Column:
        """The state stands as one, although no life cycle moves it."""
        column = super().column(name, query)
        return replace(column, kind="state") if name == "state" else column

    def cell(self, row: Job, name: str, *, is_wide: bool = False) -> Cell:
        """Moments with their time, durations in words, and a bar while it runs."""
        cell = super().cell(row, name, is_wide=is_wide)
        dress = DRESSES.get(name)
        if dress is not None:
            return dress(row, cell)
        return replace(cell, text=cell.title or cell.text, title="") if cell.kind == "moment" else cell

    def sections(self, row: Job) -> list[Any]:
        """What it told on the way."""
        lines = [(format_moment(moment), str(told)) for moment, told in row.lines]
        return [{"template": "crm/job_log.html", "lines": lines}] if lines else []

    def more_buttons(self, row: Job) -> list[Button]:
        """A failed one can be tried again."""
        if row.state is not JobState.FAILED or not jobs.may_retry(row, actor()):
            return []
        return [Button(Label("Try again"), self.path(f"retry/{row.id}"), "retry", "refresh", is_post=True)]

    @expose("/retry/<int:pk>", methods=["POST"])
    @signed_in
    def retry(self, pk: int) -> Any:
        """Have a failed job done once more."""
        jobs.retry(session(), self.load(pk), by=actor(), at=now())
        session().commit()
        WAKE.set()
        flash(gettext("It will be tried again at once."), "success")
        return redirect(self.path(f"show/{pk}"))

    # ---- schedule ---------------------------------------------------------------------------------------

    @expose("/schedule")
    @needs(Verb.RETRY)
    def schedule(self) -> Any:
        """What is done by itself, when it was last done and when it is next; for who may have it done at once."""
        planned = [kind for kind in kinds().values() if kind.every is not None]
        last = jobs.latest_jobs(session(), [kind.key for kind in planned])
        return self.render_template(
            "crm/jobs_schedule.html",
            page=self.list_page(gettext("Schedule")),
            rows=[self._planned(kind, last.get(kind.key)) for kind in planned],
            columns=SCHEDULE,
            moves=[],
            **self.watch(list(last.values())),
        )

    def _planned(self, kind: Kind, last: Job | None) -> Row:
        """A line of the schedule."""
        every = kind.every_now(session())
        cells = [
            Cell(str(kind.label)),
            Cell(in_words(every), "date"),
            self.cell(last, "started_at") if last else Cell(EMPTY),
            self.cell(last, "state") if last else Cell(EMPTY),
            self.cell(last, "outcome") if last else Cell(EMPTY),
            Cell(format_moment(next_tick(every, now(), zone())), "moment") if every else Cell(EMPTY),
        ]
        start = Button(Label("Run now"), self.path(f"run/{kind.key}"), "run", "refresh", is_post=True)
        return Row(0, 0, str(kind.label), cells, [start], self.path(f"show/{last.id}") if last else "")

    @expose("/run/<key>", methods=["POST"])
    @needs(Verb.RETRY)
    def run(self, key: str) -> Any:
        """Do something of the schedule at once."""
        kind = kinds().get(key)
        if kind is None or kind.every is None:
            abort(404)
        start_now(session(), kind, by=actor(), at=now())
        session().commit()
        flash(gettext("It begins at once."), "success")
        return redirect(self.path("schedule"))


SCHEDULE = (
    Column("title", Label("Job"), "text", is_name=True),
    Column("every", Label("How often"), "date"),
    Column("started_at", Label("Last time"), "moment"),
    Column("state", Label("State"), "state"),
    Column("outcome", Label("Outcome"), "text"),
    Column("next", Label("Next time"), "moment"),
)


def in_words(every: Every | None) -> str:
    """How often something is done."""
    if isinstance(every, Weekly):
        return gettext("Every %(day)s at %(time)s", day=WEEKDAYS[every.weekday], time=every.at.strftime("%H:%M"))
    if isinstance(every, time):
        return gettext("Daily at %(time)s", time=every.strftime("%H:%M"))
    minutes = every // timedelta(minutes=1) if every else 0
    if minutes % 60 == 0:
        return ngettext("Every hour", "Every %(num)d hours", minutes // 60)
    return ngettext("Every minute", "Every %(num)d minutes", minutes)


def _is_busy(job: Job, moment: datetime) -> bool:
    """Whether it runs, or is about to."""
    is_about_to = job.state is JobState.WAITING and job.due_at < moment + SOON
    return is_about_to or job.state is JobState.RUNNING


def _state(job: Job, cell: Cell) -> Cell:
    return replace(cell, kind="state", look=LOOKS[job.state])


def _took(job: Job, cell: Cell) -> Cell:
    """How long it took, or takes so far."""
    length = job.milliseconds
    if job.state is JobState.RUNNING and job.started_at is not None:
        length = (now() - job.started_at) // timedelta(milliseconds=1)
    return replace(cell, text=EMPTY if length is None else length_in_words(length))


def _progress(job: Job, cell: Cell) -> Cell:
    if not job.total:
        return replace(cell, text=EMPTY)
    share = max(0, min(100, job.done * 100 // job.total))
    return ProgressCell(f"{share}%", "progress", cell.name, cell.label, share=share)


def _outcome(job: Job, cell: Cell) -> Cell:
    """What came of it; in a list, while it runs, how far it is."""
    return _progress(job, cell) if job.state is JobState.RUNNING and not cell.is_wide else cell


DRESSES: Mapping[str, Callable[[Job, Cell], Cell]] = {
    "state": _state,
    "milliseconds": _took,
    "done": _progress,
    "outcome": _outcome,
}
