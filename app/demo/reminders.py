"""The reminders of the account managers who sign in: what was given to them lately, and what is due today."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.actions.reminders import STILL_TOLD, mark_read, remind_of_what_is_due, tell
from app.demo.courses import ASSIGNED, FINDERS
from app.demo.org import Team
from app.models.marketing import Opportunity
from app.models.reminders import OPPORTUNITY_ASSIGNED, Reminder
from app.security.actor import SYSTEM, Actor
from app.security.scope import working_as

ASSIGNMENTS_EACH = 6
#: What was told longer ago than this is read, an hour after it was told.
UNREAD_FOR, READ_AFTER = timedelta(days=3), timedelta(hours=1)


def write_reminders(connection: Connection, team: Team, midnight: datetime) -> None:
    """Tell each what he was assigned lately and, day by day, what was due, as a timer of the machine would.

    ``midnight`` is today's first minute in the company's time zone.
    """
    days = [midnight - STILL_TOLD + timedelta(days=count) for count in range(STILL_TOLD.days + 1)]
    with Session(connection, join_transaction_mode="rollback_only") as session, working_as(session, SYSTEM):
        for username in FINDERS:
            _tell_of_days(session, team.named(username).key, days, by=Actor(team.supervisor))
        for reminder in session.scalars(select(Reminder).where(Reminder.created_on < midnight - UNREAD_FOR)).all():
            mark_read(session, reminder, at=reminder.created_on + READ_AFTER)


def _tell_of_days(session: Session, person_id: int, days: list[datetime], *, by: Actor) -> None:
    """What happened to one person, in the order in which it happened."""
    assigned = _latest(session, person_id)
    for day in days:
        while assigned and assigned[0][0] < day:
            _tell(session, *assigned.pop(0), by)
        remind_of_what_is_due(session, today=day.date(), at=day, person_id=person_id)


def _latest(session: Session, person_id: int) -> list[tuple[datetime, Opportunity]]:
    """What the person was assigned last and when, the oldest first."""
    statement = (
        select(Opportunity)
        .where(Opportunity.assignee_id == person_id, Opportunity.status == ASSIGNED)
        .order_by(Opportunity.assigned_on.desc(), Opportunity.id)
        .limit(ASSIGNMENTS_EACH)
    )
    return [(row.assigned_on, row) for row in session.scalars(statement) if row.assigned_on is not None][::-1]


def _tell(session: Session, at: datetime, opportunity: Opportunity, by: Actor) -> None:
    key, values = f"{opportunity.id}:1", {"name": opportunity.customer_name}
    receivers = [opportunity.assignee_id]
    tell(session, OPPORTUNITY_ASSIGNED, receivers, key=key, about=opportunity, values=values, by=by, at=at)
