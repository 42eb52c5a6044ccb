"""Interactions in figures: the next contacts that are still to be made."""

from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.models.customers import Customer, CustomerStatus
from app.models.interactions import AWAITING, Interaction
from app.reports.periods import Planned, Span, by_day


def awaiting(of: int | None = None) -> list[ColumnElement[bool]]:
    """The conditions of interactions whose next contact is to be made; the statement joins their customer.

    ``of`` narrows to the customers of one person. Nobody contacts a deleted customer.
    """
    mine = [] if of is None else [Customer.manager_id == of]
    return [*AWAITING, Customer.status != CustomerStatus.DELETED, *mine]


def next_contacts(session: Session, today: date, week: Span, *, of: int | None = None, cap: int) -> Planned:
    """The next contacts to be made, counted up to one more than ``cap``, the earliest first."""
    days = select(Interaction.next_contact_on.label("day")).join(Interaction.customer).where(*awaiting(of))
    return by_day(session, days.order_by(Interaction.next_contact_on).limit(cap + 1), today, week)
