"""How long a service request took so far, step by step, with every interval that the figure is the sum of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from app.actions.working_time import Stretch, WorkCalendar, minutes_between, stretches
from app.i18n import Choice, Label
from app.models.services import ServiceRequest, ServiceStatus

#: So far back every interval is told; what lies before is told as one sum.
TOLD_IN_FULL = timedelta(days=60)


class Part(Choice):
    """A part of the life of a request that is measured."""

    ASSIGN = "assign", Label("Time to assign")
    PROCESS = "process", Label("Time to process")
    TOTAL = "total", Label("Total time")


@dataclass(frozen=True)
class Taken:
    """The working time of one part, from ``begin`` to ``end``; ``is_running`` says that it still grows."""

    calendar: WorkCalendar
    begin: datetime
    end: datetime
    pauses: tuple[tuple[datetime, datetime], ...]
    is_running: bool

    @property
    def minutes(self) -> int:
        """The figure: the working time without what was waited for the customer."""
        return self._minutes_until(self.end)

    def _minutes_until(self, moment: datetime) -> int:
        waited = sum(minutes_between(self.calendar, begin, min(end, moment)) for begin, end in self._pauses_in(moment))
        return minutes_between(self.calendar, self.begin, moment) - waited

    def _pauses_in(self, moment: datetime) -> list[tuple[datetime, datetime]]:
        within = ((max(begin, self.begin), end) for begin, end in self.pauses)
        return [(begin, end) for begin, end in within if begin < min(end, moment)]

    @cached_property
    def told_from(self) -> datetime:
        """From where on every stretch is told."""
        return max(self.begin, self.end - TOLD_IN_FULL)

    @property
    def minutes_before(self) -> int:
        """How much of the figure lies before what is told stretch by stretch."""
        return self._minutes_until(self.told_from)

    def stretches(self) -> list[Stretch]:
        """What is told, without a gap; with the minutes before it adds up to the figure."""
        return stretches(self.calendar, self.told_from, self.end, self.pauses)

    def unknown_years(self) -> list[int]:
        """The years it touches whose statutory holidays are not known."""
        return years_unknown(self.calendar, self.begin, self.end)


def years_unknown(calendar: WorkCalendar, first: datetime, last: datetime) -> list[int]:
    """The years from one moment to another whose statutory holidays are not known."""
    years = range(calendar.local(first).year, calendar.local(last).year + 1)
    return [year for year in years if year not in calendar.known_years]


def taken(
    calendar: WorkCalendar, request: ServiceRequest, part: Part, pauses: Sequence[Any], *, at: datetime
) -> Taken | None:
    """How long a part took, or takes until ``at``; None for one that has not begun."""
    ends = {Part.ASSIGN: _first_assigned, Part.PROCESS: _handled, Part.TOTAL: _archived}
    begin = request.assigned_on if part is Part.PROCESS else request.created_on
    if begin is None:
        return None
    end = ends[part](request)
    last = max(begin, at if end is None else end)
    waits = tuple((one.began_on, one.ended_on or last) for one in pauses)
    return Taken(calendar, begin, last, waits, end is None)


def _first_assigned(request: ServiceRequest) -> datetime | None:
    """A request that came back was assigned in an earlier round."""
    first = request.rounds[0].assigned_on if request.round > 1 and request.rounds else request.assigned_on
    return first or _archived(request)


def _handled(request: ServiceRequest) -> datetime | None:
    """When the current round was handled."""
    is_open = request.status is ServiceStatus.ASSIGNED
    return None if is_open else request.handled_on or _archived(request)


def _archived(request: ServiceRequest) -> datetime | None:
    is_closed = request.status is ServiceStatus.ARCHIVED
    return request.archived_on or request.handled_on or request.changed_on if is_closed else None
