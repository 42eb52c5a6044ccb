"""Interactions with a customer: what is checked of them, who writes them, and when the next contact is done."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actions.customers import keeping
from app.actions.workflow import refuse_stale
from app.errors import Invalid, WrongState
from app.i18n import Label
from app.models.attachments import Attachment
from app.models.customers import Customer
from app.models.interactions import Interaction
from app.security.actor import Actor
from app.security.rights import INTERACTIONS, Verb

#: What a person types, in the order of the form.
TYPED_FIELDS = ("happened_on", "kind", "place", "contact", "summary", "detail", "next_contact_on", "memo")


def create_interaction(
    session: Session, customer: Customer, values: Mapping[str, Any], *, by: Actor, today: date
) -> Interaction:
    """A new interaction of the typed ``values``."""
    with keeping(session, customer, INTERACTIONS.right(Verb.CREATE), by=by):
        interaction = Interaction(customer=customer, customer_id=customer.id)
        _fill(interaction, values, today)
        session.add(interaction)
    return interaction


def edit_interaction(
    session: Session,
    interaction: Interaction,
    values: Mapping[str, Any],
    *,
    by: Actor,
    today: date,
    version: int | None,
) -> None:
    """Change what may be typed; another day of the next contact is to be kept anew."""
    with keeping(session, interaction.customer, INTERACTIONS.right(Verb.EDIT), by=by):
        refuse_stale(session, interaction, version)
        _fill(interaction, values, today)


def delete_interaction(session: Session, interaction: Interaction, *, by: Actor) -> list[str]:
    """Delete an interaction and its attachments; returns the names of the files to be removed after the commit."""
    with keeping(session, interaction.customer, INTERACTIONS.right(Verb.DELETE), by=by):
        attached = session.scalars(select(Attachment).where(Attachment.interaction_id == interaction.id)).all()
        for attachment in attached:
            session.delete(attachment)
        session.delete(interaction)
    return [attachment.stored_as for attachment in attached]


def finish_next_contact(session: Session, interaction: Interaction, *, by: Actor) -> None:
    """Say that the next contact was made; saying so twice changes nothing."""
    with keeping(session, interaction.customer, INTERACTIONS.right(Verb.EDIT), by=by):
        if interaction.next_contact_on is None:
            raise WrongState(Label("No next contact was planned here."))
        interaction.is_followed_up = True


def _fill(interaction: Interaction, values: Mapping[str, Any], today: date) -> None:
    planned_before = interaction.next_contact_on
    for name in TYPED_FIELDS:
        if name in values:
            setattr(interaction, name, values[name])
    _check(interaction, today)
    if interaction.next_contact_on != planned_before:
        interaction.is_followed_up = False


def _check(interaction: Interaction, today: date) -> None:
    """Raises Invalid with every fault."""
    faults: dict[str, Any] = {}
    if interaction.happened_on > today:
        faults["happened_on"] = Label("This day lies in the future: write down what has happened.")
    if interaction.next_contact_on and interaction.next_contact_on < interaction.happened_on:
        faults["next_contact_on"] = Label("The next contact cannot come before this one.")
    if interaction.contact and interaction.contact.customer_id != interaction.customer_id:
        faults["contact"] = Label("Choose a contact of this customer.")
    if faults:
        raise Invalid(faults)
