"""Management reports on the workbench: one's own drafts, and what is submitted to be reviewed."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from app.actions.management_reports import DRAFT, REVIEW, SUBMIT, SUBMITTED
from app.i18n import Label, LazyString
from app.models.management_reports import ManagementReport
from app.security.actor import Actor
from app.views.presentation import Button
from app.views.sections import Due, Look, Section, Tally, TodoLine, TodoSource


def writes(by: Actor) -> bool:
    """Whoever may submit and not review; who may both, as administrators do, sees what waits in the list."""
    return by.may(SUBMIT) and not by.may(REVIEW)


def reviews(by: Actor) -> bool:
    """Whoever may review and not submit."""
    return by.may(REVIEW) and not by.may(SUBMIT)


def _drafts(look: Look) -> Sequence[ManagementReport]:
    """One's own, the oldest period first; there is one of each leader a month."""
    return _found(look, ManagementReport.status == DRAFT, ManagementReport.owner_id == look.by.person_id)


def _submitted(look: Look) -> Sequence[ManagementReport]:
    """Those in sight."""
    return _found(look, ManagementReport.status == SUBMITTED)


def _found(look: Look, *conditions: ColumnElement[bool]) -> Sequence[ManagementReport]:
    statement = select(ManagementReport).where(*conditions).options(joinedload(ManagementReport.owner))
    return look.session.scalars(statement.order_by(ManagementReport.first_day, ManagementReport.id)).all()


def _line(look: Look, report: ManagementReport, what: LazyString, act: Button) -> TodoLine:
    return TodoLine(look.today, str(what), str(report), f"/management-reports/show/{report.id}", act)


def _draft_lines(look: Look, _due: Due, most: int) -> list[TodoLine]:
    label, what = Label("Continue writing"), Label("Management report draft")
    acts = ((one, Button(label, f"/management-reports/edit/{one.id}")) for one in look.once(_drafts)[:most])
    return [_line(look, one, what, act) for one, act in acts]


def _submitted_lines(look: Look, _due: Due, most: int) -> list[TodoLine]:
    label, what = Label("See"), Label("Management report to review")
    acts = ((one, Button(label, f"/management-reports/show/{one.id}")) for one in look.once(_submitted)[:most])
    return [_line(look, one, what, act) for one, act in acts]


#: What stands on the workbench.
WORKBENCH = Section(
    todo=(
        TodoSource(
            SUBMIT,
            Label("Management report"),
            "clipboard-list",
            lambda look: Tally(today=len(look.once(_drafts))),
            _draft_lines,
            lambda look, _due: f"/management-reports/list/?status=draft&owner={look.username}",
            writes,
        ),
        TodoSource(
            REVIEW,
            Label("Management report"),
            "clipboard-list",
            lambda look: Tally(today=len(look.once(_submitted))),
            _submitted_lines,
            lambda _look, _due: "/management-reports/list/?status=submitted",
            reviews,
            is_quiet=True,
        ),
    ),
)
