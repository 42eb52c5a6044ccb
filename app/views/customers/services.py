"""The service requests of a customer on its page: its tab, how many are open, and what happened."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.actions.customers.life import OPEN_SERVICES
from app.extensions import session
from app.i18n import Label, gettext
from app.models.customers import Customer, CustomerStatus
from app.models.services import ServiceRequest, ServiceRound
from app.reports import services as report
from app.security.rights import SERVICES, Verb
from app.security.scope import ONE_BY_ONE
from app.views.customers.health import CustomerLook, HealthFigure, HealthReading
from app.views.customers.tabs import CustomerTab, tab_href
from app.views.customers.timeline import Line, TimelineKind, cut
from app.views.edge import actor
from app.views.listing import COUNT_CAP
from app.views.presentation import Button, Column, Row, cell_of, kind_of, label_of
from app.views.sections import capped

SEE = SERVICES.right(Verb.SEE)
SERVICES_SHOWN = 50
NAMES = ("summary", "kind", "status", "assignee", "created_on")
TAB = "services"


# ---- the tab ------------------------------------------------------------------------------------------


def service_section(customer: Customer) -> dict[str, Any]:
    """The latest requests, and the way to all of them."""
    of_customer = ServiceRequest.customer_id == customer.id
    latest = select(ServiceRequest).where(of_customer).limit(SERVICES_SHOWN)
    latest = latest.order_by(ServiceRequest.created_on.desc(), ServiceRequest.id.desc())
    latest = latest.options(joinedload(ServiceRequest.kind), joinedload(ServiceRequest.assignee))
    rows = session().scalars(latest, execution_options=ONE_BY_ONE).all()
    first = select(ServiceRequest.id).where(of_customer).limit(COUNT_CAP + 1).subquery()
    count = session().scalar(select(func.count()).select_from(first), execution_options=ONE_BY_ONE) or 0
    return {
        "template": "crm/related.html",
        "title": SERVICES.label,
        "count": capped(count),
        "columns": [
            Column(name, label_of(ServiceRequest, name), kind_of(ServiceRequest, name), is_name=name == NAMES[0])
            for name in NAMES
        ],
        "rows": [_row(one) for one in rows],
        "more": Button(
            Label("All service requests"), f"/services/archive?{urlencode({'customer': customer.number})}", "all"
        ),
        "new": _new(customer),
        "empty": Label("This customer has not asked for anything yet"),
    }


def _row(request: ServiceRequest) -> Row:
    return Row(request.id, 0, str(request), [cell_of(request, name) for name in NAMES], (), _page_of(request))


def _page_of(request: ServiceRequest) -> str:
    return f"/services/show/{request.id}"


def _new(customer: Customer) -> Button | None:
    if not actor().may(SERVICES.right(Verb.CREATE)) or customer.status is CustomerStatus.DELETED:
        return None
    return Button(Label("New service request"), f"/services/create?customer={customer.id}", "new", "plus")


CUSTOMER_TAB = CustomerTab(TAB, Label("Services"), SEE, service_section, place=40)


# ---- how many are open --------------------------------------------------------------------------------


def _open(look: CustomerLook) -> HealthReading:
    count = look.still_open.get(OPEN_SERVICES, 0)
    return HealthReading(f"{count:,}", href=tab_href(look.customer, TAB) if count else "")


CUSTOMER_HEALTH = (HealthFigure("services", Label("Open services"), SEE, _open, 60),)


# ---- what happened ------------------------------------------------------------------------------------


def _lines(rows: Sequence[Sequence[Any]], _customer: Customer) -> dict[int, Line]:
    """A round that was judged is known by its own key, everything else by that of the request."""
    drawn = {
        report.CREATED: lambda request, _round: _created(request),
        report.HANDLED: lambda request, _round: _handled(request),
        report.JUDGED: _judged,
    }
    return {(judged or request).id: drawn[kind](request, judged) for request, judged, kind in rows}


def _created(request: ServiceRequest) -> Line:
    more = (request.kind.text, request.created_by)
    return _line("headset", Label("Service request"), request, more, state=cell_of(request, "status"))


def _handled(request: ServiceRequest) -> Line:
    return _line("checks", Label("Service handled"), request, (cut(request.handling or ""), request.handled_by))


def _judged(request: ServiceRequest, judged: ServiceRound) -> Line:
    score = gettext("satisfaction %(score)s of 5", score=judged.satisfaction)
    return _line("star", Label("Service judged"), request, (score, cut(judged.result), judged.handled_by))


def _line(icon: str, title: Label, request: ServiceRequest, more: Sequence[Any], **state: Any) -> Line:
    said = [str(part) for part in more if part]
    return Line(icon, title, request.summary, _page_of(request), more=said, **state)


CUSTOMER_TIMELINE = (TimelineKind(Label("Services"), SEE, report.STEPS, _lines, place=40),)
