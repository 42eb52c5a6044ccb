"""People: who may change whom, first passwords, and that somebody who can mend rights is always left."""

import json
import threading
from contextlib import contextmanager

import pytest
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash

from app.actions import org
from app.clock import now
from app.errors import DomainError, Forbidden, Invalid, Stale, WrongState
from app.extensions import db
from app.models import AuditEntry, AuditKind, Department, Employee, Reach, RoleReach
from app.security.actor import SYSTEM, load_actor
from app.security.granting import known_roles
from tests.cast import CAST

HR_RIGHTS = {("can_see", "users"), ("can_create", "users"), ("can_edit", "users"), ("can_hand_over", "users")}


def person(session, username):
    return session.scalars(select(Employee).where(Employee.username == username)).one()


def role(session, name):
    return session.scalars(select(Role).where(Role.name == name)).one()


def typed(session, **more):
    """What a form gives for a new person."""
    values = {
        "username": "chenxi",
        "last_name": "陈",
        "first_name": "曦",
        "email": "chenxi@example.com",
        "phone": "13812345678",
        "department": session.scalars(select(Department).where(Department.name == "一部")).one(),
        "roles": [role(session, "Account manager")],
        "regions": [],
        "industries": [],
        "active": True,
        "locale": None,
    }
    return {**values, **more}


@contextmanager
def hr_role(rows, who, *, reads=Reach.OWN, writes=Reach.OWN):
    """Gives somebody a role that manages people and nothing else."""
    with rows() as session:
        admins = role(session, "Administrator").permissions
        rights = [one for one in admins if (one.permission.name, one.view_menu.name) in HR_RIGHTS]
        made = Role(name="HR", permissions=rights)
        session.add(made)
        session.flush()
        session.add_all(
            RoleReach(role_id=made.id, module=module, reads=reads, writes=writes)
            for module in ("customers", "marketing")
        )
        person(session, who).roles = [made]
    yield


def edit(session, actor, who, **values):
    one = person(session, who)
    org.edit_person(session, one, values, by=actor, at=now(), version=one.version)
    return one


# ---- taking people in ---------------------------------------------------------------------------------


def test_a_new_person_has_a_first_password_that_must_be_changed(session_of):
    with session_of("admin") as (session, actor):
        made = org.create_person(session, typed(session), by=actor)
        assert made.person.id and made.person.must_change_password and made.person.active
        assert check_password_hash(made.person.password, made.password)
        assert len(made.password) == 14 and len(set(made.password)) > 5
        assert made.password not in made.person.password
        other = org.create_person(session, typed(session, username="b", email="b@example.com"), by=actor)
        assert other.password != made.password


@pytest.mark.parametrize("who", [one for one in CAST if one not in {"admin", "disabled"}])
def test_nobody_else_takes_people_in_or_changes_them(session_of, who):
    with session_of(who) as (session, actor):
        one = person(session, "manager_b")
        for act in (
            lambda: org.create_person(session, typed(session), by=actor),
            lambda: org.edit_person(session, one, {"phone": "1"}, by=actor, at=now(), version=one.version),
            lambda: org.disable_person(session, one, by=actor, at=now()),
            lambda: org.enable_person(session, one, by=actor, at=now()),
            lambda: org.reset_password(session, one, by=actor, at=now()),
        ):
            with pytest.raises(Forbidden):
                act()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "MANAGER_A"),
        ("username", "chen xi"),
        ("username", "chen\u3000xi"),
        ("username", "x" * 65),
        ("email", "Manager_A@example.com"),
        ("email", "no mail"),
    ],
)
def test_names_and_mail_addresses_are_one_persons(session_of, field, value):
    with session_of("admin") as (session, actor):
        with pytest.raises(Invalid) as refusal:
            org.create_person(session, typed(session, **{field: value}), by=actor)
        assert set(refusal.value.fields) == {field}
        with pytest.raises(Invalid):
            edit(session, actor, "manager_b", **{field: value})


def test_a_persons_own_name_and_mail_stay_his(session_of):
    with session_of("admin") as (session, actor):
        one = edit(session, actor, "manager_b", username="MANAGER_B", email="manager_b@example.com", phone="8021")
        assert (one.username, one.phone, one.version) == ("MANAGER_B", "8021", 2)


