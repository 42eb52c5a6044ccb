"""A version of a management report on paper: a cover, and the four analyses with their charts and remarks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.i18n import Label, format_moment, gettext
from app.models.management_reports import ManagementReportVersion, name_of_period
from app.reports.charts import in_light
from app.reports.engine import Table
from app.reports.exports.edition import NOT_IN_NAMES
from app.reports.exports.pdf import compile_pdf, facts_of, is_turned, table_of
from app.reports.management_reports.analyses import Analysis, FrozenChart
from app.reports.management_reports.comparing import Line, change_since
from app.reports.management_reports.freezing import Frozen, read_frozen

PRODUCT = Label("Zhike CRM")
TITLE = Label("Management report")
#: So many rows of a table stand on paper.
MOST_ROWS = 30


def set_on_paper(version: ManagementReportVersion, *, made_by: str, at: datetime) -> tuple[bytes, str]:
    """A version as a PDF in the reader's language, and what its file is called."""
    frozen, report = read_frozen(version.figures), version.report
    analyses = [frozen.analysis(name) for name in frozen.names]
    data = {
        "title": gettext("Management report %(period)s", period=report.period),
        "product": str(PRODUCT),
        "period": report.period,
        "made": gettext("Made on %(time)s by %(name)s", time=format_moment(at), name=made_by),
        "words": {"title": str(TITLE), "remark": gettext("Remark")},
        "facts": _facts(version),
        "overall": frozen.remarks["overall"] or "",
        "analyses": [_analysis(version, frozen, one) for one in analyses],
    }
    pictures = {_key(one, chart): _standalone(chart.svg) for one in analyses for chart in one.charts}
    words = (str(TITLE), report.period, str(report.owner), gettext("version %(number)s", number=version.number))
    name = "-".join(NOT_IN_NAMES.sub("_", word) for word in words)
    return compile_pdf("management_report", data, pictures), f"{name}.pdf"


def _facts(version: ManagementReportVersion) -> list[tuple[str, str]]:
    """What the cover says of it."""
    report = version.report
    found = [
        (gettext("Submitter"), str(version.submitted_by)),
        (gettext("Department"), str(report.department) if report.department else ""),
        (gettext("Submitted on"), format_moment(version.submitted_on)),
        (gettext("Version"), str(version.number)),
    ]
    return [pair for pair in found if pair[1]]


def _analysis(version: ManagementReportVersion, frozen: Frozen, one: Analysis) -> dict[str, Any]:
    return {
        "title": one.title,
        "is_turned": is_turned(*one.tables),
        "conditions": [(gettext("Reported period"), version.report.period)],
        "remark": frozen.remarks[one.name] or "",
        "facts": facts_of(one.facts),
        "changes": _changes(version, frozen, one),
        "charts": [
            {
                "key": _key(one, chart),
                "title": chart.title,
                "says": chart.says,
                "basis": [line.sentence for line in chart.basis],
            }
            for chart in one.charts
        ],
        "tables": [_table(table) for table in one.tables],
    }


def _key(one: Analysis, chart: FrozenChart) -> str:
    return f"{one.name}.{chart.key}"


def _table(table: Table) -> Mapping[str, Any]:
    """The first rows, and how many there are."""
    found = table_of(table, MOST_ROWS)
    if table.rows_in_all <= MOST_ROWS:
        return found
    sentence = gettext(
        "Here are the first %(most)s of %(count)s rows; the totals are of all.",
        most=MOST_ROWS,
        count=f"{table.rows_in_all:,}",
    )
    return {**found, "note": sentence}


def _changes(version: ManagementReportVersion, frozen: Frozen, one: Analysis) -> dict[str, Any]:
    """The totals beside those of the report before, as a table of the house style."""
    lines = change_since(one.table, frozen.totals_before(one.name))
    first = frozen.period_before
    then = name_of_period(version.report.rhythm, first) if first else ""
    heads = (gettext("Figure"), then, version.report.period, gettext("Difference"))
    return {
        "title": gettext("Change since the report before"),
        "columns": [{"label": head, "is_number": place > 0, "is_wide": place == 0} for place, head in enumerate(heads)],
        "rows": [_cells(line) for line in lines],
        "totals": [],
        "nothing": "",
        "note": "",
    }


def _cells(line: Line) -> list[str]:
    return [line.label, line.then, line.now, line.change]


def _standalone(svg: str) -> bytes:
    """A picture of a page with the colours of the light theme and a font, to be drawn without that page."""
    return (
        in_light(svg)
        .replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" font-family="Noto Sans SC" ', 1)
        .encode()
    )
