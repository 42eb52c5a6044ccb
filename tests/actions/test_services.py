"""The life of service requests: every state × move × person, rounds, escalation, and who may be given one."""

import pytest
from sqlalchemy import func, select

from app.actions.services import life
from app.actions.services.life import DESK
from app.actions.services.people import service_managers, with_in_hand
from app.clock import now
from app.errors import DomainError, Forbidden, Invalid, OutOfSight, Stale, WrongState
from app.extensions import db
from app.models import (
    Category,
    Customer,
    CustomerStatus,
    Department,
    DictionaryEntry,
    Employee,
    Priority,
    Reach,
    Reminder,
    RoleReach,
    ServiceRequest,
    ServiceRound,
    ServiceStatus,
    SettingValue,
    StatusMove,
)
from app.security.actor import SYSTEM
from app.security.scope import system
from tests.cast import CAST, MOMENT

CREATED, ASSIGNED, PROCESSED, ARCHIVED = ServiceStatus
NAME = "镇江"
#: Who may make which move in which state on a complaint that manager_a wrote down and handles (spec 03, 09.1–2).
ALLOWED = {
    *((CREATED, "allocate", who) for who in ("admin", "supervisor", "head_a")),
    (ASSIGNED, "process", "manager_a"),
    (PROCESSED, "feedback", "manager_a"),
    *(
        (state, "escalate", who)
        for state in (CREATED, ASSIGNED, PROCESSED)
        for who in ("admin", "supervisor", "head_a", "manager_a")
    ),
}


def person(session, username):
    return session.scalars(select(Employee).where(Employee.username == username)).one()


def row(session, summary="主轴异响", customer=NAME):
    wanted = (ServiceRequest.summary == summary, ServiceRequest.customer_name.startswith(customer))
    return session.scalars(select(ServiceRequest).where(*wanted)).first()


def entry(session, item):
    kinds = DictionaryEntry.category == Category.SERVICE_KIND.value
    return session.scalars(select(DictionaryEntry).where(kinds, DictionaryEntry.item == item)).one()


def put_in(rows, state, **more):
    """Bring the complaint to a state, with what belongs to it."""
    with rows() as session:
        one, manager = row(session), person(session, "manager_a")
        one.status = state
        one.assignee = None if state is CREATED else manager
        one.assigned_on = None if state is CREATED else MOMENT
        is_handled = state in (PROCESSED, ARCHIVED)
        one.handling, one.handled_on = ("已上门", MOMENT) if is_handled else (None, None)
        one.handled_by_id = manager.id if is_handled else None
        for name, value in more.items():
            setattr(one, name, value)
        session.flush()
        return one.id


def answers(session, move):
    offered = {
        "assignee": lambda: person(session, "manager_a"),
        "handling": lambda: "更换轴承",
        "result": lambda: "客户确认",
        "satisfaction": lambda: 4,
        "reason": lambda: "客户两次来电",
    }
    return {name: offered[name]() for name in DESK.move(move).asks}


def fire(session, actor, move, one=None, **more):
    one = row(session) if one is None else one
    DESK.fire(session, one, move, by=actor, at=now(), **{**answers(session, move), **more})
    return one


@pytest.mark.parametrize("move", [move.key for move in DESK.moves])
@pytest.mark.parametrize("state", list(ServiceStatus))
def test_every_state_and_move_and_person(session_of, rows, state, move):
    put_in(rows, state)
    for who in CAST:
        with session_of(who) as (session, actor):
            one = row(session)
            assert one is not None or (state, move, who) not in ALLOWED
            if one is not None:
                try_move(session, actor, one, (state, move, who))


def try_move(session, actor, one, case):
    state, move, _ = case
    made = select(StatusMove).where(StatusMove.move == move, StatusMove.row_id == one.id)
    assert DESK.is_allowed(DESK.move(move), one, actor) is (case in ALLOWED)
    if case in ALLOWED:
        fire(session, actor, move, one)
        (history,) = session.scalars(made)
        after = DESK.move(move).after or state
        assert (history.before, history.after, history.by_id) == (state, after, actor.person_id)
        assert one.status is after
    else:
        with pytest.raises(DomainError):
            fire(session, actor, move, one)
        session.rollback()
        assert row(session).status is state
        assert not session.scalars(made).all()


