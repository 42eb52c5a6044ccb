"""Every change of a record is told in its own transaction, in full, once, and without a secret."""

import json
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.actions import marketing
from app.actions.org import set_password
from app.clock import now
from app.models import (
    AuditEntry,
    AuditKind,
    Contact,
    Customer,
    Department,
    Employee,
    Model,
    NumberSeries,
    Opportunity,
    OpportunityStatus,
    PlanItem,
    Role,
    RoleReach,
    SettingValue,
)
from app.models.base import mapper_of
from app.security.actor import SYSTEM
from app.security.audit import Origin, note, unlogged
from app.security.changes import SECRET, is_told
from tests.cast import MOMENT, opportunity
from tests.walk import counted


def last(session, number=1):
    """The newest entries, the oldest of them first, with their changes read."""
    found = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(number)).all()
    return [(one, json.loads(one.changes)) for one in reversed(found)]


def count(session):
    return session.scalar(select(func.count(AuditEntry.id)))


def customer_of(session, name="镇江"):
    return session.scalars(select(Customer).where(Customer.name.startswith(name))).one()


def test_a_new_record_is_told_with_all_its_values(rows):
    with rows() as session:
        session.info["origin"] = Origin(1, "admin", "10.0.0.7", "abc")
        row = opportunity("嘉兴知微仪器有限公司", session.get(Employee, 1), expected_amount=Decimal("128000"))
        row.expected_close_on = date(2026, 5, 1)
        session.add(row)
        session.flush()
        [(entry, changes)] = last(session)
        assert (entry.kind, entry.table_name, entry.row_id) == (AuditKind.CREATED, "opportunities", row.id)
        assert (entry.root_table, entry.root_id, entry.row_name) == ("opportunities", row.id, row.customer_name)
        assert (entry.person_id, entry.person_name, entry.address) == (1, "admin", "10.0.0.7")
        assert changes["expected_amount"] == [None, "128000.00"]
        assert changes["expected_close_on"] == [None, "2026-05-01"]
        assert changes["status"] == [None, "unassigned"]
        assert not changes.keys() & {"id", "version", "created_on", "name_key", "phone_key", "customer_id"}


def test_a_change_is_told_as_it_was_and_as_it_is(rows):
    with rows() as session:
        row = customer_of(session)
        row.address, row.credit, row.registered_capital = "丹徒区", 5, Decimal("3.5")
        session.flush()
        [(entry, changes)] = last(session)
        assert entry.kind is AuditKind.CHANGED
        assert changes == {"address": [None, "丹徒区"], "credit": [3, 5], "registered_capital": [None, "3.5000"]}


def test_what_it_was_is_known_although_nobody_had_read_it(rows):
    with rows() as session:
        row = customer_of(session)
        session.commit()
        row.credit = 1
        session.flush()
        assert last(session)[0][1] == {"credit": [3, 1]}


def test_what_does_not_change_is_not_told(rows):
    with rows() as session:
        row, before = customer_of(session), count(session)
        row.credit = 3
        row.credit = 5
        row.credit = 3
        person = session.scalars(select(Employee).where(Employee.username == "admin")).one()
        person.login_count, person.last_login = 7, None
        session.add(NumberSeries(prefix="X", last=1))
        session.flush()
        assert count(session) == before


def test_a_deleted_record_is_told_with_what_it_was(rows):
    with rows() as session:
        row = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("金华"))).one()
        key = row.id
        session.delete(row)
        session.flush()
        [(entry, changes)] = last(session)
        assert (entry.kind, entry.row_id) == (AuditKind.DELETED, key)
        assert changes["customer_name"] == ["金华稷禾农机有限公司", None]


def test_a_child_stands_in_the_history_of_its_parent(rows):
    with rows() as session:
        customer = customer_of(session)
        customer.contacts.append(Contact(name="邵工", mobile="13900139000"))
        session.flush()
        [(entry, changes)] = last(session)
        assert (entry.table_name, entry.root_table, entry.root_id) == ("contacts", "customers", customer.id)
        assert changes["mobile"] == [None, "13900139000"]


