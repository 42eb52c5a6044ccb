"""Reminders: who is told what, once, whoever else tells it at the same time, and that each reads his own alone."""

import threading
from datetime import date, timedelta

import pytest
from flask_babel import force_locale
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from app.actions import marketing
from app.actions.marketing import PIPELINE
from app.actions.reminders import (
    STILL_TOLD,
    channels_of,
    choose_channels,
    mark_all_read,
    mark_read,
    remind_of_due_plan_items,
    tell,
    unread_count,
)
from app.clock import now
from app.errors import DomainError, Forbidden
from app.extensions import db
from app.models import Employee, Opportunity, OpportunityStatus, PlanItem, Reminder, ReminderSetting
from app.models.reminders import (
    KINDS,
    OPPORTUNITY_ASSIGNED,
    OPPORTUNITY_REASSIGNED,
    OPPORTUNITY_TAKEN_OVER,
    PLAN_ITEM_DUE,
    Channel,
)
from app.security.actor import SYSTEM, Actor
from app.security.scope import WallError
from tests.cast import MOMENT, key_of, opportunity
from tests.walk import counted

#: The day of the plan items that the cast has.
DUE = date(2026, 3, 9)


@pytest.fixture(autouse=True)
def _nobody_was_told(rows):
    """Nobody begins with a reminder."""
    with rows() as session:
        for reminder in session.scalars(select(Reminder)):
            session.delete(reminder)


def person(session, username):
    return session.scalars(select(Employee).where(Employee.username == username)).one()


def row(session, start):
    return session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith(start))).one()


def told(rows):
    """Whom is told what, in the order in which it was."""
    with rows() as session:
        statement = (
            select(Employee.username, Reminder.kind)
            .join(Employee, Employee.id == Reminder.person_id)
            .order_by(Reminder.id)
        )
        return [tuple(found) for found in session.execute(statement)]


def tell_of(session, key, receivers, *, by=SYSTEM, kind=OPPORTUNITY_ASSIGNED):
    people = [person(session, name).id for name in receivers]
    about = session.scalars(select(Opportunity).order_by(Opportunity.id)).first()
    return tell(session, kind, people, key=key, about=about, values={"name": "甲"}, by=by, at=now())


def give(session_of, move, start, to, **answers):
    """As the supervisor, assign or reassign."""
    with session_of("supervisor") as (session, actor):
        assignee = person(session, to)
        PIPELINE.fire(session, row(session, start), move, by=actor, at=now(), assignee=assignee, **answers)
        session.commit()


# ---- assignment -----------------------------------------------------------------------------------------------


def test_who_is_assigned_something_is_told(session_of, rows):
    give(session_of, "assign", "苏州", "manager_a")
    assert told(rows) == [("manager_a", OPPORTUNITY_ASSIGNED.key)]
    with session_of("manager_a") as (session, actor):
        reminder = session.scalars(select(Reminder)).one()
        assert (reminder.about, reminder.row_id) == ("opportunities", row(session, "苏州").id)
        assert reminder.address == f"/opportunities/show/{reminder.row_id}"
        assert unread_count(session, by=actor) == 1


def test_a_reassignment_is_told_to_both(session_of, rows):
    give(session_of, "reassign", "绍兴", "manager_b", reason="休假")
    assert told(rows) == [("manager_b", OPPORTUNITY_REASSIGNED.key), ("manager_a", OPPORTUNITY_TAKEN_OVER.key)]
    give(session_of, "reassign", "绍兴", "manager_a", reason="回来了")
    assert told(rows)[2:] == [("manager_a", OPPORTUNITY_REASSIGNED.key), ("manager_b", OPPORTUNITY_TAKEN_OVER.key)]


def test_a_sentence_is_in_the_readers_language(session_of, app):
    give(session_of, "reassign", "绍兴", "manager_b", reason="休假")
    said = {}
    for who in ("manager_a", "manager_b"):
        with session_of(who) as (session, _):
            reminder = session.scalars(select(Reminder)).one()
            for locale in ("zh", "en"):
                with force_locale(locale):
                    said[who, locale] = reminder.text
    name = "绍兴织野纺织机械有限公司"
    assert said["manager_b", "zh"] == f"许安宁将林知远的销售机会“{name}”改派给您"
    assert said["manager_a", "zh"] == f"许安宁将您的销售机会“{name}”改派给了陈禾"
    assert said["manager_b", "en"] == f"许安宁 reassigned the opportunity “{name}” from 林知远 to you"
    assert said["manager_a", "en"] == f"许安宁 reassigned your opportunity “{name}”: 陈禾 takes it over"


