"""Sales opportunities and their development: the life cycle and every rule of it."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from app.actions.customers import (
    add_contact,
    customers_named,
    exists_out_of_sight,
    make_customer,
)
from app.actions.orders import match_orders_of
from app.actions.phones import phone_key
from app.actions.records import flush_or_stale
from app.actions.reminders import tell
from app.actions.workflow import Move, Workflow, refuse_stale
from app.errors import Forbidden, Invalid, Stale, WrongState
from app.i18n import Label
from app.models.customers import Customer
from app.models.marketing import Opportunity, OpportunityStatus, PlanItem
from app.models.org import Employee
from app.models.reminders import OPPORTUNITY_ASSIGNED, OPPORTUNITY_REASSIGNED, OPPORTUNITY_TAKEN_OVER
from app.security.actor import Actor, holds
from app.security.rights import OPPORTUNITIES, PLANS, Verb
from app.security.scope import may_hold, may_write, system

UNASSIGNED, ASSIGNED = OpportunityStatus.UNASSIGNED, OpportunityStatus.ASSIGNED
SUCCEEDED, FAILED = OpportunityStatus.SUCCEEDED, OpportunityStatus.FAILED

#: What a person types; everything else is written by a move.
TYPED_FIELDS = (
    "source",
    "customer_name",
    "probability",
    "summary",
    "contact_name",
    "contact_phone",
    "description",
    "region",
    "industry",
    "expected_amount",
    "expected_close_on",
)
EDITABLE_IN = (UNASSIGNED,)


def is_assignee(opportunity: Opportunity, by: Actor) -> bool:
    """Whether ``by`` is the one developing the opportunity."""
    return opportunity.assignee_id is not None and opportunity.assignee_id == by.person_id


def hand_to(
    session: Session,
    opportunity: Opportunity,
    *,
    by: Actor,
    at: datetime,
    assignee: Employee,
    reason: str | None = None,
) -> str:
    """Give the opportunity to one account manager, who must be enabled and within the write scope."""
    if not assignee.active:
        raise Invalid({"assignee": Label("This person is disabled.")})
    if not may_hold(session, assignee.id, Opportunity.scope_module):
        raise Forbidden(Label("This person is outside your write scope."))
    if opportunity.assignee_id == assignee.id:
        raise Invalid({"assignee": Label("This opportunity is assigned to this person already.")})
    if not holds(session, assignee.id, PLANS.right(Verb.CARRY_OUT)):
        raise Invalid({"assignee": Label("This person does not carry out plans.")})
    _tell_of_assignment(session, opportunity, assignee, by=by, at=at)
    opportunity.assignee = assignee
    opportunity.assigned_on = at
    return str(assignee)


def _tell_of_assignment(
    session: Session, opportunity: Opportunity, assignee: Employee, *, by: Actor, at: datetime
) -> None:
    """Remind whoever gets the opportunity, and whoever had it before."""
    event = f"{opportunity.id}:{opportunity.version}"
    told = partial(tell, session, key=event, about=opportunity, by=by, at=at)
    before, name = opportunity.assignee, opportunity.customer_name
    if before is None:
        told(OPPORTUNITY_ASSIGNED, [assignee.id], values={"name": name})
        return
    told(OPPORTUNITY_REASSIGNED, [assignee.id], values={"name": name, "before": str(before)})
    told(OPPORTUNITY_TAKEN_OVER, [before.id], values={"name": name, "after": str(assignee)})


def win(
    session: Session,
    opportunity: Opportunity,
    *,
    by: Actor,
    at: datetime,
    customer_choice: str | None = None,
    reason: str | None = None,
) -> None:
    """Make the customer and its first contact, or link to one of the same name as chosen.

    ``customer_choice`` is the key of a customer of that name, ``new`` or nothing. Where the name exists a choice
    is needed, and a reason to create it anyway.
    """
    customer = _chosen_customer(session, opportunity, customer_choice)
    if customer is None:
        customer = make_customer(session, opportunity, at.date(), reason)
        # The number is taken: from here on nobody else creates customers until this transaction ends.
        with session.no_autoflush:
            session.refresh(opportunity, ["status", "version"])
        if opportunity.status is not ASSIGNED:
            raise WrongState(Label("Somebody changed this record at this moment. Look at it again before you go on."))
        _refuse_silent_duplicate(session, opportunity, customer_choice, reason)
        match_orders_of(session, [customer], at=at)
    else:
        session.flush()  # what is pending passes the wall before it is opened
        with system(session, "the contact goes to the linked customer, whoever manages it"):
            add_contact(session, customer, opportunity)
            session.flush()
    opportunity.customer = customer
    opportunity.closed_on = at


def _chosen_customer(session: Session, opportunity: Opportunity, choice: str | None) -> Customer | None:
    if not choice or choice == "new":
        return None
    same = {str(customer.id): customer for customer in customers_named(session, opportunity.customer_name)}
    if choice not in same:
        raise Invalid({"customer_choice": Label("Choose one of the customers shown.")})
    return same[choice]


def _refuse_silent_duplicate(
    session: Session, opportunity: Opportunity, choice: str | None, reason: str | None
) -> None:
    with session.no_autoflush:
        is_known = customers_named(session, opportunity.customer_name) or exists_out_of_sight(
            session, opportunity.customer_name
        )
    if not is_known:
        return
    if choice != "new":
        raise Invalid({"customer_choice": Label("A customer of this name exists: link to it, or create it anyway.")})
    if not reason:
        raise Invalid({"reason": Label("Say why another customer of this name is created.")})


def lose(session: Session, opportunity: Opportunity, *, by: Actor, at: datetime, reason: str) -> None:
    """End the development; the reason is kept on the opportunity too."""
    opportunity.close_reason = reason
    opportunity.closed_on = at


PIPELINE = Workflow(
    Opportunity,
    moves=(
        Move(
            "assign",
            (UNASSIGNED,),
            ASSIGNED,
            label=Label("Assign"),
            done=Label("Assigned."),
            right=OPPORTUNITIES.right(Verb.ASSIGN),
            asks=("assignee",),
            does=hand_to,
            hands_over=True,
            on_many=True,
            icon="user-check",
        ),
        Move(
            "reassign",
            (ASSIGNED,),
            ASSIGNED,
            label=Label("Reassign"),
            done=Label("Reassigned."),
            right=OPPORTUNITIES.right(Verb.REASSIGN),
            asks=("assignee", "reason"),
            does=hand_to,
            hands_over=True,
            icon="arrows-exchange",
        ),
        Move(
            "succeed",
            (ASSIGNED,),
            SUCCEEDED,
            label=Label("Development succeeded"),
            done=Label("Done."),
            right=PLANS.right(Verb.SUCCEED),
            who=is_assignee,
            asks=("customer_choice",),
            does=win,
            icon="check",
        ),
        Move(
            "fail",
            (ASSIGNED,),
            FAILED,
            label=Label("End development"),
            done=Label("Done."),
            right=PLANS.right(Verb.FAIL),
            who=is_assignee,
            asks=("reason",),
            does=lose,
            is_ending=True,
            icon="x",
        ),
    ),
    steps=((UNASSIGNED,), (ASSIGNED,), (SUCCEEDED, FAILED)),
)


# ---- create, edit, delete -----------------------------------------------------------------------------


def create_opportunity(session: Session, values: Mapping[str, Any], *, by: Actor, at: datetime) -> Opportunity:
    """A new, unassigned opportunity of the typed ``values``."""
    by.must(OPPORTUNITIES.right(Verb.CREATE))
    opportunity = Opportunity()
    _fill(opportunity, values)
    PIPELINE.enter(session, [(opportunity, UNASSIGNED)], by=by, at=at)
    return opportunity


def may_edit(opportunity: Opportunity, by: Actor) -> bool:
    """Whether right and state allow an edit."""
    return by.may(OPPORTUNITIES.right(Verb.EDIT)) and opportunity.status in EDITABLE_IN


def check_edit(session: Session, opportunity: Opportunity, *, by: Actor) -> None:
    """Raises Forbidden or WrongState when the opportunity may not be edited."""
    by.must(OPPORTUNITIES.right(Verb.EDIT))
    if opportunity.status not in EDITABLE_IN:
        raise WrongState(Label("Only an unassigned opportunity can be changed."))


def edit_opportunity(
    session: Session,
    opportunity: Opportunity,
    values: Mapping[str, Any],
    *,
    by: Actor,
    version: int | None,
) -> None:
    """Change what may be typed, while the opportunity is unassigned."""
    check_edit(session, opportunity, by=by)
    refuse_stale(session, opportunity, version)
    _fill(opportunity, values)
    flush_or_stale(session)


def may_delete(opportunity: Opportunity, by: Actor) -> bool:
    """Whether right, state and person allow deleting: only while unassigned, only by its creator."""
    return (
        by.may(OPPORTUNITIES.right(Verb.DELETE))
        and opportunity.status in EDITABLE_IN
        and opportunity.created_by_id == by.person_id
    )


def delete_opportunity(session: Session, opportunity: Opportunity, *, by: Actor) -> None:
    """Delete an unassigned opportunity of one's own."""
    check_delete(opportunity, by=by)
    session.delete(opportunity)
    flush_or_stale(session)


