"""The time of a service request: its deadline, the intervals behind each figure, and waiting for the customer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder.baseviews import BaseView
from sqlalchemy import select

from app.actions.services.deadlines import pauses_of, rules_of
from app.actions.services.pauses import begin_waiting, check_pause, end_waiting, may_pause
from app.actions.services.times import Part, Taken, taken, years_unknown
from app.actions.working_time import Stretch, WorkCalendar
from app.clock import now
from app.errors import OutOfSight
from app.extensions import session
from app.i18n import Label, format_moment, gettext, listed
from app.models.service_time import ServicePause
from app.models.services import ServiceRequest
from app.security.rights import SERVICES, Verb, module_of
from app.views.deadlines import WAITING, countdown
from app.views.durations import working_time_in_words
from app.views.edge import LARGEST_KEY, actor, zone
from app.views.forms import CrmForm, form_class
from app.views.guards import expose, needs
from app.views.moves import came_from
from app.views.presentation import Button, Page
from app.views.saving import Failure, attempt, refuse_foreign_fields
from app.views.work_calendar import day_in_words, unknown_in_words

RESUME = Label("The customer has answered")
#: What the customer is to do.
WaitForm = form_class(ServicePause, ("note",))


class ServiceTime(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """服务用时."""

    route_base = "/services"
    screen = SERVICES
    model = ServiceRequest

    @expose("/time/<int:pk>")
    @needs(Verb.SEE)
    def time(self, pk: int) -> Any:
        """Every interval that a figure is the sum of; ``part`` says which figure."""
        row = _load(pk)
        found = _parts(row, now(zone()))
        asked = request.args.get("part", "")
        part = next((one for one in found if one.value == asked), list(found)[-1])
        return self.render_template(
            "crm/service_stretches.html",
            page=_page(row, part.label),
            parts=[(one.label, figure(one_taken), _address(row, one), one is part) for one, one_taken in found.items()],
            cancel_href=f"/services/show/{row.id}",
            figure=figure(found[part]),
            lines=lines_of(found[part]),
            unknown=unknown_in_words(found[part].unknown_years()),
            now=format_moment(found[part].end) if found[part].is_running else "",
        )

    @expose("/wait/<int:pk>", methods=["GET", "POST"])
    @needs(Verb.PROCESS)
    def wait(self, pk: int) -> Any:
        """Ask what is awaited, then let the clock stand."""
        row = _load(pk)
        form = WaitForm()
        if request.method == "GET":
            check_pause(row, actor())
            return self._wait_page(row, form)
        refuse_foreign_fields(form)
        note = form["note"].data or None
        context = self._context(row)
        failure = attempt(form, lambda: begin_waiting(session(), row, note, by=actor(), at=now(zone())))
        if failure is None:
            flash(gettext("The clock stands until the customer has answered."), "success")
            return redirect(came_from() or f"/services/show/{pk}")
        return self._wait_page(row, form, failure, context), failure.code

    def _context(self, row: ServiceRequest) -> dict[str, Any]:
        back = f"/services/show/{row.id}"
        return {"page": _page(row, WAITING), "action_href": f"/services/wait/{row.id}", "cancel_href": back}

    def _wait_page(
        self, row: ServiceRequest, form: CrmForm, failure: Failure | None = None, context: dict[str, Any] | None = None
    ) -> str:
        found = self.render_template(
            "crm/move.html",
            form=form,
            notice=failure.notice if failure else "",
            submit_label=gettext("Stop the clock"),
            **(context or self._context(row)),
        )
        return str(found)

    @expose("/resume/<int:pk>", methods=["POST"])
    @needs(Verb.PROCESS)
    def resume(self, pk: int) -> Any:
        """The customer has answered: the clock goes on."""
        end_waiting(session(), _load(pk), by=actor(), at=now(zone()))
        session().commit()
        flash(gettext("The clock goes on."), "success")
        return redirect(f"/services/show/{pk}")


def _load(pk: int) -> ServiceRequest:
    """The request of that key; raises OutOfSight."""
    row = session().scalar(select(ServiceRequest).where(ServiceRequest.id == pk)) if pk <= LARGEST_KEY else None
    if row is None:
        raise OutOfSight(ServiceRequest, pk)
    return row


def _page(row: ServiceRequest, title: Any) -> Page:
    crumbs = [(SERVICES.label, SERVICES.home), (str(row), f"/services/show/{row.id}"), (title, "")]
    return Page(title, module_of(SERVICES).label, crumbs)


def _parts(row: ServiceRequest, at: datetime, pauses: list[ServicePause] | None = None) -> dict[Part, Taken]:
    """What was measured so far."""
    calendar = rules_of(session()).calendar
    waits = pauses_of(session(), row) if pauses is None else pauses
    found = {part: taken(calendar, row, part, waits, at=at) for part in Part}
    return {part: one for part, one in found.items() if one is not None}


def _address(row: ServiceRequest, part: Part) -> str:
    return f"/services/time/{row.id}?part={part.value}"


def figure(one: Taken) -> str:
    """The figure in words."""
    return working_time_in_words(one.minutes)


# ---- the intervals ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A stretch as drawn: from and to in words that are not broken, what it counts, and of one that does not, why."""

    begin: tuple[str, ...]
    end: tuple[str, ...]
    minutes: int
    counted: str
    why: str = ""


