"""The files of a report: all rows of what the address asks, and one chart as a picture; each taking is noted."""

from collections.abc import Mapping
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import Any, ClassVar

from flask import Response, request, send_file
from flask_appbuilder.baseviews import BaseView

from app.clock import now
from app.errors import OutOfSight
from app.extensions import session
from app.reports.engine import Asked, Chart, Report, ask
from app.reports.exports import FORMATS, PICTURES, Edition, note_taken, picture
from app.security.rights import Screen, Verb
from app.views.edge import actor, person, zone
from app.views.guards import expose, needs

#: A larger file goes to disk until it is sent.
KEPT_IN_MEMORY = 1_000_000


class ReportFiles(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """What may be taken along of one report."""

    report: ClassVar[Report]
    screen: ClassVar[Screen]

    def asked(self) -> Asked:
        """What the address asks."""
        return ask(self.report.filters, request.args, today=now(zone()).date(), zone=zone())

    @expose("/csv")
    @needs(Verb.EXPORT)
    def csv(self) -> Response:
        """All rows as csv."""
        return self._file("csv")

    @expose("/xlsx")
    @needs(Verb.EXPORT)
    def xlsx(self) -> Response:
        """All rows, and those of the further tables, for Excel."""
        return self._file("xlsx")

    @expose("/pdf")
    @needs(Verb.EXPORT)
    def pdf(self) -> Response:
        """The whole report on paper."""
        return self._file("pdf")

    @expose("/chart/<key>.svg")
    @needs(Verb.EXPORT)
    def svg(self, key: str) -> Response:
        """One chart as SVG."""
        return self._picture(key, "svg")

    @expose("/chart/<key>.png")
    @needs(Verb.EXPORT)
    def png(self, key: str) -> Response:
        """One chart as PNG."""
        return self._picture(key, "png")

    def _edition(self) -> Edition:
        asked = self.asked()
        return Edition(self.report, asked, self.report.find(session(), asked), now(), person().full_name)

    def _file(self, suffix: str) -> Response:
        edition = self._edition()
        file = SpooledTemporaryFile(KEPT_IN_MEMORY)  # noqa: SIM115  # the answer closes it
        FORMATS[suffix].write(edition, file)
        file.seek(0)
        self._note(edition, {"file": str(FORMATS[suffix].label), "rows": edition.outcome.table.rows_in_all})
        return send_file(
            file,
            mimetype=FORMATS[suffix].mimetype,
            as_attachment=True,
            download_name=edition.file_name(suffix),
        )

    def _picture(self, key: str, suffix: str) -> Response:
        edition = self._edition()
        chart = chart_of(edition, key)
        drawn = BytesIO(picture(chart, suffix))
        self._note(edition, {"file": suffix.upper(), "chart": str(chart.title)})
        name = edition.file_name(suffix, str(chart.title))
        return send_file(drawn, mimetype=PICTURES[suffix], as_attachment=True, download_name=name)

    def _note(self, edition: Edition, what: Mapping[str, Any]) -> None:
        """That a file was taken is an entry of the audit log."""
        note_taken(session(), edition, what)
        session().commit()

    def files(self, asked: Asked) -> list[tuple[str, str]]:
        """The files of what is asked: what each is called, and its address; none for who may not take any."""
        if not self._may_export():
            return []
        home = self.screen.home
        return [(str(FORMATS[one].label), asked.address(f"{home}/{one}")) for one in ("xlsx", "csv", "pdf")]

    def pictures(self, asked: Asked, chart: Chart) -> list[tuple[str, str]]:
        """The pictures of a chart, alike."""
        if not self._may_export():
            return []
        home = self.screen.home
        return [(one.upper(), asked.address(f"{home}/chart/{chart.key}.{one}")) for one in PICTURES]

    def _may_export(self) -> bool:
        return actor().may(self.screen.right(Verb.EXPORT))


def chart_of(edition: Edition, key: str) -> Chart:
    """The chart of that key; raises OutOfSight."""
    found = next((one for one in edition.outcome.charts if one.key == key), None)
    if found is None:
        raise OutOfSight()
    return found