def test_a_refused_move_tells_nobody(session_of, rows):
    with session_of("supervisor") as (session, actor):
        one, assignee = row(session, "苏州"), person(session, "disabled")
        with pytest.raises(DomainError):
            PIPELINE.fire(session, one, "assign", by=actor, at=now(), assignee=assignee)
    with session_of("supervisor") as (session, actor):
        one, assignee = row(session, "苏州"), person(session, "manager_a")
        make_stale(session, one)
        with pytest.raises(DomainError):
            PIPELINE.fire(session, one, "assign", by=actor, at=now(), assignee=assignee)
        session.commit()
    assert told(rows) == []


def make_stale(session, one):
    """Somebody else changes the row between its reading and its writing."""
    table = Opportunity.metadata.tables["opportunities"]
    with session.get_bind().connect() as connection:
        connection.execute(update(table).where(table.c.id == one.id).values(version=one.version + 1))
        connection.commit()


def test_rows_that_are_brought_into_life_assigned_tell_nobody(rows):
    with rows() as session:
        one = opportunity("南通屿帆海工装备有限公司", person(session, "supervisor"), person(session, "manager_a"))
        PIPELINE.enter(session, [(one, OpportunityStatus.ASSIGNED)], by=SYSTEM, at=now(), reason="导入")
    assert told(rows) == []


def test_a_hundred_at_once_take_one_statement_more_each(session_of, rows, app):
    with rows() as session:
        supervisor = person(session, "supervisor")
        new = [(opportunity(f"公司{number}", supervisor), OpportunityStatus.UNASSIGNED) for number in range(100)]
        PIPELINE.enter(session, new, by=SYSTEM, at=now())
    with session_of("supervisor") as (session, actor):
        assignee = person(session, "manager_a")
        chosen = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("公司"))).all()
        with counted(app) as seen:
            for one in chosen:
                PIPELINE.fire(session, one, "assign", by=actor, at=now(), assignee=assignee)
        session.commit()
    reminding = [statement for statement in seen if "reminders" in statement]
    print(f"\n{len(seen)} statements for 100, {len(reminding)} of them remind")
    assert len(reminding) == 100
    assert len(seen) <= 510
    assert len(told(rows)) == 100


# ---- told once --------------------------------------------------------------------------------------------------


def test_nothing_is_told_twice(rows):
    for _ in range(3):
        with rows() as session:
            tell_of(session, "1:1", ["manager_a", "manager_b"])
    with rows() as session:
        assert tell_of(session, "1:1", ["manager_a", "narrow"]) == 1
        assert tell_of(session, "1:2", ["manager_a"]) == 1
        assert tell_of(session, "1:1", ["manager_a"], kind=OPPORTUNITY_REASSIGNED) == 1
    assert [who for who, _ in told(rows)] == ["manager_a", "manager_b", "narrow", "manager_a", "manager_a"]


def test_nobody_is_told_what_he_did_himself(rows):
    with rows() as session:
        by = Actor(person(session, "manager_a").id)
        assert tell_of(session, "1:1", ["manager_a"], by=by) == 0
        assert tell_of(session, "1:1", ["manager_a", "manager_b"], by=by) == 1
        assert tell(session, OPPORTUNITY_ASSIGNED, [None], key="1:1", about=None, values={}, by=by, at=now()) == 0
    assert [who for who, _ in told(rows)] == ["manager_b"]


def test_the_disabled_are_not_told(rows):
    with rows() as session:
        assert tell_of(session, "1:1", ["disabled", "manager_b"]) == 1
    assert [who for who, _ in told(rows)] == ["manager_b"]


