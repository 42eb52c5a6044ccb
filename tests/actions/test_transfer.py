"""Transfer: one customer or a thousand, who may give and get them, who is told, and what goes along."""

import threading

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.actions.customers import transfer as transferring
from app.actions.customers.transfer import MOST_TRANSFERRED, transfer
from app.actions.hand_over import hand_over
from app.actions.services.life import DESK
from app.actions.undo import undo
from app.clock import now
from app.errors import Forbidden, Invalid, OutOfSight, Stale
from app.extensions import db
from app.models import (
    AuditEntry,
    Customer,
    CustomerStatus,
    Employee,
    Priority,
    Reach,
    Reminder,
    RoleReach,
    ServiceRequest,
    ServiceStatus,
    UndoBatch,
    UndoLine,
)
from app.security.actor import SYSTEM
from tests.cast import service
from tests.walk import counted

MINE, THEIRS = "镇江岚砺磨具有限公司", "泰州知微生物有限公司"
REASON = "片区调整"


def person(session, username):
    return session.scalars(select(Employee).where(Employee.username == username)).one()


def keys_of(session, *names):
    return dict(session.execute(select(Customer.id, Customer.version).where(Customer.name.in_(names))).all())


def give(session, actor, to, *names, versions=None, **more):
    keys = versions or keys_of(session, *names)
    return transfer(session, keys, person(session, to), by=actor, at=now(), reason=REASON, **more)


def managers(rows):
    with rows() as session:
        statement = select(Customer.name, Employee.username).join(Customer.manager)
        return dict(session.execute(statement).all())


def reminders(rows, kind):
    with rows() as session:
        found = session.scalars(select(Reminder).where(Reminder.kind == kind).order_by(Reminder.id)).all()
        return [(session.get(Employee, one.person_id).username, one.text, one.address) for one in found]


def test_several_go_with_reason_history_and_reminders(session_of, rows):
    with session_of("supervisor") as (session, actor):
        done = give(session, actor, "narrow", MINE, THEIRS)
        assert (done.given, done.left) == (2, [])
        row = session.scalars(select(Customer).where(Customer.name == MINE)).one()
        assert (row.manager.username, row.version, row.changed_by_id) == ("narrow", 2, actor.person_id)
        session.commit()
    assert set(managers(rows).values()) == {"narrow"}
    with rows() as session:
        told = session.scalars(select(AuditEntry).where(AuditEntry.reason == REASON)).all()
        assert {(one.table_name, one.row_name) for one in told} == {
            *(("customers", name) for name in (MINE, THEIRS)),
            ("churn_cases", THEIRS),  # the open one goes along
        }
    ((who, text, address),) = reminders(rows, "customer_transferred")
    assert (who, address) == ("narrow", "/customers/list/") and "许安宁" in text and "2" in text
    assert {one[0] for one in reminders(rows, "customer_taken_over")} == {"manager_a", "manager_b"}


def test_of_one_the_reminders_name_it_and_lead_to_it(session_of, rows):
    with session_of("supervisor") as (session, actor):
        (key,) = keys_of(session, MINE)
        give(session, actor, "narrow", MINE)
        session.commit()
    for kind, who in (("customer_transferred", "narrow"), ("customer_taken_over", "manager_a")):
        ((told, text, address),) = reminders(rows, kind)
        assert told == who and MINE in text and address == f"/customers/show/{key}"


def test_who_has_it_already_and_what_moved_on_is_left_out_and_told_why(session_of, rows):
    with session_of("supervisor") as (session, actor):
        done = give(session, actor, "manager_b", MINE, THEIRS)
        assert done.given == 1 and [name for name, _ in done.left] == [THEIRS]
        session.rollback()
        versions = {
            key: version - (place == 0) for place, (key, version) in enumerate(keys_of(session, MINE, THEIRS).items())
        }
        done = give(session, actor, "narrow", versions=versions)
        assert done.given == 1 and [name for name, _ in done.left] == [MINE]
        session.rollback()
        with pytest.raises(Invalid):
            give(session, actor, "manager_b", THEIRS)
        with pytest.raises(Stale):
            give(session, actor, "narrow", versions=dict.fromkeys(keys_of(session, MINE), 99))


def test_lost_ones_go_too_and_deleted_ones_are_not_there(session_of, rows):
    with rows() as session:
        session.execute(update(Customer).where(Customer.name == MINE).values(status=CustomerStatus.LOST))
        keys = keys_of(session, MINE)
    with session_of("supervisor") as (session, actor):
        assert give(session, actor, "narrow", versions=keys).given == 1
    with rows() as session:
        session.execute(update(Customer).where(Customer.name == MINE).values(status=CustomerStatus.DELETED))
    with session_of("supervisor") as (session, actor), pytest.raises(OutOfSight):
        give(session, actor, "narrow", versions=keys)


