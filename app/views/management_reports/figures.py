"""The figures of a report on pages of their own: one analysis now or as frozen, and then beside now."""

from io import BytesIO
from typing import Any

from flask import Response, request, send_file

from app.actions.management_reports import check_writing, last_version, period_of, report_before
from app.clock import now
from app.errors import OutOfSight
from app.extensions import session
from app.i18n import Label, format_moment, gettext
from app.models.audit import AuditKind
from app.models.management_reports import ManagementReport
from app.reports.engine import Slice, report_of
from app.reports.management_reports import analyses, asked_of, compare, live, read_frozen
from app.reports.management_reports.paper import set_on_paper
from app.security.audit import note
from app.security.rights import Verb
from app.views import listing
from app.views.edge import actor, person, read_key, zone
from app.views.guards import expose, needs
from app.views.listing import BadAddress
from app.views.management_reports.sections import drawn_analysis, href_of, tabs_of
from app.views.pager import pager_of
from app.views.reports.page import drawn

#: So many rows that differ stand on the page.
DIFFERENCES_SHOWN = 50


class FigurePages:
    """The pages about the figures of a report, by the number of a version in the address."""

    def asked_number(self, row: ManagementReport) -> int | None:
        """The version that the address asks for; raises BadAddress."""
        text = request.args.get("version", "")
        if text and (read_key(text) is None or not 1 <= int(text) <= row.number):
            raise BadAddress(Label("Version"))
        return int(text) if text else None

    def asked_name(self) -> str:
        """The analysis that the address asks for, the first one unless it says; raises OutOfSight."""
        name = request.args.get("name", analyses()[0])
        if name not in analyses():
            raise OutOfSight()
        return name

    @expose("/analysis/<int:pk>")
    @needs(Verb.SUBMIT)
    def analysis(self: Any, pk: int) -> Any:
        """One analysis of a draft as it stands now for its owner, asked for by the page of the draft."""
        row, name, today = self.load(pk), self.asked_name(), now(zone()).date()
        check_writing(row, actor())
        found = live(session(), name, asked_of(name, period_of(row), today), with_records=False)
        before = report_before(session(), row)
        totals = before.totals().get(name, {}) if before else {}
        one = drawn_analysis(found, totals_before=totals, more_href=href_of(found))
        return self.render_template("crm/management_report_analysis.html", one=one)

    @expose("/figures/<int:pk>")
    @needs(Verb.SEE)
    def figures(self: Any, pk: int) -> Any:
        """All rows of one analysis as it was frozen."""
        row, name, part = self.load(pk), self.asked_name(), _part()
        version = last_version(session(), row, self.asked_number(row))
        found = read_frozen(version.figures).analysis(name)
        here = self.path(f"figures/{pk}?version={version.number}&name={name}")
        pages = max(1, -(-found.table.rows_in_all // part.size))
        return self.render_template(
            "crm/management_report_rows.html",
            page=self.record_page(row, found.title),
            version=version,
            made=_made(version),
            table=drawn(found.table, part),
            pager=pager_of(part.start // part.size + 1, pages, lambda number: f"{here}&page={number}"),
        )

    @expose("/compare/<int:pk>")
    @needs(Verb.SEE)
    def compare(self: Any, pk: int) -> Any:
        """What was submitted beside the same figures today, analysis by analysis."""
        row = self.load(pk)
        version = last_version(session(), row, self.asked_number(row))
        names = read_frozen(version.figures).names
        return self.render_template(
            "crm/management_report_compare.html",
            page=self.record_page(row, Label("Then and now")),
            made=_made(version),
            tabs=tabs_of(self, row, version.number, "compare"),
            parts=[
                (report_of(name).label, self.path(f"compared/{pk}?version={version.number}&name={name}"))
                for name in names
            ],
        )

    @expose("/compared/<int:pk>")
    @needs(Verb.SEE)
    def compared(self: Any, pk: int) -> Any:
        """One analysis then and now; now is what the reader himself sees today."""
        row, name = self.load(pk), self.asked_name()
        version = last_version(session(), row, self.asked_number(row))
        frozen = read_frozen(version.figures)
        found = live(session(), name, asked_of(name, frozen.period, now(zone()).date()))
        compared = compare(frozen.analysis(name), found)
        return self.render_template("crm/management_report_compared.html", found=compared, most=DIFFERENCES_SHOWN)

    @expose("/pdf/<int:pk>")
    @needs(Verb.EXPORT)
    def pdf(self: Any, pk: int) -> Response:
        """A version as one PDF; the log tells of it."""
        row = self.load(pk, self.show_columns)
        version = last_version(session(), row, self.asked_number(row))
        content, name = set_on_paper(version, made_by=person().full_name, at=now(zone()))
        note(session(), AuditKind.EXPORTED, about=row, changes={"version": [None, version.number]})
        session().commit()
        return send_file(BytesIO(content), mimetype="application/pdf", as_attachment=True, download_name=name)


def _part() -> Slice:
    text, size = request.args.get("page", "1"), listing.PAGE_SIZES[2]
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 7 and int(text)):
        raise BadAddress(gettext("Page"))
    return Slice((int(text) - 1) * size, size)


def _made(version: Any) -> str:
    """Which version it is, when it was submitted and by whom."""
    return gettext(
        "Version %(number)s, submitted on %(time)s by %(name)s",
        number=version.number,
        time=format_moment(version.submitted_on),
        name=version.submitted_by,
    )
