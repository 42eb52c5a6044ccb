"""Open churn cases follow their customers to another account manager, and back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from app.actions.records import Changed, change_many
from app.models.churn import ChurnCase, ChurnStatus
from app.models.customers import Customer
from app.security.actor import Actor
from app.security.scope import system


def cases_follow(session: Session, keys: Sequence[int], *, by: Actor, at: datetime, reason: str) -> None:
    """Give the open cases of the customers of these keys to whoever manages each customer now."""
    elsewhere = (
        select(ChurnCase)
        .join(ChurnCase.customer)
        .where(
            Customer.id.in_(keys),
            ChurnCase.status.in_((ChurnStatus.WARNED, ChurnStatus.POSTPONED)),
            ChurnCase.manager_id.is_distinct_from(Customer.manager_id),
        )
        .options(contains_eager(ChurnCase.customer))
        .order_by(ChurnCase.id)
        .with_for_update(of=ChurnCase)
    )
    with system(session, "a case belongs with its customer, wherever that went"):
        rows = session.scalars(elsewhere, execution_options={"populate_existing": True}).all()
        to = [(row, {"manager_id": row.customer.manager_id}) for row in rows]
        changes = [Changed(row, {"manager_id": row.manager_id}, after) for row, after in to]
        if changes:
            change_many(session, changes, by=by, at=at, reason=reason)
