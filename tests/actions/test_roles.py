"""Roles: making and naming them, publishing a change, what is refused, and the versions."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from app.actions import roles
from app.actions.org import ensure_administrator
from app.clock import now
from app.errors import Forbidden, Invalid, OutOfSight, Stale, WrongState
from app.models import AuditEntry, AuditKind, Employee, Installation, Reach, Role, RoleReach, RoleVersion
from app.models.installation import ROLES_MARK
from app.security.actor import load_actor
from app.security.rights import permission_of
from app.security.roles import change_between, states_of, write_roles


def role_named(session, name):
    """The role of that stored name."""
    return session.scalars(select(Role).where(Role.name == name)).one()


def changed(state, *, add=(), remove=(), **reaches):
    """A state with some rights more or fewer and other reaches, as ``customers=(Reach.OWN, Reach.OWN)``."""
    return replace(state, rights=(state.rights | set(add)) - set(remove), reaches={**state.reaches, **reaches})


def publish(session, by, role, after, *, seen=0, **more):
    """Publish at this moment."""
    return roles.publish(session, role, after, by=by, at=now(), seen=seen, **more)


ASSIGN, PHONES = "opportunities.assign", "customers.see_phones"


def test_a_change_is_written_kept_as_a_version_and_told(session_of):
    with session_of("admin") as (session, by):
        role = role_named(session, "Account manager")
        before = roles.state_of(session, role)
        after = changed(before, add=[ASSIGN], remove=[PHONES], customers=(Reach.BELOW, Reach.OWN))
        version = publish(session, by, role, after, note="试行")
        session.expire_all()
        assert roles.state_of(session, role) == after
        assert version.number == 2
        first = roles.version_of(session, role, 1)
        assert roles.state_in(first, after) == before
        assert (version.by_id, version.note, first.by_id) == (by.person_id, "试行", None)
        of_role = AuditEntry.kind == AuditKind.RIGHTS, AuditEntry.root_table == "ab_role"
        entries = session.scalars(select(AuditEntry).where(*of_role, AuditEntry.root_id == role.id)).all()
        told = [json.loads(entry.changes) for entry in entries]
        (rights,) = (one["permissions"] for one in told if "permissions" in one)
        assert [[name for _, name in side] for side in rights] == [[PHONES], [ASSIGN]]
        assert {"reads": ["all", "below"]} in told and len(told) == 2


def test_it_holds_for_whoever_holds_the_role(session_of):
    with session_of("admin") as (session, by):
        role, person = role_named(session, "Account manager"), session.query(Employee).filter_by(username="manager_a")
        after = changed(roles.state_of(session, role), add=[ASSIGN], marketing=(Reach.OWN, Reach.OWN))
        publish(session, by, role, after)
        actor = load_actor(session, person.one())
        assert actor.may(ASSIGN) and actor.read_reach("marketing") is Reach.OWN


def test_what_somebody_else_published_meanwhile_is_not_overwritten(session_of):
    with session_of("admin") as (session, by):
        role = role_named(session, "Account manager")
        before = roles.state_of(session, role)
        publish(session, by, role, changed(before, add=[ASSIGN]))
        with pytest.raises(Stale):
            publish(session, by, role, changed(before, remove=[PHONES]), seen=0)
        assert publish(session, by, role, changed(before, remove=[PHONES]), seen=2).number == 3


def test_nothing_changed_is_no_version(session_of):
    with session_of("admin") as (session, by):
        role = role_named(session, "Account manager")
        with pytest.raises(WrongState):
            publish(session, by, role, roles.state_of(session, role))
        assert roles.last_version(session, role) is None


def test_a_state_that_came_without_a_version_is_kept_before_the_next_change(session_of):
    """An upgrade gives new rights to default roles beside the screen."""
    with session_of("admin") as (session, by):
        role = role_named(session, "Account manager")
        publish(session, by, role, changed(roles.state_of(session, role), add=[ASSIGN]))
        session.get(RoleReach, (role.id, "customers")).reads = Reach.BELOW
        session.flush()
        publish(session, by, role, changed(roles.state_of(session, role), remove=[ASSIGN]), seen=2)
        assert [version.number for version in roles.versions_of(session, role)] == [4, 3, 2, 1]
        assert roles.version_of(session, role, 3).reaches["customers"] == ["below", "own"]


# ---- what is refused --------------------------------------------------------------------------------------


def test_what_is_done_on_a_screen_needs_that_it_is_seen(session_of):
    with session_of("admin") as (session, by):
        role = role_named(session, "Account manager")
        with pytest.raises(Invalid) as refusal:
            publish(session, by, role, changed(roles.state_of(session, role), remove=["opportunities.see"]))
        assert "销售机会" in str(refusal.value) or "Sales opportunities" in str(refusal.value)


def give(session, name, keys):
    """Give a role rights by hand."""
    from app.security.roles import rights_by_key

    known, role = rights_by_key(session), role_named(session, name)
    role.permissions.extend(known[key] for key in keys)
    session.flush()


def test_nobody_gives_more_than_he_has(session_of):
    with session_of("admin") as (session, _):
        give(session, "Head", ["roles.see", "roles.create", "roles.edit"])
        by = load_actor(session, session.query(Employee).filter_by(username="head_a").one())
        role = role_named(session, "Narrow")
        state = roles.state_of(session, role)
        with pytest.raises(Forbidden):
            publish(session, by, role, changed(state, add=["settings.see"]))
        for reaches in ((Reach.ALL, Reach.OWN), (Reach.OWN, Reach.BELOW)):
            with pytest.raises(Forbidden):
                publish(session, by, role, changed(state, customers=reaches))
        own = (Reach.DEPARTMENT, Reach.DEPARTMENT)
        publish(session, by, role, changed(state, add=[ASSIGN], customers=own))
        with pytest.raises(Forbidden):
            roles.create_role(session, "另一管理员", by=by, at=now(), like=role_named(session, "Administrator"))


def test_what_a_role_has_already_may_stay_or_go_by_anybody_who_edits_it(session_of):
    with session_of("admin") as (session, _):
        give(session, "Head", ["roles.see", "roles.edit"])
        by = load_actor(session, session.query(Employee).filter_by(username="head_a").one())
        role = role_named(session, "Account manager")
        state = roles.state_of(session, role)
        publish(session, by, role, changed(state, remove=["plans.succeed"]))
        assert roles.state_of(session, role).reaches == state.reaches


@pytest.mark.parametrize("right", ["users.edit", "roles.edit", "roles.see", "users.create"])
def test_the_last_administrator_keeps_his_rights(session_of, right):
    with session_of("admin") as (session, by):
        role = role_named(session, "Administrator")
        after = changed(roles.state_of(session, role), remove=[right])
        if right == "roles.see":
            after = changed(after, remove=["roles.create", "roles.edit", "roles.delete"])
        with pytest.raises(WrongState):
            publish(session, by, role, after)


def test_one_who_cannot_sign_in_is_no_administrator(session_of):
    with session_of("admin") as (session, _):
        ensure_administrator(session)
        session.query(Employee).filter_by(username="admin").one().active = False
        with pytest.raises(WrongState):
            ensure_administrator(session)


def test_rights_of_an_administrator_may_come_through_several_roles(session_of):
    with session_of("admin") as (session, _):
        role, other = role_named(session, "Administrator"), Role(name="Keepers of roles")
        moved = [one for one in role.permissions if one.view_menu.name == "roles"]
        other.permissions.extend(moved)
        for one in moved:
            role.permissions.remove(one)
        session.add(other)
        with pytest.raises(WrongState):
            ensure_administrator(session)
        session.query(Employee).filter_by(username="admin").one().roles.append(other)
        ensure_administrator(session)


def test_without_the_right_nothing_is_changed(session_of):
    with session_of("supervisor") as (session, by):
        role = role_named(session, "Narrow")
        state = roles.state_of(session, role)
        for act in (
            lambda: publish(session, by, role, changed(state, remove=[PHONES])),
            lambda: roles.create_role(session, "新角色", by=by, at=now()),
            lambda: roles.rename_role(session, role, "新名字", by=by),
            lambda: roles.delete_role(session, role, by=by),
        ):
            with pytest.raises(Forbidden):
                act()


# ---- making, naming, deleting -----------------------------------------------------------------------------


def test_a_new_role_has_no_rights_and_reads_everything(session_of):
    with session_of("admin") as (session, by):
        role = roles.create_role(session, " 实习生 ", by=by, at=now())
        assert role.name == "实习生"
        state = roles.state_of(session, role)
        assert state.rights == frozenset()
        assert set(state.reaches.values()) == {(Reach.ALL, Reach.OWN)}
        assert roles.last_version(session, role).number == 1


def test_a_copy_can_do_the_same_and_nobody_holds_it(session_of):
    with session_of("admin") as (session, by):
        model = role_named(session, "Head")
        copy = roles.create_role(session, "组长", by=by, at=now(), like=model)
        assert roles.state_of(session, copy) == roles.state_of(session, model)
        assert copy.user == []


@pytest.mark.parametrize("name", ["", "  ", "长" * 65, "Head", "head", "Account manager", "客户经理"])
def test_a_name_that_does_not_fit_or_is_taken(session_of, name):
    from flask_babel import force_locale

    with session_of("admin") as (session, by), force_locale("zh"):
        with pytest.raises(Invalid):
            roles.create_role(session, name, by=by, at=now())
        with pytest.raises(Invalid):
            roles.rename_role(session, role_named(session, "Narrow"), name, by=by)


def test_a_role_may_keep_its_name(session_of):
    with session_of("admin") as (session, by):
        assert roles.rename_role(session, role_named(session, "Narrow"), "narrow", by=by).name == "narrow"


def test_a_role_in_use_is_not_deleted_even_if_only_a_disabled_person_holds_it(session_of):
    with session_of("admin") as (session, by):
        role = roles.create_role(session, "旧岗位", by=by, at=now())
        person = session.query(Employee).filter_by(username="disabled").one()
        person.roles.append(role)
        session.flush()
        with pytest.raises(WrongState):
            roles.delete_role(session, role, by=by)
        person.roles.remove(role)
        session.flush()
        roles.delete_role(session, role, by=by)
        assert session.query(Role).filter_by(name="旧岗位").all() == []
        assert session.query(RoleVersion).all() == []


def test_a_deleted_default_role_neither_comes_back_nor_lends_its_key(session_of):
    with session_of("admin") as (session, by):
        role = role_named(session, "Executive")
        role.user.clear()
        session.flush()
        key = role.id
        roles.delete_role(session, role, by=by)
        write_roles(session)
        assert session.query(Role).filter_by(name="Executive").all() == []
        assert key not in json.loads(session.get(Installation, ROLES_MARK).value).values()


# ---- versions ---------------------------------------------------------------------------------------------


def test_a_version_is_read_in_terms_of_today(session_of):
    with session_of("admin") as (session, by):
        role = role_named(session, "Account manager")
        state = roles.state_of(session, role)
        version = publish(session, by, role, changed(state, add=[ASSIGN]))
        version.rights = [*version.rights, "fax.send"]
        version.reaches = {"customers": ["own", "own"]}
        assert roles.gone_since(version) == {"fax.send"}
        then = roles.state_in(version, state)
        assert then.rights == state.rights | {ASSIGN}
        assert then.reaches == {**state.reaches, "customers": (Reach.OWN, Reach.OWN)}
        with pytest.raises(OutOfSight):
            roles.version_of(session, role, 9)


def test_a_right_beside_the_catalogue_is_left_alone(session_of):
    from flask_appbuilder.security.sqla.models import Permission, PermissionView, ViewMenu

    with session_of("admin") as (session, by):
        role = role_named(session, "Account manager")
        stray = PermissionView(permission=Permission(name="can_fax"), view_menu=ViewMenu(name="fax"))
        role.permissions.append(stray)
        session.flush()
        state = roles.state_of(session, role)
        assert "fax.fax" not in state.rights
        publish(session, by, role, changed(state, add=[ASSIGN]))
        assert stray in role.permissions


# ---- modules that come later --------------------------------------------------------------------------------


def test_default_roles_reach_a_module_that_is_new_and_others_only_their_own(session_of):
    with session_of("admin") as (session, _):
        session.query(RoleReach).filter_by(module="customers").delete()
        names = ("Sales supervisor", "Account manager", "Head")
        keys = [role_named(session, name).id for name in names]
        before = states_of(session, keys)
        assert {state.reaches["customers"] for state in before.values()} == {(Reach.OWN, Reach.OWN)}
        write_roles(session)
        after = states_of(session, keys)
        found = [after[key].reaches["customers"] for key in keys]
        assert found == [(Reach.ALL, Reach.BELOW), (Reach.ALL, Reach.OWN), (Reach.OWN, Reach.OWN)]


def test_a_scope_taken_away_is_not_given_again(session_of):
    with session_of("admin") as (session, by):
        role = role_named(session, "Account manager")
        after = changed(roles.state_of(session, role), customers=(Reach.OWN, Reach.OWN))
        publish(session, by, role, after)
        write_roles(session)
        assert roles.state_of(session, role) == after


def test_the_difference_of_two_states(session_of):
    with session_of("admin") as (session, _):
        state = roles.state_of(session, role_named(session, "Narrow"))
        change = change_between(state, changed(state, add=[ASSIGN], remove=[PHONES], marketing=(Reach.ALL, Reach.OWN)))
        assert (change.added, change.removed, change.count) == ((ASSIGN,), (PHONES,), 3)
        assert [(one.module, one.is_writing, one.is_wider) for one in change.reaches] == [("marketing", False, True)]
        assert permission_of(ASSIGN) == ("can_assign", "opportunities")