def test_who_does_not_want_a_kind_is_not_told_it(session_of, rows):
    with session_of("manager_a") as (session, actor):
        choose_channels(session, {OPPORTUNITY_ASSIGNED.key: Channel.NONE, PLAN_ITEM_DUE.key: Channel.NONE}, by=actor)
        session.commit()
    with session_of("manager_a") as (session, actor):
        wanted = channels_of(session, by=actor)
        assert list(wanted) == list(KINDS)
        assert [key for key, channel in wanted.items() if channel is Channel.NONE] == [
            OPPORTUNITY_ASSIGNED.key,
            PLAN_ITEM_DUE.key,
        ]
    with rows() as session:
        assert tell_of(session, "1:1", ["manager_a", "manager_b"]) == 1
        assert tell_of(session, "1:1", ["manager_a"], kind=OPPORTUNITY_REASSIGNED) == 1
        assert remind_of_due_plan_items(session, today=DUE, at=now()) == 2
    with session_of("manager_a") as (session, actor):
        choose_channels(session, {OPPORTUNITY_ASSIGNED.key: Channel.HERE}, by=actor)
        session.commit()
    with rows() as session:
        assert tell_of(session, "1:2", ["manager_a"]) == 1


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_two_who_tell_it_at_once(app, rows, backend, end):
    """The second waits for the first, and its own transaction goes on, whichever way the first ends."""
    if backend == "sqlite":
        pytest.skip("SQLite lets one write at a time")
    with app.app_context():
        engine = db.engine
    outcome = []

    def second():
        with Session(engine) as session:
            session.info["actor"] = SYSTEM
            row(session, "苏州").summary = "另一个事务"
            outcome.append(tell_of(session, "1:1", ["manager_a"]))
            session.commit()

    thread = threading.Thread(target=second)
    with Session(engine) as first:
        first.info["actor"] = SYSTEM
        assert tell_of(first, "1:1", ["manager_a"]) == 1
        thread.start()
        thread.join(0.5)
        assert thread.is_alive() and not outcome
        first.commit() if end == "commit" else first.rollback()
    thread.join(10)
    assert outcome == [0 if end == "commit" else 1]
    assert told(rows) == [("manager_a", OPPORTUNITY_ASSIGNED.key)]
    with rows() as session:
        assert row(session, "苏州").summary == "另一个事务"


# ---- what is due ------------------------------------------------------------------------------------------------


def remind(rows, today, **more):
    with rows() as session:
        return remind_of_due_plan_items(session, today=today, at=now(), **more)


def test_a_plan_item_is_told_on_its_day_and_not_again(rows):
    assert remind(rows, DUE - timedelta(days=1)) == 0
    assert remind(rows, DUE) == 3
    assert sorted(told(rows)) == sorted((who, PLAN_ITEM_DUE.key) for who in ("manager_a", "manager_b", "narrow"))
    assert [remind(rows, DUE + timedelta(days=days)) for days in (0, 1, 20)] == [0, 0, 0]


def test_what_was_missed_is_told_late_but_not_for_ever(rows):
    assert remind(rows, DUE + STILL_TOLD + timedelta(days=1)) == 0
    assert remind(rows, DUE + STILL_TOLD) == 3


def test_a_due_sentence_leads_to_the_plan(session_of, rows):
    remind(rows, DUE)
    with session_of("manager_a") as (session, _):
        reminder = session.scalars(select(Reminder)).one()
        assert reminder.address == f"/plans/show/{row(session, '绍兴').id}#plan-items"
        with force_locale("zh"):
            assert reminder.text == "计划项 2026-03-09 到期：电话确认改造范围（绍兴织野纺织机械有限公司）"


def test_what_is_done_or_ended_is_not_due(session_of, rows):
    with session_of("manager_a") as (session, actor):
        item = row(session, "绍兴").plan_items[0]
        marketing.carry_out(session, item, "已确认", by=actor, at=now(), version=item.version)
        session.commit()
    with session_of("manager_b") as (session, actor):
        PIPELINE.fire(session, row(session, "温州"), "fail", by=actor, at=now(), reason="取消")
        session.commit()
    assert remind(rows, DUE) == 1
    assert told(rows) == [("narrow", PLAN_ITEM_DUE.key)]


def test_one_persons_own(rows, app):
    assert remind(rows, DUE, person_id=key_of(app, "manager_b")) == 1
    assert remind(rows, DUE, person_id=key_of(app, "supervisor")) == 0
    assert told(rows) == [("manager_b", PLAN_ITEM_DUE.key)]


def test_who_takes_over_is_told_what_is_due(session_of, rows):
    remind(rows, DUE)
    give(session_of, "reassign", "绍兴", "manager_b", reason="休假")
    assert remind(rows, DUE + timedelta(days=2)) == 1
    assert told(rows)[-1] == ("manager_b", PLAN_ITEM_DUE.key)


def test_the_system_is_called_by_the_readers_word(session_of, rows):
    with rows() as session:
        tell_of(session, "1:1", ["manager_a"])
    with session_of("manager_a") as (session, _):
        reminder = session.scalars(select(Reminder)).one()
        with force_locale("zh"):
            assert reminder.text == "系统将销售机会“甲”指派给您"
        with force_locale("en"):
            assert reminder.text.startswith("the system assigned")


