"""Development plans on the screen: the list of what is developed, and plan items in place."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy.exc import DBAPIError

from app.actions import marketing
from app.clock import now
from app.errors import DomainError, OutOfSight
from app.extensions import session
from app.i18n import Label, gettext
from app.models.marketing import Opportunity, OpportunityStatus, PlanItem
from app.security.actor import remember_branches
from app.security.rights import PLANS, Verb
from app.views import merging
from app.views.edge import actor, read_key, zone
from app.views.forms import CrmForm
from app.views.guards import expose, needs
from app.views.listing import ChoiceFilter, Filter
from app.views.marketing import COMMON_FILTERS, MORE_COLUMNS, MORE_FILTERS, PipelineView
from app.views.model_view import CrmModelView
from app.views.plan_block import NewItemForm, ResultForm, TodoForm, plan_section
from app.views.plan_filters import DeveloperFilter, PlanItemStateFilter
from app.views.presentation import Button, Cell
from app.views.range_filter import RangeFilter
from app.views.saving import Failure, attempt, refuse_foreign_fields, refused

PLANNED = (OpportunityStatus.ASSIGNED, OpportunityStatus.SUCCEEDED, OpportunityStatus.FAILED)
DEVELOPING = Label("In development")
ARCHIVED = Label("Archived")


class Plans(PipelineView):
    """客户开发计划."""

    route_base = "/plans"
    screen = PLANS
    exclude_route_methods = PipelineView.exclude_route_methods | {"move", "move_many"}
    list_columns = ("id", "customer_name", "summary", "contact_name", "contact_phone", "assignee", "status")
    more_columns = MORE_COLUMNS
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
        return (Opportunity.status != OpportunityStatus.UNASSIGNED,)

    def load(self, pk: int, relations: Sequence[str] = ()) -> Opportunity:
        """What is not assigned yet has no plan to look at."""
        row: Opportunity = super().load(pk, relations)
        if row.status is OpportunityStatus.UNASSIGNED:
            raise OutOfSight()
        return row

    def cell(self, row: Any, name: str, *, is_wide: bool = False) -> Cell:
        """An assigned opportunity is called in development here."""
        cell = super().cell(row, name, is_wide=is_wide)
        if name == "status" and row.status is OpportunityStatus.ASSIGNED:
            return Cell(str(DEVELOPING), cell.kind, name, cell.label, "", "", cell.look)
        return cell

    def prepare_rows(self, rows: Sequence[Any]) -> None:
        """The departments of the people, in one statement."""
        remember_branches(session(), {row.assignee_id for row in rows if row.assignee_id})

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

    def further_checks(self, row: Opportunity) -> list[tuple[Any, Callable[[], None]]]:
        """Planning and carrying out."""
        return [
            (Verb.PLAN.label, lambda: marketing.check_plan(session(), row, by=actor())),
            (Verb.CARRY_OUT.label, lambda: marketing.check_carry_out(row, by=actor())),
        ]

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
    list_title = Label("Plan items")
    record_label = Label("plan item")
    exclude_route_methods = CrmModelView.exclude_route_methods | {"print_list", "print_one"}
    list_columns = ("id", "opportunity", "planned_on", "todo", "result")
    more_columns = ("done_on", "created_by", "created_on")
    name_column = "todo"
    needed_relations = ("opportunity",)
    show_columns = ("opportunity", "planned_on", "todo", "result", "done_on", "created_on")
    order_columns = ("id", "planned_on")
    default_sort = "-planned_on"
    filters = (
        PlanItemStateFilter("state", Label("State")),
        RangeFilter("planned_on", Label("Date")),
        DeveloperFilter("assignee", Label("Assigned to")),
        Filter("todo", Label("Plan")),
        Filter("result", Label("Result"), is_more=True),
        RangeFilter("done_on", Label("Done on"), is_more=True, value_kind="moment"),
    )
    empty_title = Label("No plan item yet")
    empty_text = Label("Open an opportunity in development and plan its next step.")

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
        section = paged_section(opportunity, new_form=form)
        failure = refused(lambda: marketing.check_plan(session(), opportunity, by=actor())) or attempt(
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
        return self._work_on(pk, TodoForm, "edit")

    @expose("/result/<int:pk>", methods=["GET", "POST"])
    @needs(Verb.CARRY_OUT)
    def result(self, pk: int) -> Any:
        """Carry an item out: type its result."""
        return self._work_on(pk, ResultForm, "result")

    def _work_on(self, pk: int, kind: type[CrmForm], mode: str) -> Any:
        item = self.load(pk, ("opportunity",))
        self._check(item, mode)
        form, key = kind(obj=item), item.opportunity_id
        section = paged_section(item.opportunity, working=(pk, mode, form))
        if request.method == "GET":
            return self.part(section)
        refuse_foreign_fields(form)
        failure = attempt(form, lambda: self._save(item, form, mode))
        if failure is not None and failure.is_stale:
            section, failure = self._beside(pk, form, mode) or (section, failure)
        return self.answer(key, section, failure)

    def _beside(self, pk: int, form: CrmForm, mode: str) -> tuple[Any, Failure | None] | None:
        """The block with what was saved meanwhile beside what is typed; None when this may not be worked on now."""
        try:
            item = self.load(pk, ("opportunity",))
            self._check(item, mode)
            form.conflict = merging.conflict_of(form, item, {})
            section = paged_section(item.opportunity, working=(item.id, mode, form))
        except DomainError:
            return None
        except DBAPIError:
            session().rollback()
            return None
        notice = gettext(
            "%(name)s saved this item at %(time)s, after you had opened it. Look at it, then save again or cancel.",
            name=form.conflict.person,
            time=form.conflict.time,
        )
        return section, Failure(409, notice) if form.conflict.differences else None

    def _check(self, item: PlanItem, mode: str) -> None:
        if mode == "edit":
            marketing.check_plan(session(), item.opportunity, by=actor())
        else:
            marketing.check_carry_out(item.opportunity, by=actor())

    def _save(self, item: PlanItem, form: CrmForm, mode: str) -> None:
        version = form.seen_version
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
    @needs(Verb.SEE)
    def block(self, pk: int) -> Any:
        """The plan of the opportunity ``pk``, as a part of its page."""
        opportunity = load_opportunity(str(pk))
        return self.part(paged_section(opportunity))

    def answer(self, key: int, section: Any, failure: Failure | None, done: str = "") -> Any:
        """The block again in place, or the page of the plan for a browser without scripts."""
        is_part = bool(request.headers.get("HX-Request"))
        if failure is not None:
            section["notice"] = failure.notice
            return self.part(section), failure.code
        if is_part:
            opportunity = load_opportunity(str(key))
            return self.part(paged_section(opportunity))
        flash(done or gettext("Saved."), "success")
        return redirect(f"/plans/show/{key}")

    def part(self, section: Any) -> str:
        """The block alone for a script, within the page of the plan otherwise."""
        if request.headers.get("HX-Request"):
            return str(render_template("crm/plan_items.html", section=section))
        return str(render_template("crm/plan_page.html", page=section["page"], section=section))


def paged_section(opportunity: Opportunity, **more: Any) -> dict[str, Any]:
    """The block with the page that carries it where there are no scripts, made before anything changes."""
    page = Plans.of_application().record_page(opportunity, Label("Development plan"))
    return {**plan_section(opportunity, **more), "page": page}


def load_opportunity(text: str) -> Opportunity:
    """The opportunity of a key in an address, within sight."""
    opportunity: Opportunity = Plans.of_application().load(read_key(text) or 0, ("assignee",))
    return opportunity