def check_delete(opportunity: Opportunity, *, by: Actor) -> None:
    """Raises Forbidden or WrongState when the opportunity may not be deleted."""
    by.must(OPPORTUNITIES.right(Verb.DELETE))
    if opportunity.created_by_id != by.person_id:
        raise Forbidden(Label("Only the person who created this opportunity may delete it."))
    if opportunity.status not in EDITABLE_IN:
        raise WrongState(Label("Only an unassigned opportunity can be deleted."))


def _fill(opportunity: Opportunity, values: Mapping[str, Any]) -> None:
    for field in TYPED_FIELDS:
        if field in values:
            setattr(opportunity, field, values[field])
    opportunity.phone_key = phone_key(opportunity.contact_phone)


# ---- plan items ---------------------------------------------------------------------------------------


def may_plan(session: Session, opportunity: Opportunity, by: Actor) -> bool:
    """Whether ``by`` may add, edit and delete plan items now."""
    return opportunity.status is ASSIGNED and _is_planner(session, opportunity, by)


def may_carry_out(opportunity: Opportunity, by: Actor) -> bool:
    """Whether ``by`` may type results now."""
    has_right = by.may(PLANS.right(Verb.CARRY_OUT))
    return has_right and opportunity.status is ASSIGNED and is_assignee(opportunity, by)


