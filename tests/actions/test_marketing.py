"""The life cycle of opportunities: every state × move × person, and the rules of plans."""

from datetime import date

import pytest
from sqlalchemy import func, select

from app.actions import marketing
from app.actions.alike import alike
from app.actions.assignment import candidates
from app.actions.marketing import PIPELINE
from app.clock import now
from app.errors import DomainError, Forbidden, Invalid, Stale, WrongState
from app.models import (
    Customer,
    Employee,
    NumberSeries,
    Opportunity,
    OpportunityStatus,
    PlanItem,
    StatusMove,
)
from tests.cast import CAST

UNASSIGNED, ASSIGNED = OpportunityStatus.UNASSIGNED, OpportunityStatus.ASSIGNED
SUCCEEDED, FAILED = OpportunityStatus.SUCCEEDED, OpportunityStatus.FAILED

#: Who may make which move in which state on the opportunity developed by manager_a (spec 01, 09.1–2).
ALLOWED = {
    (UNASSIGNED, "assign", "admin"),
    (UNASSIGNED, "assign", "supervisor"),
    (ASSIGNED, "reassign", "admin"),
    (ASSIGNED, "reassign", "supervisor"),
    (ASSIGNED, "reassign", "head_a"),
    (ASSIGNED, "succeed", "manager_a"),
    (ASSIGNED, "fail", "manager_a"),
}


def person(session, username):
    return session.scalars(select(Employee).where(Employee.username == username)).one()


def row(session, start="绍兴"):
    return session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith(start))).one()


def put_in(rows, state):
    with rows() as session:
        one = row(session)
        one.status = state
        one.assignee = None if state is UNASSIGNED else person(session, "manager_a")


def answers(session, move):
    offered = {
        "assignee": lambda: person(session, "narrow"),
        "reason": lambda: "对方取消了项目",
        "customer_choice": lambda: None,
    }
    return {name: offered[name]() for name in PIPELINE.move(move).asks}


@pytest.mark.parametrize("move", [move.key for move in PIPELINE.moves])
@pytest.mark.parametrize("state", list(OpportunityStatus))
def test_every_state_and_move_and_person(session_of, rows, state, move):
    put_in(rows, state)
    for who in CAST:
        with session_of(who) as (session, actor):
            one = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("绍兴"))).first()
            assert one is not None or (state, move, who) not in ALLOWED
            if one is not None:
                try_move(session, actor, one, (state, move, who))


def try_move(session, actor, one, case):
    state, move, _ = case
    made = select(StatusMove).where(StatusMove.move == move, StatusMove.row_id == one.id)
    if case in ALLOWED:
        PIPELINE.fire(session, one, move, by=actor, at=now(), **answers(session, move))
        (history,) = session.scalars(made)
        assert (history.before, history.after, history.by_id) == (state, one.status, actor.person_id)
        assert one.status is PIPELINE.move(move).after
    else:
        with pytest.raises(DomainError):
            PIPELINE.fire(session, one, move, by=actor, at=now(), **answers(session, move))
        session.rollback()
        assert row(session).status is state
        assert not session.scalars(made).all()


def test_the_buttons_are_what_may_be_done(session_of, rows):
    for state in OpportunityStatus:
        put_in(rows, state)
        for who in set(CAST) - {"narrow", "nobody"}:
            with session_of(who) as (session, actor):
                one = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("绍兴"))).first()
                shown = {(state, move.key, who) for move in PIPELINE.allowed(one, actor)} if one else set()
                assert shown == {case for case in ALLOWED if case[0] is state and case[2] == who}


def test_a_stale_move_is_told_who_was_faster(session_of, rows):
    with session_of("supervisor") as (session, actor):
        version = row(session, "苏州").version
        fire_assign(session, actor, "manager_a")
        session.commit()
    with session_of("supervisor") as (session, actor), pytest.raises(WrongState, match="许安宁"):
        PIPELINE.fire(
            session,
            row(session, "苏州"),
            "assign",
            by=actor,
            at=now(),
            version=version,
            assignee=person(session, "manager_b"),
        )
    with session_of("supervisor") as (session, actor), pytest.raises(Stale, match="许安宁"):
        PIPELINE.fire(
            session,
            row(session, "苏州"),
            "reassign",
            by=actor,
            at=now(),
            version=version,
            assignee=person(session, "manager_b"),
            reason="调整",
        )


def fire_assign(session, actor, to):
    one = row(session, "苏州")
    PIPELINE.fire(session, one, "assign", by=actor, at=now(), version=one.version, assignee=person(session, to))


