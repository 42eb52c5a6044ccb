"""What was changed of a customer and of what hangs on it, as a tab of its page."""

from typing import Any

from app.i18n import Label
from app.models.customers import Customer
from app.security.rights import CUSTOMERS, Verb
from app.views.customers.tabs import CustomerTab
from app.views.record_history import latest_of

CHANGES_SHOWN = 25


def history_section(customer: Customer) -> dict[str, Any]:
    """The latest, with the way to all of them."""
    found = latest_of(customer, CHANGES_SHOWN + 1)
    return {
        "template": "crm/customer_history.html",
        "title": Label("History"),
        "happenings": found[:CHANGES_SHOWN],
        "all_href": f"/customers/history/{customer.id}" if len(found) > CHANGES_SHOWN else "",
    }


CUSTOMER_TAB = CustomerTab("history", Label("History"), CUSTOMERS.right(Verb.SEE), history_section, place=90)
