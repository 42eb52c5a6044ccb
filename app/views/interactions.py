"""Interactions on the screen: the list of all within sight, the form, and the tab of a customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.actions import interactions
from app.clock import now
from app.extensions import session
from app.i18n import Label, gettext, ngettext
from app.models.attachments import Attachment
from app.models.basedata import Category
from app.models.customers import Contact, Customer, CustomerStatus
from app.models.interactions import Interaction
from app.security.rights import ATTACHMENTS, INTERACTIONS, Verb
from app.views.attachments import attachments_of
from app.views.customers.parts import CustomerPart, asked_customer, part_page, tab_of
from app.views.customers.tabs import CustomerTab
from app.views.edge import actor, zone
from app.views.forms import CrmForm, offer_choices
from app.views.guards import expose, needs
from app.views.interaction_filters import KeeperFilter, NextContactFilter
from app.views.listing import EntryFilter, Filter, PersonFilter
from app.views.missing_filter import Missing, MissingFilter
from app.views.presentation import EMPTY, Button, Cell
from app.views.range_filter import RangeFilter
from app.views.search_filters import CustomerFilter

#: So much of a detail is shown before one asks for the rest.
SHORT = 90
#: The picture of each kind, by its value in the dictionary.
ICONS = {"1": "building", "2": "phone-call", "3": "mail", "4": "users"}


class Interactions(CustomerPart):
    """交往记录."""

    route_base = "/interactions"
    datamodel = SQLAInterface(Interaction)
    screen = INTERACTIONS
    tab = "interactions"
    record_label = Label("interaction")
    list_columns = ("happened_on", "customer", "kind", "summary", "place", "contact", "next_contact_on")
    more_columns = ("detail", "memo", "is_followed_up", "created_by", "created_on")
    name_column = "summary"
    show_columns = (
        "customer",
        "happened_on",
        "kind",
        "place",
        "contact",
        "next_contact_on",
        "created_by",
        "created_on",
        "detail",
        "memo",
    )
    order_columns = ("id", "happened_on", "next_contact_on", "created_on")
    default_sort = "-happened_on"
    filters = (
        CustomerFilter("customer", Label("Customer")),
        RangeFilter("happened_on", Label("Happened on")),
        EntryFilter("kind", Label("Interaction kind"), category=Category.INTERACTION_KIND),
        NextContactFilter("next_contact", Label("Next contact")),
        RangeFilter("next_contact_on", Label("Next contact on")),
        KeeperFilter("manager", Label("Account manager"), is_more=True),
        PersonFilter("created_by", Label("Recorded by"), is_more=True),
        Filter("summary", Label("Summary"), is_more=True),
        MissingFilter("missing", Label("Unspecified"), is_more=True, options=(Missing.CREATED_BY,)),
    )
    add_columns = edit_columns = interactions.TYPED_FIELDS
    form_groups = (
        (Label("What was talked about"), ("happened_on", "kind", "contact", "place", "summary", "detail")),
        (Label("What comes next"), ("next_contact_on", "memo")),
    )
    new_label = Label("New interaction")
    empty_title = Label("No interaction yet")
    empty_text = Label("Open a customer and write down each visit, call and meeting, and when to make contact again.")

    def form(self, kind: type[CrmForm], row: Any) -> CrmForm:
        """With the contacts of the customer; a new one happened today, unless somebody says otherwise."""
        customer_id = row.customer_id if row is not None else asked_customer().id
        form = kind(obj=row, data=None if row is not None else {"happened_on": now(zone()).date()})
        form["contact"].find = partial(_contacts, customer_id)
        offer_choices(form, session())
        return form

    # ---- rules ------------------------------------------------------------------------------------------

    def create_for(self, customer: Customer, values: Mapping[str, Any]) -> Interaction:
        """A new interaction."""
        return interactions.create_interaction(session(), customer, values, by=actor(), today=_today())

    def update(self, row: Interaction, values: Mapping[str, Any], version: int | None) -> None:
        """Change what may be typed."""
        interactions.edit_interaction(session(), row, values, by=actor(), today=_today(), version=version)

    def take_away(self, row: Interaction) -> Sequence[str]:
        """Delete one with its attachments."""
        return interactions.delete_interaction(session(), row, by=actor())

    @expose("/done/<int:pk>", methods=["POST"])
    @needs(Verb.EDIT)
    def done(self, pk: int) -> Any:
        """The next contact was made."""
        row = self.load(pk)
        customer_id = row.customer_id
        interactions.finish_next_contact(session(), row, by=actor())
        session().commit()
        return self.back_to(customer_id, gettext("The next contact is done."))

    # ---- presentation -----------------------------------------------------------------------------------

    def more_buttons(self, row: Interaction) -> list[Button]:
        """To say that the next contact was made."""
        if row.next_contact_on is None or row.is_followed_up or not self.may_edit(row):
            return []
        href = f"{self.path(f'done/{row.id}')}?{urlencode({'next': request.full_path.rstrip('?')})}"
        return [Button(Label("Complete the next contact"), href, "done", "check", is_post=True)]

    def buttons(self, row: Interaction) -> list[Button]:
        """The question before deleting says what goes along."""
        question = gettext("Delete the interaction “%(name)s” with its attachments?", name=str(row)[:40])
        return [replace(one, question=question) if one.key == "delete" else one for one in super().buttons(row)]

    def cell(self, row: Any, name: str, *, is_wide: bool = False) -> Cell:
        """The next contact says how it stands."""
        cell = super().cell(row, name, is_wide=is_wide)
        if name != "next_contact_on" or row.next_contact_on is None:
            return cell
        return replace(cell, kind="state", look=look_of(row, _today()), title=words_of(row, _today()))

    def sections(self, row: Interaction) -> list[Any]:
        """Its attachments, for who may see such."""
        return [attachments_of(row)] if actor().may(ATTACHMENTS.right(Verb.SEE)) else []


def _today() -> date:
    return now(zone()).date()


def _contacts(customer_id: int, session: Session) -> list[tuple[Contact, str]]:
    statement = select(Contact).where(Contact.customer_id == customer_id).order_by(Contact.name, Contact.id)
    return [(one, f"{one.name}　{one.position}" if one.position else one.name) for one in session.scalars(statement)]


def look_of(row: Interaction, today: date) -> str:
    """The look of a next contact: done, of a customer nobody contacts any more, overdue, today or later."""
    if row.is_followed_up:
        return "done"
    if row.customer.status is CustomerStatus.DELETED:
        return "fail"
    days = (row.next_contact_on - today).days if row.next_contact_on else 1
    return "bad" if days < 0 else "new" if days == 0 else "later"


def words_of(row: Interaction, today: date) -> str:
    """The look in words."""
    words = {
        "done": Label("Made"),
        "fail": Label("The customer is deleted"),
        "bad": Label("Overdue"),
        "new": Label("Today"),
        "later": Label("Not due yet"),
    }
    return str(words[look_of(row, today)])


# ---- the tab of a customer --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """An interaction as the tab draws it; ``short`` is empty where the detail is shown whole."""

    key: int
    day: str
    icon: str
    kind: str
    summary: str
    href: str
    facts: list[str]
    short: str
    detail: str
    next_on: str
    next_look: str
    next_words: str
    files: str
    buttons: list[Button]


def interaction_section(customer: Customer) -> dict[str, Any]:
    """The interactions of a customer, the newest first, with what their reader may do."""
    view = Interactions.of_application()
    statement = (
        select(Interaction)
        .where(Interaction.customer_id == customer.id)
        .options(*(joinedload(getattr(Interaction, name)) for name in ("contact", "kind", "created_by")))
        .order_by(Interaction.happened_on.desc(), Interaction.id.desc())
    )
    found = part_page(statement, view.tab, tab_of(customer.id, view.tab))
    files = _file_counts([row.id for row in found.rows])
    return {
        "template": "crm/interactions.html",
        "title": view.list_title,
        "entries": [_entry(view, row, files.get(row.id, 0)) for row in found.rows],
        "count": found.count,
        "pager": found.pager,
        "new": view.new_for(customer),
        "empty": view.empty_title,
    }


def _file_counts(keys: list[int]) -> dict[int, int]:
    if not keys or not actor().may(ATTACHMENTS.right(Verb.SEE)):
        return {}
    statement = select(Attachment.interaction_id, func.count()).where(Attachment.interaction_id.in_(keys))
    return {key or 0: count for key, count in session().execute(statement.group_by(Attachment.interaction_id))}


def _entry(view: Interactions, row: Interaction, files: int) -> Entry:
    contact, today = view.cell(row, "contact").text, _today()
    detail, has_next = row.detail or "", row.next_contact_on is not None
    facts = [row.place, contact if contact != EMPTY else "", str(row.created_by or "")]
    first = " ".join(detail.split())
    return Entry(
        row.id,
        row.happened_on.isoformat(),
        ICONS.get(row.kind.value, "message-circle") if row.kind else "message-circle",
        row.kind.text if row.kind else "",
        row.summary,
        view.path(f"show/{row.id}"),
        [fact for fact in facts if fact],
        f"{first[:SHORT]}…" if len(first) > SHORT else "",
        detail,
        view.cell(row, "next_contact_on").text if has_next else "",
        look_of(row, today) if has_next else "",
        words_of(row, today) if has_next else "",
        ngettext("%(num)d attachment", "%(num)d attachments", files) if files else "",
        view.buttons(row),
    )


CUSTOMER_TAB = CustomerTab("interactions", Label("Interactions"), INTERACTIONS.right(Verb.SEE), interaction_section, 20)
