"""Management reports on the workbench: one's own drafts, and what is submitted to be reviewed."""

from collections.abc import Sequence

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import joinedload

from app.actions.management_reports import DRAFT, REVIEW, SUBMIT, SUBMITTED
from app.i18n import Label, LazyString
from app.models.management_reports import ManagementReport
from app.views.presentation import Button
from app.views.sections import Due, Look, Section, Tally, TodoLine, TodoSource


def _waiting(look: Look) -> Sequence[ManagementReport]:
    """What waits for this person, the oldest period first; there is one report of each leader a month."""
    is_mine = ManagementReport.owner_id == look.by.person_id
    wanted = [and_(ManagementReport.status == DRAFT, is_mine)] if look.by.may(SUBMIT) else []
    wanted += [and_(ManagementReport.status == SUBMITTED, ~is_mine)] if look.by.may(REVIEW) else []
    statement = select(ManagementReport).where(or_(*wanted)).options(joinedload(ManagementReport.owner))
    return look.session.scalars(statement.order_by(ManagementReport.first_day, ManagementReport.id)).all()


def _drafts(look: Look) -> list[ManagementReport]:
    return [one for one in look.once(_waiting) if one.status is DRAFT]


def _submitted(look: Look) -> list[ManagementReport]:
    return [one for one in look.once(_waiting) if one.status is SUBMITTED]


def _line(look: Look, report: ManagementReport, what: LazyString, act: Button) -> TodoLine:
    return TodoLine(look.today, str(what), str(report), f"/management-reports/show/{report.id}", act)


def _draft_lines(look: Look, _due: Due, most: int) -> list[TodoLine]:
    label, what = Label("Continue writing"), Label("Management report draft")
    acts = ((one, Button(label, f"/management-reports/edit/{one.id}")) for one in _drafts(look)[:most])
    return [_line(look, one, what, act) for one, act in acts]


def _submitted_lines(look: Look, _due: Due, most: int) -> list[TodoLine]:
    label, what = Label("See"), Label("Management report to review")
    acts = ((one, Button(label, f"/management-reports/show/{one.id}")) for one in _submitted(look)[:most])
    return [_line(look, one, what, act) for one, act in acts]


#: What stands on the workbench.
WORKBENCH = Section(
    todo=(
        TodoSource(
            SUBMIT,
            Label("Management report"),
            "clipboard-list",
            lambda look: Tally(today=len(_drafts(look))),
            _draft_lines,
            lambda look, _due: f"/management-reports/list/?status=draft&owner={look.username}",
        ),
        TodoSource(
            REVIEW,
            Label("Management report"),
            "clipboard-list",
            lambda look: Tally(today=len(_submitted(look))),
            _submitted_lines,
            lambda _look, _due: "/management-reports/list/?status=submitted",
        ),
    ),
)
