"""Marketing on the workbench: what is due, the latest moves, and how to begin."""

from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased, joinedload

from app.actions.marketing import PIPELINE, UNASSIGNED
from app.i18n import Label, gettext, ngettext
from app.models.history import StatusMove
from app.models.marketing import Opportunity, PlanItem
from app.reports import marketing as report
from app.reports.money import money_in_words
from app.reports.periods import Planned
from app.security.rights import OPPORTUNITIES, PLANS, USERS, Verb
from app.views.listing import COUNT_CAP
from app.views.presentation import Button
from app.views.sections import (
    Due,
    FirstStep,
    Look,
    NewsLine,
    NewsSource,
    Section,
    Tally,
    TodoLine,
    TodoSource,
)
from app.views.workbench_marketing_figures import develops, planned_in_view, this_week, waiting

# ---- plan items of one's own ------------------------------------------------------------------------------


def _own(look: Look) -> Planned:
    """The plan items of what the person develops."""
    if develops(look.by):
        return look.once(planned_in_view)
    return report.planned(look.session, look.today, this_week(look), of=look.by.person_id, cap=COUNT_CAP)


def _item_tally(look: Look) -> Tally:
    found = look.once(_own)
    return Tally(found.overdue, found.today, found.week, found.later)


def _item_lines(look: Look, due: Due, most: int) -> list[TodoLine]:
    return [_item_line(item, place, steps) for item, place, steps in look.session.execute(_items(look, due, most))]


def _items(look: Look, due: Due, most: int) -> Select[Any]:
    """The first open items of a tab, each with its place in its plan and how many steps the plan has."""
    other = aliased(PlanItem)
    is_before = (other.planned_on < PlanItem.planned_on) | (
        (other.planned_on == PlanItem.planned_on) & (other.id <= PlanItem.id)
    )
    of_plan = select(func.count()).select_from(other).where(other.opportunity_id == PlanItem.opportunity_id)
    last = {Due.TODAY: look.today, Due.WEEK: look.week_end}.get(due)
    until = [] if last is None else [PlanItem.planned_on <= last]
    return (
        select(PlanItem, of_plan.where(is_before).scalar_subquery(), of_plan.scalar_subquery())
        .join(PlanItem.opportunity)
        .where(*report.open_items(look.by.person_id), *until)
        .options(joinedload(PlanItem.opportunity))
        .order_by(PlanItem.planned_on, PlanItem.id)
        .limit(most)
    )


def _item_line(item: PlanItem, place: int, steps: int) -> TodoLine:
    href = f"/plans/show/{item.opportunity_id}"
    return TodoLine(
        item.planned_on,
        item.todo,
        str(item.opportunity),
        href,
        Button(Label("Write the result"), f"{href}#plan-items"),
        gettext("step %(place)s of %(steps)s", place=place, steps=steps),
    )


def _item_href(look: Look, due: Due) -> str:
    last = {Due.TODAY: look.today, Due.WEEK: look.week_end}.get(due)
    until = {} if last is None else {"planned_on_to": last}
    return f"/plan-items/list/?{urlencode({'state': 'open', 'assignee': look.username, **until, 'sort': 'planned_on'})}"


# ---- opportunities to be assigned -------------------------------------------------------------------------


def _waiting_tally(look: Look) -> Tally:
    return Tally(today=look.once(waiting))


def _waiting_lines(look: Look, due: Due, most: int) -> list[TodoLine]:
    statement = select(Opportunity).where(Opportunity.status == UNASSIGNED).order_by(Opportunity.id).limit(most)
    return [_waiting_line(row, look) for row in look.session.scalars(statement)]


def _waiting_line(row: Opportunity, look: Look) -> TodoLine:
    days = (look.today - row.created_on.astimezone(look.zone).date()).days
    since = ngettext("for %(num)d day", "for %(num)d days", days) if days > 0 else ""
    assign = Button(Label("Assign"), f"/opportunities/move/assign/{row.id}")
    return TodoLine(look.today, row.summary, str(row), f"/opportunities/show/{row.id}", assign, due=since)


