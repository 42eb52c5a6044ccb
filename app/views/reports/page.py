"""The page of a report: its filter form, what explains it, its charts and its table."""

from collections.abc import Mapping
from typing import Any

from flask import request
from markupsafe import Markup, escape

from app.extensions import session
from app.i18n import gettext
from app.reports.charts import svg
from app.reports.engine import Fact, Slice, Table
from app.reports.engine.wording import NUMBERS, shown
from app.security.rights import Verb, module_of
from app.views import listing
from app.views.guards import expose, needs
from app.views.listing import BadAddress
from app.views.pager import pager_of
from app.views.presentation import Page
from app.views.reports.files import ReportFiles
from app.views.reports.filters import fields_of


class ReportPage(ReportFiles):
    """One report."""

    default_view = "show"

    @expose("")
    @needs(Verb.SEE)
    def show(self) -> str:
        """The report as the address asks for it."""
        part = self.part()
        asked = self.asked().of_page(part)
        outcome = self.report.find(session(), asked)
        here = str(self.screen.home)
        pages = max(1, -(-outcome.table.rows_in_all // part.size))
        number = part.start // part.size + 1
        return str(
            self.render_template(
                "crm/report.html",
                page=Page(self.screen.label, module_of(self.screen).label, [(self.screen.label, "")]),
                report=self.report,
                asked=asked,
                path=here,
                filters=fields_of(self.report.filters, asked, session()),
                outcome=outcome,
                table=drawn(outcome.table, part),
                more=[drawn(one) for one in outcome.more],
                pager=pager_of(number, pages, lambda page: asked.address(here, page=page)),
                draw=lambda chart: svg(chart.draw(), chart.says),
                linked=linked,
                files=self.files(asked),
                pictures=lambda chart: self.pictures(asked, chart),
            )
        )

    def part(self) -> Slice:
        """The rows of the page that the address asks for; raises BadAddress."""
        text, size = request.args.get("page", "1"), listing.PAGE_SIZES[1]
        if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 7 and int(text)):
            raise BadAddress(gettext("Page"))
        return Slice((int(text) - 1) * size, size)


def linked(fact: Fact) -> Markup:
    """The sentence of a fact, with the first occurrence of each of its texts as a link."""
    found = escape(fact.sentence)
    for text, href in fact.links.items():
        anchor = Markup('<a href="{}">{}</a>').format(href, text)
        found = found.replace(escape(text), anchor, 1)
    return found


def drawn(table: Table, part: Slice | None = None) -> dict[str, Any]:
    """A table as the template draws it: heads, rows of cells with their addresses, and totals."""
    start, size = (part.start, part.size) if part else (0, None)
    rows = list(table.rows(start, size))
    return {
        "title": table.title,
        "heads": [(one.label, one.kind in NUMBERS and one.key != "number") for one in table.columns],
        "rows": [_cells(table, row) for row in rows],
        "totals": _cells(table, table.totals) if table.totals else [],
        "count": table.rows_in_all,
    }


def _cells(table: Table, row: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    is_total = row is table.totals
    found = []
    for column in table.columns:
        value = row.get(column.key)
        text = "" if is_total and value is None else shown(column, value)
        href = column.href(row) if column.href and text else ""
        found.append((text, href, column.kind in NUMBERS and column.key != "number"))
    return found
