"""Pages to be printed: the rows of a list exactly as filtered and arranged, and one record with what hangs on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.clock import now
from app.extensions import session
from app.i18n import Label, format_moment
from app.security.rights import Verb
from app.views import listing
from app.views.edge import actor, zone
from app.views.guards import expose, needs
from app.views.lists import ListChanges
from app.views.presentation import Button, Cell, Column

#: The most rows on paper.
MOST_PRINTED = 1_000
#: With more columns the paper is turned.
UPRIGHT_COLUMNS = 5


@dataclass(frozen=True)
class PrintedTable:
    """A table on paper."""

    title: Any
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


class Printed(ListChanges):
    """A screen whose list and records can be printed by who holds the right."""

    def print_button(self, href: str) -> Button | None:
        """The button that leads to the page to print; None without the right or where nothing is printed."""
        is_offered = "print_list" not in self.exclude_route_methods
        may = is_offered and actor().may(self.screen.right(Verb.PRINT))
        return Button(Label("Print"), href, "print", "printer") if may else None

    def printed_tables(self, row: Any) -> list[PrintedTable]:
        """What is printed below the facts of a record."""
        return []

    @expose("/print/")
    @needs(Verb.PRINT)
    def print_list(self) -> Any:
        """The rows of these conditions, in this order, with the person's columns."""
        look = self.look()
        asked = self.query(look)
        query = replace(asked, page=1, page_size=MOST_PRINTED)
        keys = self.keys(query)
        found = listing.find(session(), self.model, keys, query, options=self.options(look.columns))
        found.count = listing.count(session(), keys)
        columns = [replace(self.column(name, query), sort_href="", sorted="") for name in look.columns]
        rows = [[self.cell(row, name) for name in look.columns] for row in found.rows]
        return self.render_template(
            "crm/print.html",
            printed_on=format_moment(now(zone())),
            page=self.list_page(),
            found=found,
            conditions=self.conditions_in_words(query),
            order=self.order_in_words(query),
            tables=[PrintedTable("", columns, rows)],
            is_wide=len(columns) > UPRIGHT_COLUMNS,
            back_href=self.address(asked, "list/"),
        )

    @expose("/print/<int:pk>")
    @needs(Verb.PRINT)
    def print_one(self, pk: int) -> Any:
        """One record with its facts and what hangs on it."""
        row = self.load(pk, self.show_columns)
        return self.render_template(
            "crm/print.html",
            printed_on=format_moment(now(zone())),
            page=self.record_page(row),
            record=self.record(row),
            facts=self.facts(row),
            tables=self.printed_tables(row),
            back_href=self.path(f"show/{pk}"),
        )