# ---- rounds -------------------------------------------------------------------------------------------


def handle(session_of, handling, result, score):
    with session_of("manager_a") as (session, actor):
        fire(session, actor, "process", handling=handling)
        session.commit()
        fire(session, actor, "feedback", result=result, satisfaction=score)
        session.commit()


def rounds(session):
    names = ("number", "handling", "result", "satisfaction")
    found = select(ServiceRound).where(ServiceRound.request_id == row(session).id).order_by(ServiceRound.number)
    return [tuple(getattr(one, name) for name in names) for one in session.scalars(found)]


def test_a_score_of_two_sends_back_to_the_same_person_and_empties_the_step(session_of, rows):
    handle(session_of, "电话指导", "仍有异响", 2)
    with rows() as session:
        one = row(session)
        assert (one.status, one.assignee.username, one.round) == (ASSIGNED, "manager_a", 2)
        assert (one.handling, one.handled_by_id, one.handled_on) == (None, None, None)
        assert (one.result, one.satisfaction, one.archived_on) == (None, None, None)
        assert one.assigned_on > MOMENT
        assert rounds(session) == [(1, "电话指导", "仍有异响", 2)]
        last = session.scalars(
            select(StatusMove).where(StatusMove.move == "feedback", StatusMove.row_id == one.id)
        ).one()
        assert (last.before, last.after) == (PROCESSED, ASSIGNED)


@pytest.mark.parametrize(
    ("score", "state"), [(1, ASSIGNED), (2, ASSIGNED), (3, ARCHIVED), (4, ARCHIVED), (5, ARCHIVED)]
)
def test_from_three_on_it_is_archived(session_of, rows, score, state):
    handle(session_of, "更换轴承", "客户答复", score)
    with rows() as session:
        one = row(session)
        assert one.status is state
        assert (one.archived_on is not None) is (state is ARCHIVED)
        assert one.satisfaction == (score if state is ARCHIVED else None)


def test_the_second_round_leaves_the_first_as_it_was(session_of, rows):
    handle(session_of, "电话指导", "仍有异响", 2)
    handle(session_of, "更换轴承", "恢复正常", 5)
    with rows() as session:
        one = row(session)
        assert (one.status, one.round, one.handling, one.result, one.satisfaction) == (
            *(ARCHIVED, 2, "更换轴承"),
            *("恢复正常", 5),
        )
        assert rounds(session) == [(1, "电话指导", "仍有异响", 2), (2, "更换轴承", "恢复正常", 5)]
        first, second = one.rounds
        assert (first.assigned_on, second.assigned_on) == (MOMENT, first.judged_on)
        assert {first.handled_by.username, second.handled_by.username} == {"manager_a"}


# ---- to whom ------------------------------------------------------------------------------------------


def test_assigning_tells_the_receiver_once(session_of, rows):
    put_in(rows, CREATED)
    with session_of("supervisor") as (session, actor):
        fire(session, actor, "allocate")
        session.commit()
    with rows() as session:
        (told,) = session.scalars(select(Reminder).where(Reminder.kind == "service_allocated"))
        assert told.person_id == person(session, "manager_a").id
        assert told.values["summary"] == "主轴异响"
        assert told.address == f"/services/show/{row(session).id}"


@pytest.mark.parametrize(
    "case",
    [
        ("supervisor", "disabled", Invalid),
        ("supervisor", "executive", Invalid),
        ("head_a", "manager_b", Forbidden),
    ],
)
def test_the_receiver_is_enabled_processes_requests_and_lies_within_the_write_scope(session_of, rows, case):
    who, to, refusal = case
    put_in(rows, CREATED)
    with session_of(who) as (session, actor), pytest.raises(refusal):
        fire(session, actor, "allocate", assignee=person(session, to))


