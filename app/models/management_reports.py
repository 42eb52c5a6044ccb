"""Management reports: a period's report of a supervisor, what he submitted of it, and what is said to that."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar, cast

from sqlalchemy import CheckConstraint, ColumnElement, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.i18n import Choice, Label, gettext
from app.models.base import NEVER_REUSED, ChoiceType, Model, Recorded, UtcDateTime, said
from app.models.org import Department, Employee

LONGEST_REMARK = 4_000


class Rhythm(Choice):
    """How long the period of a report is."""

    MONTHLY = "monthly", Label("Monthly")
    QUARTERLY = "quarterly", Label("Quarterly")

    def begin(self, day: date) -> date:
        """The first day of the period that ``day`` lies in."""
        return day.replace(month=day.month - (day.month - 1) % self._months, day=1)

    def following(self, first: date) -> date:
        """The first day of the period after the one that begins on ``first``."""
        months = first.year * 12 + first.month - 1 + self._months
        return date(months // 12, months % 12 + 1, 1)

    @property
    def _months(self) -> int:
        return 1 if self is Rhythm.MONTHLY else 3


class ReportStatus(Choice):
    """The life cycle of a management report."""

    DRAFT = "draft", Label("Draft")
    SUBMITTED = "submitted", Label("Submitted")
    REVIEWED = "reviewed", Label("Reviewed")


def _remark(label: Any) -> Mapped[str | None]:
    return mapped_column(String(LONGEST_REMARK), info=said(label, is_long=True))


class ManagementReport(Recorded, Model):
    """One period's report of one person, with the remarks as he writes them.

    ``number`` counts what was submitted of it, 0 for what nobody but its owner has ever seen; ``department`` is the
    owner's when he began it.
    """

    __tablename__ = "management_reports"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'submitted', 'reviewed')", name="status"),
        CheckConstraint("rhythm IN ('monthly', 'quarterly')", name="rhythm"),
        Index("uq_management_reports_owner_id", "owner_id", "rhythm", "first_day", unique=True),
        Index("ix_management_reports_status", "status", "id"),
        NEVER_REUSED,
    )
    scope_module: ClassVar[str] = "reports"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    rhythm: Mapped[Rhythm] = mapped_column(
        ChoiceType(Rhythm), default=Rhythm.MONTHLY, info=said(Label("Monthly or quarterly"))
    )
    first_day: Mapped[date] = mapped_column(Date, info=said(Label("Reported period")))
    owner_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    status: Mapped[ReportStatus] = mapped_column(
        ChoiceType(ReportStatus), default=ReportStatus.DRAFT, info=said(Label("Status"))
    )
    number: Mapped[int] = mapped_column(Integer, default=0, info=said(Label("Version")))
    submitted_on: Mapped[datetime | None] = mapped_column(UtcDateTime, info=said(Label("Submitted on")))
    overall_remark: Mapped[str | None] = _remark(Label("Overall remark"))
    contribution_remark: Mapped[str | None] = _remark(Label("Remark on contribution"))
    composition_remark: Mapped[str | None] = _remark(Label("Remark on composition"))
    service_remark: Mapped[str | None] = _remark(Label("Remark on service"))
    churn_remark: Mapped[str | None] = _remark(Label("Remark on churn"))

    owner: Mapped[Employee] = relationship(foreign_keys=[owner_id], info=said(Label("Submitter")))
    department: Mapped[Department | None] = relationship(info=said(Label("Department")))
    versions: Mapped[list[ManagementReportVersion]] = relationship(
        back_populates="report", order_by="ManagementReportVersion.number"
    )

    @hybrid_property
    def responsible_id(self) -> int | None:
        """The person the row belongs to."""
        return self.owner_id

    @responsible_id.inplace.expression
    @classmethod
    def _responsible_id(cls) -> ColumnElement[Any]:
        return cast(ColumnElement[Any], cls.owner_id)

    @property
    def end(self) -> date:
        """The first day after its period."""
        return self.rhythm.following(self.first_day)

    @property
    def period(self) -> str:
        """Its period in words."""
        return name_of_period(self.rhythm, self.first_day)

    def __str__(self) -> str:
        return gettext("%(period)s, %(name)s", period=self.period, name=self.owner)


def name_of_period(rhythm: Rhythm, first: date) -> str:
    """A month or a quarter in words."""
    if rhythm is Rhythm.MONTHLY:
        return gettext("%(year)s-%(month)s", year=first.year, month=f"{first.month:02}")
    return gettext("Q%(quarter)s %(year)s", year=first.year, quarter=first.month // 3 + 1)


class ManagementReportVersion(Model):
    """What was submitted, as it was at that moment; the database refuses to change or to delete it.

    ``figures`` is a JSON object, made and read by ``app.reports.management_reports``.
    """

    __tablename__ = "management_report_versions"
    __table_args__ = (UniqueConstraint("report_id", "number"), NEVER_REUSED)
    seen_through: ClassVar[str] = "report"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("management_reports.id"))
    number: Mapped[int] = mapped_column(Integer, info=said(Label("Version")))
    submitted_on: Mapped[datetime] = mapped_column(UtcDateTime, info=said(Label("Submitted on")))
    submitted_by_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    figures: Mapped[str] = mapped_column(Text, deferred=True, info={"is_audited": False})

    report: Mapped[ManagementReport] = relationship(back_populates="versions", info=said(Label("Management report")))
    submitted_by: Mapped[Employee] = relationship(info=said(Label("Submitter")))

    def __str__(self) -> str:
        return f"V{self.number}"


class ManagementReportComment(Recorded, Model):
    """What somebody said to a version; never changed either."""

    __tablename__ = "management_report_comments"
    __table_args__ = (Index("ix_management_report_comments_report_id", "report_id", "id"), NEVER_REUSED)
    seen_through: ClassVar[str] = "report"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("management_reports.id"))
    number: Mapped[int] = mapped_column(Integer, info=said(Label("Version")))
    text: Mapped[str] = mapped_column(String(2000), info=said(Label("Comment"), is_long=True))

    report: Mapped[ManagementReport] = relationship(info=said(Label("Management report")))
    created_by: Mapped[Employee | None] = relationship(
        foreign_keys="ManagementReportComment.created_by_id", info=said(Label("Created by"))
    )

    def __str__(self) -> str:
        return self.text
