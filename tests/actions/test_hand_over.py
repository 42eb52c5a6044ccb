"""Hand-over: everything a person holds goes to others at once, and each kind of holding proves it of itself."""

import threading
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from app.actions import hand_over as handing
from app.actions.assignment import account_managers
from app.actions.hand_over import HOLDINGS, count_held, everything_held, hand_over
from app.actions.marketing import ASSIGNED, PIPELINE
from app.clock import now
from app.errors import DomainError, Forbidden, Invalid, WrongState
from app.extensions import db
from app.models import (
    AuditEntry,
    Customer,
    CustomerStatus,
    Department,
    Employee,
    HandOver,
    ManagementReport,
    Opportunity,
    Reach,
    Reminder,
    RoleReach,
    ServiceRequest,
    StatusMove,
)
from app.models.reminders import SERVICE_HANDED_ON
from app.security.actor import SYSTEM
from app.security.rights import DEFAULT_ROLES, DEPARTMENTS, USERS, Verb
from app.security.scope import roots

REASON = "调往外地"


def person(session, username):
    return session.scalars(select(Employee).where(Employee.username == username)).one()


def give(session, actor, receivers, *, of="manager_b", **more):
    people = {key: person(session, name) for key, name in receivers.items()}
    return hand_over(session, person(session, of), people, by=actor, at=now(), reason=REASON, **more)


ALL = {
    "opportunities": "narrow",
    "customers": "supervisor",
    "services": "manager_a",
    "management_reports": "supervisor",
    "headships": "executive",
}
#: How much of each kind manager_b holds.
HELD = {"opportunities": 1, "customers": 1, "services": 2, "management_reports": 1, "headships": 1}
#: What is looked up to see whose the rows of each kind are; whoever adds a kind adds its own proof here.
HOLDERS = {
    "opportunities": lambda session, key: session.get(Opportunity, key).assignee_id,
    "customers": lambda session, key: session.get(Customer, key).manager_id,
    "services": lambda session, key: session.get(ServiceRequest, key).assignee_id,
    "management_reports": lambda session, key: session.get(ManagementReport, key).owner_id,
    "headships": lambda session, key: session.get(Department, key).head_id,
}


def make_head(rows, username="manager_b"):
    """The head of 二部 writes a management report too."""
    with rows() as session:
        owner = person(session, username)
        session.add(ManagementReport(first_day=date(2026, 3, 1), owner=owner))
        session.scalars(select(Department).where(Department.name == "二部")).one().head = person(session, username)


def test_every_kind_has_its_proof_and_every_walled_model_a_kind():
    assert {holding.key for holding in HOLDINGS} == HOLDERS.keys() == ALL.keys()
    assert {holding.model for holding in HOLDINGS} >= set(roots())


@pytest.mark.parametrize("key", HOLDERS)
def test_each_kind_goes_to_its_receiver_and_no_other_does(session_of, rows, key):
    make_head(rows)
    with session_of("admin") as (session, actor):
        before = {one.holding.key: one for one in everything_held(session, person(session, "manager_b"), by=actor)}
        assert {key: one.count for key, one in before.items()} == HELD
        assert all(one.may_give for one in before.values())
        outcome = give(session, actor, {key: ALL[key]})
        receiver = person(session, ALL[key])
        assert (outcome.given, outcome.missed) == (HELD[key], 0)
        (line,) = outcome.record.lines
        found = (line.holding, line.receiver, line.count, len(line.row_ids))
        assert found == (key, receiver, HELD[key], HELD[key])
        assert HOLDERS[key](session, line.row_ids[0]) == receiver.id
        after = {one.holding.key: one.count for one in everything_held(session, person(session, "manager_b"), by=actor)}
        assert after == {**HELD, key: 0}


def test_all_of_it_with_a_record_and_the_person_disabled(session_of, rows):
    make_head(rows)
    with session_of("admin") as (session, actor):
        outcome = give(session, actor, ALL, is_disabled_too=True)
        record = session.scalars(select(HandOver)).one()
        assert outcome.record is record and outcome.given == sum(HELD.values())
        assert (record.person.username, record.reason, record.is_disabled_too) == ("manager_b", REASON, True)
        assert record.created_by_id == actor.person_id and record.created_on
        assert not record.person.active and count_held(session, record.person) == 0


def test_opportunities_go_by_their_own_move(session_of):
    with session_of("admin") as (session, actor):
        outcome = give(session, actor, {"opportunities": "narrow"})
        key = outcome.record.lines[0].row_ids[0]
        move = session.scalars(
            select(StatusMove).where(StatusMove.row_id == key).order_by(StatusMove.id.desc())
        ).first()
        assert (move.kind, move.move, move.reason, move.by_id) == ("opportunities", "reassign", REASON, actor.person_id)
        session.info["actor"] = SYSTEM
        told = session.scalars(select(Reminder.person_id).where(Reminder.row_id == key, Reminder.read_on.is_(None)))
        assert set(told) == {person(session, "narrow").id, person(session, "manager_b").id}


