"""Churn on the screen: customers about to be lost, what is done to keep them, and those that are lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from app.actions.churn.life import CASES, MOST_LETTERS, OPEN, is_system
from app.actions.workflow import Move, Workflow
from app.extensions import session
from app.i18n import Label, format_moment, gettext, ngettext
from app.models.basedata import Category
from app.models.churn import ChurnCase, ChurnMeasure, ChurnStatus
from app.models.customers import Customer
from app.security.rights import CHURN
from app.security.scope import ONE_BY_ONE
from app.views.churn_scan import scan_button
from app.views.forms import CrmForm
from app.views.listing import ChoiceFilter, EntryFilter, PersonFilter
from app.views.moves import MovingView
from app.views.presentation import Button, Cell, Column, label_of, person_of
from app.views.printing import PrintedTable
from app.views.range_filter import RangeFilter
from app.views.saving import Failure
from app.views.search_filters import CustomerFilter

#: The word under which a list offers what is not closed.
STILL_OPEN = Label("Not closed")
#: A case is recovered by an order, which no page asks for.
BY_PEOPLE = replace(CASES, moves=tuple(move for move in CASES.moves if move.who is not is_system))
#: What only the end of a case brings.
OF_ENDS = ("recovered_on", "confirmed_on", "reason_kind", "reason")


@dataclass(frozen=True)
class EntryOfCustomerFilter(EntryFilter):
    """One entry of the dictionary, as the customer of the case has it today."""

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """What is asked of the customer."""
        found = super().conditions(Customer, values, zone)
        return [model.customer_id.in_(select(Customer.id).where(*found))] if found else []


@dataclass(frozen=True)
class MeasureFilter(RangeFilter):
    """The days on which a measure was taken."""

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Cases with one at least."""
        first, last = (values.get(name, "") for name in self.names())
        taken = RangeFilter("created_on", self.label, value_kind="moment")
        found = taken.conditions(ChurnMeasure, dict(zip(taken.names(), (first, last), strict=True)), zone)
        return [model.id.in_(select(ChurnMeasure.case_id).where(*found))] if found else []


class Churn(MovingView):
    """客户流失."""

    route_base = "/churn"
    datamodel = SQLAInterface(ChurnCase)
    screen = CHURN
    workflow = CASES
    record_label = Label("Churn case")
    exclude_route_methods = MovingView.exclude_route_methods | {"move_many"}
    list_columns = ("id", "customer", "manager", "last_order_on", "confirmed_on", "status")
    more_columns = ("as_of", "reason_kind", "reason", "recovered_on", "created_on")
    name_column = "customer"
    needed_relations = ("customer",)
    show_columns = (
        *("customer", "manager", "last_order_on", "as_of"),
        *OF_ENDS,
    )
    order_columns = ("id",)
    default_sort = "-id"
    filters = (
        CustomerFilter("customer", Label("Customer")),
        PersonFilter("manager", Label("Account manager")),
        ChoiceFilter("status", Label("Status"), options=tuple(ChurnStatus), groups={STILL_OPEN: OPEN}),
        EntryFilter(
            "reason_kind",
            Label("Churn reason kind"),
            is_more=True,
            category=Category.CHURN_REASON,
            offers_none=True,
        ),
        EntryOfCustomerFilter("region", Label("Region"), is_more=True, category=Category.REGION, offers_none=True),
        EntryOfCustomerFilter(
            "level", Label("Customer level"), is_more=True, category=Category.LEVEL, offers_none=True
        ),
        RangeFilter("last_order_on", Label("Last order on"), is_more=True),
        RangeFilter("as_of", Label("Warned for"), is_more=True),
        MeasureFilter("measured_on", Label("Measure taken on"), is_more=True, value_kind="moment"),
        RangeFilter("recovered_on", Label("Recovered on"), is_more=True, value_kind="moment"),
        RangeFilter("confirmed_on", Label("Churn confirmed on"), is_more=True, value_kind="moment"),
    )
    empty_title = Label("No customer is about to be lost")
    empty_text = Label(
        "Every week the customers that have not ordered for months are looked up. Each stands here as a warning, and "
        "its account manager acts on it."
    )

    @property
    def flow(self) -> Workflow:
        """What people do."""
        return BY_PEOPLE

    def new_button(self) -> Button | None:
        """Cases come to be by the scan alone, which may be asked for at once."""
        return scan_button()

    def more_buttons(self, row: ChurnCase) -> list[Button]:
        """What may be done with an open case; in the list, the way to what is only to be looked at."""
        moves = super().more_buttons(row)
        if moves or request.endpoint != "Churn.list":
            return moves
        return [Button(Label("See"), self.path(f"show/{row.id}"), "see", "eye")]

    def facts(self, row: ChurnCase) -> list[Cell]:
        """What an end has brought only once there is one."""
        return [cell for cell in super().facts(row) if cell.name not in OF_ENDS or getattr(row, cell.name) is not None]

    def sections(self, row: ChurnCase) -> list[Any]:
        """The measures taken so far."""
        return [measure_section(row)]

    def printed_tables(self, row: ChurnCase) -> list[PrintedTable]:
        """The measures, with who wrote them and when."""
        section = measure_section(row)
        names = ("created_on", "created_by", "text")
        columns = [Column(name, label_of(ChurnMeasure, name), "text") for name in names]
        rows = [[Cell(one["when"]), Cell(one["who"]), Cell(one["text"])] for one in section["measures"]]
        return [PrintedTable(section["title"], columns, rows)] if rows else []

    def move_context(self, move: Move, rows: Sequence[ChurnCase]) -> dict[str, Any]:
        """The case in short, and every measure so far."""
        (case,) = rows
        section = measure_section(case)
        facts = [self.cell(case, name) for name in ("manager", "last_order_on", "status")]
        used = sum(len(one["text"]) for one in section["measures"])
        return {
            **super().move_context(move, rows),
            "facts": facts,
            "sections": [section],
            "letters_left": MOST_LETTERS - used,
        }

    def move_page(self, move: Move, form: CrmForm, context: dict[str, Any], failure: Failure | None = None) -> str:
        """With how much room a further measure has."""
        if "measure" in form and "letters_left" in context:
            left = context["letters_left"]
            form["measure"].description = ngettext(
                "%(num)d character is left for further measures.",
                "%(num)d characters are left for further measures.",
                left,
            )
        return super().move_page(move, form, context, failure)


def measure_section(case: ChurnCase) -> dict[str, Any]:
    """The measures of a case, the oldest first: who, when and what."""
    written = select(ChurnMeasure).where(ChurnMeasure.case_id == case.id).order_by(ChurnMeasure.id)
    found = session().scalars(written.options(joinedload(ChurnMeasure.created_by)), execution_options=ONE_BY_ONE)
    return {
        "template": "crm/churn_measures.html",
        "title": gettext("Measures"),
        "measures": [
            {"who": person_of(one.created_by), "when": format_moment(one.created_on), "text": one.text} for one in found
        ],
        "empty": Label("No measure yet"),
    }
