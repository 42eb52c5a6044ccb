"""What is asked on these pages: the period of a new report, and a comment."""

from datetime import date, timedelta

from sqlalchemy.orm import Session
from wtforms import SelectField
from wtforms.validators import InputRequired

from app.actions.management_reports import sign_of_period
from app.actions.settings import MANAGEMENT_REPORT_RHYTHM, value_of
from app.i18n import Label
from app.models.management_reports import ManagementReportComment, Rhythm, name_of_period
from app.views.forms import REQUIRED, CrmForm, field_of

#: So many periods of each kind are offered, the latest first.
MONTHS_OFFERED, QUARTERS_OFFERED = 15, 6


def begin_form(session: Session, today: date) -> CrmForm:
    """The form of a new report; it proposes the last period that is over."""
    offered = {Rhythm.MONTHLY: MONTHS_OFFERED, Rhythm.QUARTERLY: QUARTERS_OFFERED}
    rhythm = list(Rhythm)[value_of(session, MANAGEMENT_REPORT_RHYTHM)]
    choices = [
        (sign_of_period(one, first), name_of_period(one, first))
        for one in sorted(offered, key=lambda one: one is not rhythm)
        for first in _latest(one, today, offered[one])
    ]
    period = SelectField(Label("Reported period"), [InputRequired(REQUIRED)], choices=choices, default=choices[1][0])
    return type("BeginForm", (CrmForm,), {"period": period})()


def _latest(rhythm: Rhythm, today: date, count: int) -> list[date]:
    found = [rhythm.begin(today)]
    while len(found) < count:
        found.append(rhythm.begin(found[-1] - timedelta(days=1)))
    return found


def chosen_period(sign: str) -> tuple[Rhythm, date]:
    """The kind and the first day of the period that ``sign_of_period`` made a sign of."""
    year, part = sign.split("-")
    if part.startswith("Q"):
        return Rhythm.QUARTERLY, date(int(year), int(part[1:]) * 3 - 2, 1)
    return Rhythm.MONTHLY, date(int(year), int(part), 1)


def comment_form() -> CrmForm:
    """The form of a comment."""
    return type("CommentForm", (CrmForm,), {"text": field_of(ManagementReportComment, "text")})()