def test_a_move_is_one_entry_with_its_reason_and_what_it_changed(session_of, rows):
    with rows() as session:
        key = session.scalars(select(Opportunity.id).where(Opportunity.customer_name.startswith("绍兴"))).one()
    with session_of("manager_a") as (session, actor):
        row, before = session.get(Opportunity, key), count(session)
        marketing.PIPELINE.fire(session, row, "fail", by=actor, at=MOMENT, reason="预算取消")
        assert count(session) == before + 1
        [(entry, changes)] = last(session)
        assert (entry.kind, entry.reason, entry.row_id) == (AuditKind.MOVED, "预算取消", key)
        assert changes["status"] == ["assigned", "failed"]
        assert changes["closed_on"] == [None, MOMENT.isoformat()]


def test_a_reassignment_is_a_move_without_another_status(session_of, rows):
    with session_of("supervisor") as (session, actor):
        row = session.scalars(select(Opportunity).where(Opportunity.customer_name.startswith("绍兴"))).one()
        other = session.scalars(select(Employee).where(Employee.username == "manager_b")).one()
        was = row.assignee_id
        marketing.PIPELINE.fire(session, row, "reassign", by=actor, at=now(), assignee=other, reason="换人")
        [(entry, changes)] = last(session)
        assert (entry.kind, entry.reason) == (AuditKind.MOVED, "换人")
        assert changes["assignee_id"] == [was, other.id]
        assert "status" not in changes


@pytest.mark.parametrize(("reason", "entries"), [(None, 1), ("导入", 2)])
def test_how_a_record_begins_is_told_by_its_creation_and_its_reason(rows, reason, entries):
    with rows() as session:
        before = count(session)
        row = opportunity("嘉兴知微仪器有限公司", session.get(Employee, 1))
        marketing.PIPELINE.enter(session, [(row, OpportunityStatus.UNASSIGNED)], by=SYSTEM, at=MOMENT, reason=reason)
        assert count(session) == before + entries
        [(entry, changes)] = last(session)
        assert (entry.reason, entry.row_id, changes["status"]) == (reason or "", row.id, [None, "unassigned"])


def test_roles_regions_and_rights_are_told_by_name(rows):
    with rows() as session:
        person = session.scalars(select(Employee).where(Employee.username == "manager_a")).one()
        before = [[role.id, role.name] for role in person.roles]
        executive = session.scalars(select(Role).where(Role.name == "Executive")).one()
        person.roles = [executive]
        session.flush()
        [(entry, changes)] = last(session)
        assert entry.kind is AuditKind.RIGHTS
        assert changes == {"roles": [before, [[executive.id, "Executive"]]]}
        person.regions = []
        session.flush()
        [(entry, changes)] = last(session)
        assert entry.kind is AuditKind.CHANGED
        assert [name for _, name in changes["regions"][0]] == ["华东"]
        right = next(one for one in executive.permissions if one.view_menu.name == "customers")
        executive.permissions.remove(right)
        session.flush()
        [(entry, changes)] = last(session)
        assert (entry.kind, entry.row_name) == (AuditKind.RIGHTS, "Executive")
        assert changes["permissions"][0][0][1].startswith("customers.")
        assert changes["permissions"][1] is None


def test_scope_and_settings_have_no_number_of_their_own(rows):
    with rows() as session:
        reach = session.scalars(select(RoleReach).order_by(RoleReach.role_id)).first()
        reach.writes = "own"
        session.flush()
        [(entry, changes)] = last(session)
        assert (entry.kind, entry.row_id, entry.row_name) == (AuditKind.RIGHTS, None, reach.module)
        assert (entry.root_table, entry.root_id) == ("ab_role", reach.role_id)
        assert changes == {"writes": ["all", "own"]}
        session.add(SettingValue(key="idle_minutes", value="30"))
        session.flush()
        [(entry, changes)] = last(session)
        assert (entry.kind, entry.row_name, changes["value"]) == (AuditKind.CREATED, "idle_minutes", [None, "30"])


def test_a_password_is_told_to_have_changed_and_never_what_it_is(rows):
    with rows() as session:
        person = session.scalars(select(Employee).where(Employee.username == "admin")).one()
        set_password(person, "Another-1-word")
        session.flush()
        [(_, changes)] = last(session)
        assert changes == {"password": [SECRET, SECRET], "must_change_password": [False, True]}
        told = session.scalars(select(AuditEntry.changes)).all()
        hashes = {one.password for one in session.scalars(select(Employee))}
        assert not any(hashed in one for hashed in hashes for one in told)


