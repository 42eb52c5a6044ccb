"""The calendar of plan items: what is to be done on which day, by month and by week."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_appbuilder.baseviews import BaseView
from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager

from app.clock import now
from app.extensions import session
from app.i18n import Label, gettext
from app.models.marketing import Opportunity, PlanItem
from app.models.org import Employee, Reach
from app.security.rights import PLANS, Verb, module_of
from app.views.days import read_day
from app.views.edge import actor, zone
from app.views.guards import expose, needs
from app.views.listing import LONGEST_VALUE, BadAddress
from app.views.plan_block import state_of
from app.views.presentation import Page
from app.views.range_filter import FIRST_YEAR, LAST_YEAR

MOST_DAYS = 62
MOST_ITEMS = 500


@dataclass(frozen=True)
class Entry:
    """One plan item on its day; ``look`` and ``state`` say how it stands, as a shape and as a word."""

    day: str
    todo: str
    company: str
    person: str
    href: str
    look: str
    state: str


@dataclass(frozen=True)
class Whose:
    """Whose items are shown: one's own, one person's by user name, or everybody's within sight."""

    is_mine: bool
    assignee: str

    def href(self, path: str, **more: Any) -> str:
        """The address of a page or feed about the same people."""
        asked = {"scope": "mine"} if self.is_mine else {"scope": "all", "assignee": self.assignee}
        return f"{path}?{urlencode({**asked, **more})}"


class Calendar(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """计划日历."""

    route_base = "/plans"
    default_view = "calendar"
    screen = PLANS

    @expose("/calendar")
    @needs(Verb.SEE)
    def calendar(self) -> Any:
        """The page; a browser without scripts gets the month as a list."""
        today = now(zone()).date()
        day = _day("date") or today
        first, following = _month(day)
        whose = _whose()
        entries = self._entries(first, following, whose)
        title = Label("Plan calendar")
        return self.render_template(
            "crm/calendar.html",
            page=Page(title, module_of(PLANS).label, [(title, "")]),
            today=today.isoformat(),
            day=day.isoformat(),
            look=_look(),
            whose=whose,
            may_choose_mine=actor().may(PLANS.right(Verb.CARRY_OUT)),
            may_choose_person=actor().read_reach(Opportunity.scope_module) is not Reach.OWN,
            month=f"{first:%Y-%m}",
            entries=entries[:MOST_ITEMS],
            is_cut=len(entries) > MOST_ITEMS,
            most=MOST_ITEMS,
            events_href=whose.href("/plans/events"),
            previous_href=whose.href("/plans/calendar", date=first - timedelta(days=1)),
            next_href=whose.href("/plans/calendar", date=following),
        )

    @expose("/events")
    @needs(Verb.SEE)
    def events(self) -> Any:
        """The items from ``start`` to before ``end`` as JSON, and whether there are more than are told."""
        start, end = _day("start"), _day("end")
        if start is None or end is None or not 0 < (end - start).days <= MOST_DAYS:
            raise BadAddress(gettext("Period"))
        entries = self._entries(start, end, _whose())
        return {"items": [vars(entry) for entry in entries[:MOST_ITEMS]], "is_cut": len(entries) > MOST_ITEMS}

    def _entries(self, start: date, end: date, whose: Whose) -> list[Entry]:
        today = now(zone()).date()
        items: Sequence[PlanItem] = session().scalars(_planned(start, end, whose)).all()
        return [_entry(item, today) for item in items]


def _planned(start: date, end: date, whose: Whose) -> Select[Any]:
    """One item more than is shown, day by day."""
    statement = (
        select(PlanItem)
        .join(PlanItem.opportunity)
        .outerjoin(Opportunity.assignee)
        .where(PlanItem.planned_on >= start, PlanItem.planned_on < end)
        .options(contains_eager(PlanItem.opportunity).contains_eager(Opportunity.assignee))
        .order_by(PlanItem.planned_on, PlanItem.id)
        .limit(MOST_ITEMS + 1)
    )
    if whose.is_mine:
        return statement.where(Opportunity.assignee_id == actor().person_id)
    return statement.where(Employee.username == whose.assignee) if whose.assignee else statement


def _entry(item: PlanItem, today: date) -> Entry:
    state = state_of(item, today)
    return Entry(
        item.planned_on.isoformat(),
        item.todo,
        item.opportunity.customer_name,
        str(item.opportunity.assignee or ""),
        f"/plans/show/{item.opportunity_id}#plan-items",
        state.look,
        gettext("Carried out") if state.look == "done" else state.text,
    )


def _whose() -> Whose:
    """Who carries plans out sees his own at first; the conditions come with the address."""
    assignee = request.args.get("assignee", "").strip()
    scope = request.args.get("scope", "")
    if scope not in {"", "mine", "all"} or len(assignee) > LONGEST_VALUE or "\x00" in assignee:
        raise BadAddress(Label("Assigned to"))
    is_own = actor().read_reach(Opportunity.scope_module) is Reach.OWN
    carries_out = actor().may(PLANS.right(Verb.CARRY_OUT))
    is_mine = scope == "mine" or (not scope and not assignee and carries_out and not is_own)
    return Whose(is_mine, "" if is_mine else assignee)


def _look() -> str:
    """``month`` or ``week``; empty where the address leaves it to the width of the screen."""
    look = request.args.get("view", "")
    if look not in {"", "month", "week"}:
        raise BadAddress(Label("Period"))
    return look


def _day(name: str) -> date | None:
    """A day in the address; None when there is none, BadAddress when it is no day."""
    text = request.args.get(name, "")
    day = read_day(text)
    if text and (day is None or not FIRST_YEAR <= day.year < LAST_YEAR):
        raise BadAddress(Label("Date"))
    return day


def _month(day: date) -> tuple[date, date]:
    """The first day of the month and of the next one."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)
