"""Access under attack: by people who hold some rights over people, departments and roles, and by strangers."""

from contextlib import contextmanager

import pytest
from sqlalchemy import select

from app.actions import departments, org, roles
from app.clock import now
from app.errors import Invalid, WrongState
from app.extensions import db
from app.models import AuditEntry, AuditKind, Department, Employee, Opportunity, Reach, Role, RoleReach, SignIn
from app.security.actor import SYSTEM
from app.security.roles import RoleState, rights_by_key
from app.views import sign_in
from app.views.exports import plain_cell
from tests.browsing import Browser, fields_of, text_of
from tests.cast import PASSWORD, key_of

HEADS = ("departments.see", "departments.edit", "users.see", "users.edit", "users.hand_over")


@pytest.fixture
def armed(rows):
    """Gives one of the cast no other role than one of these rights and reaches."""

    def arm(username, *rights, reads=Reach.OWN, writes=Reach.OWN):
        with rows() as session:
            known = rights_by_key(session)
            role = Role(name="Attacker", permissions=[known[one] for one in rights])
            session.add(role)
            session.flush()
            for module in ("customers", "marketing"):
                session.add(RoleReach(role_id=role.id, module=module, reads=reads, writes=writes))
            session.scalars(select(Employee).where(Employee.username == username)).one().roles = [role]

    return arm


def named(session, model, name):
    column = Employee.username if model is Employee else model.name
    return session.scalars(select(model).where(column == name)).one()


def seen(session):
    return set(session.scalars(select(Opportunity.customer_name)))


# ---- seeing more through departments ----------------------------------------------------------------------


@pytest.fixture
def headed(rows):
    """The second department has a head, whose place somebody could take."""
    with rows() as session:
        named(session, Department, "二部").head = named(session, Employee, "disabled")


@pytest.mark.usefixtures("headed")
def test_nobody_hands_a_headship_to_himself_to_see_more(armed, as_, app, rows):
    armed("manager_a", *HEADS, reads=Reach.DEPARTMENT)
    browser, pk = as_("manager_a"), key_of(app, "disabled")
    fields = {"receiver_headships": "manager_a", "reason": "接管"}
    assert browser.submit(f"/users/{pk}/hand-over", **fields).status_code == 422
    assert "manager_a" not in browser.get("/choices/receivers/headships?q=manager_a").get_data(as_text=True)
    with rows() as session:
        assert named(session, Department, "二部").head.username == "disabled"
    assert browser.submit(f"/users/{pk}/hand-over", **{**fields, "receiver_headships": "supervisor"}).status_code == 302


@pytest.mark.usefixtures("headed")
def test_who_sees_everything_may_take_over_a_headship(armed, as_, app):
    armed("manager_a", *HEADS, reads=Reach.ALL)
    fields = {"receiver_headships": "manager_a", "reason": "接管"}
    assert as_("manager_a").submit(f"/users/{key_of(app, 'disabled')}/hand-over", **fields).status_code == 302


def test_nobody_moves_a_department_below_his_own_to_see_more(armed, as_, rows):
    armed("manager_a", *HEADS, reads=Reach.BELOW)
    browser = as_("manager_a")
    with rows() as session:
        first, second = named(session, Department, "一部").id, named(session, Department, "二部").id
    answer = browser.submit(f"/departments/edit/{second}", parent=str(first))
    assert answer.status_code == 422 and "请让别人来做" in text_of(answer)
    with rows() as session:
        assert named(session, Department, "二部").parent.name == "总部"


def test_nobody_moves_a_person_into_his_own_department_to_see_more(armed, session_of):
    armed("manager_a", *HEADS, "opportunities.see", reads=Reach.DEPARTMENT)
    with session_of("manager_b") as (session, _):
        named(session, Employee, "disabled").roles = []
        session.info["actor"] = SYSTEM
        session.commit()
    with session_of("manager_a") as (session, actor):
        before = seen(session)
        one, own = named(session, Employee, "disabled"), named(session, Department, "一部")
        with pytest.raises(Invalid) as refusal:
            org.edit_person(session, one, {"department": own}, by=actor, at=now(), version=one.version)
        assert set(refusal.value.fields) == {"department"}
        assert seen(session) == before
        elsewhere = {"department": named(session, Department, "总部")}
        org.edit_person(session, one, elsewhere, by=actor, at=now(), version=one.version)


# ---- names of records ----------------------------------------------------------------------------------------


def test_a_hand_over_names_no_records_of_a_screen_that_is_closed_to_its_reader(armed, as_, app):
    armed("narrow", "users.see", "users.hand_over", reads=Reach.ALL, writes=Reach.ALL)
    text = text_of(as_("narrow").get(f"/users/{key_of(app, 'manager_a')}/hand-over"))
    assert "镇江岚砺磨具有限公司" not in text and "绍兴织野纺织机械有限公司" not in text


