"""Marketing on the screen: sales opportunities and their assignment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask import render_template, request
from flask_appbuilder.models.sqla.interface import SQLAInterface
from markupsafe import Markup

from app.actions import marketing
from app.actions.alike import Alike, alike
from app.actions.assignment import Candidate, account_managers, candidates
from app.actions.customers import customers_named, exists_out_of_sight
from app.actions.workflow import Move
from app.clock import now
from app.errors import Invalid
from app.extensions import session
from app.i18n import Label, gettext
from app.models.basedata import Category
from app.models.customers import Customer
from app.models.marketing import Opportunity, OpportunityStatus
from app.models.org import Employee
from app.reports.pipeline import ARCHIVED, GOING_ON
from app.security.actor import remember_branches
from app.security.rights import CUSTOMERS, OPPORTUNITIES, PLANS, Verb
from app.views.edge import actor, read_key, zone
from app.views.forms import CrmForm
from app.views.guards import expose, needs
from app.views.listing import ChoiceFilter, EntryFilter, ExactFilter, Filter, PersonFilter
from app.views.missing_filter import Missing, MissingFilter
from app.views.moves import MovingView
from app.views.plan_block import plan_section, printed_plan
from app.views.presentation import EMPTY, person_of
from app.views.printing import PrintedTable
from app.views.range_filter import RangeFilter

COMMON_FILTERS = (
    Filter("customer_name", Label("Customer name")),
    Filter("summary", Label("Summary")),
    Filter("contact_name", Label("Contact")),
)
MISSING = (
    *(Missing.ASSIGNEE, Missing.REGION, Missing.SOURCE),
    *(Missing.EXPECTED_AMOUNT, Missing.EXPECTED_CLOSE_ON, Missing.CLOSED_ON, Missing.CREATED_BY),
)
MORE_FILTERS = (
    PersonFilter("assignee", Label("Assigned to"), is_more=True),
    EntryFilter("region", Label("Region"), is_more=True, category=Category.REGION),
    EntryFilter("industry", Label("Industry"), is_more=True, category=Category.INDUSTRY),
    ExactFilter("source", Label("Source"), is_more=True),
    PersonFilter("created_by", Label("Created by"), is_more=True),
    RangeFilter("created_on", Label("Created on"), is_more=True, value_kind="moment"),
    RangeFilter("closed_on", Label("Closed on"), is_more=True, value_kind="moment"),
    RangeFilter("expected_close_on", Label("Expected close date"), is_more=True),
    RangeFilter("expected_amount", Label("Expected amount (yuan)"), is_more=True, value_kind="number"),
    MissingFilter("missing", Label("Unspecified"), is_more=True, options=MISSING),
)
#: What both lists can show beside their own columns.
MORE_COLUMNS = (
    "probability",
    "expected_amount",
    "expected_close_on",
    "assignee",
    "assigned_on",
    "region",
    "industry",
    "source",
    "created_by",
    "created_on",
    "customer",
    "closed_on",
    "close_reason",
)


@dataclass(frozen=True)
class CandidateRow:
    """An account manager as the assignment page shows him."""

    key: int
    name: str
    department: str
    region_matches: bool
    industry_matches: bool
    in_hand: int
    success: str
    is_best: bool
    is_chosen: bool


class PipelineView(MovingView):
    """What both screens over opportunities share."""

    datamodel = SQLAInterface(Opportunity)
    workflow = marketing.PIPELINE
    record_label = Label("Sales opportunity")
    order_columns = (
        "id",
        "customer_name",
        "created_on",
        "expected_amount",
        "probability",
        "status",
        "assigned_on",
    )
    default_sort = "-created_on"
    name_column = "customer_name"
    show_columns = (
        "summary",
        "probability",
        "expected_amount",
        "contact_name",
        "contact_phone",
        "source",
        "expected_close_on",
        "region",
        "industry",
        "assignee",
        "assigned_on",
        "created_by",
        "created_on",
        "customer",
        "close_reason",
        "description",
    )

    def printed_tables(self, row: Opportunity) -> list[PrintedTable]:
        """The plan, once there can be one, for who may see plans."""
        is_planned = row.status is not OpportunityStatus.UNASSIGNED and actor().may(PLANS.right(Verb.SEE))
        return [printed_plan(row)] if is_planned else []

    def move_path(self, move: Move, row: Any) -> str:
        """Moves have one address, whichever screen they are called from."""
        return f"/opportunities/move/{move.key}/{row.id}"


class Opportunities(PipelineView):
    """销售机会管理."""

    route_base = "/opportunities"
    screen = OPPORTUNITIES
    list_columns = (
        "id",
        "customer_name",
        "summary",
        "contact_name",
        "contact_phone",
        "expected_amount",
        "status",
        "created_on",
    )
    more_columns = MORE_COLUMNS
    filters = (
        *COMMON_FILTERS,
        ChoiceFilter(
            "status",
            Label("Status"),
            options=tuple(OpportunityStatus),
            groups={GOING_ON: tuple(OpportunityStatus)[:2], ARCHIVED: tuple(OpportunityStatus)[2:]},
        ),
        *MORE_FILTERS,
    )
    default_filters = MappingProxyType({"status": OpportunityStatus.UNASSIGNED.label})
    add_columns = marketing.TYPED_FIELDS
    edit_columns = marketing.TYPED_FIELDS
    form_groups = (
        (Label("Opportunity"), ("customer_name", "probability", "summary", "source", "description")),
        (Label("Contact"), ("contact_name", "contact_phone")),
        (Label("More"), ("region", "industry", "expected_amount", "expected_close_on")),
    )
    new_label = Label("New opportunity")
    empty_title = Label("No sales opportunity yet")
    empty_text = Label(
        "A sales opportunity is a company that may become a customer. Write down whom to talk to and about what; "
        "the sales supervisor then assigns it to an account manager."
    )

    def may_edit(self, row: Opportunity) -> bool:
        """Only while unassigned."""
        return marketing.may_edit(row, actor())

    def may_delete(self, row: Opportunity) -> bool:
        """Only while unassigned and by its creator."""
        return marketing.may_delete(row, actor())

    def check_edit(self, row: Opportunity) -> None:
        """Refuses an assigned one before its form is shown."""
        marketing.check_edit(session(), row, by=actor())

    def check_delete(self, row: Opportunity) -> None:
        """Refuses an assigned one, and anybody but its creator."""
        marketing.check_delete(row, by=actor())

    def create(self, values: Mapping[str, Any]) -> Opportunity:
        """A new unassigned opportunity."""
        return marketing.create_opportunity(session(), values, by=actor(), at=now(zone()))

    def update(self, row: Opportunity, values: Mapping[str, Any], version: int | None) -> None:
        """Change what may be typed."""
        marketing.edit_opportunity(session(), row, values, by=actor(), version=version)

    def remove(self, row: Opportunity) -> None:
        """Delete one's own."""
        marketing.delete_opportunity(session(), row, by=actor())

    def shown_moves(self) -> Sequence[str]:
        """Success and failure stand on the detail page and in the development plans."""
        return ("assign", "reassign") if request.endpoint == "Opportunities.list" else ALL_MOVES

    def sections(self, row: Opportunity) -> list[Any]:
        """The plan, once there can be one."""
        is_planned = row.status is not OpportunityStatus.UNASSIGNED and actor().may(PLANS.right(Verb.SEE))
        return [plan_section(row)] if is_planned else []

    def prepare_rows(self, rows: Sequence[Any]) -> None:
        """The departments of the people, in one statement."""
        remember_branches(session(), {row.responsible_id for row in rows if row.responsible_id})

    def form_context(self, pk: str) -> dict[str, Any]:
        """Similar customers and opportunities are shown while the name is typed."""
        return {"alike_href": self.path(f"alike?besides={pk}" if pk else "alike")}

    @expose("/alike")
    @needs(Verb.CREATE, Verb.EDIT)
    def alike(self) -> Any:
        """Customers and open opportunities of the same name or phone."""
        name, phone = (request.args.get(key, "")[:200] for key in ("customer_name", "contact_phone"))
        key = read_key(request.args.get("besides", ""))
        found = alike(session(), name, phone, besides=key)
        if not actor().may(CUSTOMERS.right(Verb.SEE)):
            found = [one for one in found if not isinstance(one.row, Customer)]
        return render_template("crm/alike.html", alike=[_alike_row(one) for one in found])

    def move_context(self, move: Move, rows: Sequence[Any]) -> dict[str, Any]:
        """The candidates of an assignment, or the customers of the same name."""
        context = super().move_context(move, rows)
        context.update(candidates=[], same=[], hidden_same=False)
        if "assignee" in move.asks:
            context["candidates"] = self._candidates(rows)
        if "customer_choice" in move.asks:
            context["same"] = [_same_row(one) for one in customers_named(session(), rows[0].customer_name)]
            context["hidden_same"] = exists_out_of_sight(session(), rows[0].customer_name)
        return context

    def _candidates(self, rows: Sequence[Opportunity]) -> list[CandidateRow]:
        found = candidates(session(), rows, by=actor(), at=now(zone()))
        chosen = request.form.get("assignee", "")
        return [_candidate_row(one, place == 0, chosen) for place, one in enumerate(found)]

    def answers(self, move: Move, form: CrmForm) -> dict[str, Any]:
        """The chosen key becomes the person."""
        given = super().answers(move, form)
        if "assignee" in given:
            given["assignee"] = self._person(given["assignee"])
        return given

    def _person(self, key: str) -> Employee:
        people = account_managers(actor())
        person = session().scalar(people.where(Employee.id == (read_key(key) or 0)))
        if person is None:
            raise Invalid({"assignee": Label("Choose one of the account managers shown.")})
        return person

    def done_message(self, move: Move, row: Opportunity) -> Any:
        """After success, a link to the customer."""
        if move.key != "succeed":
            return super().done_message(move, row)
        link = Markup('<a class="link" href="/customers/show/{}">{}</a>').format(row.customer_id, row.customer)
        # Markup escapes whatever is filled in.
        return Markup("{} {}").format(move.done, Markup(gettext("Customer: %(link)s")) % {"link": link})  # noqa: S704


ALL_MOVES = tuple(move.key for move in marketing.PIPELINE.moves)


def _candidate_row(one: Candidate, is_first: bool, chosen: str) -> CandidateRow:
    success = EMPTY if one.success_rate is None else f"{one.success_rate * 100:.1f} %"
    return CandidateRow(
        one.person.id,
        one.person.full_name,
        str(one.person.department or ""),
        one.region_matches,
        one.industry_matches,
        one.in_hand,
        success,
        is_first and (one.region_matches or one.industry_matches),
        str(one.person.id) == chosen,
    )


def _same_row(customer: Customer) -> dict[str, Any]:
    return {
        "key": customer.id,
        "name": customer.name,
        "number": customer.number,
        "manager": person_of(customer.manager),
        "href": f"/customers/show/{customer.id}",
    }


def _alike_row(one: Alike) -> dict[str, Any]:
    is_customer = isinstance(one.row, Customer)
    return {
        "name": str(one.row),
        "kind": gettext("Customer") if is_customer else gettext("Sales opportunity"),
        "holder": person_of(one.holder),
        "way": gettext("Same name") if one.same_name else gettext("Same phone"),
        "href": f"/{'customers' if is_customer else 'opportunities'}/show/{one.row.id}",
    }
