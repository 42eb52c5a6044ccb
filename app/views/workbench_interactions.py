"""Next contacts on the workbench: which customers to talk to today, and with whom it is overdue."""

from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.i18n import Label, gettext
from app.models.interactions import Interaction
from app.reports import interactions as report
from app.reports.periods import Planned
from app.security.rights import INTERACTIONS, Verb
from app.views.listing import COUNT_CAP
from app.views.presentation import Button
from app.views.sections import Due, Look, Section, Tally, TodoLine, TodoSource
from app.views.workbench_marketing_figures import this_week


def _own(look: Look) -> Planned:
    return report.next_contacts(look.session, look.today, this_week(look), of=look.by.person_id, cap=COUNT_CAP)


def _tally(look: Look) -> Tally:
    found = look.once(_own)
    return Tally(found.overdue, found.today, found.week, found.later)


def _lines(look: Look, due: Due, most: int) -> list[TodoLine]:
    last = {Due.TODAY: look.today, Due.WEEK: look.week_end}.get(due)
    until = [] if last is None else [Interaction.next_contact_on <= last]
    statement = (
        select(Interaction)
        .join(Interaction.customer)
        .where(*report.awaiting(look.by.person_id), *until)
        .options(joinedload(Interaction.customer), joinedload(Interaction.contact))
        .order_by(Interaction.next_contact_on, Interaction.id)
        .limit(most)
    )
    return [_line(row, due, look) for row in look.session.scalars(statement)]


def _line(row: Interaction, due: Due, look: Look) -> TodoLine:
    back = urlencode({"next": f"/?due={due.value}"})
    done = Button(Label("Done"), f"/interactions/done/{row.id}?{back}", "done", is_post=True)
    with_whom = gettext("with %(name)s", name=row.contact) if row.contact else ""
    day = row.next_contact_on or look.today
    return TodoLine(day, row.summary, str(row.customer), f"/interactions/show/{row.id}", done, with_whom)


def _href(look: Look, due: Due) -> str:
    last = {Due.TODAY: look.today, Due.WEEK: look.week_end}.get(due)
    until = {} if last is None else {"next_contact_on_to": last}
    asked = {"next_contact": "open", "manager": look.username, **until, "sort": "next_contact_on"}
    return f"/interactions/list/?{urlencode(asked)}"


#: What stands on the workbench.
WORKBENCH = Section(
    todo=(TodoSource(INTERACTIONS.right(Verb.EDIT), Label("Next contact"), "phone-call", _tally, _lines, _href),),
)
