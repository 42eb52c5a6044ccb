"""Service requests on the workbench: which to assign, to process and to ask the customer about, overdue ones first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from app.actions.services.life import ASSIGNED, CREATED, PROCESSED
from app.i18n import Label, LazyString, gettext, ngettext
from app.models.services import ServiceRequest, ServiceStatus
from app.reports import services as report
from app.reports.engine import frame_of
from app.reports.marketing import stock
from app.reports.periods import last_weeks, midnight
from app.reports.services import Waiting
from app.security.actor import Actor
from app.security.rights import SERVICES, Verb
from app.views.listing import COUNT_CAP
from app.views.presentation import Button
from app.views.sections import Due, Figure, Look, Reading, Section, Series, Tally, TodoLine, TodoSource, capped
from app.views.wording import day_in_words, in_words, toned

WEEKS = 12
MOST_LINES = 20
SEE = SERVICES.right(Verb.SEE)
ALLOCATE, PROCESS, FEEDBACK = (SERVICES.right(verb) for verb in (Verb.ALLOCATE, Verb.PROCESS, Verb.FEEDBACK))
#: What somebody looks at who neither assigns nor processes.
IN_SIGHT = "in_sight"


def leads(by: Actor) -> bool:
    """Whoever assigns looks at what nobody has yet."""
    return by.may(ALLOCATE)


def processes(by: Actor) -> bool:
    """Whoever processes and assigns nothing looks at what is his own."""
    return by.may(PROCESS) and not leads(by)


def watches(by: Actor) -> bool:
    """Whoever only sees looks at what people have in hand."""
    return not by.may(PROCESS) and not leads(by)


def _waiting(look: Look) -> dict[str, Waiting]:
    """Everything that waits, asked for once for all figures and lists."""
    me = look.by.person_id
    wanted = {
        ALLOCATE: [ServiceRequest.status == CREATED],
        PROCESS: [ServiceRequest.assignee_id == me, ServiceRequest.status == ASSIGNED],
        FEEDBACK: [ServiceRequest.handled_by_id == me, ServiceRequest.status == PROCESSED],
    }
    asked = {right: conditions for right, conditions in wanted.items() if look.by.may(right)}
    if watches(look.by):
        asked = {IN_SIGHT: [ServiceRequest.status == ASSIGNED]}
    since = midnight(look.today, look.zone)
    return report.waiting(look.session, asked, since, most=MOST_LINES, cap=COUNT_CAP)


def _of(look: Look, part: str) -> Waiting:
    return look.once(_waiting).get(part, Waiting())


# ---- how many -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counted:
    """A figure: what it counts, where the list of it is, and the state whose course is drawn."""

    part: str
    href: str
    status: ServiceStatus
    course: LazyString

    def read(self, look: Look) -> Reading:
        """How many wait, and how many of them too long."""
        found = _of(look, self.part)
        late = ngettext("%(num)d overdue", "%(num)d overdue", found.overdue)
        note = toned(late, "bad") if found.overdue else gettext("everything in time")
        return Reading(capped(found.count), found.count, self.href, note=note)

    def series(self, look: Look) -> Series:
        """How many waited at the end of each week."""
        of = look.by.person_id if self.part == PROCESS else None
        moves = frame_of(look.session, report.moves_by_span(last_weeks(look.today, WEEKS), zone=look.zone, of=of))
        values = stock(moves, self.status, self.read(look).count, WEEKS)
        return Series(values, in_words(self.course, values), "warn")


TO_ALLOCATE = Counted(
    ALLOCATE,
    "/services/assign",
    CREATED,
    Label("Services to be assigned at the end of each of 12 weeks: %(values)s"),
)
OWN = Counted(
    PROCESS,
    "/services/process",
    ASSIGNED,
    Label("My services to be processed at the end of each of 12 weeks: %(values)s"),
)
IN_HAND = Counted(
    IN_SIGHT,
    "/services/archive?status=assigned",
    ASSIGNED,
    Label("Services to be processed at the end of each of 12 weeks: %(values)s"),
)


# ---- which --------------------------------------------------------------------------------------------


def _tally(part: str) -> Callable[[Look], Tally]:
    """What waits is work of today, however late it may be done; what is overdue stands before it."""

    def read(look: Look) -> Tally:
        found = _of(look, part)
        return Tally(found.overdue, found.count - found.overdue)

    return read


def _lines(part: str, action: Label, move: str) -> Callable[[Look, Due, int], list[TodoLine]]:
    def read(look: Look, _due: Due, most: int) -> list[TodoLine]:
        first = _of(look, part).first[:most]
        return [_line(one, look, Button(action, f"/services/move/{move}/{one.id}")) for one in first]

    return read


def _line(row: ServiceRequest, look: Look, action: Button) -> TodoLine:
    due = row.due_on.astimezone(look.zone) if row.due_on else None
    day = min(due.date(), look.today) if due else look.today
    until = gettext("by %(time)s", time=f"{_day(due.date(), look)}{due:%H:%M}") if due else _since(row, look)
    more = until if day < look.today else ""
    return TodoLine(day, row.summary, row.customer_name, f"/services/show/{row.id}", action, more, until)


def _day(day: date, look: Look) -> str:
    """Nothing for today; with a space before the time that follows."""
    return "" if day == look.today else f"{day_in_words(day, look.today)} "


def _since(row: ServiceRequest, look: Look) -> str:
    """For how long what has no deadline waits."""
    days = (look.today - (row.handled_on or row.created_on).astimezone(look.zone).date()).days
    return ngettext("for %(num)d day", "for %(num)d days", days) if days > 0 else ""


def _list(address: str) -> Callable[[Look, Due], str]:
    return lambda _look, _due: address


FIGURES = (
    Figure(
        "services_to_assign", SEE, Label("Services to be assigned"), TO_ALLOCATE.read, TO_ALLOCATE.series, 70, leads
    ),
    Figure("own_services", SEE, Label("My services to be processed"), OWN.read, OWN.series, 70, processes),
    Figure("services_in_hand", SEE, Label("Services to be processed"), IN_HAND.read, IN_HAND.series, 70, watches),
)

#: What stands on the workbench.
WORKBENCH = Section(
    figures=FIGURES,
    todo=(
        TodoSource(
            ALLOCATE,
            Label("Assign service"),
            "user-check",
            _tally(ALLOCATE),
            _lines(ALLOCATE, Label("Allocate"), "allocate"),
            _list("/services/assign"),
        ),
        TodoSource(
            PROCESS,
            Label("Process service"),
            "checks",
            _tally(PROCESS),
            _lines(PROCESS, Label("Process"), "process"),
            _list("/services/process"),
        ),
        TodoSource(
            FEEDBACK,
            Label("Give feedback"),
            "message-circle",
            _tally(FEEDBACK),
            _lines(FEEDBACK, Label("Feedback"), "feedback"),
            _list("/services/feedback"),
        ),
    ),
)
