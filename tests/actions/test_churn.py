"""The life of churn cases: measures are appended, a confirmed one takes its customer along, and all follow theirs."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actions.churn.life import CASES, MOST_LETTERS
from app.actions.customers.life import LIFE, in_sentences, open_counts
from app.actions.customers.record import restore_customer
from app.actions.customers.transfer import transfer
from app.actions.hand_over import hand_over
from app.actions.undo import undo
from app.clock import now
from app.errors import Forbidden, Invalid, Stale, WrongState
from app.extensions import db
from app.models import (
    AuditEntry,
    ChurnCase,
    ChurnMeasure,
    ChurnStatus,
    Customer,
    CustomerStatus,
    DictionaryEntry,
    Employee,
    Reminder,
    StatusMove,
    UndoBatch,
)
from app.security.actor import SYSTEM, load_actor
from app.security.scope import show_deleted

MINE, THEIRS = "镇江岚砺磨具有限公司", "泰州知微生物有限公司"
WARNED, POSTPONED = ChurnStatus.WARNED, ChurnStatus.POSTPONED
CONFIRMED, RECOVERED = ChurnStatus.CONFIRMED, ChurnStatus.RECOVERED
AT = datetime(2026, 9, 7, 2, tzinfo=UTC)


def person(session, username):
    return session.scalars(select(Employee).where(Employee.username == username)).one()


def named(session, name):
    return session.scalars(select(Customer).where(Customer.name == name)).one()


def open_case(session, name=MINE, status=WARNED):
    """A case of that customer in that state, as the scan would have opened it."""
    customer = named(session, name)
    case = ChurnCase(customer=customer, manager=customer.manager, as_of=date(2026, 9, 5))
    case.last_order_on, case.created_on = customer.last_order_on, AT
    CASES.enter(session, [(case, status)], by=SYSTEM, at=AT)
    return case


@pytest.fixture
def case(rows):
    """The key of a warning about the customer of manager_a."""
    with rows() as session:
        return open_case(session).id


def moves_of(session, row):
    statement = select(StatusMove).where(StatusMove.kind == row.__tablename__, StatusMove.row_id == row.id)
    return [(one.move, one.before, one.after, one.reason) for one in session.scalars(statement.order_by(StatusMove.id))]


# ---- postpone -----------------------------------------------------------------------------------------------


def test_measures_are_appended_again_and_again(session_of, case):
    with session_of("manager_a") as (session, by):
        row = session.get(ChurnCase, case)
        for number, text in enumerate(("上门拜访", "寄出样品", "寄出样品")):
            version = row.version
            CASES.fire(session, row, "postpone", by=by, at=AT + timedelta(days=number), measure=text)
            assert row.version == version + 1
        assert row.status is POSTPONED
        assert [(one.text, one.created_by_id, one.created_on) for one in row.measures] == [
            ("上门拜访", by.person_id, AT),
            ("寄出样品", by.person_id, AT + timedelta(days=1)),
            ("寄出样品", by.person_id, AT + timedelta(days=2)),
        ]
        assert moves_of(session, row) == [
            ("create", None, "warned", None),
            ("postpone", "warned", "postponed", None),
            ("postpone", "postponed", "postponed", None),
            ("postpone", "postponed", "postponed", None),
        ]


def test_all_measures_together_have_four_thousand_characters(session_of, case):
    with session_of("manager_a") as (session, by):
        row = session.get(ChurnCase, case)
        CASES.fire(session, row, "postpone", by=by, at=AT, measure="约" * (MOST_LETTERS - 10))
        with pytest.raises(Invalid, match=r"(?s)10.*11"):
            CASES.fire(session, row, "postpone", by=by, at=AT, measure="谈" * 11)
        CASES.fire(session, row, "postpone", by=by, at=AT, measure="谈" * 10)
        with pytest.raises(Invalid):
            CASES.fire(session, row, "postpone", by=by, at=AT, measure="谈")
        assert sum(len(one.text) for one in session.scalars(select(ChurnMeasure).where(ChurnMeasure.case_id == case)))


# ---- confirm ------------------------------------------------------------------------------------------------


def test_the_customer_is_lost_with_its_case(session_of, case):
    reason = "对方已停产，" + "厂房转租。" * 300
    with session_of("manager_a") as (session, by):
        row = session.get(ChurnCase, case)
        kind = session.scalars(select(DictionaryEntry).where(DictionaryEntry.item == "停业")).one()
        CASES.fire(session, row, "confirm", by=by, at=AT, churn_reason=reason, reason_kind=kind)
        assert (row.status, row.reason, row.reason_kind, row.confirmed_on) == (CONFIRMED, reason, kind, AT)
        assert row.customer.status is CustomerStatus.LOST
        assert moves_of(session, row)[-1] == ("confirm", "warned", "confirmed", None)
        assert moves_of(session, row.customer) == [("lose", "active", "lost", None)]
        session.commit()
        told = session.scalars(select(AuditEntry).where(AuditEntry.row_id == case).order_by(AuditEntry.id.desc()))
        assert "对方已停产" in told.first().changes
        for move in ("postpone", "confirm"):
            with pytest.raises(WrongState):
                CASES.fire(session, row, move, by=by, at=AT, measure="再谈", churn_reason="再确认")


def test_a_case_without_its_customer_is_not_confirmed(session_of, rows, case):
    """Both or neither: a customer that is not normal is not lost, and its case stays as it was."""
    with rows() as session:
        named(session, MINE).status = CustomerStatus.LOST
    with session_of("manager_a") as (session, by):
        row = session.get(ChurnCase, case)
        with pytest.raises(WrongState):
            CASES.fire(session, row, "confirm", by=by, at=AT, churn_reason="停产")
        session.rollback()
        assert row.status is WARNED and row.reason is None


def test_an_edit_of_the_customer_does_not_disturb(session_of, rows, case):
    """The customer was read before somebody saved it."""
    with session_of("manager_a") as (session, by):
        row = session.get(ChurnCase, case)
        assert row.customer.version
        with Session(db.engine, info={"actor": SYSTEM}) as other:
            named(other, MINE).address = "新地址"
            other.commit()
        CASES.fire(session, row, "confirm", by=by, at=AT, churn_reason="停产")
        session.commit()
        assert (row.customer.status, row.customer.address) == (CustomerStatus.LOST, "新地址")


# ---- who ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("move", ["postpone", "confirm"])
def test_only_who_manages_the_customer_now(session_of, rows, case, move):
    answers: dict[str, Any] = {"measure": "拜访"} if move == "postpone" else {"churn_reason": "停产"}
    with session_of("supervisor") as (session, by):
        keys = dict.fromkeys([named(session, MINE).id])
        transfer(session, keys, person(session, "manager_b"), by=by, at=now(), reason="调整")
        session.commit()
    with session_of("manager_a") as (session, by), pytest.raises(Forbidden):
        CASES.fire(session, session.get(ChurnCase, case), move, by=by, at=AT, **answers)
    with session_of("manager_b") as (session, by):
        CASES.fire(session, session.get(ChurnCase, case), move, by=by, at=AT, **answers)


def test_a_transfer_at_that_moment_goes_before(session_of, case):
    """He was the account manager when he looked, and is not any more when he writes."""
    with session_of("manager_a") as (session, by):
        row = session.get(ChurnCase, case)
        assert row.customer.manager_id == by.person_id
        with Session(db.engine, info={"actor": SYSTEM}) as other:
            keys = dict.fromkeys([named(other, MINE).id])
            transfer(other, keys, person(other, "manager_b"), by=SYSTEM, at=now(), reason="调整")
            other.commit()
        with pytest.raises(Forbidden):
            CASES.fire(session, row, "confirm", by=by, at=AT, churn_reason="停产")
        session.rollback()
    with session_of("manager_a") as (session, by):
        row = session.get(ChurnCase, case)
        assert row.status is WARNED and row.manager.username == "manager_b"


def test_who_postponed_in_between_is_told(session_of, case):
    with session_of("manager_a") as (session, by):
        row = session.get(ChurnCase, case)
        assert row.customer.manager_id == by.person_id
        with Session(db.engine, info={"actor": by}) as other:
            CASES.fire(other, other.get(ChurnCase, case), "postpone", by=by, at=AT, measure="拜访")
            other.commit()
        with pytest.raises(Stale, match=r"林知远"):
            CASES.fire(session, row, "postpone", by=by, at=AT, measure="寄样品")
        session.rollback()
        assert [one.text for one in row.measures] == ["拜访"]


# ---- won back -----------------------------------------------------------------------------------------------


@pytest.fixture
def lost(rows):
    """The key of the customer of manager_a, lost by a confirmed case."""
    with rows() as session:
        row, manager = open_case(session), person(session, "manager_a")
        row.status, row.confirmed_on, row.reason = CONFIRMED, AT, "停产"
        row.customer.status, row.customer.manager = CustomerStatus.LOST, manager
        return row.customer_id


def test_a_lost_customer_is_won_back_and_its_case_stays(session_of, rows, lost):
    with session_of("supervisor") as (session, by):
        customer = session.get(Customer, lost)
        LIFE.fire(session, customer, "win_back", by=by, at=AT, reason="签了新合同")
        assert (customer.status, customer.won_back_on) == (CustomerStatus.ACTIVE, AT.date())
        assert moves_of(session, customer) == [("win_back", "lost", "active", "签了新合同")]
        session.commit()
    with rows() as session:
        cases = session.scalars(select(ChurnCase.status).where(ChurnCase.customer_id == lost)).all()
        assert sorted(cases) == [CONFIRMED, RECOVERED]
        told = session.scalars(select(Reminder).where(Reminder.kind == "customer_won_back")).all()
        assert [session.get(Employee, one.person_id).username for one in told] == ["manager_a"]
        assert "许安宁" in told[0].text and MINE in told[0].text and told[0].address == f"/customers/show/{lost}"


@pytest.mark.parametrize("status", [CustomerStatus.ACTIVE, CustomerStatus.DELETED])
def test_only_the_lost_are_won_back(rows, lost, status):
    with rows() as session:
        customer = session.get(Customer, lost)
        customer.status = status
        session.flush()
        with pytest.raises(WrongState):
            LIFE.fire(session, customer, "win_back", by=SYSTEM, at=AT, reason="签了新合同")


# ---- along with the customer --------------------------------------------------------------------------------


def managers_of(rows, name=MINE):
    """The state and account manager of each case of a customer."""
    with rows() as session:
        statement = select(ChurnCase).join(ChurnCase.customer).where(Customer.name == name).order_by(ChurnCase.id)
        return [(one.status, one.manager.username) for one in session.scalars(statement)]


def give(session, by, to):
    keys = dict.fromkeys([named(session, MINE).id])
    done = transfer(session, keys, person(session, to), by=by, at=now(), reason="调整")
    session.commit()
    return done.batch.id


def test_the_open_case_goes_along_and_comes_back(session_of, rows, case):
    with session_of("supervisor") as (session, by):
        batch = give(session, by, "narrow")
    assert managers_of(rows) == [(RECOVERED, "manager_a"), (WARNED, "narrow")]
    with rows() as session:
        told = session.scalars(select(AuditEntry).where(AuditEntry.table_name == "churn_cases")).all()[-1]
        assert (told.row_id, told.reason) == (case, "调整") and "manager_id" in told.changes
    with session_of("supervisor") as (session, by):
        undo(session, session.get_one(UndoBatch, batch), by=by, at=now(), reason="弄错了")
        session.commit()
    assert managers_of(rows) == [(RECOVERED, "manager_a"), (WARNED, "manager_a")]


def test_a_case_that_was_worked_on_comes_back_too(session_of, rows, case):
    """The customer itself nobody changed, so it goes back, and its case belongs with it."""
    with session_of("supervisor") as (session, by):
        batch = give(session, by, "narrow")
    with session_of("narrow") as (session, by):
        CASES.fire(session, session.get(ChurnCase, case), "postpone", by=by, at=now(), measure="拜访")
        session.commit()
    with session_of("supervisor") as (session, by):
        undo(session, session.get_one(UndoBatch, batch), by=by, at=now(), reason="弄错了")
        session.commit()
    assert managers_of(rows) == [(RECOVERED, "manager_a"), (POSTPONED, "manager_a")]


def test_a_hand_over_takes_it_along(session_of, rows, case):
    with session_of("admin") as (session, by):
        receivers = {"customers": person(session, "narrow")}
        hand_over(session, person(session, "manager_a"), receivers, by=by, at=now(), reason="离职")
        session.commit()
    assert managers_of(rows) == [(RECOVERED, "manager_a"), (WARNED, "narrow")]


def test_a_closed_case_stays_with_who_closed_it(session_of, rows, lost):
    with session_of("supervisor") as (session, by):
        give(session, by, "narrow")
    assert managers_of(rows) == [(RECOVERED, "manager_a"), (CONFIRMED, "manager_a")]


# ---- a deleted customer -------------------------------------------------------------------------------------


def test_an_open_case_is_named_before_and_comes_back_with_the_customer(session_of, case):
    with session_of("manager_a") as (session, by):
        customer = named(session, MINE)
        assert any("流失" in one for one in in_sentences(open_counts(session, [customer.id])[customer.id]))
        LIFE.fire(session, customer, "delete", by=by, at=now())
        session.commit()
        session.expire_all()
        assert session.scalars(select(ChurnCase).where(ChurnCase.id == case)).first() is None
    with session_of("admin") as (session, by):
        show_deleted(session)
        restore_customer(session, named(session, MINE), by=by, at=now())
        session.commit()
    with session_of("manager_a") as (session, by):
        row = session.scalars(select(ChurnCase).where(ChurnCase.id == case)).one()
        assert CASES.allowed(row, by) and row.status is WARNED


# ---- really at once -----------------------------------------------------------------------------------------


def test_of_two_sessions_at_once_one_wins(app, rows, case):
    """Confirm against postpone, several times, each with a case of its own."""
    for _ in range(5):
        told = _race(app, case)
        assert sorted("林知远" in refusal for refusal in told.values()) == [False, True], told
        with rows() as session:
            row = session.get(ChurnCase, case)
            texts = [one.text for one in row.measures]
            is_lost = row.customer.status is CustomerStatus.LOST
            assert (row.status is CONFIRMED) == is_lost == (not told["confirm"])
            assert (row.status is POSTPONED) == bool(texts) == (not told["postpone"])
            row.status, row.customer.status, row.reason = WARNED, CustomerStatus.ACTIVE, None
            for one in row.measures:
                session.delete(one)


def _race(app, key):
    """Two threads that read the case, wait for each other, and write; why each was refused, or nothing."""
    ready, told = threading.Barrier(2), {}
    answers = {"confirm": {"churn_reason": "停产"}, "postpone": {"measure": "拜访"}}

    def act(move):
        with app.app_context(), Session(db.engine, info={"actor": SYSTEM}) as session:
            by, row = load_actor(session, person(session, "manager_a")), session.get(ChurnCase, key)
            assert row.customer.manager_id == by.person_id
            session.info["actor"] = by
            ready.wait(20)
            try:
                CASES.fire(session, row, move, by=by, at=now(), version=row.version, **answers[move])
                session.commit()
                told[move] = ""
            except (Stale, WrongState) as refusal:
                session.rollback()
                told[move] = str(refusal)

    threads = [threading.Thread(target=act, args=(move,)) for move in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return told
