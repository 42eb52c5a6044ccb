"""The block of plan items below an opportunity, as every page draws it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request
from sqlalchemy import select

from app.actions import marketing
from app.clock import now
from app.extensions import session
from app.i18n import Label, gettext
from app.models.marketing import Opportunity, OpportunityStatus, PlanItem
from app.views.edge import actor, zone
from app.views.forms import CrmForm, form_class
from app.views.merging import remember
from app.views.presentation import EMPTY, Button, Cell, Column, label_of, text_of
from app.views.printing import PrintedTable

NewItemForm = form_class(PlanItem, ("planned_on", "todo"))
TodoForm = form_class(PlanItem, ("todo",), has_version=True)
ResultForm = form_class(PlanItem, ("result",), has_version=True)


@dataclass(frozen=True)
class ItemRow:
    """A plan item as drawn; ``mode`` is the form it is shown as (edit, result or none)."""

    key: int
    version: int
    planned_on: str
    todo: str
    result: str
    state: Cell
    buttons: list[Button]
    mode: str
    form: CrmForm | None


def plan_section(
    opportunity: Opportunity,
    *,
    working: tuple[int, str, CrmForm] | None = None,
    new_form: CrmForm | None = None,
) -> dict[str, Any]:
    """The block of plan items below an opportunity; ``working`` shows one item as a form."""
    items = session().scalars(
        select(PlanItem).where(PlanItem.opportunity_id == opportunity.id).order_by(PlanItem.planned_on, PlanItem.id)
    )
    may_plan = marketing.may_plan(session(), opportunity, actor())
    may_carry_out = marketing.may_carry_out(opportunity, actor())
    rows = [_item_row(item, may_plan, may_carry_out, working) for item in items]
    is_bare = new_form is None and may_plan
    return {
        "template": "crm/plan_items.html",
        "opportunity_key": opportunity.id,
        "is_developing": opportunity.status is OpportunityStatus.ASSIGNED,
        "may_plan": may_plan,
        "may_carry_out": may_carry_out,
        "items": rows,
        "done": sum(row.state.look == "done" for row in rows),
        "new_form": NewItemForm(formdata=None) if is_bare else new_form,
        "add_href": f"/plan-items/add?opportunity={opportunity.id}",
        "back_href": f"/plans/show/{opportunity.id}",
        "block_href": f"/plan-items/block/{opportunity.id}",
        "notice": "",
    }


def printed_plan(opportunity: Opportunity) -> PrintedTable:
    """The plan of an opportunity on paper."""
    columns = [Column(name, label_of(PlanItem, name), "text") for name in ("planned_on", "todo", "result")]
    rows = [
        [Cell(item.planned_on, "date"), Cell(item.todo), Cell(item.result or EMPTY), item.state]
        for item in plan_section(opportunity)["items"]
    ]
    return PrintedTable(Label("Development plan"), [*columns, Column("state", Label("Status"), "state")], rows)


def _item_row(item: PlanItem, may_plan: bool, may_carry_out: bool, working: tuple[int, str, CrmForm] | None) -> ItemRow:
    mode, form = (working[1], working[2]) if working and working[0] == item.id else ("", None)
    if form is not None and request.method == "GET":
        remember(form, item)
    return ItemRow(
        item.id,
        item.version,
        item.planned_on.isoformat(),
        item.todo,
        item.result or "",
        state_of(item, now(zone()).date()),
        [] if mode else _item_buttons(item, may_plan, may_carry_out),
        mode,
        form,
    )


def _item_buttons(item: PlanItem, may_plan: bool, may_carry_out: bool) -> list[Button]:
    found = []
    if may_carry_out:
        found.append(Button(Label("Carry out"), f"/plan-items/result/{item.id}", "result", "checks"))
    if may_plan:
        question = gettext("Delete %(kind)s “%(name)s”?", kind=gettext("plan item"), name=item.todo[:40])
        found.append(Button(Label("Edit"), f"/plan-items/edit/{item.id}", "edit", "pencil"))
        href = f"/plan-items/delete/{item.id}"
        found.append(Button(Label("Delete"), href, "delete", "trash", is_post=True, is_danger=True, question=question))
    return found


def state_of(item: PlanItem, today: date) -> Cell:
    """Done on a day, due today, overdue, still to come, or left when the development ended."""
    if item.done_on:
        return Cell(gettext("Done %(day)s", day=text_of(item.done_on)[:10]), "state", look="done")
    if item.opportunity.status is not OpportunityStatus.ASSIGNED:
        return Cell(gettext("Not carried out"), "state", look="fail")
    if item.planned_on == today:
        return Cell(gettext("Today"), "state", look="new")
    if item.planned_on < today:
        return Cell(gettext("Overdue"), "state", look="bad")
    return Cell(gettext("Not due yet"), "state", look="later")