def check_plan(session: Session, opportunity: Opportunity, *, by: Actor) -> None:
    """Raises Forbidden or WrongState when ``by`` may not plan this opportunity."""
    if not by.may(PLANS.right(Verb.PLAN_FOR_OTHERS)):
        by.must(PLANS.right(Verb.PLAN))
    if not _is_planner(session, opportunity, by):
        raise Forbidden(Label("Only the person developing this opportunity may plan it."))
    _refuse_closed(opportunity)


def _is_planner(session: Session, opportunity: Opportunity, by: Actor) -> bool:
    if by.may(PLANS.right(Verb.PLAN)) and is_assignee(opportunity, by):
        return True
    return by.may(PLANS.right(Verb.PLAN_FOR_OTHERS)) and may_write(session, opportunity)


def _refuse_closed(opportunity: Opportunity) -> None:
    if opportunity.status is not ASSIGNED:
        raise WrongState(Label("Plans belong to opportunities in development."))


def add_plan_item(session: Session, opportunity: Opportunity, planned_on: date, todo: str, *, by: Actor) -> PlanItem:
    """A new plan item."""
    check_plan(session, opportunity, by=by)
    item = PlanItem(opportunity=opportunity, planned_on=planned_on, todo=todo)
    session.add(item)
    _flush_while_open(session, opportunity)
    return item


def edit_plan_item(session: Session, item: PlanItem, todo: str, *, by: Actor, version: int | None) -> None:
    """Change what is to be done; the date of an existing item is locked."""
    check_plan(session, item.opportunity, by=by)
    refuse_stale(session, item, version)
    item.todo = todo
    _flush_while_open(session, item.opportunity)


def delete_plan_item(session: Session, item: PlanItem, *, by: Actor) -> None:
    """Remove a plan item."""
    check_plan(session, item.opportunity, by=by)
    opportunity = item.opportunity
    session.delete(item)
    _flush_while_open(session, opportunity)


def _flush_while_open(session: Session, opportunity: Opportunity) -> None:
    """Write, then look again whether somebody ended the development meanwhile; from here on nobody can."""
    assignee_id = opportunity.assignee_id
    flush_or_stale(session)
    session.refresh(opportunity, ["status", "assignee_id", "version"], with_for_update=True)
    if opportunity.assignee_id != assignee_id:
        raise Stale(Label("Somebody changed this record at this moment. Look at it again before you go on."))
    _refuse_closed(opportunity)


def check_carry_out(opportunity: Opportunity, *, by: Actor) -> None:
    """Raises Forbidden or WrongState when ``by`` may not type results."""
    by.must(PLANS.right(Verb.CARRY_OUT))
    if not is_assignee(opportunity, by):
        raise Forbidden(Label("Only the person developing this opportunity may carry out its plan."))
    _refuse_closed(opportunity)


def carry_out(
    session: Session, item: PlanItem, result: str | None, *, by: Actor, at: datetime, version: int | None
) -> None:
    """Type the result of a plan item; the moment of the first result is kept."""
    check_carry_out(item.opportunity, by=by)
    refuse_stale(session, item, version)
    item.result = result
    item.done_on = (item.done_on or at) if result else None
    _flush_while_open(session, item.opportunity)