def test_managers_to_choose_from_have_the_fewest_in_hand_first(session_of):
    with session_of("supervisor") as (session, actor), system(session, "a test counts"):
        found = [(one.username, count) for one, count in session.execute(with_in_hand(service_managers(actor)))]
        assert found == [("admin", 0), ("narrow", 0), ("manager_a", 1), ("manager_b", 1)]
    with session_of("head_a") as (session, actor), system(session, "a test counts"):
        found = [(one.username, count) for one, count in session.execute(with_in_hand(service_managers(actor)))]
        assert found == [("narrow", 0), ("manager_a", 1)]


def test_of_two_who_assign_one_wins_and_the_other_is_told_who(session_of, rows):
    put_in(rows, CREATED)
    with session_of("supervisor") as (session, actor):
        version = row(session).version
        fire(session, actor, "allocate")
        session.commit()
    with session_of("admin") as (session, actor), pytest.raises(WrongState, match="许安宁"):
        fire(session, actor, "allocate", version=version, assignee=person(session, "manager_b"))


def test_a_lost_race_in_the_same_moment_names_who_was_faster(session_of, rows, app):
    put_in(rows, CREATED)
    with session_of("supervisor") as (session, actor):
        one = row(session)
        with app.app_context():
            db.session.info["actor"] = SYSTEM
            other = row(db.session)
            DESK.fire(db.session, other, "allocate", by=SYSTEM, at=now(), assignee=person(db.session, "manager_b"))
            db.session.commit()
        with pytest.raises(Stale, match="系统"):
            fire(session, actor, "allocate", one)
    with rows() as session:
        assert row(session).assignee.username == "manager_b"


# ---- escalation ---------------------------------------------------------------------------------------


def heads(rows):
    with rows() as session:
        for name, head in (("一部", "head_a"), ("总部", "executive")):
            one = session.scalars(select(Department).where(Department.name == name)).one()
            one.head = person(session, head)


def told_of_escalation(rows):
    with rows() as session:
        statement = select(Reminder, Employee.username).join(Employee, Employee.id == Reminder.person_id)
        found = session.execute(statement.where(Reminder.kind == "service_escalated").order_by(Reminder.id))
        return [(one.values["level"], username) for one, username in found]


def test_each_level_tells_one_more_head_and_leaves_the_state(session_of, rows):
    put_in(rows, ASSIGNED)
    heads(rows)
    for level in (1, 2, 3):
        with session_of("manager_a") as (session, actor):
            one = fire(session, actor, "escalate")
            session.commit()
            assert (one.level, one.status) == (level, ASSIGNED)
    assert sorted(told_of_escalation(rows)) == [
        *(("1", "head_a"), ("2", "executive"), ("2", "head_a")),
        *(("3", "executive"), ("3", "head_a")),
    ]
    with session_of("manager_a") as (session, actor), pytest.raises(WrongState, match="3"):
        fire(session, actor, "escalate")


def test_the_highest_level_is_a_setting(session_of, rows):
    with rows() as session:
        session.add(SettingValue(key="highest_service_level", value="1"))
    with session_of("manager_a") as (session, actor):
        fire(session, actor, "escalate")
        with pytest.raises(WrongState):
            fire(session, actor, "escalate")


def test_only_complaints_are_escalated(session_of, rows):
    with rows() as session:
        row(session).kind = entry(session, "咨询")
    with session_of("manager_a") as (session, actor):
        assert "escalate" not in [move.key for move in DESK.allowed(row(session), actor)]
        with pytest.raises(WrongState, match="投诉"):
            fire(session, actor, "escalate")


def test_its_creator_escalates_what_somebody_else_handles(session_of, rows):
    with rows() as session:
        row(session).created_by_id = person(session, "manager_b").id
    with session_of("manager_b") as (session, actor):
        one = fire(session, actor, "escalate")
        session.commit()
        assert (one.level, one.changed_by_id) == (1, actor.person_id)
    with session_of("manager_b") as (session, actor), pytest.raises(Forbidden):
        row(session).priority = Priority.URGENT
        session.flush()