def test_a_preview_names_no_records_of_a_screen_that_is_closed_to_its_reader(armed, as_, app, rows):
    armed("narrow", "roles.see", "roles.edit", reads=Reach.ALL, writes=Reach.ALL)
    browser = as_("narrow")
    with rows() as session:
        pk = named(session, Role, "Account manager").id
    page = browser.get(f"/roles/show/{pk}")
    fields = {**fields_of(page, f"/roles/save/{pk}"), "right": ["opportunities.see", "customers.see"]}
    looked = text_of(
        browser.post(f"/roles/preview/{pk}", {**fields, "reads.marketing": "own", "reads.customers": "own"})
    )
    assert "林知远" in looked
    for name in ("盐城风澜风电有限公司", "温州霁川电气有限公司", "镇江岚砺磨具有限公司", "泰州知微生物有限公司"):
        assert name not in looked


# ---- names of roles --------------------------------------------------------------------------------------------


def test_nobody_renames_a_role_that_can_do_more_than_himself(armed, as_, rows):
    """By its name a role is chosen: under another's it would be given to the wrong people."""
    armed("narrow", "roles.see", "roles.create", "roles.edit")
    browser = as_("narrow")
    with rows() as session:
        high, own = named(session, Role, "Administrator").id, named(session, Role, "Attacker").id
    assert browser.submit(f"/roles/rename/{high}", name="Harmless").status_code == 403
    assert browser.submit(f"/roles/rename/{own}", name="Another").status_code == 302
    with rows() as session:
        assert named(session, Role, "Administrator").id == high


def test_a_right_is_not_taken_from_everybody_since_nobody_could_give_it_back(armed, session_of):
    armed("narrow", "roles.see", "roles.edit")
    with session_of("narrow") as (session, actor):
        role = named(session, Role, "Administrator")
        state = roles.state_of(session, role)
        wanted = RoleState(state.rights - {"audit.see", "audit.export"}, state.reaches)
        with pytest.raises(WrongState, match="审计日志"):
            roles.publish(session, role, wanted, by=actor, at=now(), seen=0)


# ---- signing in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["password", "active"])
def test_a_password_that_is_changed_while_it_is_proven_lets_nobody_in(app, rows, monkeypatch, change):
    def prove_and_be_overtaken(name, password):
        found = prove(name, password)
        with _elsewhere(app) as session:
            one = named(session, Employee, name)
            one.active = change != "active"
            if change == "password":
                org.set_password(one, "Xin-mima-2026-qiu")
        return found

    prove = sign_in.prove
    monkeypatch.setattr(sign_in, "prove", prove_and_be_overtaken)
    browser = Browser(app)
    answer = browser.post("/login/", {"username": "manager_a", "password": PASSWORD})
    assert answer.status_code == 422
    assert browser.get("/").status_code == 302
    with rows() as session:
        assert session.scalars(select(SignIn)).all() == []


@contextmanager
def _elsewhere(app):
    """Another process changes something at this moment."""
    with app.app_context():
        session = db.session.session_factory()
        session.info["actor"] = SYSTEM
        yield session
        session.commit()
        session.close()


# ---- files and races ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "＝1+1", "＋1", "－1", "＠SUM(1)", "\n=1+1", "\r=1", "\t=1"])
def test_no_cell_begins_a_formula_not_even_in_full_width(text):
    assert plain_cell(text) == f"'{text}"


@pytest.mark.parametrize("act", ["edit", "delete"])
def test_a_department_that_somebody_deletes_at_that_moment_is_not_found(as_, rows, monkeypatch, act):
    with rows() as session:
        one = departments.create_department(session, {"name": "三部", "parent": None, "head": None}, by=SYSTEM)
        pk = one.id

    def be_overtaken(session, screen):
        with _elsewhere(app) as other:
            found = other.get(Department, pk)
            if found is not None:
                other.delete(found)

    browser = as_("admin")
    app, fields = browser.app, fields_of(browser.get(f"/departments/edit/{pk}"))
    monkeypatch.setattr(departments, "take_turns", be_overtaken)
    assert browser.post(f"/departments/{act}/{pk}", fields if act == "edit" else {}).status_code == 404


def test_a_refusal_is_told_whatever_stands_in_its_address(as_, rows):
    assert as_("nobody").get("/choices/receivers/x%00y%0Az").status_code == 404
    with rows() as session:
        told = session.scalars(select(AuditEntry.reason).where(AuditEntry.kind == AuditKind.REFUSED)).all()
        assert len(told) == 1 and told[0].startswith("GET /choices/receivers/x�y")