def test_a_slower_editor_is_refused(session_of):
    with session_of("admin") as (session, actor):
        one = person(session, "manager_b")
        org.edit_person(session, one, {"phone": "1"}, by=actor, at=now(), version=1)
        with pytest.raises(Stale):
            org.edit_person(session, one, {"phone": "2"}, by=actor, at=now(), version=1)
        assert one.phone == "1" and one.changed_by_id == actor.person_id


# ---- nobody gives more than he has --------------------------------------------------------------------


def test_who_manages_people_gives_no_right_he_does_not_hold(session_of, rows):
    with hr_role(rows, "executive"), session_of("executive") as (session, actor):
        own = person(session, "executive")
        assert [one.role.name for one in known_roles(session, by=actor) if one.is_givable] == ["HR"]
        for name in ("Administrator", "Sales supervisor", "Account manager", "Narrow"):
            for one in (own, person(session, "nobody")):
                with pytest.raises(Invalid) as refusal:
                    edit(session, actor, one.username, roles=[*one.roles, role(session, name)])
                assert set(refusal.value.fields) == {"roles"}
            with pytest.raises(Invalid):
                org.create_person(session, typed(session, roles=[role(session, name)]), by=actor)
        made = org.create_person(session, typed(session, roles=own.roles), by=actor)
        assert made.person.roles == own.roles


def test_a_wider_reach_cannot_be_given_either(session_of, rows):
    with hr_role(rows, "executive"), rows() as session:
        wide = Role(name="Wide", permissions=[])
        session.add(wide)
        session.flush()
        session.add(RoleReach(role_id=wide.id, module="customers", reads=Reach.OWN, writes=Reach.DEPARTMENT))
    with session_of("executive") as (session, actor), pytest.raises(Invalid):
        edit(session, actor, "executive", roles=[role(session, "HR"), role(session, "Wide")])


@pytest.mark.parametrize("who", ["admin", "supervisor", "manager_a"])
def test_whoever_holds_more_cannot_be_changed(session_of, rows, who):
    with hr_role(rows, "executive"), session_of("executive") as (session, actor):
        one = person(session, who)
        before = one.password
        for act in (
            lambda: edit(session, actor, who, email="mine@example.com"),
            lambda: edit(session, actor, who, active=False),
            lambda: org.reset_password(session, one, by=actor, at=now()),
            lambda: org.disable_person(session, one, by=actor, at=now()),
        ):
            with pytest.raises(Forbidden, match=r"rights that you do not have|您没有的权限"):
                act()
        assert one.active and one.password == before


def test_whoever_holds_no_more_can_be_changed(session_of, rows):
    with hr_role(rows, "executive"), session_of("executive") as (session, actor):
        assert edit(session, actor, "nobody", phone="1").phone == "1"
        assert org.reset_password(session, person(session, "nobody"), by=actor, at=now()).password
        org.disable_person(session, person(session, "nobody"), by=actor, at=now())
        assert not person(session, "nobody").active


def test_who_sees_by_his_department_does_not_choose_it_himself(session_of, rows):
    top = select(Department).where(Department.name == "总部")
    with hr_role(rows, "manager_a", reads=Reach.BELOW), session_of("manager_a") as (session, actor):
        with pytest.raises(Invalid) as refusal:
            edit(session, actor, "manager_a", department=session.scalars(top).one())
        assert set(refusal.value.fields) == {"department"}
        assert edit(session, actor, "nobody", department=session.scalars(top).one())
    with session_of("admin") as (session, actor):
        assert edit(session, actor, "admin", department=None).department is None


# ---- somebody is always left --------------------------------------------------------------------------


def test_nobody_ends_himself(session_of, rows):
    with rows() as session:
        person(session, "executive").roles = [role(session, "Administrator")]
    with session_of("admin") as (session, actor):
        for act in (
            lambda: org.disable_person(session, person(session, "admin"), by=actor, at=now()),
            lambda: edit(session, actor, "admin", active=False),
            lambda: edit(session, actor, "admin", roles=[role(session, "Executive")]),
        ):
            with pytest.raises(WrongState, match=r"yourself|your own|自己"):
                act()
            session.rollback()
        assert edit(session, actor, "admin", roles=[role(session, "Administrator"), role(session, "Executive")])
        with pytest.raises(WrongState):
            org.reset_password(session, person(session, "admin"), by=actor, at=now())


