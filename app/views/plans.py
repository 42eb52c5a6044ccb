"""Development plans on the screen: the list of what is developed, and plan items in place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import select

from app.actions import marketing
from app.clock import now
from app.extensions import session
from app.i18n import Label, gettext
from app.models.marketing import Opportunity, OpportunityStatus, PlanItem
from app.security.rights import PLANS, Verb
from app.security.scope import remember_departments
from app.views.edge import actor
from app.views.forms import CrmForm, form_class
from app.views.guards import expose, needs, signed_in
from app.views.listing import ChoiceFilter
from app.views.marketing import COMMON_FILTERS, MORE_FILTERS, PipelineView
from app.views.model_view import CrmModelView, version_of, zone
from app.views.presentation import Button, Cell, text_of
from app.views.saving import Failure, attempt, refuse_foreign_fields

PLANNED = (OpportunityStatus.ASSIGNED, OpportunityStatus.SUCCEEDED, OpportunityStatus.FAILED)
DEVELOPING = Label("In development")
ARCHIVED = Label("Archived")

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


class Plans(PipelineView):
    """客户开发计划."""

    route_base = "/plans"
    screen = PLANS
    exclude_route_methods = PipelineView.exclude_route_methods | {"move", "move_many"}
    list_columns = ("id", "customer_name", "summary", "contact_name", "contact_phone", "assignee", "status")
    filters = (
        *COMMON_FILTERS,
        ChoiceFilter(
            "status",
            Label("Status"),
            groups={DEVELOPING: (OpportunityStatus.ASSIGNED,), ARCHIVED: PLANNED[1:]},
            options=PLANNED,
        ),
        *MORE_FILTERS,
    )
    empty_title = Label("Nothing in development yet")
    empty_text = Label("Opportunities appear here once a sales supervisor has assigned them.")

    def base_conditions(self) -> Sequence[Any]:
        """Everything that has been assigned."""
        return (Opportunity.status.in_(PLANNED),)

    def cell(self, row: Any, name: str, *, is_wide: bool = False) -> Cell:
        """An assigned opportunity is called in development here."""
        cell = super().cell(row, name, is_wide=is_wide)
        if name == "status" and row.status is OpportunityStatus.ASSIGNED:
            return Cell(str(DEVELOPING), cell.kind, name, cell.label, "", "", cell.look)
        return cell

    def prepare_rows(self, rows: Sequence[Any]) -> None:
        """The departments of the people, in one statement."""
        remember_departments(session(), {row.assignee_id for row in rows if row.assignee_id})

    def shown_moves(self) -> Sequence[str]:
        """Success and failure."""
        return ("succeed", "fail")

    def more_buttons(self, row: Any) -> list[Button]:
        """Plan and carry out, success and failure; on what is finished only a look."""
        if request.endpoint != "Plans.list":
            return super().more_buttons(row)
        href = self.path(f"show/{row.id}")
        if marketing.may_carry_out(row, actor()):
            plan = [
                Button(Label("Make plan"), href, "plan", "calendar-plus"),
                Button(Label("Carry out plan"), f"{href}#plan-items", "carry_out", "checks"),
            ]
        elif marketing.may_plan(session(), row, actor()):
            plan = [Button(Label("Make plan"), href, "plan", "calendar-plus")]
        else:
            plan = [Button(Label("See"), href, "see", "eye")]
        return [*plan, *super().more_buttons(row)]

    @expose("/")
    @needs(Verb.SEE)
    def root(self) -> Any:
        """The list, by its short address."""
        return self.list()

    def sections(self, row: Opportunity) -> list[Any]:
        """The plan below the opportunity."""
        return [plan_section(row)]


class PlanItems(CrmModelView):
    """The items of a plan; they are worked on below their opportunity, in place."""

    route_base = "/plan-items"
    datamodel = SQLAInterface(PlanItem)
    screen = PLANS
    list_columns = ("id", "planned_on", "todo", "result")
    show_columns = ("opportunity", "planned_on", "todo", "result", "done_on", "created_on")
    order_columns = ("id", "planned_on")
    default_sort = "-planned_on"

    def responsible_of(self, row: PlanItem) -> int | None:
        """The opportunity's."""
        return row.opportunity.responsible_id

    @expose("/add", methods=["POST"])
    @needs(Verb.PLAN, Verb.PLAN_FOR_OTHERS)
    def add(self) -> Any:
        """A new item of the plan of ``opportunity``."""
        opportunity = load_opportunity(request.args.get("opportunity", ""))
        form = NewItemForm()
        refuse_foreign_fields(form)
        section = plan_section(opportunity, new_form=form)
        failure = attempt(
            form,
            lambda: marketing.add_plan_item(
                session(), opportunity, form["planned_on"].data, form["todo"].data, by=actor()
            ),
        )
        return self.answer(opportunity.id, section, failure)

    @expose("/edit/<int:pk>", methods=["GET", "POST"])
    @needs(Verb.PLAN, Verb.PLAN_FOR_OTHERS)
    def edit(self, pk: int) -> Any:
        """Change what is to be done."""
        item = self.load(pk, ("opportunity",))
        marketing.check_plan(session(), item.opportunity, by=actor())
        return self._work_on(item, TodoForm(obj=item), "edit")

    @expose("/result/<int:pk>", methods=["GET", "POST"])
    @needs(Verb.CARRY_OUT)
    def result(self, pk: int) -> Any:
        """Carry an item out: type its result."""
        item = self.load(pk, ("opportunity",))
        marketing.check_carry_out(item.opportunity, by=actor())
        return self._work_on(item, ResultForm(obj=item), "result")

    def _work_on(self, item: PlanItem, form: CrmForm, mode: str) -> Any:
        opportunity = item.opportunity
        section = plan_section(opportunity, working=(item.id, mode, form))
        if request.method == "GET":
            return self.part(opportunity, section)
        refuse_foreign_fields(form)
        failure = attempt(form, lambda: self._save(item, form, mode))
        return self.answer(opportunity.id, section, failure)

    def _save(self, item: PlanItem, form: CrmForm, mode: str) -> None:
        version = version_of(form)
        if mode == "edit":
            marketing.edit_plan_item(session(), item, form["todo"].data, by=actor(), version=version)
        else:
            result = form["result"].data or None
            marketing.carry_out(session(), item, result, by=actor(), at=now(zone()), version=version)

    @expose("/delete/<int:pk>", methods=["POST"])
    @needs(Verb.PLAN, Verb.PLAN_FOR_OTHERS)
    def delete(self, pk: int) -> Any:
        """Remove an item."""
        item = self.load(pk, ("opportunity",))
        key = item.opportunity_id
        marketing.delete_plan_item(session(), item, by=actor())
        session().commit()
        return self.answer(key, None, None, gettext("Deleted."))

    @expose("/block/<int:pk>")
    @signed_in
    def block(self, pk: int) -> Any:
        """The plan of the opportunity ``pk``, as a part of its page."""
        actor().must(PLANS.right(Verb.SEE))
        opportunity = load_opportunity(str(pk))
        return self.part(opportunity, plan_section(opportunity))

    def answer(self, key: int, section: Any, failure: Failure | None, done: str = "") -> Any:
        """The block again in place, or the page of the plan for a browser without scripts."""
        is_part = bool(request.headers.get("HX-Request"))
        if failure is not None:
            section["notice"] = failure.notice
            return self.part(None, section), failure.code
        if is_part:
            opportunity = load_opportunity(str(key))
            return self.part(opportunity, plan_section(opportunity))
        flash(done or gettext("Saved."), "success")
        return redirect(f"/plans/show/{key}")

    def part(self, opportunity: Opportunity | None, section: Any) -> str:
        """The block alone for a script, within the page of the plan otherwise."""
        if request.headers.get("HX-Request"):
            return str(render_template("crm/plan_items.html", section=section))
        return str(render_template("crm/plan_page.html", page=section["page"], section=section))


