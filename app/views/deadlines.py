"""Deadlines of service requests in words: what is left of the working time, in lists and on pages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.actions.services.deadlines import calendar_of
from app.actions.working_time import WorkCalendar, minutes_between
from app.clock import now
from app.extensions import session
from app.i18n import Label, format_moment, gettext
from app.models.services import ServiceStatus
from app.views.durations import working_time_in_words
from app.views.edge import zone
from app.views.presentation import EMPTY, Cell

#: So many working minutes before its end a deadline is near.
SOON = 120
WAITING = Label("Waiting for the customer")


@dataclass(frozen=True)
class Countdown:
    """How a deadline stands: in words, and the look of the state (bad: overdue, new: soon, open: time enough).

    ``in_full`` says too that it is working time.
    """

    text: str
    look: str = ""
    in_full: str = ""


def countdown(calendar: WorkCalendar, request: Any, at: datetime) -> Countdown:
    """How the deadline of a request stands; one that is to be processed and has none waits for its customer."""
    if request.due_on is None:
        is_waiting = request.status is ServiceStatus.ASSIGNED
        return Countdown(str(WAITING), "later", str(WAITING)) if is_waiting else Countdown(EMPTY)
    left = minutes_between(calendar, at, request.due_on)
    time = working_time_in_words(abs(left))
    if request.due_on >= at:
        words, in_full = gettext("%(time)s left", time=time), gettext("%(time)s left (working time)", time=time)
        return Countdown(words, "new" if left <= SOON else "open", in_full)
    if left == 0:
        return Countdown(gettext("Past its deadline"), "bad", gettext("Past its deadline"))
    words, in_full = gettext("Overdue by %(time)s", time=time), gettext("Overdue by %(time)s (working time)", time=time)
    return Countdown(words, "bad", in_full)


def due_cell(request: Any, label: Any = Label("Due on")) -> Cell:
    """The deadline in a list: what is left of it, with the moment as its title."""
    found = countdown(calendar_of(session()), request, now(zone()))
    title = format_moment(request.due_on) if request.due_on else ""
    kind = "state" if found.look else "moment"
    return Cell(found.text, kind, "due_on", label, title, look=found.look)
