"""Departments: a tree that stays one, whatever is moved where and by how many at once."""

import threading

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.actions import departments, org
from app.clock import now
from app.errors import DomainError, Forbidden, Invalid, Stale, WrongState
from app.extensions import db
from app.models import Department, Employee, Opportunity, Reach, Role, RoleReach
from app.security.actor import SYSTEM, load_actor
from app.security.scope import working_as


def department(session, name):
    return session.scalars(select(Department).where(Department.name == name)).one()


def person(session, username):
    return session.scalars(select(Employee).where(Employee.username == username)).one()


def make(session, name, parent=None, *, by=SYSTEM, **more):
    values = {"name": name, "parent": parent, "head": None, "position": None, **more}
    return departments.create_department(session, values, by=by)


def move(session, name, parent, *, by=SYSTEM):
    one = department(session, name)
    departments.edit_department(session, one, {"parent": parent}, by=by, version=one.version)


def tree(session):
    return [(branch.department.name, branch.depth) for branch in departments.department_tree(session)]


def paths_are_right(session):
    session.expire_all()
    for one in session.scalars(select(Department)):
        above = one.parent.path if one.parent else "/"
        assert one.path == f"{above}{one.id}/"
    return True


def test_the_tree_is_in_the_order_of_places_and_names(session_of):
    with session_of("admin") as (session, actor):
        make(session, "乙组", department(session, "一部"), by=actor, position=2)
        make(session, "甲组", department(session, "一部"), by=actor, position=1)
        make(session, "外部", None, by=actor, position=9)
        assert tree(session) == [("总部", 0), ("一部", 1), ("甲组", 2), ("乙组", 2), ("二部", 1), ("外部", 0)]
        assert paths_are_right(session)
        assert departments.staff(session)[department(session, "一部").id] == 4


def test_a_move_takes_everything_below_along(session_of):
    with session_of("admin") as (session, actor):
        one = make(session, "甲组", department(session, "一部"), by=actor)
        make(session, "甲组一班", one, by=actor)
        move(session, "一部", department(session, "二部"), by=actor)
        assert tree(session) == [("总部", 0), ("二部", 1), ("一部", 2), ("甲组", 3), ("甲组一班", 4)]
        assert paths_are_right(session)
        move(session, "一部", None, by=actor)
        assert paths_are_right(session)


def test_no_department_stands_below_itself(session_of):
    with session_of("admin") as (session, actor):
        make(session, "甲组", department(session, "一部"), by=actor)
        for parent in ("一部", "甲组"):
            with pytest.raises(Invalid) as refusal:
                move(session, "一部", department(session, parent), by=actor)
            assert set(refusal.value.fields) == {"parent"}
        assert paths_are_right(session)


def test_there_is_a_bottom(session_of):
    with session_of("admin") as (session, actor):
        last = department(session, "二部")
        for level in range(3, departments.DEEPEST + 1):
            last = make(session, f"第{level}级", last, by=actor)
        with pytest.raises(Invalid):
            make(session, "太深", last, by=actor)
        with pytest.raises(Invalid):
            move(session, "二部", department(session, "一部"), by=actor)


def test_one_name_in_one_place(session_of, rows):
    with session_of("admin") as (session, actor):
        for name, parent in (("总部", None), ("一部", department(session, "总部"))):
            with pytest.raises(Invalid) as refusal:
                make(session, name, parent, by=actor)
            assert set(refusal.value.fields) == {"name"}
        with pytest.raises(Invalid):
            make(session, "一/二", by=actor)
        make(session, "一部", department(session, "二部"), by=actor)
    with rows() as session:
        session.add(Department(name="总部", path="/x/"))
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()


def test_only_an_empty_one_is_deleted(session_of):
    with session_of("admin") as (session, actor):
        for name in ("总部", "二部"):
            with pytest.raises(WrongState):
                departments.delete_department(session, department(session, name), by=actor)
        one = make(session, "空", by=actor)
        person(session, "disabled").department = one
        with pytest.raises(WrongState):
            departments.delete_department(session, one, by=actor)
        person(session, "disabled").department = None
        departments.delete_department(session, one, by=actor)
        assert ("空", 0) not in tree(session)


def test_nobody_else_changes_the_tree_and_a_slower_editor_is_refused(session_of):
    for who in ("supervisor", "head_a", "manager_a", "nobody"):
        with session_of(who) as (session, actor):
            for act in (
                lambda: make(session, "新", by=actor),
                lambda: move(session, "一部", None, by=actor),
                lambda: departments.delete_department(session, department(session, "一部"), by=actor),
            ):
                with pytest.raises(Forbidden):
                    act()
    with session_of("admin") as (session, actor):
        one = department(session, "一部")
        departments.edit_department(session, one, {"position": 3}, by=actor, version=one.version)
        with pytest.raises(Stale):
            departments.edit_department(session, one, {"position": 4}, by=actor, version=one.version - 1)


def test_two_movers_at_once_make_no_cycle(app, rows):
    with rows() as session:
        first = Session(db.engine, info={"actor": SYSTEM})
        move(first, "一部", department(first, "二部"))
        told: list[DomainError] = []
        other = threading.Thread(target=_move_the_other_way, args=(db.engine, told))
        other.start()
        other.join(0.5)
        assert other.is_alive()  # it waits for its turn
        first.commit()
        first.close()
        other.join(20)
        assert [type(one) for one in told] == [Invalid]
        assert paths_are_right(session)
        assert tree(session) == [("总部", 0), ("二部", 1), ("一部", 2)]


def _move_the_other_way(engine, told):
    with Session(engine, info={"actor": SYSTEM}) as session:
        try:
            move(session, "二部", department(session, "一部"))
            session.commit()
        except DomainError as refusal:
            told.append(refusal)


# ---- what heads see -----------------------------------------------------------------------------------


def seen_by(session, username):
    """The names of the opportunities of one person's sight, as of now."""
    actor = load_actor(session, person(session, username))
    with working_as(session, actor):
        return set(session.scalars(select(Opportunity.customer_name)))


def test_moving_a_person_changes_what_heads_see_at_once(session_of):
    name = "温州霁川电气有限公司"  # in the hands of manager_b
    with session_of("admin") as (session, actor):
        assert name not in seen_by(session, "head_a")
        one = person(session, "manager_b")
        values = {"department": department(session, "一部")}
        org.edit_person(session, one, values, by=actor, at=now(), version=one.version)
        assert name in seen_by(session, "head_a")


def test_moving_a_department_or_its_head_changes_it_at_once(session_of, rows):
    name = "温州霁川电气有限公司"
    with rows() as session:
        for reach in session.scalars(select(RoleReach)):
            if session.get(Role, reach.role_id).name == "Head":
                reach.reads = Reach.BELOW
    with session_of("admin") as (session, actor):
        assert name not in seen_by(session, "head_a")
        move(session, "二部", department(session, "一部"), by=actor)
        assert name in seen_by(session, "head_a")
        move(session, "二部", department(session, "总部"), by=actor)
        assert name not in seen_by(session, "head_a")
        second = department(session, "二部")
        values = {"head": person(session, "head_a")}
        departments.edit_department(session, second, values, by=actor, version=second.version)
        assert name in seen_by(session, "head_a")
