"""The sales opportunities of a customer, as a tab of its page."""

from typing import Any

from sqlalchemy import select

from app.extensions import session
from app.i18n import Label
from app.models.customers import Customer
from app.models.marketing import Opportunity
from app.security.rights import OPPORTUNITIES, Verb
from app.views.customers.tabs import CustomerTab
from app.views.presentation import Column, kind_of, label_of
from app.views.record_pages import view_for

OPPORTUNITIES_SHOWN = 50
NAMES = ("summary", "expected_amount", "assignee", "status", "created_on")


def opportunity_section(customer: Customer) -> dict[str, Any]:
    """The latest fifty."""
    view = view_for(Opportunity)
    found = session().scalars(
        select(Opportunity)
        .where(Opportunity.customer_id == customer.id)
        .options(*view.options(NAMES))
        .order_by(Opportunity.id.desc())
        .limit(OPPORTUNITIES_SHOWN)
    )
    return {
        "template": "crm/related.html",
        "title": Label("Opportunities"),
        "columns": [
            Column(name, label_of(Opportunity, name), kind_of(Opportunity, name), is_name=name == NAMES[0])
            for name in NAMES
        ],
        "rows": [view.row(one, NAMES) for one in found],
        "empty": Label("No sales opportunity of this customer"),
    }


CUSTOMER_TAB = CustomerTab(
    "opportunities", Label("Opportunities"), OPPORTUNITIES.right(Verb.SEE), opportunity_section, place=60
)
