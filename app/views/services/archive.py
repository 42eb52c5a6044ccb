"""Every service request: the archive, the page of each, creating one, and the moves of all."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, g, redirect, request
from werkzeug.wrappers import Response

from app.actions.services import life
from app.actions.workflow import Move
from app.clock import now
from app.extensions import session
from app.i18n import Label, format_moment, gettext
from app.models.customers import Customer
from app.models.services import ServiceRequest, ServiceStatus
from app.security.rights import Verb
from app.views.edge import actor, read_key, zone
from app.views.forms import CrmForm
from app.views.guards import expose, needs
from app.views.listing import ChoiceFilter, PersonFilter
from app.views.missing_filter import Missing, MissingFilter
from app.views.model_view import CrmModelView
from app.views.moves import came_from
from app.views.presentation import Button, Cell, label_of
from app.views.printing import PrintedTable
from app.views.range_filter import RangeFilter
from app.views.score_filter import ScoreFilter
from app.views.search_filters import CustomerKeyFilter
from app.views.services.blocks import Block, printed_rounds, steps_of
from app.views.services.desk import FILTERS, PRIORITY_FILTER, SHORT_MOVES, ServiceView
from app.views.services.queues import ServiceAssignment, ServiceFeedback, ServiceProcessing
from app.views.services_time import time_block

#: What is called otherwise in the address than elsewhere.
ADDRESSES = {"list/": "archive", "add": "create"}
#: Where the requests stand that wait for a move.
QUEUES = {"allocate": ServiceAssignment, "process": ServiceProcessing, "feedback": ServiceFeedback}


class ServiceRequests(ServiceView):
    """服务归档, and with it the page of every request."""

    route_base = "/services"
    list_title = Label("Service archive")
    list_columns = (*ServiceView.list_columns, "status")
    default_sort = "-created_on"
    add_columns = life.TYPED_FIELDS
    filters = (
        *FILTERS,
        ChoiceFilter("status", Label("Status"), options=tuple(ServiceStatus)),
        PRIORITY_FILTER,
        PersonFilter("assignee", Label("Allocated to"), is_more=True),
        PersonFilter("created_by", Label("Created by"), is_more=True),
        PersonFilter("handled_by", Label("Handled by"), is_more=True),
        RangeFilter("handled_on", Label("Handled on"), is_more=True, value_kind="moment"),
        MissingFilter("missing", Label("Unspecified"), is_more=True, options=(Missing.HANDLED_BY,)),
        RangeFilter("level", Label("Escalation level"), is_more=True, value_kind="number"),
        RangeFilter("round", Label("Round"), is_more=True, value_kind="number"),
        ScoreFilter("satisfaction", Label("Score"), is_more=True),
        CustomerKeyFilter("customer_id", Label("Customer")),
    )
    new_label = Label("Create request")
    empty_title = Label("No service request yet")
    empty_text = Label(
        "Whatever a customer asks for is written down here, assigned, handled and judged by the customer."
    )

    def path(self, rest: str) -> str:
        """The archive and the form have names of their own."""
        return super().path(ADDRESSES.get(rest, rest))

    # ---- the archive ------------------------------------------------------------------------------------

    @expose("/archive")
    @needs(Verb.SEE)
    def list(self) -> Any:
        """Every request, to be read only."""
        return super().list()

    def buttons(self, row: ServiceRequest) -> Any:
        """In the archive only a look."""
        if request.endpoint != "ServiceRequests.list":
            return super().buttons(row)
        return [Button(Label("See"), self.path(f"show/{row.id}"), "see", "eye")]

    def buttons_on_many(self) -> Any:
        """Nothing is done in the archive."""
        return []

    # ---- one request ------------------------------------------------------------------------------------

    def load(self, pk: int, relations: Sequence[str] = ()) -> ServiceRequest:
        """With everybody who had to do with it."""
        row: ServiceRequest = super().load(pk, (*relations, "customer", "created_by", "assignee", "handled_by"))
        return row

    def sections(self, row: ServiceRequest) -> Any:
        """What was done since, and how long it took."""
        blocks = steps_of(row)
        done = [{"template": "crm/service_section.html", "blocks": blocks}] if blocks else []
        return [*done, time_block(row)]

    def printed_tables(self, row: ServiceRequest) -> Any:
        """Every round."""
        found: PrintedTable = printed_rounds(row)
        return [found] if found.rows else []

    # ---- creating and deleting --------------------------------------------------------------------------

    @expose("/create", methods=["GET", "POST"])
    @needs(Verb.CREATE)
    def add(self) -> Any:
        """服务创建."""
        return super().add()

    def form(self, kind: type[CrmForm], row: Any) -> CrmForm:
        """Begun from the page of a customer, it names that customer."""
        form = super().form(kind, row)
        key = read_key(request.args.get("customer", ""))
        if request.method == "GET" and key is not None:
            form["customer"].data = session().get(Customer, key)
        return form

    def form_context(self, pk: str) -> dict[str, Any]:
        """Who creates it and when is shown, not typed."""
        shown = (("created_by", g.reader.name), ("created_on", format_moment(now(zone()))))
        told = [Cell(text, name=name, label=label_of(ServiceRequest, name)) for name, text in shown]
        return {**super().form_context(pk), "told": told}

    def create(self, values: Mapping[str, Any]) -> ServiceRequest:
        """A new request."""
        return life.create_service(session(), values, by=actor(), at=now(zone()))

    def saved(self, row: ServiceRequest) -> Response:
        """Say so and offer the next."""
        flash(gettext("Created."), "success")
        return redirect(self.path("add"))

    def may_delete(self, row: ServiceRequest) -> bool:
        """Only what nobody was given."""
        return life.may_delete(session(), row, actor())

    def check_delete(self, row: ServiceRequest) -> None:
        """Refuses what somebody was given."""
        life.check_delete(row, by=actor())

    def remove(self, row: ServiceRequest) -> None:
        """Delete one that nobody was given."""
        life.delete_service(session(), row, by=actor())

    @expose("/delete/<int:pk>", methods=["POST"])
    @needs(Verb.DELETE)
    def delete(self, pk: int) -> Any:
        """Delete it, and go back to where that was asked."""
        super().delete(pk)
        return redirect(came_from() or self.path("list/"))

    # ---- moves ------------------------------------------------------------------------------------------

    def list_of(self, move: Move) -> CrmModelView:
        """The list of what waits for it."""
        view: CrmModelView = QUEUES[move.key].of_application() if move.key in QUEUES else self
        return view

    def move_context(self, move: Move, rows: Sequence[Any]) -> dict[str, Any]:
        """Who handles or judges a request reads above what was written before."""
        context = super().move_context(move, rows)
        if len(rows) == 1 and move.key not in SHORT_MOVES:
            lists = self.list_of(move)
            context["page"].crumbs[0] = (lists.list_title, lists.path("list/"))
            context["blocks"] = [Block(gettext("Creation"), context["facts"]), *steps_of(rows[0])]
        return context

    def done_message(self, move: Move, row: ServiceRequest) -> Any:
        """A customer who is not content sends it back."""
        is_back = move.key == "feedback" and row.status is ServiceStatus.ASSIGNED
        return gettext("Sent back to be handled again.") if is_back else super().done_message(move, row)
