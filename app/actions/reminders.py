"""Reminders: telling people once, what is due, and what one person does with his own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    cast,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from app.models.base import insert_into, mapper_of, rows_hit
from app.models.customers import Customer, CustomerStatus
from app.models.interactions import AWAITING, Interaction
from app.models.marketing import Opportunity, OpportunityStatus, PlanItem
from app.models.org import Employee
from app.models.reminders import (
    KINDS,
    NEXT_CONTACT_DUE,
    PLAN_ITEM_DUE,
    Channel,
    Reminder,
    ReminderKind,
    ReminderSetting,
)
from app.security.actor import Actor
from app.security.scope import system

#: Beyond this many unread ones nobody counts.
MOST_COUNTED = 99
#: What was due longer ago and never told waits on the workbench; told now, it would bury everything else.
STILL_TOLD = timedelta(days=30)
BATCH = 5_000


# ---- telling ------------------------------------------------------------------------------------------


def tell(
    session: Session,
    kind: ReminderKind,
    person_ids: Iterable[int | None],
    *,
    key: str,
    about: Any,
    values: Mapping[str, str],
    by: Actor,
    at: datetime,
) -> int:
    """Remind people of what happened to the record ``about``; returns how many were told, in one statement.

    ``key`` names the event within its kind: whoever was told it already is not told again, and two who tell it at
    once do not disturb each other. The disabled, the one who did it and whoever does not want this kind are left
    out. ``values`` fill the sentence; ``by`` is added to them.
    """
    receivers = {one for one in person_ids if one is not None} - {by.person_id}
    if not receivers:
        return 0
    # What the caller has changed so far is flushed by the rules of his own move.
    with session.no_autoflush, system(session, "a reminder is written for somebody else"):
        row: dict[str, Any] = {
            "kind": kind.key,
            "key": f"{kind.key}:{key}",
            "about": about.__tablename__,
            "row_id": about.id,
            "values": {**values, "by": _name_of(session, by)},
            "created_on": at,
        }
        return _insert_for(session, row, _wanting(kind).where(Employee.id.in_(receivers)))


def _name_of(session: Session, by: Actor) -> str:
    """The name of who acts; empty for the system, which is called by each reader's word."""
    if by.name or by.person_id is None:
        return by.name
    return str(session.get_one(Employee, by.person_id))


def _wanting(kind: ReminderKind) -> Select[int]:
    """The keys of the enabled people who want reminders of a kind here."""
    mine = and_(ReminderSetting.person_id == Employee.id, ReminderSetting.kind == kind.key)
    return select(Employee.id).outerjoin(ReminderSetting, mine).where(Employee.active.is_(True), _is_wanted(kind))


def _is_wanted(kind: ReminderKind) -> ColumnElement[bool]:
    wanted = ReminderSetting.channel == Channel.HERE
    return or_(wanted, ReminderSetting.channel.is_(None)) if kind.channel is Channel.HERE else wanted


def _insert_for(session: Session, row: Mapping[str, Any], people: Select[int]) -> int:
    """Write ``row`` for each of ``people`` who does not have its key yet."""
    columns = mapper_of(Reminder).columns
    given = [literal(value, columns[name].type) for name, value in row.items()]
    statement = (
        insert_into(session, Reminder)
        .from_select(["person_id", *row], people.add_columns(*given))
        .on_conflict_do_nothing(index_elements=["person_id", "key"])
        .returning(Reminder.id)
    )
    return len(session.scalars(statement).all())