@pytest.mark.parametrize("who", ["manager_a", "executive", "nobody"])
def test_it_needs_the_right(session_of, who):
    with session_of(who) as (session, actor), pytest.raises(Forbidden):
        give(session, actor, "narrow", MINE)


def test_the_receiver_is_enabled_and_within_the_write_scope(session_of, rows):
    with session_of("supervisor") as (session, actor), pytest.raises(Invalid):
        give(session, actor, "disabled", MINE)
    with session_of("head_a") as (session, actor):
        with pytest.raises(Forbidden):
            give(session, actor, "manager_b", MINE)
        with pytest.raises(OutOfSight):  # he does not even see what belongs to 二部
            give(session, actor, "narrow", versions={**_keys(rows, THEIRS), **_keys(rows, MINE)})
    with rows() as session:
        session.execute(update(RoleReach).values(reads=Reach.ALL))
    with session_of("head_a") as (session, actor):  # seen and not his to write: the receiver is what counts
        assert give(session, actor, "narrow", THEIRS).given == 1


def _keys(rows, *names):
    with rows() as session:
        return keys_of(session, *names)


def test_what_goes_along_is_told_who_gives_what_to_whom(session_of, monkeypatch):
    seen = []
    monkeypatch.setattr(transferring, "GOES_ALONG", (lambda _session, keys, giving: seen.append((keys, giving)),))
    with session_of("supervisor") as (session, actor):
        give(session, actor, "narrow", MINE, THEIRS)
        ((keys, giving),) = seen
        assert set(keys) == set(keys_of(session, MINE, THEIRS))
        assert (giving.receiver.username, giving.by, giving.reason) == ("narrow", actor, REASON)


def test_a_hand_over_leaves_its_reason_at_the_customers(session_of, rows):
    with session_of("admin") as (session, actor):
        leaver, receivers = person(session, "manager_b"), {"customers": person(session, "narrow")}
        hand_over(session, leaver, receivers, by=actor, at=now(), reason="离职")
        session.commit()
    assert managers(rows)[THEIRS] == "narrow"
    with rows() as session:
        told = select(AuditEntry.table_name, AuditEntry.row_name).where(AuditEntry.reason == "离职")
        assert set(map(tuple, session.execute(told))) == {("customers", THEIRS), ("churn_cases", THEIRS)}
        assert session.scalars(select(UndoBatch)).all() == []
    assert [one[0] for one in reminders(rows, "customer_taken_over")] == ["manager_b"]


def make(rows, count, owners=("manager_a", "manager_b", "head_a")):
    with rows() as session:
        people = [person(session, name).id for name in owners]
        shared = {
            "name_key": "x",
            "status": CustomerStatus.ACTIVE,
            "version": 1,
            "created_on": now(),
            "changed_on": now(),
        }
        made = [
            {"number": f"KH99{one:08}", "name": f"第{one}家", "manager_id": people[one % len(people)], **shared}
            for one in range(count)
        ]
        session.execute(insert(Customer), made)
        return dict(session.execute(select(Customer.id, Customer.version).where(Customer.name_key == "x")).all())


def statements(app, session_of, versions):
    with counted(app) as seen, session_of("supervisor") as (session, actor):
        outcome = give(session, actor, "narrow", versions=versions)
        assert outcome.given == len(versions)
        assert len(session.scalars(select(UndoLine.id)).all()) == len(versions)
    return len(seen)


def test_a_thousand_take_as_many_statements_as_ten(app, session_of, rows):
    few = make(rows, 10)
    with rows() as session:
        session.execute(update(Customer).values(name_key="y"))
    many = {key: version for key, version in make_more(rows).items() if key not in few}
    assert len(many) == MOST_TRANSFERRED
    ten, thousand = statements(app, session_of, few), statements(app, session_of, many)
    print(f"\n{ten} statements for ten, {thousand} for a thousand")
    assert thousand <= ten + 2 <= 30


def make_more(rows):
    with rows() as session:
        owner = person(session, "manager_a").id
        shared = {
            "name_key": "z",
            "status": CustomerStatus.ACTIVE,
            "version": 1,
            "created_on": now(),
            "changed_on": now(),
        }
        session.execute(
            insert(Customer),
            [
                {"number": f"KH98{one:08}", "name": f"另{one}家", "manager_id": owner, **shared}
                for one in range(MOST_TRANSFERRED)
            ],
        )
        return dict(session.execute(select(Customer.id, Customer.version).where(Customer.name_key == "z")).all())


