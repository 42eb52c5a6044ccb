"""Who changes what hangs on a customer: its account manager alone, and not once it is deleted."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app.actions.records import flush_or_stale
from app.errors import Forbidden, WrongState
from app.i18n import Label
from app.models.customers import Customer, CustomerStatus
from app.security.actor import Actor


def may_keep(customer: Customer, right: str, by: Actor) -> bool:
    """Whether ``by`` may do now what needs ``right``."""
    return by.may(right) and _is_manager(customer, by) and customer.status is not CustomerStatus.DELETED


def check_keeper(customer: Customer, right: str, *, by: Actor) -> None:
    """Raises Forbidden or WrongState for who may not do what needs ``right``. A lost customer is kept as any other."""
    by.must(right)
    if not _is_manager(customer, by):
        raise Forbidden(Label("Only the account manager of this customer may do this."))
    if customer.status is CustomerStatus.DELETED:
        raise WrongState(Label("This customer is deleted: what belongs to it cannot be changed any more."))


def _is_manager(customer: Customer, by: Actor) -> bool:
    return customer.manager_id is not None and customer.manager_id == by.person_id


@contextmanager
def keeping(session: Session, customer: Customer, right: str, *, by: Actor) -> Iterator[None]:
    """A block that writes what hangs on a customer, and flushes; nobody transfers or deletes the customer meanwhile.

    PostgreSQL locks the customer before the block. SQLite has no such lock but one writer, so it is asked once more
    when the rows are written.
    """
    _look_again(session, customer)
    check_keeper(customer, right, by=by)
    yield
    flush_or_stale(session)
    _look_again(session, customer)
    check_keeper(customer, right, by=by)


def _look_again(session: Session, customer: Customer) -> None:
    session.refresh(customer, ["status", "manager_id", "version"], with_for_update={"key_share": True})