def test_services_go_with_their_feedback_and_the_receiver_is_told_once(session_of):
    with session_of("admin") as (session, actor):
        outcome = give(session, actor, {"services": "manager_a"})
        assert outcome.given == 2
        receiver = person(session, "manager_a")
        given = [session.get(ServiceRequest, key) for key in outcome.record.lines[0].row_ids]
        assert [(one.assignee, one.handled_by) for one in given] == [(receiver, None), (receiver, receiver)]
        session.info["actor"] = SYSTEM
        (told,) = session.scalars(select(Reminder).where(Reminder.kind == SERVICE_HANDED_ON.key))
        assert (told.person_id, told.values["count"], told.address) == (receiver.id, "2", "/services/process")
        changes = select(AuditEntry).where(AuditEntry.reason == REASON, AuditEntry.table_name == "service_requests")
        assert {entry.row_id for entry in session.scalars(changes)} == {one.id for one in given}


def test_what_he_created_and_nobody_took_up_stays_with_all(session_of):
    with session_of("admin") as (session, actor):
        give(session, actor, ALL)
        left = select(Opportunity).where(Opportunity.created_by_id == person(session, "manager_b").id)
        assert {str(one.status) for one in session.scalars(left)} == {"unassigned", "failed"}


def test_deleted_customers_are_nobodys_work(session_of, rows):
    with rows() as session:
        session.execute(update(Customer).values(status=CustomerStatus.DELETED))
    with session_of("admin") as (session, actor), pytest.raises(WrongState):
        give(session, actor, {"customers": "supervisor"})


# ---- refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "receiver"),
    [
        ("opportunities", "manager_b"),
        ("opportunities", "disabled"),
        ("opportunities", "executive"),
        ("customers", "manager_b"),
        ("customers", "disabled"),
        ("services", "manager_b"),
        ("services", "disabled"),
        ("services", "supervisor"),
        ("headships", "disabled"),
    ],
)
def test_only_who_may_hold_it_gets_it(session_of, rows, key, receiver):
    make_head(rows)
    with session_of("admin") as (session, actor):
        with pytest.raises(Invalid) as refusal:
            give(session, actor, {key: receiver})
        assert set(refusal.value.fields) == {f"receiver_{key}"}


@pytest.mark.parametrize("who", ["supervisor", "manager_a", "manager_b", "head_a", "executive", "nobody"])
def test_nobody_without_the_right_hands_over(session_of, who):
    with session_of(who) as (session, actor), pytest.raises(Forbidden):
        give(session, actor, ALL)


def with_right(rows, name, verb=Verb.HAND_OVER, screen=USERS):
    """Gives a role a right, that to hand over unless told."""
    from flask_appbuilder.security.sqla.models import Role

    with rows() as session:
        admins = session.scalars(select(Role).where(Role.name == DEFAULT_ROLES[0].name)).one()
        right = next(
            one
            for one in admins.permissions
            if (one.permission.name, one.view_menu.name) == (f"can_{verb.value}", screen.key)
        )
        role = session.scalars(select(Role).where(Role.name == name)).one()
        role.permissions.append(right)


def test_giver_and_receiver_lie_within_the_write_scope(session_of, rows):
    """The head of 一部 writes there: neither takes from 二部 nor gives to it, and sees none of its records."""
    with_right(rows, "Head")
    with session_of("head_a") as (session, actor):
        assert [one.count for one in everything_held(session, person(session, "manager_b"), by=actor)] == [0] * 5
        with pytest.raises(WrongState):
            give(session, actor, {"customers": "manager_a"})
        with pytest.raises(Invalid):
            give(session, actor, {"customers": "manager_b"}, of="manager_a")
        assert give(session, actor, {"customers": "narrow", "opportunities": "narrow"}, of="manager_a").given == 2


def test_who_sees_more_than_he_writes_is_refused(session_of, rows):
    with_right(rows, "Head")
    with rows() as session:
        session.execute(update(RoleReach).values(reads=Reach.ALL))
    with session_of("head_a") as (session, actor):
        held = everything_held(session, person(session, "manager_b"), by=actor)
        assert [(one.holding.key, one.count, one.may_give) for one in held[:2]] == [
            ("opportunities", 1, False),
            ("customers", 1, False),
        ]
        for key in ("opportunities", "customers"):
            with pytest.raises(Forbidden):
                give(session, actor, {key: "narrow"})


def test_disabling_at_once_keeps_its_own_rules(session_of, rows):
    with_right(rows, "Sales supervisor")
    with session_of("supervisor") as (session, actor), pytest.raises(Forbidden):
        give(session, actor, {"customers": "manager_a"}, is_disabled_too=True)
    with session_of("admin") as (session, actor), pytest.raises(WrongState):
        give(session, actor, {}, of="admin", is_disabled_too=True)