def lines_of(one: Taken) -> list[Line]:
    """Every stretch; what lies further back is one line, so that the lines add up to the figure."""
    lines = [_line(stretch, one.calendar) for stretch in one.stretches()]
    if one.told_from == one.begin:
        return lines
    begin, end, minutes = one.calendar.local(one.begin), one.calendar.local(one.told_from), one.minutes_before
    why = gettext("Everything before is added up.")
    return [Line(_moment(begin), _moment(end), minutes, working_time_in_words(minutes), why), *lines]


def _line(one: Stretch, calendar: WorkCalendar) -> Line:
    end = (f"{one.end:%H:%M}",) if one.is_within_a_day else _moment(one.end)
    if one.minutes:
        return Line(_moment(one.begin), end, one.minutes, working_time_in_words(one.minutes))
    return Line(_moment(one.begin), end, 0, "", _why(one, calendar))


def _moment(moment: datetime) -> tuple[str, str]:
    """The day with its short weekday, and the time."""
    return day_in_words(moment.date()), f"{moment:%H:%M}"


def _why(one: Stretch, calendar: WorkCalendar) -> str:
    """Why a stretch does not count."""
    if one.is_waiting:
        return str(WAITING)
    if one.days_off:
        known = (calendar.special.get(day) for day in one.days_off)
        return listed(dict.fromkeys(str(day.name if day else gettext("Weekend")) for day in known))
    noon = calendar.at(one.begin.date(), calendar.spans[0][1])
    is_lunch = one.is_within_a_day and noon <= one.begin < noon + _lunch(calendar)
    return gettext("Lunch break") if is_lunch else gettext("Off hours")


def _lunch(calendar: WorkCalendar) -> timedelta:
    return timedelta(minutes=calendar.spans[1][0] - calendar.spans[0][1])


# ---- on the page of a request -------------------------------------------------------------------------


def time_block(row: ServiceRequest) -> dict[str, Any]:
    """The section of a request's page: its deadline, how long each step took, and when it waited for the customer."""
    at, pauses = now(zone()), pauses_of(session(), row)
    rules = rules_of(session())
    last = row.due_on or at
    return {
        "template": "crm/service_time.html",
        "title": Label("Time limits"),
        "countdown": countdown(rules.calendar, row, at),
        "due_on": format_moment(row.due_on) if row.due_on else "",
        "figures": [(part.label, figure(one), _address(row, part)) for part, one in _parts(row, at, pauses).items()],
        "pauses": [_pause_in_words(one) for one in pauses],
        "buttons": _buttons(row, is_waiting=any(one.ended_on is None for one in pauses)),
        "unknown": unknown_in_words(years_unknown(rules.calendar, at, last)) if row.due_on else "",
    }


def _pause_in_words(one: ServicePause) -> tuple[str, str]:
    """When it waited, and for what."""
    begin, end = format_moment(one.began_on), format_moment(one.ended_on) if one.ended_on else ""
    times = gettext("%(begin)s to %(end)s", begin=begin, end=end) if end else gettext("since %(begin)s", begin=begin)
    return times, one.note or ""


def _buttons(row: ServiceRequest, *, is_waiting: bool) -> list[Button]:
    """To let the clock stand or go on, for the assignee."""
    if not may_pause(row, actor()):
        return []
    if is_waiting:
        return [Button(RESUME, f"/services/resume/{row.id}", "resume", "check", is_post=True)]
    return [Button(WAITING, f"/services/wait/{row.id}", "wait", "hourglass", is_dialog=True)]