def test_an_escalation_hides_not_since_when_the_state_is_what_it_is(session_of, rows):
    with session_of("manager_a") as (session, actor):
        fire(session, actor, "process")
        session.commit()
    with session_of("supervisor") as (session, actor):
        fire(session, actor, "escalate")
        session.commit()
    with session_of("manager_a") as (session, actor), pytest.raises(WrongState, match="林知远"):
        fire(session, actor, "process")


# ---- create and delete --------------------------------------------------------------------------------


def values(session, **more):
    customer = session.scalars(select(Customer).where(Customer.name.startswith(NAME))).first()
    typed = {"summary": "询问报价", "request": "两台备件", "priority": Priority.URGENT}
    return {"kind": entry(session, "咨询"), "customer": customer, **typed, **more}


def test_a_new_request_keeps_what_its_customer_is_called(session_of, rows):
    with session_of("manager_b") as (session, actor):
        given = values(session, status=ARCHIVED, assignee_id=1, satisfaction=5)
        one = life.create_service(session, given, by=actor, at=now())
        session.commit()
        assert (one.status, one.assignee_id, one.satisfaction) == (CREATED, None, None)
        assert (one.customer_name, one.created_by_id) == ("镇江岚砺磨具有限公司", actor.person_id)
        key = one.id
    with rows() as session:
        session.get(ServiceRequest, key).customer.name = "镇江岚砺集团"
        session.flush()
        assert session.get(ServiceRequest, key).customer_name == "镇江岚砺磨具有限公司"
        assert session.scalar(
            select(StatusMove.move).where(StatusMove.row_id == key, StatusMove.kind == "service_requests")
        )


def test_the_customer_is_seen_and_not_deleted(session_of, rows):
    with session_of("executive") as (session, actor), pytest.raises(Forbidden):
        life.create_service(session, values(session), by=actor, at=now())
    with rows() as session:
        hidden = values(session)["customer"].id
    with session_of("narrow") as (session, actor), pytest.raises(OutOfSight):
        with system(session, "a hostile caller names what he does not see"):
            given = values(session, customer=session.get(Customer, hidden))
        life.create_service(session, given, by=actor, at=now())
    with rows() as session, pytest.raises(Invalid):
        given = values(session)
        given["customer"] = Customer(name="没了", status=CustomerStatus.DELETED)
        life.create_service(session, given, by=SYSTEM, at=now())


@pytest.mark.parametrize("state", [ASSIGNED, PROCESSED, ARCHIVED])
def test_what_somebody_was_given_is_not_deleted(session_of, rows, state):
    put_in(rows, state)
    with session_of("supervisor") as (session, actor):
        assert not life.may_delete(session, row(session), actor)
        with pytest.raises(WrongState):
            life.delete_service(session, row(session), by=actor)


def test_deleting_needs_the_right_and_the_write_scope(session_of, rows):
    put_in(rows, CREATED)
    with session_of("manager_a") as (session, actor), pytest.raises(Forbidden):
        life.delete_service(session, row(session), by=actor)
    with rows() as session:
        reach = select(RoleReach).where(RoleReach.module == "services", RoleReach.writes == Reach.DEPARTMENT)
        session.scalars(reach).one().writes = Reach.OWN
    with session_of("head_a") as (session, actor):
        assert not life.may_delete(session, row(session), actor)
        with pytest.raises(Forbidden):
            life.delete_service(session, row(session), by=actor)
    with session_of("supervisor") as (session, actor):
        life.delete_service(session, row(session), by=actor)
        session.commit()
    with rows() as session:
        assert row(session) is None
        assert session.scalar(select(func.count(ServiceRequest.id))) == 7


def test_a_narrow_person_sees_his_own_with_their_rounds(session_of, rows):
    with session_of("narrow") as (session, _):
        assert session.scalars(select(ServiceRequest)).all() == session.scalars(select(ServiceRound)).all() == []
    put_in(rows, ASSIGNED)
    with rows() as session:
        row(session).assignee = person(session, "narrow")
    with session_of("narrow") as (session, _):
        assert [one.summary for one in session.scalars(select(ServiceRequest))] == ["主轴异响"]
