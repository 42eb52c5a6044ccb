"""The page of a customer: who it is, how it is doing, and a tab for all that is kept of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from flask import request

from app.clock import now
from app.extensions import session
from app.i18n import Label, gettext, is_english
from app.models.customers import Customer
from app.reports.customers import subsidiaries
from app.security.rights import Verb
from app.views.customers.health import CustomerLook, health_of
from app.views.customers.tabs import CustomerTab, tab_href, tabs_for
from app.views.edge import actor, zone
from app.views.guards import expose, needs
from app.views.listing import BadAddress
from app.views.model_view import CrmModelView, Facts
from app.views.presentation import EMPTY, Cell, Page, cell_of

SUBSIDIARIES_SHOWN = 10
#: The fields of a customer as its page groups them; the first two groups stand open.
FACTS = (
    (
        Label("Company"),
        (
            *("number", "manager", "region", "industry", "satisfaction", "credit"),
            *("legal_representative", "registered_capital", "annual_turnover", "licence_no", "parent"),
        ),
    ),
    (Label("Contact details"), ("phone", "fax", "website", "address", "postcode")),
    (Label("Bank and tax"), ("bank", "bank_account", "local_tax_no", "national_tax_no")),
    (Label("Record"), ("created_on", "changed_on", "duplicate_reason")),
)
#: They stand beside the name.
IN_HEAD = ("level", "status")
#: The amounts, whose unit stands beside them.
AMOUNTS = {"registered_capital": Label("Registered capital"), "annual_turnover": Label("Annual turnover")}


@dataclass(frozen=True)
class FactGroup:
    """Some fields below one heading."""

    label: Label
    facts: Sequence[Cell]


class CustomerPage(CrmModelView):
    """What the page of a customer shows beside what that of every record does."""

    show_template = "crm/customer.html"
    show_columns = (*IN_HEAD, *(name for _, names in FACTS for name in names))

    def show_context(self, row: Customer) -> dict[str, Any]:
        """Beside the usual: the health of the customer, its group, and the chosen tab."""
        by, look = actor(), CustomerLook(row, now(zone()).date())
        tabs = tabs_for(by)
        chosen = _chosen(tabs)
        group = subsidiaries(session(), row, SUBSIDIARIES_SHOWN + 1)
        return {
            **super().show_context(row),
            "level": row.level,
            "health": [(figure, figure.read(look)) for figure in health_of(by)],
            "health_href": self.path(f"health/{row.id}"),
            "groups": [FactGroup(label, [self.cell(row, name) for name in names]) for label, names in FACTS],
            "fact_count": len(self.show_columns),
            "subsidiaries": [(one.name, self.path(f"show/{one.id}")) for one in group[:SUBSIDIARIES_SHOWN]],
            "has_more_subsidiaries": len(group) > SUBSIDIARIES_SHOWN,
            "tabs": [(tab.label, tab_href(row, tab.key), tab is chosen) for tab in tabs],
            "chosen": chosen.section(row),
        }

    def record(self, row: Customer) -> dict[str, Any]:
        """With its state, however it comes to change."""
        return {**super().record(row), "state": cell_of(row, "status")}

    def record_page(self, row: Customer, title: Any = None) -> Page:
        """A customer is known by its number."""
        page = super().record_page(row, title)
        if title is None:
            page.crumbs[-1] = (row.number, "")
        return page

    def cell(self, row: Customer, name: str, *, is_wide: bool = False) -> Cell:
        """Amounts keep their four digits."""
        cell = super().cell(row, name, is_wide=is_wide)
        if name in AMOUNTS:
            amount = getattr(row, name)
            shown = EMPTY if amount is None else capital_in_words(amount)
            return replace(cell, text=shown, label=AMOUNTS[name])
        return cell

    def facts(self, row: Customer) -> Facts:
        """Every field, for paper."""
        return [self.cell(row, name) for name in self.show_columns]

    @expose("/health/<int:pk>")
    @needs(Verb.SEE)
    def health(self, pk: int) -> Any:
        """The small charts, asked for by the page when it stands."""
        look = CustomerLook(self.load(pk), now(zone()).date())
        charts = [(figure.key, figure.chart(look)) for figure in health_of(actor()) if figure.chart is not None]
        return self.render_template("crm/customer_health.html", charts=charts)


def _chosen(tabs: Sequence[CustomerTab]) -> CustomerTab:
    """The tab that the address asks for, else the first; raises BadAddress for one that is not there for the reader."""
    asked = request.args.get("tab", tabs[0].key)
    found = next((tab for tab in tabs if tab.key == asked), None)
    if found is None:
        raise BadAddress(Label("Tab"))
    return found


def capital_in_words(amount: Decimal) -> str:
    """An amount kept in ten thousand yuan, with every digit; in English, which does not count so, in yuan."""
    if is_english():
        return gettext("%(amount)s yuan", amount=f"{amount * 10_000:,.0f}")
    text = f"{amount:,.4f}"
    return gettext("%(amount)s ten thousand yuan", amount=text.removesuffix("00"))
