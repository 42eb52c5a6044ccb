"""Saved filters and looks: whose they are, who may change them, and what their names may be."""

import pytest
from sqlalchemy import delete, select

from app.actions import lists
from app.errors import Forbidden, Invalid, OutOfSight, WrongState
from app.models import Department, Employee
from app.models.lists import ListView
from tests.cast import key_of


def save(session, by, name="华东", screen="opportunities", **more):
    """A saved filter."""
    values = {"conditions": {"region": "华东"}, "sort": "-id", **more}
    return lists.save_filter(session, screen, name, by=by, **values)


def test_a_saved_filter_is_seen_by_its_owner_for_its_list_alone(session_of):
    with session_of("manager_a") as (session, by):
        saved = save(session, by)
        assert [one.name for one in lists.views_of(session, "opportunities", by=by)] == ["华东"]
        assert lists.views_of(session, "plans", by=by) == []
        with pytest.raises(OutOfSight):
            lists.saved_filter(session, "plans", saved.id, by=by)


def test_a_name_is_taken_once_and_replaced_only_when_asked(session_of):
    with session_of("manager_a") as (session, by):
        first = save(session, by)
        with pytest.raises(Invalid):
            save(session, by, conditions={})
        again = save(session, by, conditions={"status": "已指派"}, replaces=True)
        assert again is first
        assert first.conditions == {"status": "已指派"}
        other = save(session, by, "华北")
        with pytest.raises(Invalid):
            lists.rename_filter(session, other, "华东", by=by)
        lists.rename_filter(session, other, "华北", by=by)
        save(session, by, screen="customers")


@pytest.mark.parametrize("name", ["", "   ", "长" * 51])
def test_a_name_that_does_not_fit(session_of, name):
    with session_of("manager_a") as (session, by):
        with pytest.raises(Invalid):
            save(session, by, name)
        saved = save(session, by)
        with pytest.raises(Invalid):
            lists.rename_filter(session, saved, name, by=by)


def test_at_most_twenty(session_of):
    with session_of("manager_a") as (session, by):
        for number in range(lists.MOST_SAVED):
            save(session, by, f"筛选 {number}")
        with pytest.raises(WrongState):
            save(session, by, "一个太多")
        save(session, by, "筛选 0", replaces=True)
        save(session, by, "另一列表", screen="plans")


def share(rows, app, username, name="共享"):
    """The key of a filter that a person shares with his department."""
    with rows() as session:
        person = session.get(Employee, key_of(app, username))
        saved = ListView(owner_id=person.id, screen="opportunities", name=name, department_id=person.department_id)
        session.add(saved)
        session.flush()
        return saved.id


def test_a_shared_filter_is_used_by_the_department_and_changed_by_its_owner_alone(session_of, rows, app):
    key = share(rows, app, "manager_a")
    with session_of("head_a") as (session, by):  # of the same department
        saved = lists.saved_filter(session, "opportunities", key, by=by)
        for change in (
            lambda: lists.own_filter(session, "opportunities", key, by=by),
            lambda: lists.rename_filter(session, saved, "别名", by=by),
            lambda: lists.share_filter(session, saved, by=by, is_shared=False),
            lambda: lists.delete_filter(session, saved, by=by),
        ):
            with pytest.raises(Forbidden):
                change()
        lists.open_with(session, "opportunities", saved, by=by)
        look = next(one for one in lists.views_of(session, "opportunities", by=by) if not one.name)
        assert (look.owner_id, look.opens_with_id) == (by.person_id, key)
    with session_of("manager_b") as (session, by):  # of another one
        assert lists.views_of(session, "opportunities", by=by) == []
        with pytest.raises(OutOfSight):
            lists.saved_filter(session, "opportunities", key, by=by)


def test_sharing_and_taking_it_back(session_of):
    with session_of("manager_a") as (session, by):
        saved = save(session, by)
        lists.share_filter(session, saved, by=by, is_shared=True)
        assert session.get(Department, saved.department_id).name == "一部"
        lists.share_filter(session, saved, by=by, is_shared=False)
        assert saved.department_id is None
        session.get(Employee, by.person_id).department_id = None
        with pytest.raises(WrongState):
            lists.share_filter(session, saved, by=by, is_shared=True)


def test_what_is_shared_stays_with_its_department_when_the_owner_moves(session_of, rows, app):
    key = share(rows, app, "manager_a")
    with rows() as session:
        elsewhere = session.scalars(select(Department).where(Department.name == "二部")).one()
        session.get(Employee, key_of(app, "manager_a")).department_id = elsewhere.id
    with session_of("manager_b") as (session, by):
        assert lists.views_of(session, "opportunities", by=by) == []
    with session_of("head_a") as (session, by):
        assert [one.id for one in lists.views_of(session, "opportunities", by=by)] == [key]


def test_the_look_is_one_row_and_forgets_what_is_deleted(session_of):
    with session_of("manager_a") as (session, by):
        saved = save(session, by)
        lists.choose_columns(session, "opportunities", ["id", "customer_name"], by=by)
        lists.choose_page_size(session, "opportunities", 50, by=by)
        lists.open_with(session, "opportunities", saved, by=by)
        look = session.scalars(select(ListView).where(ListView.name == "")).one()
        assert (look.columns, look.page_size, look.opens_with_id) == (["id", "customer_name"], 50, saved.id)
        lists.delete_filter(session, saved, by=by)
        session.expire_all()
        assert look.opens_with_id is None
        lists.open_with(session, "opportunities", None, by=by)


def test_nothing_is_left_of_a_person_who_is_deleted(session_of, rows, app):
    key = share(rows, app, "nobody")
    with rows() as session:
        session.add(ListView(owner_id=key_of(app, "head_a"), screen="opportunities", opens_with_id=key))
        session.flush()
        session.execute(delete(Employee).where(Employee.username == "nobody"))
    with rows() as session:
        left = session.scalars(select(ListView)).all()
        assert [(one.owner_id, one.opens_with_id) for one in left] == [(key_of(app, "head_a"), None)]