def test_what_is_rolled_back_to_a_savepoint_leaves_no_entry(rows):
    with rows() as session:
        row, before = customer_of(session), count(session)
        row.credit = 1
        with session.begin_nested():
            session.add(Department(name="三部"))
        with pytest.raises(KeyError), session.begin_nested():
            row.credit = 5
            session.flush()
            raise KeyError
        session.flush()
        told = [(entry.table_name, changes) for entry, changes in last(session, count(session) - before)]
        assert sorted(table for table, _ in told) == ["customers", "departments"]
        assert ("customers", {"credit": [3, 1]}) in told


def test_many_rows_are_one_statement(app, rows):
    with rows() as session:
        customer, before = customer_of(session), count(session)
        with counted(app) as seen:
            session.add_all(Contact(customer=customer, name=f"联系人{number}") for number in range(50))
            session.flush()
        assert len([one for one in seen if "audit_entries" in one]) == 1
        assert count(session) == before + 50


def test_an_entry_comes_after_what_was_done_before_it(rows):
    with rows() as session:
        customer_of(session).credit = 1
        department = Department(name="三部")
        session.add(department)
        note(session, AuditKind.JOB, about=department, reason="done")
        found = last(session, 3)
        assert [entry.kind for entry, _ in found] == [AuditKind.CREATED, AuditKind.CHANGED, AuditKind.JOB]
        assert found[-1][0].row_id == department.id


def test_the_foundation_is_written_without_the_log(rows):
    with rows() as session:
        before = count(session)
        with unlogged(session, "a test"):
            session.add(Department(name="三部"))
        session.add(Department(name="四部"))
        session.flush()
        assert count(session) == before + 1
        with pytest.raises(ValueError, match="reason"), unlogged(session, ""):
            pass


def test_every_session_keeps_the_log(app, rows):
    from app.extensions import db

    with app.app_context(), Session(db.engine) as session:
        session.info["actor"] = SYSTEM
        before = count(session)
        session.add(Department(name="三部"))
        session.flush()
        assert count(session) == before + 1


# ---- who sees it --------------------------------------------------------------------------------------


def tables_seen(session):
    statement = select(AuditEntry.root_table, AuditEntry.root_id)
    return {(table, key) for table, key in session.execute(statement)}


def test_an_entry_is_seen_by_who_sees_its_record(session_of, rows):
    with rows() as session:
        customer_of(session).contacts[0].memo = "早上打"
        everything = tables_seen(session)
    with session_of("admin") as (session, _):
        assert tables_seen(session) == everything
    with session_of("narrow") as (session, _):
        seen = tables_seen(session)
        own = set(session.scalars(select(Opportunity.id)))
        assert len(own) == 1
        assert {key for table, key in seen if table == "opportunities"} == own
        assert not {key for table, key in seen if table == "customers"}
        assert not {key for table, key in seen if table == "service_requests"}
        walled = {"opportunities", "customers", "service_requests", "churn_cases", "management_reports"}
        assert {one for one in seen if one[0] not in walled} == {one for one in everything if one[0] not in walled}


def test_who_reads_everything_pays_nothing(app, session_of):
    with session_of("manager_a") as (session, _), counted(app) as seen:
        session.scalars(select(AuditEntry.id).limit(1)).all()
    assert "WHERE" not in seen[-1]


def test_every_model_says_whether_it_is_told():
    told = sorted(mapper.class_.__tablename__ for mapper in Model.registry.mappers if is_told(mapper.class_))
    print(told)
    assert {"customers", "contacts", "opportunities", "plan_items", "ab_user", "departments", "settings"} <= set(told)
    silent = {"audit_entries", "audit_seals", "reminders", "list_views", "number_series", "installation"}
    assert not silent & set(told)
    for mapper in Model.registry.mappers:
        if is_told(mapper.class_) and hasattr(mapper.class_, "is_personal"):
            assert hasattr(mapper.class_, "id"), mapper
    assert mapper_of(PlanItem).class_ is PlanItem
