"""The record of a customer: who may change it, and what a change has to meet."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.actions.customers.facts import check_postcode
from app.actions.customers.groups import check_parent
from app.actions.customers.life import ACTIVE, LIFE, is_manager
from app.actions.customers.transfer import transfer
from app.actions.orders import match_orders_of
from app.actions.phones import phone_key
from app.actions.records import flush_or_stale
from app.actions.workflow import refuse_stale
from app.errors import Forbidden, Invalid, WrongState
from app.i18n import Label
from app.models.customers import Customer
from app.security.actor import Actor
from app.security.granting import take_turns
from app.security.rights import CUSTOMERS, Verb

#: What a person types; the account manager is changed by a transfer.
TYPED_FIELDS = (
    *("name", "region", "industry", "level", "parent", "satisfaction", "credit", "address", "postcode", "phone", "fax"),
    *("website", "licence_no", "legal_representative", "registered_capital", "annual_turnover", "bank"),
    *("bank_account", "local_tax_no", "national_tax_no"),
)


def may_edit(customer: Customer, by: Actor) -> bool:
    """Whether right, person and state allow an edit: its account manager, while it is normal."""
    return by.may(CUSTOMERS.right(Verb.EDIT)) and is_manager(customer, by) and customer.status is ACTIVE


def check_edit(customer: Customer, *, by: Actor) -> None:
    """Raises Forbidden or WrongState when the customer may not be edited."""
    by.must(CUSTOMERS.right(Verb.EDIT))
    if not is_manager(customer, by):
        raise Forbidden(Label("Only the account manager of this customer may do this."))
    if customer.status is not ACTIVE:
        raise WrongState(Label("Only a customer in the state “normal” can be changed."))


def edit_customer(
    session: Session, customer: Customer, values: Mapping[str, Any], *, by: Actor, at: datetime, version: int | None
) -> None:
    """Change what is typed; another ``manager`` among the values makes it a transfer for the ``reason`` given."""
    check_edit(customer, by=by)
    refuse_stale(session, customer, version)
    receiver = values.get("manager")
    is_transfer = receiver is not None and receiver is not customer.manager
    if is_transfer:
        by.must(CUSTOMERS.right(Verb.TRANSFER))
        _check_reason(values)
        take_turns(session, CUSTOMERS)  # before the row, as everybody does who needs both
    if "parent" in values:
        check_parent(session, customer, values["parent"])
    name = customer.name_key
    _fill(customer, values)
    flush_or_stale(session)
    if customer.name_key != name:
        match_orders_of(session, [customer], at=at)
    if is_transfer:
        _transfer(session, customer, values, by=by, at=at)


def restore_customer(session: Session, customer: Customer, *, by: Actor, at: datetime) -> None:
    """Bring a deleted customer back to the state it had, with the orders that came meanwhile."""
    LIFE.fire(session, customer, "restore", by=by, at=at)
    match_orders_of(session, [customer], at=at)


def _check_reason(values: Mapping[str, Any]) -> None:
    if not values.get("reason"):
        raise Invalid({"reason": Label("Say why the account manager changes.")})


def _transfer(session: Session, customer: Customer, values: Mapping[str, Any], *, by: Actor, at: datetime) -> None:
    versions = {customer.id: customer.version}
    try:
        transfer(session, versions, values["manager"], by=by, at=at, reason=values["reason"])
    except Invalid as refusal:
        raise Invalid({"manager": refusal.sentence}) from None


def _fill(customer: Customer, values: Mapping[str, Any]) -> None:
    for field in TYPED_FIELDS:
        if field in values:
            setattr(customer, field, values[field])
    check_postcode(customer.address, customer.postcode)
    if "phone" in values:
        customer.phone_key = phone_key(customer.phone)
