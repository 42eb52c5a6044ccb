"""What a timeline tells from the beginning: interactions, orders, status moves and changes of fields."""

from collections.abc import Sequence
from typing import Any

from app.actions.customers.life import LIFE
from app.actions.marketing import PIPELINE
from app.i18n import Label, gettext
from app.models.audit import AuditEntry, AuditKind
from app.models.customers import Contact, Customer
from app.models.history import StatusMove
from app.models.interactions import Interaction
from app.models.orders import Order
from app.reports import customers as report
from app.reports.timeline import Source, Statement
from app.security.rights import CHURN, CONTACTS, CUSTOMERS, INTERACTIONS, OPPORTUNITIES, ORDERS, Verb
from app.views.changes import Reading, kind_in_words, reason_in_words, who
from app.views.customers.churn import case_lines
from app.views.customers.timeline import Line, TimelineKind, cut
from app.views.edge import actor
from app.views.history import event_of
from app.views.presentation import cell_of, text_of
from app.views.record_history import ICONS
from app.views.record_pages import page_of, view_for

Rows = Sequence[Sequence[Any]]


def _interactions(rows: Rows, _customer: Customer) -> dict[int, Line]:
    return {one.id: _interaction(one) for (one,) in rows}


def _interaction(one: Interaction) -> Line:
    with_whom = gettext("with %(name)s", name=one.contact) if one.contact else ""
    due = gettext("next contact %(day)s", day=one.next_contact_on) if one.next_contact_on else ""
    more = (cut(one.detail or ""), with_whom, one.place, due, one.created_by)
    title = one.kind.text if one.kind else Label("Interaction")
    return Line("message-circle", title, one.summary, page_of(one), more=[str(part) for part in more if part])


def _orders(rows: Rows, _customer: Customer) -> dict[int, Line]:
    return {order.id: _order(order, product, count) for order, product, count in rows}


def _order(order: Order, product: str | None, count: int) -> Line:
    more = [gettext("%(amount)s yuan", amount=text_of(order.total, "money"))]
    if product:
        several = gettext("%(product)s and others, %(count)s in all", product=product, count=count)
        more.append(several if count > 1 else product)
    return Line("shopping-cart", Label("Order placed"), order.number, page_of(order), cell_of(order, "status"), more)


def _moves_of(customer: Customer) -> Statement:
    """With those of the records that the reader may see."""
    may_see = (actor().may(screen.right(Verb.SEE)) for screen in (OPPORTUNITIES, CHURN))
    with_opportunities, with_cases = may_see
    return report.moves_of(customer, with_opportunities=with_opportunities, with_cases=with_cases)


def _moves(rows: Rows, customer: Customer) -> dict[int, Line]:
    of_cases = case_lines([(move, case) for move, _, case in rows if case is not None])
    others = {move.id: _move(move, opportunity or customer) for move, opportunity, case in rows if case is None}
    return of_cases | others


def _move(move: StatusMove, about: Any) -> Line:
    """What was done and by whom; of an opportunity also which."""
    event = event_of(LIFE if isinstance(about, Customer) else PIPELINE, move)
    if isinstance(about, Customer):
        return Line(event.icon, Label("Status move"), event.what, more=[event.more] if event.more else ())
    more = [event.what, *([event.more] if event.more else ())]
    return Line(
        "target-arrow", Label("Sales opportunity"), about.summary, page_of(about), cell_of(about, "status"), more
    )


def _changes_of(customer: Customer) -> Statement:
    tables = {Customer.__tablename__: CUSTOMERS, Contact.__tablename__: CONTACTS}
    told = [table for table, screen in tables.items() if actor().may(screen.right(Verb.SEE))]
    return report.changes_of(customer, told)


def _changes(rows: Rows, customer: Customer) -> dict[int, Line]:
    entries = [entry for (entry,) in rows]
    shows_phones = view_for(Customer).shows_phones(customer)
    changed = [entry for entry in entries if entry.kind is AuditKind.CHANGED]
    reading = Reading(changed, shows_phones=shows_phones)
    return {entry.id: _change(entry, reading) for entry in entries}


def _change(entry: AuditEntry, reading: Reading) -> Line:
    """The fields of what was changed; of a contact, and of what was made or removed, its name."""
    what = gettext("%(kind)s %(name)s", kind=kind_in_words(entry.table_name), name=entry.row_name)
    if entry.kind is AuditKind.CHANGED:
        changes = reading.summary(entry)
        is_own = entry.table_name == Customer.__tablename__
        what = changes if is_own else gettext("%(record)s; %(changes)s", record=what, changes=changes)
    reason = reason_in_words(entry)
    more = [who(entry), *([gettext("Reason: %(reason)s", reason=reason)] if reason else ())]
    return Line(ICONS[entry.kind], entry.kind.label, what, more=more)


CUSTOMER_TIMELINE = (
    TimelineKind(
        Label("Interactions"),
        INTERACTIONS.right(Verb.SEE),
        Source("interaction", Interaction.happened_on, report.interactions_of),
        _interactions,
        place=10,
    ),
    TimelineKind(
        Label("Orders"), ORDERS.right(Verb.SEE), Source("order", Order.ordered_on, report.orders_of), _orders, place=20
    ),
    TimelineKind(
        Label("Status moves"), CUSTOMERS.right(Verb.SEE), Source("move", StatusMove.at, _moves_of), _moves, place=80
    ),
    TimelineKind(
        Label("Changes of fields"),
        CUSTOMERS.right(Verb.SEE),
        Source("change", AuditEntry.at, _changes_of),
        _changes,
        place=90,
    ),
)
