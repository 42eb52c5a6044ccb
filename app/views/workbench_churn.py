"""Churn on the workbench: how many cases are open, and those that wait for their account manager."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.i18n import Label, gettext, ngettext
from app.models.churn import ChurnCase
from app.reports import churn as report
from app.reports.churn import POSTPONED, WARNED, OpenCases
from app.reports.engine import frame_of
from app.reports.periods import last_weeks
from app.security.actor import Actor
from app.security.rights import CHURN, Verb
from app.views.listing import COUNT_CAP
from app.views.presentation import Button
from app.views.sections import Due, Figure, Look, Reading, Section, Series, Tally, TodoLine, TodoSource, capped
from app.views.wording import in_words

WEEKS = 12
SEE, POSTPONE = CHURN.right(Verb.SEE), CHURN.right(Verb.POSTPONE)


def acts(by: Actor) -> bool:
    """Whoever acts on cases and looks for none looks at his own."""
    return by.may(POSTPONE) and not by.may(CHURN.right(Verb.SCAN))


def oversees(by: Actor) -> bool:
    """Everybody else looks at all within sight."""
    return not acts(by)


def _of(look: Look) -> int | None:
    return look.by.person_id if acts(look.by) else None


def _counts(look: Look) -> OpenCases:
    return report.count_open(look.session, of=_of(look), cap=COUNT_CAP)


def _list(look: Look, status: str) -> str:
    mine = {"manager": look.username} if acts(look.by) else {}
    return f"/churn/list/?{urlencode({'status': status, **mine})}"


# ---- how many -----------------------------------------------------------------------------------------


def _open(look: Look) -> Reading:
    found = look.once(_counts)
    note = gettext("%(warned)s warned, %(postponed)s postponed", warned=found.warned, postponed=found.postponed)
    return Reading(capped(found.count), found.count, _list(look, "Not closed"), note=note if found.count else "")


def _course(look: Look) -> Series:
    spans = last_weeks(look.today, WEEKS)
    changes = frame_of(look.session, report.changes_by_span(spans, zone=look.zone, of=_of(look)))
    values = report.stock(changes, look.once(_counts).count, WEEKS)
    return Series(values, in_words(Label("Open churn cases at the end of each of 12 weeks: %(values)s"), values), "bad")


# ---- which --------------------------------------------------------------------------------------------


def _tally(look: Look) -> Tally:
    """What was warned of waits today; what was postponed is looked at again later."""
    found = look.once(_counts)
    return Tally(today=found.warned, later=found.postponed)


def _lines(look: Look, due: Due, most: int) -> list[TodoLine]:
    states = (WARNED, POSTPONED) if due is Due.ALL else (WARNED,)
    statement = (
        select(ChurnCase)
        .where(*report.open_cases(*states, of=look.by.person_id))
        .options(joinedload(ChurnCase.customer))
        .order_by(ChurnCase.status.desc(), ChurnCase.id.desc())
        .limit(most)
    )
    return [_line(row, look) for row in look.session.scalars(statement)]


def _line(row: ChurnCase, look: Look) -> TodoLine:
    href = f"/churn/show/{row.id}"
    what = gettext("No order since %(day)s", day=row.last_order_on or row.as_of)
    if row.status is POSTPONED:
        later = look.week_end + timedelta(days=1)
        return TodoLine(later, what, str(row), href, Button(Label("See"), href), due=str(POSTPONED.label))
    days = (look.today - row.created_on.astimezone(look.zone).date()).days
    since: Any = ngettext("for %(num)d day", "for %(num)d days", days) if days > 0 else ""
    act = Button(Label("Postpone churn"), f"/churn/move/postpone/{row.id}")
    return TodoLine(look.today, what, str(row), href, act, due=since)


def _todo_href(look: Look, due: Due) -> str:
    return _list(look, "Not closed" if due is Due.ALL else WARNED.value)


#: What stands on the workbench.
WORKBENCH = Section(
    figures=(
        Figure("own_churn", SEE, Label("My open churn cases"), _open, _course, 60, acts),
        Figure("churn", SEE, Label("Open churn cases"), _open, _course, 60, oversees),
    ),
    todo=(TodoSource(POSTPONE, Label("Churn warning"), "alert-triangle", _tally, _lines, _todo_href, acts),),
)