def test_ten_thousand_items_take_few_statements(rows, app):
    with rows() as session:
        one = row(session, "绍兴")
        more = {"opportunity_id": one.id, "planned_on": DUE, "created_on": MOMENT, "changed_on": MOMENT, "version": 1}
        session.execute(insert(PlanItem), [{"todo": f"第{number}步", **more} for number in range(10_000)])
    with rows() as session, counted(app) as seen:
        assert remind_of_due_plan_items(session, today=DUE, at=now()) == 10_003
    print(f"\n{len(seen)} statements for 10,003 plan items")
    assert len(seen) <= 20
    with rows() as session, counted(app) as seen:
        assert remind_of_due_plan_items(session, today=DUE, at=now()) == 0
    assert len(seen) == 1
    with rows() as session:
        assert unread_count(session, by=Actor(key_of(app, "manager_a"))) == 100


# ---- one's own alone ----------------------------------------------------------------------------------------------


def tell_each(rows):
    with rows() as session:
        tell_of(session, "1:1", ["admin", "manager_a", "manager_b"])
        session.add(ReminderSetting(person_id=person(session, "manager_b").id, kind="x", channel=Channel.NONE))


@pytest.mark.parametrize("who", ["admin", "supervisor", "manager_a", "nobody"])
def test_nobody_reads_anothers(session_of, rows, who):
    tell_each(rows)
    with session_of(who) as (session, actor):
        owners = set(session.scalars(select(Reminder.person_id)))
        assert owners == ({actor.person_id} if who in {"admin", "manager_a"} else set())
        assert session.scalar(select(func.count()).select_from(Reminder)) == len(owners)
        assert session.scalars(select(ReminderSetting)).all() == []


def test_a_session_that_works_for_nobody_reads_none(session_of):
    with session_of("admin") as (session, _):
        session.info["actor"] = None
        with pytest.raises(WallError):
            session.scalars(select(Reminder)).all()


def test_nobody_writes_anothers(session_of, rows, app):
    tell_each(rows)
    other = key_of(app, "manager_b")
    new = {"kind": "x", "key": "x", "about": "opportunities", "row_id": 1, "values": {}, "created_on": now()}
    with session_of("admin") as (session, _):
        session.add(Reminder(person_id=other, **new))
        with pytest.raises(Forbidden):
            session.flush()
    with session_of("admin") as (session, _):
        session.scalars(select(Reminder)).one().person_id = other
        with pytest.raises(Forbidden):
            session.flush()
    with session_of("admin") as (session, _), pytest.raises(WallError):
        session.execute(update(Reminder).values(read_on=now()))
    with session_of("admin") as (session, actor):
        assert actor.person_id != other
        choose_channels(session, {"opportunity_assigned": Channel.NONE}, by=actor)
        with pytest.raises(Forbidden):
            choose_channels(session, {"opportunity_assigned": Channel.NONE}, by=Actor(other))


def test_all_read_are_ones_own(session_of, rows):
    tell_each(rows)
    with session_of("manager_a") as (session, actor):
        assert unread_count(session, by=actor) == 1
        mark_all_read(session, by=actor, at=now())
        session.commit()
    with rows() as session:
        unread = select(Employee.username).join(Reminder, Reminder.person_id == Employee.id)
        found = session.scalars(unread.where(Reminder.read_on.is_(None)))
        assert set(found) == {"admin", "manager_b"}


def test_the_first_reading_counts(session_of, rows):
    tell_each(rows)
    with session_of("manager_a") as (session, _):
        reminder = session.scalars(select(Reminder)).one()
        mark_read(session, reminder, at=MOMENT)
        mark_read(session, reminder, at=now())
        assert reminder.read_on == MOMENT


def test_a_kind_this_version_does_not_know_is_shown_plainly(rows, session_of):
    tell_each(rows)
    with rows() as session:
        for reminder in session.scalars(select(Reminder)):
            reminder.kind = "of_tomorrow"
    with session_of("manager_a") as (session, _):
        reminder = session.scalars(select(Reminder)).one()
        assert (reminder.text, reminder.address) == ("甲", "/reminders/list/")
        assert str(reminder) == "甲"


def test_every_sentence_takes_what_is_told(app):
    told = {"by": "a", "name": "b", "before": "c", "after": "d", "day": "e", "todo": "f", "count": "g", "summary": "h"}
    told |= {"level": "i", "moment": "j", "period": "k", "reason": "l"}
    with app.test_request_context():
        for locale in ("zh", "en"):
            with force_locale(locale):
                sentences = {str(kind.sentence) % told for kind in KINDS.values()}
                assert len(sentences) == len(KINDS)
                of_many = [str(kind.many) % told for kind in KINDS.values() if kind.many is not None]
                assert of_many and sentences.isdisjoint(of_many)