def test_of_two_who_transfer_one_customer_the_slower_is_told(app, rows):
    keys, begun, outcomes = _keys(rows, MINE), threading.Barrier(2), []

    def send(to):
        with app.app_context(), Session(db.engine, info={"actor": SYSTEM}) as session:
            begun.wait(10)
            try:
                give(session, SYSTEM, to, versions=keys)
                session.commit()
                outcomes.append("done")
            except Stale:
                outcomes.append("stale")

    threads = [threading.Thread(target=send, args=(to,)) for to in ("narrow", "manager_b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["done", "stale"]


# ---- services -----------------------------------------------------------------------------------------


def assignees(rows):
    """Who has each service request in hand, and who handled it."""
    with rows() as session:
        found = session.scalars(select(ServiceRequest).order_by(ServiceRequest.id)).all()
        people = [(one.assignee and one.assignee.username, one.handled_by and one.handled_by.username) for one in found]
        return dict(zip([(one.customer_name, one.summary) for one in found], people, strict=True))


def test_services_go_along_only_if_chosen(session_of, rows):
    before = assignees(rows)
    with session_of("supervisor") as (session, actor):
        assert give(session, actor, "narrow", MINE).services == 0
        session.commit()
    assert assignees(rows) == before


def test_the_open_services_of_the_former_manager_go_along_and_come_back_by_one_undoing(session_of, rows):
    before = assignees(rows)
    with session_of("supervisor") as (session, actor):
        done = give(session, actor, "manager_b", MINE, with_services=True)
        assert (done.given, done.services, done.batch.count) == (1, 2, 3)
        session.commit()
    moved = {(MINE, "主轴异响"): ("manager_b", None), (MINE, "发票抬头有误"): ("manager_b", "manager_b")}
    assert assignees(rows) == before | moved  # what others have, what is archived and what nobody has stays
    ((who, text, address),) = reminders(rows, "service_handed_on")
    assert (who, address) == ("manager_b", "/services/process") and "2" in text
    with session_of("supervisor") as (session, actor):
        batch = session.scalars(select(UndoBatch)).one()
        assert undo(session, batch, by=actor, at=now(), reason="弄错了") == 3
        session.commit()
    assert assignees(rows) == before
    assert managers(rows)[MINE] == "manager_a"


def test_a_service_that_moved_on_stays_when_the_transfer_is_undone(session_of, rows):
    with session_of("supervisor") as (session, actor):
        give(session, actor, "manager_b", MINE, with_services=True)
        session.commit()
    with rows() as session:
        mine = select(ServiceRequest).where(ServiceRequest.customer_name == MINE)
        row = session.scalars(mine.where(ServiceRequest.summary == "主轴异响")).one()
        row.priority = Priority.URGENT
    with session_of("supervisor") as (session, actor):
        assert undo(session, session.scalars(select(UndoBatch)).one(), by=actor, at=now(), reason="弄错了") == 2
        session.commit()
    found = assignees(rows)
    assert found[MINE, "主轴异响"] == ("manager_b", None)
    assert found[MINE, "发票抬头有误"] == ("manager_a", "manager_a")


@pytest.mark.parametrize("to", ["supervisor", "executive"])
def test_services_go_only_to_who_processes_them(session_of, rows, to):
    with session_of("supervisor") as (session, actor):
        with pytest.raises(Invalid) as refusal:
            give(session, actor, to, MINE, with_services=True)
        assert set(refusal.value.fields) == {"receiver"}
        session.rollback()
        assert give(session, actor, to, MINE).given == 1


def test_services_go_along_in_as_many_statements_for_one_as_for_many(app, session_of, rows):
    with rows() as session:
        giver, creator = person(session, "manager_a"), person(session, "supervisor")
        customer = session.scalars(select(Customer).where(Customer.name == MINE)).one()
        made = [(service(customer, f"请求{number}", creator, giver), ServiceStatus.ASSIGNED) for number in range(50)]
        DESK.enter(session, made, by=SYSTEM, at=now())
        few = session.scalars(select(ServiceRequest).where(ServiceRequest.assignee_id == giver.id)).all()
        for one in few[3:]:
            one.assignee = person(session, "narrow")
    spent = []
    for wanted in (2, 50):
        with session_of("supervisor") as (session, actor), counted(app) as seen:
            found = give(session, actor, "manager_b", MINE, with_services=True).services
            assert (found > 40) == (wanted > 40)
            spent.append(len(seen))
        with rows() as session:
            session.execute(
                update(ServiceRequest)
                .values(assignee_id=person(session, "manager_a").id)
                .where(ServiceRequest.summary.like("请求%"))
            )
    assert spent[0] == spent[1]
