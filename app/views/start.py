"""The first page after signing in: what waits for this person."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.baseviews import BaseView
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from app.clock import now
from app.extensions import session
from app.i18n import Label, gettext
from app.models.marketing import Opportunity, OpportunityStatus, PlanItem
from app.security.actor import Actor
from app.views.edge import actor, zone
from app.views.guards import expose, signed_in
from app.views.presentation import Page

MOST_TODO = 20


@dataclass(frozen=True)
class Figure:
    """A number that waits for who holds a right, and the list behind it."""

    right: str
    label: Any
    hint: Any
    keys: Callable[[Actor], Select[int]]
    href: str


def _mine(by: Actor) -> Select[int]:
    return select(Opportunity.id).where(
        Opportunity.assignee_id == by.person_id, Opportunity.status == OpportunityStatus.ASSIGNED
    )


def _of(status: OpportunityStatus) -> Callable[[Actor], Select[int]]:
    return lambda by: select(Opportunity.id).where(Opportunity.status == status)


FIGURES = (
    Figure(
        "opportunities.assign",
        Label("To be assigned"),
        Label("Choose an account manager for each."),
        _of(OpportunityStatus.UNASSIGNED),
        "/opportunities/list/?status=unassigned",
    ),
    Figure(
        "plans.carry_out",
        Label("My opportunities in development"),
        Label("Plan the next step, then carry it out."),
        _mine,
        "/plans/list/?status=assigned&assignee={username}",
    ),
    Figure(
        "plans.see",
        Label("In development"),
        Label("Everything being developed within your sight."),
        _of(OpportunityStatus.ASSIGNED),
        "/plans/list/?status=assigned",
    ),
    Figure(
        "plans.see",
        Label("Succeeded"),
        Label("Opportunities that became customers."),
        _of(OpportunityStatus.SUCCEEDED),
        "/plans/list/?status=succeeded",
    ),
)


class Start(BaseView):  # type: ignore[misc]
    """The page at ``/``."""

    route_base = ""
    default_view = "index"

    @expose("/")
    @signed_in
    def index(self) -> Any:
        """Figures by the person's rights, and plan items due."""
        figures = [self._figure(figure) for figure in FIGURES if actor().may(figure.right)]
        page = Page(Label("Workbench"), "")
        return self.render_template("crm/start.html", page=page, figures=figures, todo=self._todo())

    def _figure(self, figure: Figure) -> dict[str, Any]:
        from flask_login import current_user

        count = session().scalar(select(func.count()).select_from(figure.keys(actor()).limit(10_001).subquery()))
        text = f"{count:,}" if (count or 0) <= 10_000 else "10,000+"
        href = figure.href.format(username=current_user.username)
        return {"label": figure.label, "hint": figure.hint, "count": text, "href": href}

    def _todo(self) -> list[dict[str, Any]]:
        today = now(zone()).date()
        statement = (
            select(PlanItem)
            .join(PlanItem.opportunity)
            .where(
                PlanItem.done_on.is_(None),
                PlanItem.planned_on <= today,
                Opportunity.assignee_id == actor().person_id,
                Opportunity.status == OpportunityStatus.ASSIGNED,
            )
            .options(joinedload(PlanItem.opportunity))
            .order_by(PlanItem.planned_on, PlanItem.id)
            .limit(MOST_TODO)
        )
        return [self._line(item, item.planned_on < today) for item in session().scalars(statement)]

    def _line(self, item: PlanItem, is_overdue: bool) -> dict[str, Any]:
        due = gettext("Overdue since %(day)s", day=item.planned_on.isoformat()) if is_overdue else gettext("Today")
        return {
            "what": item.todo,
            "opportunity": str(item.opportunity),
            "due": due,
            "look": "bad" if is_overdue else "new",
            "href": f"/plans/show/{item.opportunity_id}#plan-items",
        }
