"""Management reports: a supervisor writes and submits them, and who reviews them says what he thinks of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session, undefer

from app.actions.holdings import Giving, Holding, enabled_people
from app.actions.records import Changed, change_many, flush_or_stale
from app.actions.reminders import STILL_TOLD, tell
from app.actions.settings import MANAGEMENT_REPORT_RHYTHM, value_of
from app.actions.work_calendar import read_calendar
from app.actions.workflow import Move, Workflow, refuse_stale
from app.errors import Forbidden, Invalid, WrongState
from app.i18n import Label, gettext
from app.models.management_reports import (
    ManagementReport,
    ManagementReportComment,
    ManagementReportVersion,
    ReportStatus,
    Rhythm,
)
from app.models.org import Employee
from app.models.reminders import (
    MANAGEMENT_REPORT_COMMENTED,
    MANAGEMENT_REPORT_DUE,
    MANAGEMENT_REPORT_SENT_BACK,
    MANAGEMENT_REPORT_SUBMITTED,
    ReminderKind,
)
from app.reports.engine import Period
from app.reports.management_reports import Frozen, freeze, read_frozen
from app.security.actor import SYSTEM, Actor, holders_of, load_actor
from app.security.rights import MANAGEMENT_REPORTS, Verb
from app.security.scope import system, working_as

DRAFT, SUBMITTED, REVIEWED = ReportStatus.DRAFT, ReportStatus.SUBMITTED, ReportStatus.REVIEWED
SUBMIT, REVIEW = MANAGEMENT_REPORTS.right(Verb.SUBMIT), MANAGEMENT_REPORTS.right(Verb.REVIEW)
#: The analysis that each remark is about, in the order of the page.
REMARKS: Mapping[str, str] = {
    "overall_remark": "overall",
    "contribution_remark": "contribution",
    "composition_remark": "composition",
    "service_remark": "service",
    "churn_remark": "churn",
}
NOT_SUBMITTED = Label("This report has not been submitted yet: only its owner reads it.")


def is_owner(report: ManagementReport, by: Actor) -> bool:
    """Whether ``by`` writes the report."""
    return report.owner_id == by.person_id


def is_reader(report: ManagementReport, by: Actor) -> bool:
    """Whether ``by`` is somebody else: nobody reviews his own."""
    return not is_owner(report, by)


# ---- writing -----------------------------------------------------------------------------------------------


def begin_report(session: Session, rhythm: Rhythm, first_day: date, *, by: Actor, at: datetime) -> ManagementReport:
    """A new draft about a period that has begun; raises Invalid where it has not, or ``by`` has a report of it."""
    by.must(SUBMIT)
    if first_day > at.date() or first_day != rhythm.begin(first_day):
        raise Invalid({"period": Label("Choose a month or quarter that has begun.")})
    is_same = (ManagementReport.rhythm == rhythm, ManagementReport.first_day == first_day)
    mine = select(ManagementReport.id).where(ManagementReport.owner_id == by.person_id, *is_same)
    if session.scalar(mine) is not None:
        raise Invalid({"period": Label("You have a report of this period already: go on with that one.")})
    owner = session.get_one(Employee, by.person_id)
    report = ManagementReport(rhythm=rhythm, first_day=first_day, owner=owner, department_id=owner.department_id)
    REPORTS.enter(session, [(report, DRAFT)], by=by, at=at)
    return report


def write_remarks(
    session: Session, report: ManagementReport, values: Mapping[str, Any], *, by: Actor, version: int | None
) -> None:
    """Keep the remarks of a draft; raises Stale when it was changed meanwhile."""
    check_writing(report, by)
    refuse_stale(session, report, version)
    for name in REMARKS.keys() & values.keys():
        setattr(report, name, values[name])
    flush_or_stale(session)


def check_writing(report: ManagementReport, by: Actor) -> None:
    """Raises Forbidden for whoever does not write the report, and WrongState when it is no draft."""
    by.must(SUBMIT)
    if not is_owner(report, by):
        raise Forbidden(Label("Only its owner writes a management report."))
    if report.status is not DRAFT:
        raise WrongState(Label("This report is submitted: it can be changed again when it is sent back."))


def delete_draft(session: Session, report: ManagementReport, *, by: Actor) -> None:
    """Delete a draft that was never submitted; raises WrongState for any other report."""
    check_deleting(report, by)
    session.delete(report)
    flush_or_stale(session)


def check_deleting(report: ManagementReport, by: Actor) -> None:
    """Raises when ``by`` may not delete the report."""
    check_writing(report, by)
    if report.number:
        raise WrongState(Label("What was submitted once is kept."))


def check_reading(report: ManagementReport, by: Actor) -> None:
    """Raises Forbidden for a draft of somebody else that was never submitted."""
    if not report.number and not is_owner(report, by):
        raise Forbidden(NOT_SUBMITTED)


# ---- submitting ----------------------------------------------------------------------------------------------


def period_of(report: ManagementReport) -> Period:
    """The days that a report is about."""
    return Period(report.first_day, report.end)


def last_version(session: Session, report: ManagementReport, number: int | None = None) -> ManagementReportVersion:
    """What was submitted last, or as ``number``, with its figures; raises WrongState where there is no such."""
    wanted = report.number if number is None else number
    statement = select(ManagementReportVersion).where(
        ManagementReportVersion.report_id == report.id, ManagementReportVersion.number == wanted
    )
    found: ManagementReportVersion | None = session.scalar(statement.options(undefer(ManagementReportVersion.figures)))
    if found is None:
        raise WrongState(gettext("There is no version %(number)s of this report.", number=wanted))
    return found


def report_before(session: Session, report: ManagementReport) -> Frozen | None:
    """What its owner submitted last of the period before it that he reported about; None for the first."""
    earlier = (
        select(ManagementReportVersion)
        .join(ManagementReportVersion.report)
        .where(
            ManagementReport.owner_id == report.owner_id,
            ManagementReport.rhythm == report.rhythm,
            ManagementReport.first_day < report.first_day,
        )
        .order_by(ManagementReport.first_day.desc(), ManagementReportVersion.number.desc())
        .limit(1)
    )
    found = session.scalar(earlier.options(undefer(ManagementReportVersion.figures)))
    return read_frozen(found.figures) if found else None


def _freeze(session: Session, report: ManagementReport, *, by: Actor, at: datetime) -> str:
    """Keep what ``by`` sees now as a version for good."""
    remarks = {about: getattr(report, name) for name, about in REMARKS.items()}
    with working_as(session, by):
        before = report_before(session, report)
        figures = freeze(session, period_of(report), remarks, by=by, today=at.date(), before=before)
    report.number, report.submitted_on = report.number + 1, at
    made = {"number": report.number, "submitted_on": at, "submitted_by_id": by.person_id, "figures": figures}
    version = ManagementReportVersion(report=report, **made)
    session.add(version)
    return str(version)


REPORTS = Workflow(
    ManagementReport,
    moves=(
        Move(
            "submit",
            (DRAFT,),
            SUBMITTED,
            label=Label("Submit"),
            done=Label("Submitted: the figures stay as they are now."),
            right=SUBMIT,
            who=is_owner,
            does=_freeze,
            icon="arrow-up",
        ),
        Move(
            "send_back",
            (SUBMITTED,),
            DRAFT,
            label=Label("Send back"),
            done=Label("Sent back."),
            right=REVIEW,
            who=is_reader,
            hands_over=True,
            asks=("reason",),
            is_ending=True,
            icon="arrow-back-up",
        ),
        Move(
            "review",
            (SUBMITTED,),
            REVIEWED,
            label=Label("Mark as reviewed"),
            done=Label("Reviewed."),
            right=REVIEW,
            who=is_reader,
            hands_over=True,
            icon="checks",
        ),
    ),
    steps=((DRAFT,), (SUBMITTED,), (REVIEWED,)),
)


def make_move(
    session: Session,
    report: ManagementReport,
    key: str,
    *,
    by: Actor,
    at: datetime,
    version: int | None = None,
    **answers: Any,
) -> None:
    """Make a move of the life cycle and tell whom it concerns; flushes.

    Raises as ``Workflow.fire`` does; of two who submit at once one is refused as Stale.
    """
    with system(session, "who reviews a report that he sees moves it on, though it is its owner's"):
        REPORTS.fire(session, report, key, by=by, at=at, version=version, **answers)
    about = Telling(report, by, at, f"{report.id}:{report.number}", answers)
    if key == "submit":
        about.tell(session, MANAGEMENT_REPORT_SUBMITTED, reviewers_of(session, report))
    if key == "send_back":
        about.tell(session, MANAGEMENT_REPORT_SENT_BACK, [report.owner_id])


# ---- saying something to it --------------------------------------------------------------------------------------


def may_comment(report: ManagementReport, by: Actor) -> bool:
    """Whether ``by`` reviews such reports, or wrote this one and may answer."""
    return by.may(REVIEW) or (is_owner(report, by) and by.may(SUBMIT))


def comment(
    session: Session, report: ManagementReport, text: str, *, by: Actor, at: datetime
) -> ManagementReportComment:
    """Say something to what was submitted last: who reviews, and the owner, who may answer; flushes."""
    if not may_comment(report, by):
        by.must(REVIEW)
    if not report.number:
        raise WrongState(NOT_SUBMITTED)
    said = ManagementReportComment(report_id=report.id, number=report.number, text=text, created_on=at)
    earlier = select(ManagementReportComment.created_by_id).where(ManagementReportComment.report_id == report.id)
    concerned = {report.owner_id, *session.scalars(earlier)}
    with system(session, "who reviews a report writes his comment on it, though it is its owner's"):
        session.add(said)
        session.flush()
    Telling(report, by, at, f"{said.id}").tell(session, MANAGEMENT_REPORT_COMMENTED, concerned)
    return said


def reviewers_of(session: Session, report: ManagementReport) -> list[int]:
    """The people who may review the report: they hold the right, and it lies in their sight."""
    people = select(Employee).where(Employee.active.is_(True), Employee.id.in_(holders_of(REVIEW)))
    found = []
    for person in session.scalars(people.where(Employee.id != report.owner_id).order_by(Employee.id)).all():
        with working_as(session, load_actor(session, person)):
            if session.scalar(select(ManagementReport.id).where(ManagementReport.id == report.id)) is not None:
                found.append(person.id)
    return found


@dataclass(frozen=True)
class Telling:
    """What happened to a report, by whom and when; ``key`` names it, so that nobody is told it twice."""

    report: ManagementReport
    by: Actor
    at: datetime
    key: str
    answers: Mapping[str, Any] = field(default_factory=dict)

    def tell(self, session: Session, kind: ReminderKind, people: Iterable[int | None]) -> None:
        """Remind people of it."""
        report = self.report
        values = {"period": sign_of_period(report.rhythm, report.first_day), "name": str(report.owner), **self.answers}
        tell(session, kind, people, key=self.key, about=report, values=values, by=self.by, at=self.at)


def sign_of_period(rhythm: Rhythm, first: date) -> str:
    """A period as every language writes it."""
    return f"{first:%Y-%m}" if rhythm is Rhythm.MONTHLY else f"{first.year}-Q{first.month // 3 + 1}"


# ---- what is due ---------------------------------------------------------------------------------------------------


def due_period(session: Session, today: date) -> tuple[Rhythm, date] | None:
    """The period of which reports are due, from the first working day after it on and for 30 days."""
    rhythm = list(Rhythm)[value_of(session, MANAGEMENT_REPORT_RHYTHM)]
    calendar, day = read_calendar(session), rhythm.begin(today)
    first = rhythm.begin(day - timedelta(days=1))
    while not calendar.is_working(day):
        day += timedelta(days=1)
    return (rhythm, first) if day <= today < day + STILL_TOLD else None


def tell_due(session: Session, *, today: date, at: datetime) -> int:
    """Tell whoever may submit a report and has not that it is due, each once; returns how many were told.

    Who reviews such reports too, as administrators do, owes none.
    """
    due = due_period(session, today)
    if due is None:
        return 0
    rhythm, first = due
    with system(session, "whoever has not submitted is told, whatever anybody sees"):
        is_of_period = (ManagementReport.rhythm == rhythm, ManagementReport.first_day == first)
        submitted = select(ManagementReport.owner_id).where(*is_of_period, ManagementReport.number > 0)
        writers = (Employee.id.in_(holders_of(SUBMIT)), Employee.id.not_in(holders_of(REVIEW)))
        people = select(Employee).where(Employee.active.is_(True), *writers, Employee.id.not_in(submitted))
        late = session.scalars(people.order_by(Employee.id)).all()
        sign = sign_of_period(rhythm, first)
        told: dict[str, Any] = {"key": sign, "values": {"period": sign}, "by": SYSTEM, "at": at}
        return sum(tell(session, MANAGEMENT_REPORT_DUE, [one.id], about=one, **told) for one in late)


# ---- hand-over ---------------------------------------------------------------------------------------------------


def _writers(by: Actor) -> Select[Employee]:
    people = enabled_people(by, ManagementReport.scope_module)
    return people.where(Employee.id.in_(holders_of(SUBMIT)))


def _give(session: Session, rows: Sequence[ManagementReport], giving: Giving) -> None:
    """Give drafts, but for those of a period of which the receiver has a report; raises Invalid for these."""
    with system(session, "the receiver's own reports may be out of sight"):
        theirs = select(ManagementReport.rhythm, ManagementReport.first_day).where(
            ManagementReport.owner_id == giving.receiver.id
        )
        taken = {tuple(one) for one in session.execute(theirs)}
    if any((row.rhythm, row.first_day) in taken for row in rows):
        sentence = Label("This person has a report of one of these periods already.")
        raise Invalid({f"receiver_{DRAFTS.key}": sentence})
    to = {"owner_id": giving.receiver.id, "department_id": giving.receiver.department_id}
    changes = [Changed(row, {name: getattr(row, name) for name in to}, to) for row in rows]
    if changes:
        change_many(session, changes, by=giving.by, at=giving.at, reason=giving.reason)


#: What somebody was about to submit; what he submitted stays his.
DRAFTS = Holding(
    "management_reports",
    Label("Drafts of management reports"),
    ManagementReport,
    right=SUBMIT,
    held=lambda person_id: and_(ManagementReport.owner_id == person_id, ManagementReport.status == DRAFT),
    receivers=_writers,
    give=_give,
)