def test_a_lost_race_in_the_same_moment_is_stale(session_of, app):
    with session_of("supervisor") as (session, actor):
        one = row(session, "苏州")
        with app.app_context():
            from app.extensions import db
            from app.security.actor import SYSTEM

            db.session.info["actor"] = SYSTEM
            row(db.session, "苏州").summary = "别人刚改过"
            db.session.commit()
        with pytest.raises(Stale):
            PIPELINE.fire(session, one, "assign", by=actor, at=now(), assignee=person(session, "manager_a"))


def test_assigning_needs_an_enabled_person_within_reach(session_of):
    with session_of("supervisor") as (session, actor), pytest.raises(Invalid):
        fire_assign(session, actor, "disabled")
    with session_of("head_a") as (session, actor), pytest.raises(Forbidden):
        one = row(session, "金华")
        PIPELINE.fire(session, one, "assign", by=actor, at=now(), assignee=person(session, "manager_b"))


def test_candidates_are_enabled_planners_within_reach_the_best_first(session_of):
    with session_of("supervisor") as (session, actor):
        found = candidates(session, [row(session, "苏州")], by=actor, at=now())
        assert [one.person.username for one in found] == ["manager_a", "admin", "manager_b", "narrow"]
        assert found[0].region_matches
        assert [one.in_hand for one in found] == [1, 0, 1, 1]
    with session_of("head_a") as (session, actor):
        found = candidates(session, [row(session, "金华")], by=actor, at=now())
        assert {one.person.username for one in found} == {"manager_a", "narrow"}


# ---- success ------------------------------------------------------------------------------------------


def succeed(session, actor, **answer):
    PIPELINE.fire(session, row(session), "succeed", by=actor, at=now(), **{"customer_choice": None, **answer})
    session.commit()


def test_success_brings_customer_and_contact(session_of, rows):
    with session_of("manager_a") as (session, actor):
        succeed(session, actor)
    with rows() as session:
        one = row(session)
        customer = one.customer
        assert customer.name == one.customer_name
        assert customer.manager.username == "manager_a"
        assert customer.number == f"KH{now().date():%y%m%d}000001" or customer.number.startswith("KH")
        assert [(contact.name, contact.mobile) for contact in customer.contacts] == [("顾工", "13912345678")]


def test_a_landline_is_the_office_phone_and_no_name_no_contact(session_of, rows):
    with rows() as session:
        row(session).contact_phone = "0571-87654321"
    with session_of("manager_a") as (session, actor):
        succeed(session, actor)
    with rows() as session:
        (contact,) = row(session).customer.contacts
        assert (contact.mobile, contact.office_phone) == (None, "0571-87654321")


def test_without_a_contact_name_there_is_no_contact(session_of, rows):
    with rows() as session:
        row(session).contact_name = None
    with session_of("manager_a") as (session, actor):
        succeed(session, actor)
    with rows() as session:
        assert row(session).customer.contacts == []


def same_name(rows, manager="manager_b", name="绍兴织野纺织机械有限公司 "):
    with rows() as session:
        one = Customer(number="KH260301000009", name=name, manager=person(session, manager))
        session.add(one)
        session.flush()
        return one.id


def test_a_customer_of_that_name_is_never_doubled_silently(session_of, rows):
    same_name(rows)
    with session_of("manager_a") as (session, actor), pytest.raises(Invalid) as refusal:
        succeed(session, actor)
    assert "customer_choice" in refusal.value.fields
    with session_of("manager_a") as (session, actor), pytest.raises(Invalid) as refusal:
        succeed(session, actor, customer_choice="new")
    assert "reason" in refusal.value.fields
    with rows() as session:
        assert row(session).status is ASSIGNED
        assert session.scalar(select(func.count(NumberSeries.prefix))) == 0


def test_linking_keeps_manager_and_state_and_adds_the_contact_once(session_of, rows):
    key = same_name(rows)
    with session_of("manager_a") as (session, actor):
        succeed(session, actor, customer_choice=str(key))
    with rows() as session:
        customer = session.get(Customer, key)
        assert row(session).customer_id == key
        assert customer.manager.username == "manager_b"
        (contact,) = customer.contacts
        assert contact.created_by.username == "manager_a"


def test_creating_beside_with_a_reason(session_of, rows):
    key = same_name(rows)
    with session_of("manager_a") as (session, actor):
        succeed(session, actor, customer_choice="new", reason="外地子公司")
    with rows() as session:
        assert row(session).customer_id != key
        assert row(session).customer.duplicate_reason == "外地子公司"


def test_a_customer_out_of_sight_is_told_but_not_shown(session_of, rows):
    same_name(rows, name="盐城风澜风电有限公司")
    with rows() as session:
        row(session, "盐城").status = ASSIGNED
    with session_of("narrow") as (session, actor), pytest.raises(Invalid):
        PIPELINE.fire(session, row(session, "盐城"), "succeed", by=actor, at=now(), customer_choice=None)
    with session_of("narrow") as (session, actor):
        PIPELINE.fire(
            session,
            row(session, "盐城"),
            "succeed",
            by=actor,
            at=now(),
            customer_choice="new",
            reason="不是同一家",
        )