def test_the_last_administrator_stays(session_of, rows, app):
    with rows() as session:
        for act in (
            lambda: org.disable_person(session, person(session, "admin"), by=SYSTEM, at=now()),
            lambda: edit(session, SYSTEM, "admin", roles=[]),
        ):
            with pytest.raises(WrongState, match=r"nobody could administer|没有人"):
                act()
            session.rollback()
        edit(session, SYSTEM, "executive", roles=[role(session, "Administrator")])
        org.disable_person(session, person(session, "admin"), by=SYSTEM, at=now())
        org.ensure_administrator(session)
        session.rollback()


def test_rights_taken_from_the_last_role_are_refused(rows):
    with rows() as session:
        org.ensure_administrator(session)
        admins = role(session, "Administrator")
        admins.permissions = [
            one for one in admins.permissions if (one.permission.name, one.view_menu.name) != ("can_edit", "roles")
        ]
        with pytest.raises(WrongState):
            org.ensure_administrator(session)
        session.rollback()


def test_two_administrators_cannot_end_one_another_at_once(app, rows):
    with rows() as session:
        person(session, "executive").roles = [role(session, "Administrator")]
        session.commit()
        first = Session(db.engine, info={"actor": SYSTEM})
        org.disable_person(first, person(first, "admin"), by=SYSTEM, at=now())
        told: list[DomainError] = []
        other = threading.Thread(target=_disable, args=(db.engine, "executive", told))
        other.start()
        other.join(0.5)
        assert other.is_alive()  # it waits for its turn
        first.commit()
        first.close()
        other.join(20)
    assert [type(one) for one in told] == [WrongState]
    with rows() as session:
        assert (person(session, "admin").active, person(session, "executive").active) == (False, True)


def _disable(engine, username, told):
    with Session(engine, info={"actor": SYSTEM}) as session:
        try:
            org.disable_person(session, person(session, username), by=SYSTEM, at=now())
            session.commit()
        except DomainError as refusal:
            told.append(refusal)


# ---- what is written ----------------------------------------------------------------------------------


def test_a_new_password_roles_and_disabling_are_in_the_audit_log_and_no_password_is(session_of):
    with session_of("admin") as (session, actor):
        made = org.reset_password(session, person(session, "manager_b"), by=actor, at=now())
        assert made.person.must_change_password
        edit(session, actor, "manager_b", roles=[role(session, "Executive")])
        org.disable_person(session, person(session, "manager_b"), by=actor, at=now())
        about = AuditEntry.table_name == "ab_user", AuditEntry.row_id == made.person.id
        was_changed = AuditEntry.kind != AuditKind.CREATED
        found = session.scalars(select(AuditEntry).where(*about, was_changed).order_by(AuditEntry.id)).all()
        told = [(one.kind, json.loads(one.changes)) for one in found]
        (kind, roles) = next(one for one in told if "roles" in one[1])
        assert kind is AuditKind.RIGHTS
        assert [[name for _, name in side] for side in roles["roles"]] == [["Account manager"], ["Executive"]]
        assert any(one.get("password") == ["***", "***"] for _, one in told)
        assert any(one.get("active") == [True, False] for _, one in told)
        whole = json.dumps([one.changes for one in session.scalars(select(AuditEntry))])
        assert made.password not in whole and made.person.password not in whole
        org.enable_person(session, made.person, by=actor, at=now())
        with pytest.raises(WrongState):
            org.enable_person(session, made.person, by=actor, at=now())


def test_a_person_with_roles_of_an_earlier_time_is_known_to_the_system(rows):
    with rows() as session:
        assert all(one.is_givable for one in known_roles(session, by=SYSTEM))
        admin = load_actor(session, person(session, "admin"))
        assert all(one.is_givable for one in known_roles(session, by=admin))
