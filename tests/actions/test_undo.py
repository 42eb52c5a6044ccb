"""Undoing bulk changes: what nobody changed since goes back at once, for who did it, once and within thirty days."""

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.actions.customers.transfer import transfer
from app.actions.records import Changed, change_many
from app.actions.undo import KEPT_FOR, forget, judged, keep, may_undo, undo
from app.clock import now
from app.errors import Forbidden, WrongState
from app.extensions import db
from app.i18n import Told
from app.jobs.frame import kinds, run_due
from app.models import (
    AuditEntry,
    Customer,
    CustomerStatus,
    Employee,
    Opportunity,
    OpportunityStatus,
    Reach,
    Reminder,
    RoleReach,
    UndoBatch,
    UndoLine,
)
from app.security.actor import SYSTEM
from app.security.scope import system

MINE, THEIRS = "镇江岚砺磨具有限公司", "泰州知微生物有限公司"


def person(session, username):
    return session.scalars(select(Employee).where(Employee.username == username)).one()


@pytest.fixture
def batch(session_of):
    """Both customers went to ``narrow``; the key of the batch."""
    with session_of("supervisor") as (session, actor):
        keys = dict.fromkeys(session.scalars(select(Customer.id)))
        done = transfer(session, keys, person(session, "narrow"), by=actor, at=now(), reason="调整")
        session.commit()
        return done.batch.id


def take_back(session, actor, key, *, at=None):
    return undo(session, session.get_one(UndoBatch, key), by=actor, at=at or now(), reason="弄错了")


def managers(rows):
    with rows() as session:
        statement = select(Customer.name, Employee.username).join(Customer.manager)
        return dict(session.execute(statement).all())


def test_everything_goes_back_with_reason_and_reminders(session_of, rows, batch):
    with session_of("supervisor") as (session, actor):
        assert take_back(session, actor, batch) == 2
        session.commit()
    assert managers(rows) == {MINE: "manager_a", THEIRS: "manager_b"}
    with rows() as session:
        kept = session.get_one(UndoBatch, batch)
        assert (kept.undone_count, kept.undone_reason, kept.undone_by.username) == (2, "弄错了", "supervisor")
        assert session.scalars(select(UndoLine.is_undone)).all() == [True, True]
        told = session.scalars(select(AuditEntry.row_name).where(AuditEntry.reason == "弄错了")).all()
        assert set(told) == {MINE, THEIRS}
        told = select(Employee.username).join(Reminder, Reminder.person_id == Employee.id)
        assert set(session.scalars(told.where(Reminder.kind == "bulk_undone"))) == {"narrow", "manager_a", "manager_b"}


def test_it_is_undone_once(session_of, batch):
    with session_of("supervisor") as (session, actor):
        take_back(session, actor, batch)
        with pytest.raises(WrongState):
            take_back(session, actor, batch)
        assert not may_undo(session.get_one(UndoBatch, batch), by=actor, at=now())


def test_what_was_changed_since_stays(session_of, rows, batch):
    with session_of("narrow") as (session, _):
        session.scalars(select(Customer).where(Customer.name == MINE)).one().address = "新地址"
        session.commit()
    with session_of("supervisor") as (session, actor):
        lines = [one for part in judged(session, session.get_one(UndoBatch, batch)) for one in part]
        assert {one.line.row_name: bool(one.why) for one in lines} == {MINE: True, THEIRS: False}
        assert "苏若川" in next(str(one.why) for one in lines if one.why)
        assert take_back(session, actor, batch) == 1
        session.commit()
    assert managers(rows) == {MINE: "narrow", THEIRS: "manager_b"}
    with rows() as session:
        undone = dict(session.execute(select(UndoLine.row_name, UndoLine.is_undone)).all())
        assert undone == {MINE: False, THEIRS: True}


def test_a_value_that_differs_at_the_same_version_stays_too(session_of, rows, batch):
    with rows() as session:
        other = person(session, "head_a").id
        session.execute(update(Customer).where(Customer.name == MINE).values(manager_id=other))
    with session_of("supervisor") as (session, actor):
        assert take_back(session, actor, batch) == 1


def test_nothing_left_to_undo_is_refused_and_nothing_is_marked(session_of, rows, batch):
    with rows() as session:
        session.execute(update(Customer).values(version=9))
    with session_of("supervisor") as (session, actor):
        with pytest.raises(WrongState):
            take_back(session, actor, batch)
        session.rollback()
        assert session.get_one(UndoBatch, batch).undone_on is None


def test_after_thirty_days_it_is_too_late(session_of, batch):
    with session_of("supervisor") as (session, actor):
        late = session.get_one(UndoBatch, batch).created_on + KEPT_FOR
        with pytest.raises(WrongState):
            take_back(session, actor, batch, at=late + timedelta(seconds=1))
        assert take_back(session, actor, batch, at=late) == 2


@pytest.mark.parametrize("who", ["manager_a", "executive", "narrow", "head_a"])
def test_nobody_else_finds_it(session_of, batch, who):
    with session_of(who) as (session, actor):
        assert session.get(UndoBatch, batch) is None
        assert session.scalars(select(UndoLine)).all() == []
        with system(session, "somebody else's is handed to him"), pytest.raises(Forbidden):
            take_back(session, actor, batch)