def test_nothing_is_half_done(session_of, rows):
    make_head(rows)
    with session_of("admin") as (session, actor):
        with pytest.raises(Invalid):
            give(session, actor, {**ALL, "headships": "disabled"})
        session.rollback()
        assert count_held(session, person(session, "manager_b")) == sum(HELD.values())
        assert session.scalar(select(func.count(HandOver.id))) == 0


# ---- at once, and many --------------------------------------------------------------------------------


def test_what_somebody_else_takes_at_that_moment_is_left_to_him(app, rows, monkeypatch):
    """One opportunity is reassigned between the counting and the giving."""
    with rows() as session:
        row = session.scalars(select(Opportunity).where(Opportunity.assignee_id == person(session, "manager_b").id))
        key = next(one.id for one in row if one.status is ASSIGNED)
        take = handing._give_batch

        def take_after_another(*arguments, **more):
            narrow = person(session, "narrow")
            session.execute(update(Opportunity).where(Opportunity.id == key).values(assignee_id=narrow.id))
            return take(*arguments, **more)

        monkeypatch.setattr(handing, "_give_batch", take_after_another)
        outcome = give(session, SYSTEM, {"opportunities": "manager_a"}, is_disabled_too=True)
        assert (outcome.given, outcome.missed, outcome.record.lines) == (0, 1, [])
        assert session.get(Opportunity, key, populate_existing=True).assignee_id == person(session, "narrow").id
        session.rollback()


def test_a_reassignment_waits_for_the_hand_over_and_then_finds_it_done(app, rows):
    with rows() as session:
        assignee = Opportunity.assignee_id == person(session, "manager_b").id
        row = session.scalars(select(Opportunity).where(assignee, Opportunity.status == ASSIGNED)).one()
        key, version = row.id, row.version
        session.commit()
        first = Session(db.engine, info={"actor": SYSTEM})
        give(first, SYSTEM, {"opportunities": "narrow"})
        told: list[DomainError] = []
        other = threading.Thread(target=_reassign, args=(app, key, version, told))
        other.start()
        other.join(0.5)
        assert other.is_alive()
        first.commit()
        first.close()
        other.join(20)
    assert len(told) == 1
    with rows() as session:
        assert session.get(Opportunity, key).assignee.username == "narrow"


def _reassign(app, key, version, told):
    with app.app_context(), Session(db.engine, info={"actor": SYSTEM}) as session:
        row, to = session.get(Opportunity, key), person(session, "manager_a")
        try:
            PIPELINE.fire(session, row, "reassign", by=SYSTEM, at=now(), version=version, assignee=to, reason="x")
            session.commit()
        except DomainError as refusal:
            told.append(refusal)


def test_ten_thousand_customers_go_in_batches(session_of, rows, monkeypatch):
    many = 10_000
    with rows() as session:
        owner = person(session, "manager_b").id
        moment = now()
        shared = {
            "name_key": "x",
            "status": CustomerStatus.ACTIVE,
            "manager_id": owner,
            "version": 1,
            "created_on": moment,
            "changed_on": moment,
        }
        made = [{"number": f"KH99{one:08}", "name": f"第{one}家", **shared} for one in range(many)]
        session.execute(insert(Customer), made)
    largest: list[int] = []
    give_batch = handing.HOLDINGS[1].give

    def measured(session, found, giving):
        largest.append(len(found))
        give_batch(session, found, giving)

    holding = handing.HOLDINGS[1]
    monkeypatch.setattr(handing, "HOLDINGS", (replace(holding, give=measured),))
    with session_of("admin") as (session, actor):
        outcome = give(session, actor, {"customers": "supervisor"})
        assert outcome.given == many + 1 == len(outcome.record.lines[0].row_ids)
        assert max(largest) <= handing.BATCH
        mine = select(func.count(Customer.id)).where(Customer.manager_id == person(session, "supervisor").id)
        assert session.scalar(mine) == many + 1


def test_the_disabled_are_offered_nothing_new(session_of, rows):
    with session_of("admin") as (session, actor):
        for people in (account_managers(actor), *(holding.receivers(actor) for holding in HOLDINGS)):
            names = {one.username for one in session.scalars(people)}
            assert "disabled" not in names and names & {"manager_a", "supervisor"}


def test_nobody_widens_his_own_sight_by_taking_over_a_department(session_of, rows):
    """What the head of 一部 sees depends on the departments he heads, so somebody else has to give him one more."""
    with_right(rows, "Head")
    with_right(rows, "Head", Verb.EDIT, DEPARTMENTS)
    make_head(rows)
    with session_of("head_a") as (session, actor), pytest.raises(Invalid):
        give(session, actor, {"headships": "head_a"})
    with session_of("head_a") as (session, actor):
        assert give(session, actor, {"headships": "manager_a"}).given == 1
