"""Every report on a page of its own: the views are made of the declarations in ``app.reports.analyses``."""

from app.reports.engine import Report, reports
from app.views.reports.filters import conditions_of
from app.views.reports.page import ReportPage


def view_of(report: Report) -> type[ReportPage]:
    """The view of a report; its routes are those of every report."""
    places = {
        "__module__": __name__,
        "route_base": report.screen.home,
        "screen": report.screen,
        "report": report,
        "filters": conditions_of(report.filters),
    }
    return type(f"{report.name.capitalize()}Report", (ReportPage,), places)


globals().update({view.__name__: view for view in map(view_of, reports().values())})
