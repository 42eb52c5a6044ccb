"""The page of a report: its saved filters and its form, what explains it, its charts and its table."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import request
from markupsafe import Markup, escape

from app.clock import now
from app.extensions import session
from app.i18n import LazyString, gettext, ngettext
from app.reports.charts import svg
from app.reports.engine import Column, Fact, Kind, Outcome, Slice, Table
from app.reports.engine.wording import NUMBERS, shown
from app.security.rights import Verb
from app.views import listing
from app.views.edge import zone
from app.views.guards import expose, needs
from app.views.lists import Look, SavedFilters
from app.views.pager import list_frame, look_frame
from app.views.presentation import LONG_TEXT
from app.views.reports.files import ReportFiles
from app.views.reports.filters import Counted, OptionCondition, years_of_orders

#: What is better when it grows.
CHANGES = {Kind.CHANGE, Kind.MONEY_CHANGE}


class ReportPage(SavedFilters, ReportFiles):
    """One report. Its address is its filter, so a bare one asks for everything, whatever its reader has saved."""

    default_view = "show"
    model = None
    page_size = listing.PAGE_SIZES[1]
    list_columns: Sequence[str] = ()
    #: Its rows have one order.
    order_columns: Sequence[str] = ("",)
    default_sort = ""
    may_start_filtered: ClassVar[bool] = False

    @property
    def list_title(self) -> LazyString:
        """What its screen is called."""
        return self.screen.label

    def path(self, rest: str) -> str:
        """An address of this view; its first page is the report."""
        return str(self.screen.home) if rest == "list/" else f"{self.screen.home}/{rest}"

    def query(self, look: Look) -> listing.Query:
        """What the address asks, but for what is asked anyway."""
        given = {**request.args.to_dict(), "sort": ""}
        query = listing.read_query(given, self.filters, sortable=("",), sort="", page_size=look.page_size)
        usual = {one.name for one in self.filters if isinstance(one, OptionCondition) and not one.chips(query.values)}
        values = {name: value for name, value in query.values.items() if value and name not in usual}
        return listing.Query(values, query.page, query.page_size, query.sort, query.view)

    @expose("")
    @needs(Verb.SEE)
    def show(self) -> str:
        """The report as the address asks for it."""
        look = self.look()
        query = self.query(look)
        part = Slice((query.page - 1) * query.page_size, query.page_size)
        asked = self.asked().of_page(part)
        outcome = self.report.find(session(), asked)
        return str(
            self.render_template(
                "crm/report.html",
                **self._frame(look, query, outcome),
                page=self.list_page(),
                outcome=outcome,
                table=drawn(outcome.table, part),
                more=[drawn(one) for one in outcome.more],
                draw=lambda chart: svg(chart.draw(), chart.says),
                linked=linked,
                files=self.files(asked),
                pictures=lambda chart: self.pictures(asked, chart),
            )
        )

    def _frame(self, look: Look, query: listing.Query, outcome: Outcome) -> dict[str, Any]:
        """What stands around a list: the form, the chips, the saved filters and the pages."""
        count = outcome.table.rows_in_all
        found = Counted([], count, query.page * query.page_size < count, listing.find_entries(session(), self.filters))
        if any(one.name == "year" for one in self.filters):
            found.years = years_of_orders(session(), now(zone()).year, query.values.get("year", ""))
        frame = {**list_frame(self, query, found), **look_frame(self, look, query, found)}
        return {**frame, "columns_href": "", "page_size_href": ""}


def linked(fact: Fact) -> Markup:
    """The sentence of a fact, with the first occurrence of each of its texts as a link."""
    links, found = dict(fact.links), Markup()
    longest_first = sorted(links, key=len, reverse=True)
    parts = re.split(f"({'|'.join(map(re.escape, longest_first))})", fact.sentence) if links else [fact.sentence]
    for part in parts:
        href = links.pop(part, "")
        found += Markup('<a href="{}">{}</a>').format(href, part) if href else escape(part)
    return found


def drawn(table: Table, part: Slice | None = None) -> dict[str, Any]:
    """A table as the template draws it: heads, rows of cells with their addresses, and totals."""
    start, size = (part.start, part.size) if part else (0, None)
    return {
        "title": table.title,
        "heads": [(one.label, _look(one)) for one in table.columns],
        "rows": [_cells(table, row) for row in table.rows(start, size)],
        "totals": _totals(table) if table.totals else None,
        "count": table.rows_in_all,
    }


def _cells(table: Table, row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The text, the address and the look of each cell."""
    return [_cell(column, row, shown(column, row.get(column.key))) for column in table.columns]


def _totals(table: Table) -> tuple[str, int, list[tuple[str, str, str]]]:
    """The word for the sums, over how many columns it stands, and the cells behind it."""
    first, second = table.columns[0], table.columns[1]
    told = table.totals.get(second.key) if second.kind is Kind.TEXT else None
    span = 2 if first.kind is Kind.NUMBER and second.kind is Kind.TEXT else 1
    if span == 2 and told:
        word = gettext("Total of %(what)s", what=told)
    else:
        count = table.rows_in_all
        word = ngettext("Total of %(count)s row", "Total of %(count)s rows", count, count=f"{count:,}")
    sums = ((column, table.totals.get(column.key)) for column in table.columns[span:])
    cells = [("", "", "") if value is None else _cell(one, table.totals, shown(one, value)) for one, value in sums]
    return word, span, cells


def _cell(column: Column, row: Mapping[str, Any], text: str) -> tuple[str, str, str]:
    look = "long" if column.kind is Kind.TEXT and len(text) > LONG_TEXT else _look(column, row.get(column.key))
    return text, column.href(row) if column.href and text else "", look


def _look(column: Column, value: Any = None) -> str:
    """The class of a cell: numbers stand at the right, and what changed has the colour of its sign."""
    if column.kind in CHANGES and isinstance(value, int | float) and value:
        return "num ok" if value > 0 else "num bad"
    return "num" if column.kind in NUMBERS and column.key != "number" else ""
