"""The screen of management reports: their list, the page of one, and what is done with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Response, flash, redirect, request
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import and_, not_, or_

from app.actions import management_reports as actions
from app.actions.management_reports import DRAFT, REMARKS, REPORTS
from app.actions.workflow import Move
from app.clock import now
from app.extensions import session
from app.i18n import Label, gettext
from app.models.audit import AuditEntry, AuditKind
from app.models.management_reports import ManagementReport, ReportStatus, Rhythm
from app.reports.engine import report_of
from app.reports.management_reports import analyses
from app.security.rights import MANAGEMENT_REPORTS, Verb
from app.views.edge import actor, zone
from app.views.editing import edit_record
from app.views.forms import CrmForm, form_class
from app.views.guards import expose, needs
from app.views.listing import ChoiceFilter, PersonFilter
from app.views.management_reports.asking import begin_form, chosen_period, comment_form
from app.views.management_reports.figures import FigurePages
from app.views.management_reports.sections import comment_section, note_section, preview_section, version_section
from app.views.moves import MovingView
from app.views.presentation import Button, Cell
from app.views.range_filter import RangeFilter
from app.views.saving import attempt, refuse_foreign_fields

OWNED = Label("Write remarks")


class ManagementReports(FigurePages, MovingView):
    """客户管理报告."""

    route_base = "/management-reports"
    datamodel = SQLAInterface(ManagementReport)
    screen = MANAGEMENT_REPORTS
    workflow = REPORTS
    record_label = Label("management report")
    exclude_route_methods = MovingView.exclude_route_methods | {"move_many"}
    list_columns = ("first_day", "owner", "department", "status", "submitted_on", "number")
    more_columns = ("rhythm", "created_on")
    name_column = "first_day"
    needed_relations = ("owner",)
    show_columns = ("owner", "department", "submitted_on", "number")
    order_columns = ("id", "first_day", "submitted_on")
    default_sort = "-first_day"
    filters = (
        RangeFilter("first_day", Label("Reported period")),
        ChoiceFilter("status", Label("Status"), options=tuple(ReportStatus)),
        PersonFilter("owner", Label("Submitter")),
        ChoiceFilter("rhythm", Label("Monthly or quarterly"), is_more=True, options=tuple(Rhythm)),
    )
    add_columns = ("period",)
    edit_columns = tuple(REMARKS)
    edit_template = "crm/management_report_edit.html"
    new_label = Label("New management report")
    empty_title = Label("No management report yet")
    empty_text = Label(
        "Whoever leads puts the four analyses of a month or a quarter together here with own remarks, and submits them."
    )

    def _init_forms(self) -> None:
        self.edit_form = form_class(self.model, self.edit_columns, has_version=True)

    # ---- who may what -------------------------------------------------------------------------------------

    def base_conditions(self) -> Sequence[Any]:
        """What was submitted once, and one's own drafts."""
        return (or_(ManagementReport.number > 0, ManagementReport.owner_id == actor().person_id),)

    def load(self, pk: int, relations: Sequence[str] = ()) -> ManagementReport:
        """A report as far as it may be read; raises OutOfSight and Forbidden."""
        row: ManagementReport = super().load(pk, relations)
        actions.check_reading(row, actor())
        return row

    def may_create(self) -> bool:
        """Whoever may submit one begins one."""
        return actor().may(actions.SUBMIT)

    def told_in_history(self, row: ManagementReport) -> Sequence[Any]:
        """Of what its owner writes between two versions the others know nothing: they read what he submitted."""
        if actions.is_owner(row, actor()):
            return ()
        is_writing = [AuditEntry.changes.contains(f'"{name}":', autoescape=True) for name in REMARKS]
        is_later = AuditEntry.at > row.submitted_on
        is_of_report = (AuditEntry.kind == AuditKind.CHANGED, AuditEntry.table_name == ManagementReport.__tablename__)
        return (not_(and_(*is_of_report, or_(is_later, *is_writing))),)

    def may_edit(self, row: ManagementReport) -> bool:
        """Its owner, while it is a draft."""
        return actor().may(actions.SUBMIT) and actions.is_owner(row, actor()) and row.status is DRAFT

    def may_delete(self, row: ManagementReport) -> bool:
        """Likewise, as long as nothing was ever submitted."""
        return self.may_edit(row) and not row.number

    def check_edit(self, row: ManagementReport) -> None:
        """Raises what writing raises."""
        actions.check_writing(row, actor())

    def further_checks(self, row: ManagementReport) -> list[Any]:
        """Writing and deleting go by the right to submit."""
        return [
            (OWNED, lambda: actions.check_writing(row, actor())),
            (Verb.DELETE.label, lambda: actions.check_deleting(row, actor())),
        ]

    # ---- writing ------------------------------------------------------------------------------------------

    @expose("/add", methods=["GET", "POST"])
    @needs(Verb.SUBMIT)
    def add(self) -> Any:
        """Choose the period of a new one."""
        form = begin_form(session(), now(zone()).date())
        if request.method == "GET":
            return self.form_page(form, str(self.new_label), "add")
        refuse_foreign_fields(form)
        made: list[int] = []
        failure = attempt(form, lambda: made.append(self._begun(form)))
        if failure is None:
            return redirect(self.path(f"edit/{made[0]}"))
        return self.form_page(form, str(self.new_label), "add", failure.notice), failure.code

    def _begun(self, form: CrmForm) -> int:
        rhythm, first = chosen_period(form["period"].data)
        return actions.begin_report(session(), rhythm, first, by=actor(), at=now(zone())).id

    @expose("/edit/<int:pk>", methods=["GET", "POST"])
    @needs(Verb.SUBMIT)
    def edit(self, pk: int) -> Any:
        """The remarks, beside the figures as they are now."""
        return edit_record(self, pk)

    def update(self, row: ManagementReport, values: Mapping[str, Any], version: int | None) -> None:
        """Keep the remarks."""
        actions.write_remarks(session(), row, values, by=actor(), version=version)

    @expose("/delete/<int:pk>", methods=["POST"])
    @needs(Verb.SUBMIT)
    def delete(self, pk: int) -> Any:
        """Delete a draft, after the question."""
        actions.delete_draft(session(), self.load(pk), by=actor())
        session().commit()
        flash(gettext("Deleted."), "success")
        return redirect(self.path("list/"))

    def form_context(self, pk: str) -> dict[str, Any]:
        """Where each analysis is asked for, beside its remark."""
        parts = {
            f"{name}_remark": {"title": report_of(name).label, "href": self.path(f"analysis/{pk}?name={name}")}
            for name in analyses()
        }
        return {"alike_href": "", "parts": parts}

    # ---- reading ------------------------------------------------------------------------------------------

    def cell(self, row: ManagementReport, name: str, *, is_wide: bool = False) -> Cell:
        """The period in words; no version yet is none."""
        cell = super().cell(row, name, is_wide=is_wide)
        if name == "first_day":
            return replace(cell, text=row.period, kind="text")
        return replace(cell, text="—") if name == "number" and not row.number else cell

    def sections(self, row: ManagementReport) -> list[Any]:
        """The figures: of a draft as they are now, of what was submitted as they were; and what was said."""
        number = self.asked_number(row)
        is_preview = number is None and row.status is DRAFT and actions.is_owner(row, actor())
        notes = note_section(row) if is_preview else []
        figures = preview_section(self, row) if is_preview else version_section(self, row, number)
        return [*notes, figures, *([comment_section(self, row)] if row.number else [])]

    def more_buttons(self, row: ManagementReport) -> list[Button]:
        """The moves, and on the page of a report what can be done with its figures."""
        moves = super().more_buttons(row)
        if request.endpoint != "ManagementReports.show":
            return moves or [Button(Label("See"), self.path(f"show/{row.id}"), "see", "eye")]
        if not row.number:
            return moves
        number = self.asked_number(row) or row.number
        compare = Button(
            Label("Then and now"), self.path(f"compare/{row.id}?version={number}"), "compare", "arrows-diff"
        )
        paper = Button(Label("PDF"), self.path(f"pdf/{row.id}?version={number}"), "pdf", "download")
        return [compare, *([paper] if actor().may(self.screen.right(Verb.EXPORT)) else []), *moves]

    # ---- moving -------------------------------------------------------------------------------------------

    def fire(self, move: Move, row: ManagementReport, form: CrmForm, version: int | None) -> str:
        """Make the move, and tell whom it concerns."""
        answers = self.answers(move, form)
        actions.make_move(session(), row, move.key, by=actor(), at=now(zone()), version=version, **answers)
        return self.done_message(move, row)

    def move_context(self, move: Move, rows: Sequence[ManagementReport]) -> dict[str, Any]:
        """What submitting means for this report."""
        context = super().move_context(move, rows)
        lines = _before_submitting(rows[0]) if move.key == "submit" else []
        section = {"template": "crm/management_report_submit.html", "lines": lines}
        return {**context, "sections": [section] if lines else []}

    # ---- saying something ---------------------------------------------------------------------------------

    @expose("/comment/<int:pk>", methods=["POST"])
    @needs(Verb.REVIEW, Verb.SUBMIT)
    def comment(self, pk: int) -> Response | tuple[str, int]:
        """Say something to what was submitted."""
        row = self.load(pk, self.show_columns)
        form = comment_form()
        refuse_foreign_fields(form)
        failure = attempt(form, lambda: self._say(row, form))
        if failure is None:
            flash(gettext("Your comment is kept."), "success")
            return redirect(f"{self.path(f'show/{pk}')}#comments")  # type: ignore[return-value]  # werkzeug's own
        context = self.show_context(self.load(pk, self.show_columns))
        context["sections"][-1].update(form=form, notice=failure.notice)
        return str(self.render_template(self.show_template, **context)), failure.code

    def _say(self, row: ManagementReport, form: CrmForm) -> None:
        actions.comment(session(), row, form["text"].data, by=actor(), at=now(zone()))


def _before_submitting(row: ManagementReport) -> list[str]:
    """What whoever submits should know."""
    lines = [gettext("The figures of all four analyses are frozen as they are at this moment, with your remarks.")]
    if row.end > now(zone()).date():
        lines.append(gettext("The period is not over yet: what is still to come will not be in it."))
    if not any(getattr(row, name) for name in REMARKS):
        lines.append(gettext("You have not written any remark."))
    return lines