def tell_of_customers(
    session: Session, kind: ReminderKind, concerned: Select[int | None, int], *, by: Actor, at: datetime
) -> int:
    """Remind each person once of all the customers that something happened to: of one by its name, of more by number.

    ``concerned`` gives the person and the customer's key, and is read into numbers alone; whoever is left out by
    ``tell`` is left out here. Returns how many were told.
    """
    of, customer = concerned.subquery().c
    # The sum keeps SQLite from reading all that there ever was in the order of people, instead of sorting what is new.
    person = of + literal_column("0")
    first, number = func.min(customer).label("first"), func.count().label("number")
    # Who wants it is asked of each person, not of each customer.
    each = select(person.label("person_id"), first, number).group_by(person).subquery()
    told = each.c.person_id.is_distinct_from(by.person_id) & each.c.person_id.in_(_wanting(kind))
    with system(session, "reminders are written for others, of customers that are theirs"):
        found = session.execute(select(*each.c).where(told)).all()
        alone = [one.first for one in found if one.number == 1]
        names = dict(session.execute(select(Customer.id, Customer.name).where(Customer.id.in_(alone))).all())
        shared = {"kind": kind.key, "about": Customer.__tablename__, "created_on": at}
        made = [
            {
                **shared,
                "person_id": one.person_id,
                "key": f"{kind.key}:{one.first}:{at.astimezone(UTC).isoformat()}",
                "row_id": one.first,
                "values": {"by": _name_of(session, by), **_one_or_many(one.number, names.get(one.first))},
            }
            for one in sorted(found, key=lambda one: one.person_id)  # two who tell at once wait in one order
        ]
        return _insert_new(session, made)


def _one_or_many(count: int, name: str | None) -> dict[str, str]:
    return {"count": f"{count:,}"} if name is None else {"name": name}


def _insert_new(session: Session, made: Sequence[Mapping[str, Any]]) -> int:
    """Write reminders, of which nobody gets one whose key he has."""
    if not made:
        return 0
    statement = insert_into(session, Reminder).on_conflict_do_nothing(index_elements=["person_id", "key"])
    return len(session.scalars(statement.returning(Reminder.id), made).all())


# ---- what is due ----------------------------------------------------------------------------------------


def remind_of_what_is_due(session: Session, *, today: date, at: datetime, person_id: int | None = None) -> int:
    """Tell whatever is due to whoever it is due for, one person's or everybody's; returns how many were told."""
    tellers = (remind_of_due_plan_items, remind_of_next_contacts)
    return sum(teller(session, today=today, at=at, person_id=person_id) for teller in tellers)


def remind_of_due_plan_items(session: Session, *, today: date, at: datetime, person_id: int | None = None) -> int:
    """Tell each plan item that is due to whoever has to carry it out, one person's or everybody's, each once.

    ``today`` is the company's day. An item that was due up to 30 days ago and was never told is told now; one that
    was told is not told again while it stays overdue. Returns how many were told.
    """
    return _tell_due(session, _due_plan_items(today, person_id), key=PlanItem.id, describe=_told_of_item, at=at)


def remind_of_next_contacts(session: Session, *, today: date, at: datetime, person_id: int | None = None) -> int:
    """Likewise the next contacts that are due, to who manages the customer now.

    A next contact that is put off is told again on its new day.
    """
    return _tell_due(session, _due_contacts(today, person_id), key=Interaction.id, describe=_told_of_contact, at=at)


def _tell_due(
    session: Session,
    due: Select[*tuple[Any, ...]],
    *,
    key: Any,
    describe: Callable[[Any], dict[str, Any]],
    at: datetime,
) -> int:
    """Write a reminder of each row of ``due``, by ``key``, so that two who tell at once wait in one order."""
    told, last = 0, 0
    with system(session, "what is due is told to whoever it is due for"):
        while rows := session.execute(due.where(key > last).order_by(key).limit(BATCH)).all():
            made = [{**describe(row), "created_on": at} for row in rows]
            told += _insert_new(session, made)
            last = rows[-1].id
    return told


def _was_told(person_id: Any, key: Any) -> ColumnElement[bool]:
    return select(Reminder.id).where(Reminder.person_id == person_id, Reminder.key == key).exists()


def _due_plan_items(today: date, person_id: int | None) -> Select[*tuple[Any, ...]]:
    key = literal(f"{PLAN_ITEM_DUE.key}:") + cast(PlanItem.id, String(20))
    is_mine = (Opportunity.assignee_id == person_id,) if person_id is not None else ()
    return (
        select(
            PlanItem.id,
            PlanItem.todo,
            PlanItem.planned_on,
            PlanItem.opportunity_id,
            Opportunity.customer_name,
            Opportunity.assignee_id,
        )
        .join(PlanItem.opportunity)
        .where(
            PlanItem.done_on.is_(None),
            PlanItem.planned_on.between(today - STILL_TOLD, today),
            Opportunity.status == OpportunityStatus.ASSIGNED,
            Opportunity.assignee_id.in_(_wanting(PLAN_ITEM_DUE)),
            ~_was_told(Opportunity.assignee_id, key),
            *is_mine,
        )
    )