def test_only_a_customer_of_that_name_can_be_linked(session_of, rows):
    with rows() as session:
        other = session.scalar(select(Customer.id).where(Customer.name.startswith("镇江")))
    with session_of("manager_a") as (session, actor), pytest.raises(Invalid):
        succeed(session, actor, customer_choice=str(other))


def test_failure_keeps_its_reason(session_of, rows):
    with session_of("manager_a") as (session, actor):
        PIPELINE.fire(session, row(session), "fail", by=actor, at=now(), reason="预算取消")
        session.commit()
    with rows() as session:
        assert row(session).close_reason == "预算取消"
        assert session.scalar(select(StatusMove.reason).where(StatusMove.move == "fail")) == "预算取消"


# ---- edit, delete, plans --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [ASSIGNED, SUCCEEDED, FAILED])
def test_an_assigned_opportunity_is_neither_edited_nor_deleted(session_of, rows, state):
    put_in(rows, state)
    with session_of("supervisor") as (session, actor):
        with pytest.raises(WrongState):
            marketing.edit_opportunity(session, row(session), {"summary": "改"}, by=actor, version=None)
        with pytest.raises(WrongState):
            marketing.delete_opportunity(session, row(session), by=actor)


def test_only_the_creator_deletes(session_of, rows):
    with session_of("manager_a") as (session, actor), pytest.raises(Forbidden):
        marketing.delete_opportunity(session, row(session, "苏州"), by=actor)
    with session_of("supervisor") as (session, actor):
        marketing.delete_opportunity(session, row(session, "苏州"), by=actor)
        session.commit()
    with rows() as session:
        assert session.scalar(select(func.count(Opportunity.id))) == 6


def test_only_typed_fields_are_written(session_of):
    with session_of("manager_a") as (session, actor):
        values = {
            "customer_name": "新",
            "probability": 1,
            "summary": "x",
            "description": "x",
            "status": SUCCEEDED,
        }
        one = marketing.create_opportunity(session, values, by=actor, at=now())
        assert (one.status, one.created_by_id) == (UNASSIGNED, actor.person_id)


@pytest.mark.parametrize(
    ("who", "may"),
    [("manager_a", True), ("manager_b", False), ("supervisor", True), ("head_a", True), ("executive", False)],
)
def test_who_may_plan(session_of, who, may):
    with session_of(who) as (session, actor):
        assert marketing.may_plan(session, row(session), actor) is may
        if may:
            marketing.add_plan_item(session, row(session), date(2026, 3, 9), "拜访", by=actor)
        else:
            with pytest.raises(Forbidden):
                marketing.add_plan_item(session, row(session), date(2026, 3, 9), "拜访", by=actor)


def test_a_head_plans_only_below_himself(session_of):
    with session_of("head_a") as (session, actor):
        assert session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("温州"))).first() is None
        assert not marketing.may_carry_out(row(session), actor)


def test_carrying_out_is_the_assignees_alone(session_of, rows):
    for who in ("supervisor", "manager_b", "head_a"):
        with session_of(who) as (session, actor), pytest.raises(Forbidden):
            item = session.scalars(select(PlanItem).where(PlanItem.opportunity == row(session))).one()
            marketing.carry_out(session, item, "已确认", by=actor, at=now(), version=None)
    with session_of("manager_a") as (session, actor):
        item = session.scalars(select(PlanItem).where(PlanItem.opportunity == row(session))).one()
        marketing.carry_out(session, item, "已确认", by=actor, at=now(), version=item.version)
        assert item.done_on is not None
        marketing.carry_out(session, item, None, by=actor, at=now(), version=item.version)
        assert item.done_on is None


@pytest.mark.parametrize("state", [UNASSIGNED, SUCCEEDED, FAILED])
def test_plans_belong_to_opportunities_in_development(session_of, rows, state):
    with rows() as session:
        row(session).status = state
    with session_of("manager_a") as (session, actor), pytest.raises(WrongState):
        marketing.add_plan_item(session, row(session), date(2026, 3, 9), "拜访", by=actor)


def test_alike_names_and_phones_are_found(session_of):
    with session_of("manager_a") as (session, _):
        by_name = alike(session, " 温州霁川电气有限公司", None)
        assert [(str(one.row), one.holder.username, one.same_name) for one in by_name] == [
            ("温州霁川电气有限公司", "manager_b", True)
        ]
        assert len(alike(session, "", "139 1234 5678")) == 6
    with session_of("narrow") as (session, _):
        assert alike(session, "温州霁川电气有限公司", None) == []