def _waiting_href(_look: Look, _due: Due) -> str:
    return "/opportunities/list/?status=unassigned&sort=id"


# ---- the latest moves -------------------------------------------------------------------------------------


def latest_moves(session: Session, most: int, *, of: int | None = None) -> list[tuple[StatusMove, Opportunity]]:
    """The latest moves of opportunities within sight, or of those that a person develops, newest first."""
    statement = (
        select(StatusMove, Opportunity)
        .join(Opportunity, Opportunity.id == StatusMove.row_id)
        .where(StatusMove.kind == Opportunity.__tablename__, *report.of_person(of))
        .options(joinedload(StatusMove.by))
        .order_by(StatusMove.at.desc(), StatusMove.id.desc())
        .limit(most)
    )
    return [(move, row) for move, row in session.execute(statement)]


def _latest(look: Look, most: int) -> list[NewsLine]:
    of = look.by.person_id if develops(look.by) else None
    return [_news_line(move, row, look) for move, row in latest_moves(look.session, most, of=of)]


def _news_line(move: StatusMove, row: Opportunity, look: Look) -> NewsLine:
    known = {one.key: one for one in PIPELINE.moves}
    icon = known[move.move].icon if move.move in known else "plus"
    is_planned = row.status is not UNASSIGNED and look.by.may(PLANS.right(Verb.SEE))
    href = f"/{'plans' if is_planned else 'opportunities'}/show/{row.id}"
    name = str(move.by or gettext("the system"))
    return NewsLine(move.at, icon, str(row), href, _what(move, row, look), _more(row, name))


def _what(move: StatusMove, row: Opportunity, look: Look) -> str:
    if move.move in {"assign", "reassign"}:
        is_mine = row.assignee_id == look.by.person_id and move.note and row.assigned_on == move.at
        return gettext("assigned to you") if is_mine else gettext("assigned to %(name)s", name=move.note or "")
    words = {"create": Label("new opportunity"), "succeed": Label("became a customer"), "fail": Label("ended")}
    return str(words.get(move.move, Label("moved on")))


def _more(row: Opportunity, name: str) -> str:
    if row.expected_amount is None:
        return gettext("by %(name)s", name=name)
    return gettext("by %(name)s, expected %(amount)s", name=name, amount=money_in_words(row.expected_amount))


#: What stands on the workbench.
WORKBENCH = Section(
    todo=(
        TodoSource(
            PLANS.right(Verb.CARRY_OUT), Label("Plan item"), "calendar-event", _item_tally, _item_lines, _item_href
        ),
        TodoSource(
            OPPORTUNITIES.right(Verb.ASSIGN),
            Label("To be assigned"),
            "user-check",
            _waiting_tally,
            _waiting_lines,
            _waiting_href,
        ),
    ),
    news=(NewsSource(OPPORTUNITIES.right(Verb.SEE), _latest),),
    first_steps=(
        FirstStep(
            USERS.right(Verb.CREATE),
            Label("Bring in your people"),
            Label("One by one here, or all from a table: flask crm import users people.xlsx"),
            "/users/add",
            place=10,
        ),
        FirstStep(
            OPPORTUNITIES.right(Verb.IMPORT),
            Label("Bring in what is under way"),
            Label("From a table of the system you used before: flask crm import opportunities deals.xlsx"),
            place=20,
        ),
        FirstStep(
            OPPORTUNITIES.right(Verb.CREATE),
            Label("Write down a sales opportunity"),
            Label("A company that may become a customer: whom to talk to and about what."),
            "/opportunities/add",
            place=30,
        ),
        FirstStep(
            OPPORTUNITIES.right(Verb.ASSIGN),
            Label("Assign it to an account manager"),
            Label("The list of account managers says who fits best, and why."),
            "/opportunities/list/?status=unassigned",
            place=40,
        ),
        FirstStep(
            PLANS.right(Verb.CARRY_OUT),
            Label("Plan the next steps"),
            Label("Once an opportunity is assigned to you, plan a first step; on its day it stands here."),
            "/plans/list/?status=assigned",
            place=50,
        ),
    ),
)