def _told_of_item(row: Any) -> dict[str, Any]:
    return {
        "person_id": row.assignee_id,
        "kind": PLAN_ITEM_DUE.key,
        "key": f"{PLAN_ITEM_DUE.key}:{row.id}",
        "about": Opportunity.__tablename__,
        "row_id": row.opportunity_id,
        "values": {"day": row.planned_on.isoformat(), "todo": row.todo, "name": row.customer_name},
    }


def _due_contacts(today: date, person_id: int | None) -> Select[*tuple[Any, ...]]:
    day = cast(Interaction.next_contact_on, String(10))
    key = literal(f"{NEXT_CONTACT_DUE.key}:") + cast(Interaction.id, String(20)) + literal(":") + day
    is_mine = (Customer.manager_id == person_id,) if person_id is not None else ()
    return (
        select(
            Interaction.id,
            Interaction.summary,
            Interaction.next_contact_on,
            Customer.name,
            Customer.manager_id,
        )
        .join(Interaction.customer)
        .where(
            *AWAITING,
            Interaction.next_contact_on.between(today - STILL_TOLD, today),
            Customer.status != CustomerStatus.DELETED,
            Customer.manager_id.in_(_wanting(NEXT_CONTACT_DUE)),
            ~_was_told(Customer.manager_id, key),
            *is_mine,
        )
    )


def _told_of_contact(row: Any) -> dict[str, Any]:
    day = row.next_contact_on.isoformat()
    return {
        "person_id": row.manager_id,
        "kind": NEXT_CONTACT_DUE.key,
        "key": f"{NEXT_CONTACT_DUE.key}:{row.id}:{day}",
        "about": Interaction.__tablename__,
        "row_id": row.id,
        "values": {"day": day, "summary": row.summary, "name": row.name},
    }


def forget_reminders(session: Session, before: datetime) -> int:
    """Delete everybody's reminders of before that moment; returns how many.

    It is to lie further back than ``STILL_TOLD``: what was forgotten would be told again while it is due.
    """
    with system(session, "old reminders are deleted, whoever they were for"):
        old = delete(Reminder).where(Reminder.created_on < before).execution_options(synchronize_session=False)
        return rows_hit(session, old)


# ---- one's own --------------------------------------------------------------------------------------------


def unread_count(session: Session, *, by: Actor) -> int:
    """How many reminders of one's own are unread, counted up to one more than ``MOST_COUNTED``."""
    return session.scalar(_counted(), {"person": by.person_id}) or 0


@cache
def _counted() -> Select[int]:
    """Made once, since every page asks it."""
    of_person = (Reminder.person_id == bindparam("person"), Reminder.read_on.is_(None))
    first = select(Reminder.id).where(*of_person).limit(MOST_COUNTED + 1).subquery()
    return select(func.count()).select_from(first)


def mark_read(session: Session, reminder: Reminder, *, at: datetime) -> None:
    """Keep when a reminder was first read; flushes."""
    reminder.read_on = reminder.read_on or at
    session.flush()


def mark_all_read(session: Session, *, by: Actor, at: datetime) -> None:
    """Mark every unread reminder of one's own, in one statement."""
    mine = (Reminder.person_id == by.person_id, Reminder.read_on.is_(None))
    with system(session, "many rows are changed by one statement, which names their person itself"):
        session.execute(update(Reminder).where(*mine).values(read_on=at).execution_options(synchronize_session=False))


def channels_of(session: Session, *, by: Actor) -> dict[str, Channel]:
    """Where one wants each kind of reminder."""
    statement = select(ReminderSetting).where(ReminderSetting.person_id == by.person_id)
    chosen = {setting.kind: setting.channel for setting in session.scalars(statement)}
    return {key: chosen.get(key, kind.channel) for key, kind in KINDS.items()}


def choose_channels(session: Session, channels: Mapping[str, Channel], *, by: Actor) -> None:
    """Keep where one wants the kinds named; flushes."""
    for kind, channel in channels.items():
        session.merge(ReminderSetting(person_id=by.person_id, kind=kind, channel=channel))
    session.flush()
