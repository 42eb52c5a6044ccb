"""What stands on the page of a management report: its figures with the remarks, and what was said to it."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.actions.management_reports import last_version, may_comment
from app.extensions import session
from app.i18n import Label, format_moment, gettext
from app.models.management_reports import ManagementReport, ManagementReportComment, ReportStatus, name_of_period
from app.reports.engine import Slice, report_of
from app.reports.management_reports import Analysis, analyses, change_since, read_frozen
from app.reports.management_reports.analyses import FrozenChart
from app.security.rights import Verb
from app.security.scope import ONE_BY_ONE
from app.views.edge import actor
from app.views.management_reports.asking import comment_form
from app.views.presentation import person_of
from app.views.reports.page import drawn

#: So many rows of each table stand on the page of a report; all of them stand on one of their own.
ROWS_SHOWN = 10


def drawn_analysis(
    one: Analysis, *, totals_before: Mapping[str, Any], more_href: str, remark: str | None = None
) -> dict[str, Any]:
    """An analysis as the template draws it."""
    first, *others = one.tables
    return {
        "name": one.name,
        "title": one.title,
        "remark": remark,
        "facts": one.facts,
        "charts": [_chart(chart) for chart in one.charts],
        "table": drawn(first, Slice(0, ROWS_SHOWN)),
        "more": [drawn(table, Slice(0, ROWS_SHOWN)) for table in others],
        "more_href": more_href if first.rows_in_all > ROWS_SHOWN else "",
        "changes": change_since(first, totals_before),
        "live_href": href_of(one),
    }


def _chart(chart: FrozenChart) -> dict[str, Any]:
    """A chart as it was drawn by the product itself, every text in it escaped; its links led to rows of that day."""
    picture = Markup(chart.svg)  # noqa: S704  # see above
    return {"title": chart.title, "picture": picture, "basis": chart.basis}


def href_of(one: Analysis) -> str:
    """The report itself, asked the same, for who may open it."""
    screen = report_of(one.name).screen
    if not actor().may(screen.right(Verb.SEE)):
        return ""
    query = "&".join(f"{name}={text}" for name, text in one.texts.items())
    return f"{screen.home}?{query}" if query else str(screen.home)


def note_section(row: ManagementReport) -> list[dict[str, Any]]:
    """Why a draft was sent back; nothing for one that never was."""
    if not row.number:
        return []
    sentence = gettext("This report was sent back: change your remarks, then submit it again as a new version.")
    return [{"template": "crm/management_report_note.html", "sentence": sentence}]


def preview_section(view: Any, row: ManagementReport) -> dict[str, Any]:
    """A draft as it would be submitted now; each analysis is asked for by the page when it stands."""
    parts = [
        {
            "title": report_of(name).label,
            "href": view.path(f"analysis/{row.id}?name={name}"),
            "remark": getattr(row, f"{name}_remark"),
        }
        for name in analyses()
    ]
    return {
        "template": "crm/management_report_preview.html",
        "title": gettext("Preview"),
        "tabs": tabs_of(view, row, None, "show"),
        "overall": row.overall_remark,
        "parts": parts,
    }


def version_section(view: Any, row: ManagementReport, number: int | None) -> dict[str, Any]:
    """What was submitted, as it was frozen."""
    version = last_version(session(), row, number)
    frozen = read_frozen(version.figures)
    analyses = [
        drawn_analysis(
            frozen.analysis(name),
            totals_before=frozen.totals_before(name),
            more_href=view.path(f"figures/{row.id}?version={version.number}&name={name}"),
            remark=frozen.remarks[name],
        )
        for name in frozen.names
    ]
    before = frozen.period_before
    return {
        "template": "crm/management_report_version.html",
        "title": gettext("Version %(number)s", number=version.number),
        "when": format_moment(version.submitted_on),
        "tabs": tabs_of(view, row, version.number, "show"),
        "overall": frozen.remarks["overall"],
        "before": name_of_period(row.rhythm, before) if before else "",
        "analyses": analyses,
    }


def tabs_of(view: Any, row: ManagementReport, here: int | None, page: str) -> list[tuple[str, str, bool]]:
    """The ways between the versions, and for its owner the draft; nothing where there is but one."""
    tabs = [
        (gettext("Version %(number)s", number=number), view.path(f"{page}/{row.id}?version={number}"), number == here)
        for number in range(row.number, 0, -1)
    ]
    if page == "show" and view.may_edit(row):
        tabs.insert(0, (str(ReportStatus.DRAFT.label), view.path(f"show/{row.id}"), here is None))
    return tabs if len(tabs) > 1 else []


def comment_section(view: Any, row: ManagementReport) -> dict[str, Any]:
    """What was said, the oldest first, and for who may a field to say something."""
    said = select(ManagementReportComment).where(ManagementReportComment.report_id == row.id)
    ordered = said.order_by(ManagementReportComment.id).options(joinedload(ManagementReportComment.created_by))
    found = session().scalars(ordered, execution_options=ONE_BY_ONE).all()
    may_say = may_comment(row, actor())
    return {
        "template": "crm/management_report_comments.html",
        "title": gettext("Comments"),
        "comments": [
            {
                "who": person_of(one.created_by),
                "when": format_moment(one.created_on),
                "text": one.text,
                "version": gettext("Version %(number)s", number=one.number) if row.number > 1 else "",
            }
            for one in found
        ],
        "empty": Label("No comment yet"),
        "form": comment_form() if may_say else None,
        "action_href": view.path(f"comment/{row.id}"),
        "notice": "",
    }