def test_the_administrator_may(session_of, batch):
    with session_of("admin") as (session, actor):
        assert take_back(session, actor, batch) == 2


def take_right(rows, name, right):
    from flask_appbuilder.security.sqla.models import Role

    with rows() as session:
        role = session.scalars(select(Role).where(Role.name == name)).one()
        view, _, verb = right.partition(".")
        role.permissions = [
            one for one in role.permissions if (one.permission.name, one.view_menu.name) != (f"can_{verb}", view)
        ]


def test_who_lost_the_right_undoes_nothing(session_of, rows, batch):
    take_right(rows, "Sales supervisor", "customers.transfer")
    with session_of("supervisor") as (session, actor), pytest.raises(Forbidden):
        take_back(session, actor, batch)


def test_what_left_his_write_scope_stays(session_of, rows, batch):
    with rows() as session:
        session.execute(update(RoleReach).where(RoleReach.module == "customers").values(writes=Reach.OWN))
    with session_of("supervisor") as (session, actor), pytest.raises(WrongState):
        take_back(session, actor, batch)


def test_what_left_his_sight_stays_and_is_not_named(session_of, rows, batch):
    with rows() as session:
        session.execute(update(Customer).where(Customer.name == MINE).values(status=CustomerStatus.DELETED))
    with session_of("supervisor") as (session, actor):
        lines = [one for part in judged(session, session.get_one(UndoBatch, batch)) for one in part]
        assert [one.row is None for one in lines if one.line.row_name == MINE] == [True]
        assert take_back(session, actor, batch) == 1


def test_nothing_goes_back_to_who_was_disabled(session_of, rows, batch):
    with rows() as session:
        person(session, "manager_a").active = False
    with session_of("supervisor") as (session, actor):
        assert take_back(session, actor, batch) == 1
        session.commit()
    assert managers(rows) == {MINE: "narrow", THEIRS: "manager_b"}


def test_it_goes_back_also_to_whom_one_could_not_give_it_anew(session_of, rows):
    """The head of 一部 takes a customer out of 二部, which he sees and does not write."""
    with rows() as session:
        session.execute(update(RoleReach).values(reads=Reach.ALL))
    with session_of("head_a") as (session, actor):
        key = session.scalar(select(Customer.id).where(Customer.name == THEIRS))
        done = transfer(session, {key: None}, person(session, "narrow"), by=actor, at=now(), reason="调整")
        assert take_back(session, actor, done.batch.id) == 1
        session.commit()
    assert managers(rows)[THEIRS] == "manager_b"


def test_values_of_every_kind_go_back(session_of, rows):
    """Amounts with all their digits, days, moments, states and nothing, of rows of two kinds in one batch."""
    with rows() as session:
        row = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("苏州"))).one()
        customer = session.scalars(select(Customer).where(Customer.name == MINE)).one()
        before = {
            "expected_amount": Decimal("1234.50"),
            "expected_close_on": date(2026, 5, 1),
            "closed_on": datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
            "status": OpportunityStatus.UNASSIGNED,
            "source": None,
        }
        for name, value in before.items():
            setattr(row, name, value)
        customer.registered_capital = Decimal("0.1234")
        session.flush()
        after = {
            **dict.fromkeys(("expected_amount", "expected_close_on", "closed_on")),
            "status": OpportunityStatus.FAILED,
            "source": "展会",
        }
        of_customer = Changed(customer, {"registered_capital": Decimal("0.1234")}, {"registered_capital": Decimal(7)})
        changes = [Changed(row, before, after)]
        for one in (changes, [of_customer]):
            change_many(session, one, by=SYSTEM, at=now(), reason="x")
        kept = keep(session, Told("x"), [*changes, of_customer], by=SYSTEM, at=now(), right="customers.import")
        session.commit()
        assert undo(session, kept, by=SYSTEM, at=now(), reason="y") == 2
        session.commit()
        assert {name: getattr(row, name) for name in before} == before
        assert customer.registered_capital == Decimal("0.1234")


def test_old_ones_are_forgotten_by_their_job(app, session_of, rows, batch):
    assert "forget_bulk_changes" in kinds()
    with rows() as session:
        assert forget(session, now() - KEPT_FOR) == 0
        session.execute(update(UndoBatch).values(created_on=now() - KEPT_FOR - timedelta(hours=1)))
    run_due(app)
    with rows() as session:
        if session.scalar(select(func.count(UndoBatch.id))):
            assert forget(session, now() - KEPT_FOR) == 1
        assert session.scalar(select(func.count(UndoLine.id))) == 0


def test_of_two_who_undo_at_once_one_does(app, batch):
    begun, outcomes = threading.Barrier(2), []

    def take():
        with app.app_context(), Session(db.engine, info={"actor": SYSTEM}) as session:
            begun.wait(10)
            try:
                take_back(session, SYSTEM, batch)
                session.commit()
                outcomes.append("done")
            except WrongState:
                outcomes.append("refused")

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["done", "refused"]
