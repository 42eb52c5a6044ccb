"""Whom to assign an opportunity to: the account managers, ranked, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.actions.holdings import Giving, Holding, enabled_people
from app.actions.marketing import ASSIGNED, FAILED, PIPELINE, SUCCEEDED
from app.i18n import Label
from app.models.marketing import Opportunity
from app.models.org import Employee
from app.security.actor import Actor, holders_of
from app.security.rights import OPPORTUNITIES, PLANS, Verb
from app.security.scope import system

SUCCESS_PERIOD = timedelta(days=365)


@dataclass(frozen=True)
class Candidate:
    """An account manager with the reasons for choosing him; ``success_rate`` is between 0 and 1, or None."""

    person: Employee
    region_matches: bool
    industry_matches: bool
    in_hand: int
    success_rate: float | None

    @property
    def rank(self) -> tuple[bool, bool, int, float, str]:
        """Sorts the best first: region, industry, few in hand, success, name."""
        return (
            not self.region_matches,
            not self.industry_matches,
            self.in_hand,
            -(self.success_rate or 0.0),
            self.person.username,
        )


def account_managers(by: Actor) -> Select[Employee]:
    """The enabled people who carry out plans and to whom ``by`` may give something."""
    return enabled_people(by, Opportunity.scope_module).where(Employee.id.in_(holders_of(PLANS.right(Verb.CARRY_OUT))))


def candidates(session: Session, opportunities: Sequence[Opportunity], *, by: Actor, at: datetime) -> list[Candidate]:
    """Everybody the opportunities may be given to, the best first."""
    people = session.scalars(
        account_managers(by).options(
            joinedload(Employee.department), selectinload(Employee.regions), selectinload(Employee.industries)
        )
    ).all()
    keys = [person.id for person in people]
    in_hand, rates = _in_hand(session, keys), _success_rates(session, keys, at)
    regions = {row.region_id for row in opportunities} - {None}
    industries = {row.industry_id for row in opportunities} - {None}
    found = [
        Candidate(
            person,
            bool(regions & {entry.id for entry in person.regions}),
            bool(industries & {entry.id for entry in person.industries}),
            in_hand.get(person.id, 0),
            rates.get(person.id),
        )
        for person in people
    ]
    return sorted(found, key=lambda candidate: candidate.rank)


def _in_hand(session: Session, keys: Sequence[int]) -> dict[int, int]:
    statement = (
        select(Opportunity.assignee_id, func.count())
        .where(Opportunity.status == ASSIGNED, Opportunity.assignee_id.in_(keys))
        .group_by(Opportunity.assignee_id)
    )
    with system(session, "how busy people are, as a number, is told to whoever assigns"):
        return {key: count for key, count in session.execute(statement) if key is not None}


def _success_rates(session: Session, keys: Sequence[int], at: datetime) -> dict[int, float]:
    won = func.sum(case((Opportunity.status == SUCCEEDED, 1), else_=0))
    statement = (
        select(Opportunity.assignee_id, won, func.count())
        .where(Opportunity.status.in_((SUCCEEDED, FAILED)), Opportunity.assignee_id.in_(keys))
        .where(Opportunity.closed_on >= at - SUCCESS_PERIOD)
        .group_by(Opportunity.assignee_id)
    )
    with system(session, "a success rate, as a number, is told to whoever assigns"):
        return {key: wins / count for key, wins, count in session.execute(statement) if key is not None}


# ---- hand-over ----------------------------------------------------------------------------------------


def _reassign(session: Session, rows: Sequence[Opportunity], giving: Giving) -> None:
    """Each by its own move, so that its history is written and both are told."""
    for row in rows:
        PIPELINE.fire(
            session,
            row,
            "reassign",
            by=giving.by,
            at=giving.at,
            assignee=giving.receiver,
            reason=giving.reason,
        )


#: The opportunities a person develops. Those he created that are unassigned stay: whoever sees them may take them up.
IN_HAND = Holding(
    "opportunities",
    Label("Opportunities in hand"),
    Opportunity,
    right=OPPORTUNITIES.right(Verb.REASSIGN),
    held=lambda person_id: and_(Opportunity.assignee_id == person_id, Opportunity.status == ASSIGNED),
    receivers=account_managers,
    give=_reassign,
)