def load_opportunity(text: str) -> Opportunity:
    """The opportunity of a key in an address, within sight."""
    if not (text.isascii() and text.isdigit()):
        abort(400)
    opportunity: Opportunity = Plans.of_application().load(int(text), ("assignee",))
    return opportunity


def plan_section(
    opportunity: Opportunity,
    *,
    working: tuple[int, str, CrmForm] | None = None,
    new_form: CrmForm | None = None,
) -> dict[str, Any]:
    """The block of plan items below an opportunity; ``working`` shows one item as a form."""
    items = session().scalars(
        select(PlanItem)
        .where(PlanItem.opportunity_id == opportunity.id)
        .order_by(PlanItem.planned_on, PlanItem.id)
    )
    may_plan = marketing.may_plan(session(), opportunity, actor())
    may_carry_out = marketing.may_carry_out(opportunity, actor())
    rows = [_item_row(item, may_plan, may_carry_out, working) for item in items]
    is_bare = new_form is None and may_plan
    return {
        "template": "crm/plan_items.html",
        "page": Plans.of_application().record_page(opportunity, Label("Development plan")),
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


def _item_row(
    item: PlanItem, may_plan: bool, may_carry_out: bool, working: tuple[int, str, CrmForm] | None
) -> ItemRow:
    mode, form = (working[1], working[2]) if working and working[0] == item.id else ("", None)
    if form is not None and request.method == "GET":
        form["version"].data = item.version
    return ItemRow(
        item.id,
        item.version,
        item.planned_on.isoformat(),
        item.todo,
        item.result or "",
        _state(item, now(zone()).date()),
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
        found.append(
            Button(Label("Delete"), href, "delete", "trash", is_post=True, is_danger=True, question=question)
        )
    return found


def _state(item: PlanItem, today: date) -> Cell:
    """Done on a day, due today, overdue, or still to come."""
    if item.done_on:
        return Cell(gettext("Done %(day)s", day=text_of(item.done_on)[:10]), "state", look="done")
    if item.planned_on == today:
        return Cell(gettext("Today"), "state", look="new")
    if item.planned_on < today:
        return Cell(gettext("Overdue"), "state", look="bad")
    return Cell(gettext("Not due yet"), "state", look="later")
