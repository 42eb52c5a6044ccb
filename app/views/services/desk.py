"""What the screens of the service desk share: the columns, the filters, and what each move asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import ColumnElement
from wtforms.validators import InputRequired

from app.actions.services.life import DESK
from app.actions.workflow import Move
from app.i18n import Label, gettext, listed
from app.models.basedata import Category
from app.models.customers import Customer
from app.models.services import Priority, ServiceRequest
from app.search import keys_found_by
from app.search.tokens import long_runs
from app.security.rights import SERVICES
from app.views import listing
from app.views.choice_fields import PersonField, ScoreField
from app.views.deadlines import due_cell
from app.views.forms import REQUIRED, field_of
from app.views.listing import ChoiceFilter, EntryFilter, Filter
from app.views.moves import ANSWER_FIELDS, MovingView
from app.views.presentation import Button, Cell, Column, label_of
from app.views.range_filter import RangeFilter
from app.views.services.blocks import creation

#: Where the managers to choose from are asked for.
MANAGERS = "/services/assign/managers"
#: The moves that are asked for over the page; the others need the room of one.
SHORT_MOVES = ("allocate", "escalate")
CREATION_DATE = Label("Creation date")
PRIORITY_LOOKS = {Priority.URGENT: "new", Priority.MOST_URGENT: "bad"}


@dataclass(frozen=True)
class CustomerNameFilter(Filter):
    """The customer as the search of customers finds it, whether or not the reader sees the customer."""

    def conditions(self, model: Any, values: Mapping[str, str], zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Pinyin and initials find it too."""
        value = values.get(self.name)
        if not value:
            return []
        together = (model.customer_name.contains(run) for run in long_runs(value))
        return [model.customer_id.in_(keys_found_by(Customer, value)), *together]


FILTERS = (
    CustomerNameFilter("customer", Label("Customer")),
    Filter("summary", Label("Summary")),
    EntryFilter("kind", Label("Service kind"), category=Category.SERVICE_KIND),
    RangeFilter("created_on", CREATION_DATE, value_kind="moment"),
)
PRIORITY_FILTER = ChoiceFilter("priority", Label("Priority"), is_more=True, options=tuple(Priority))


def _assignee_field() -> PersonField:
    return PersonField(Label("Account manager"), [InputRequired(REQUIRED)], remote=MANAGERS)


def mark_of(row: ServiceRequest) -> str:
    """What makes a request more pressing than others."""
    urgent = [row.priority.label] if row.priority is not Priority.NORMAL else []
    escalated = [gettext("Escalated: %(level)s", level=row.level)] if row.level else []
    return listed([*urgent, *escalated])


class ServiceView(MovingView):
    """A list of service requests."""

    datamodel = SQLAInterface(ServiceRequest)
    screen = SERVICES
    workflow = DESK
    record_label = Label("service request")
    answer_fields = MappingProxyType(
        {
            **ANSWER_FIELDS,
            "assignee": _assignee_field,
            "handling": lambda: field_of(ServiceRequest, "handling", True),
            "result": lambda: field_of(ServiceRequest, "result", True),
            "satisfaction": lambda: ScoreField(label_of(ServiceRequest, "satisfaction")),
        }
    )
    list_columns: Sequence[str] = (
        "id",
        "customer_name",
        "summary",
        "kind",
        "created_by",
        "created_on",
    )
    more_columns = ("priority", "due_on", "level", "round", "assignee", "assigned_on", "handled_by", "handled_on")
    needed_relations = ("kind",)
    moved_relations = ("customer",)
    show_columns = ("customer_name", "kind", "priority", "created_by", "created_on", "level", "request")
    name_column = "summary"
    order_columns = ("id", "created_on")
    filters: ClassVar[tuple[Filter, ...]] = (*FILTERS, PRIORITY_FILTER)

    def column(self, name: str, query: listing.Query) -> Column:
        """A list shows the day alone."""
        column = super().column(name, query)
        return replace(column, label=CREATION_DATE) if name == "created_on" else column

    def cell(self, row: Any, name: str, *, is_wide: bool = False) -> Cell:
        """What is urgent or was escalated says so beside its summary, a deadline what is left of it."""
        cell = super().cell(row, name, is_wide=is_wide)
        if name == "summary":
            return replace(cell, mark=mark_of(row))
        if name == "priority":
            return replace(cell, look=PRIORITY_LOOKS.get(row.priority, ""))
        return due_cell(row, cell.label) if name == "due_on" else cell

    def facts(self, row: ServiceRequest) -> Any:
        """How it came in."""
        return creation(row, super().facts(row))

    def move_button(self, move: Move, row: Any) -> Button:
        """What is typed at length has a page of its own; an escalation is never what is asked for first."""
        button = super().move_button(move, row)
        return replace(button, is_dialog=move.key in SHORT_MOVES, is_primary=move.key != "escalate")
