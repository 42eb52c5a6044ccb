"""What a change of a role would show to whom: who is counted, how far, with which examples."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from app.actions.roles import state_of
from app.models import Customer, Employee, Reach, Role
from app.reports import roles as reports
from app.views.roles.words import panel_of

OWN, DEPARTMENT, ALL = Reach.OWN, Reach.DEPARTMENT, Reach.ALL


@pytest.fixture
def look(session_of):
    """A preview as the administrator: ``look("Head", customers=OWN, remove=[…])``, beside its session."""
    with session_of("admin") as (session, _):

        def preview(name, *, add=(), remove=(), **reads):
            role = session.scalars(select(Role).where(Role.name == name)).one()
            before = state_of(session, role)
            reaches = {module: (reads.get(module, pair[0]), pair[1]) for module, pair in before.reaches.items()}
            after = replace(before, rights=(before.rights | set(add)) - set(remove), reaches=reaches)
            return reports.preview(session, role, before, after)

        yield session, preview


def sights_of(found, screen):
    """Each person's numbers on a screen."""
    return {
        sight.person.username: (sight.before, sight.after)
        for one, sights in found.sights
        for sight in sights
        if one.key == screen
    }


def test_rows_are_counted_by_the_wall(look):
    _, preview = look
    assert sights_of(preview("Account manager", customers=OWN), "customers") == {
        "manager_a": (2, 1),
        "manager_b": (2, 1),
    }
    assert sights_of(preview("Narrow", marketing=DEPARTMENT), "opportunities") == {"narrow": (1, 3)}
    assert sights_of(preview("Head", marketing=ALL), "opportunities") == {"head_a": (3, 7)}


def test_without_the_right_to_see_nothing_is_seen(look):
    _, preview = look
    found = preview("Executive", remove=["customers.see", "customers.print"])
    assert sights_of(found, "customers") == {"executive": (2, 0)}
    assert sights_of(found, "opportunities") == {}
    assert len(found.sights[0][1][0].samples) == 2


def test_a_row_of_nobody_comes_into_sight_only_with_everything(look):
    session, preview = look
    session.add(Customer(number="KH260302000009", name="无主客户"))
    session.flush()
    (_, (sight,)) = preview("Narrow", customers=ALL).sights[0]
    assert (sight.before, sight.after) == (0, 3)
    assert "无主客户" in {row.name for row in sight.samples}


def test_what_another_role_gives_stays(look):
    session, preview = look
    person = session.query(Employee).filter_by(username="manager_a").one()
    person.roles.append(session.scalars(select(Role).where(Role.name == "Executive")).one())
    session.flush()
    found = preview("Account manager", remove=["customers.see_phones", "plans.print"], customers=OWN)
    assert sights_of(found, "customers") == {"manager_b": (2, 1)}
    kept = found.fates["plans.print"]
    assert (kept.touched, kept.untouched, [role.name for role in kept.roles]) == (1, 1, ["Executive"])
    assert found.fates["customers.see_phones"].untouched == 0
    nothing = preview("Account manager", remove=["plans.print"])
    assert [one.username for one in nothing.unchanged.people] == ["manager_a"]
    assert [one.username for one in nothing.disabled.people] == ["disabled"]
    assert (nothing.people, nothing.sights, nothing.left_out) == (2, [], 0)


def test_numbers_stop_at_the_cap(look, monkeypatch):
    session, preview = look
    monkeypatch.setattr("app.views.roles.words.actor", lambda: session.info["actor"])
    monkeypatch.setattr(reports, "COUNT_CAP", 4)
    monkeypatch.setattr("app.views.roles.words.COUNT_CAP", 4)
    found = preview("Narrow", marketing=ALL)
    assert sights_of(found, "opportunities") == {"narrow": (1, 5)}
    ((_, (line,)),) = panel_of(found, "mark").more
    assert (line.before, line.after, line.difference) == ("1", "4+", "+3+")
    ((_, (line,)),) = panel_of(preview("Narrow", add=["users.see"], marketing=DEPARTMENT), "mark").more
    assert (line.after, line.difference) == ("3", "+2")


def test_so_many_people_are_counted_and_the_rest_is_a_number(look, monkeypatch):
    _, preview = look
    monkeypatch.setattr(reports, "MOST_PEOPLE", 1)
    found = preview("Account manager", customers=OWN)
    assert sights_of(found, "customers") == {"manager_a": (2, 1)}
    assert found.left_out == 1


def test_who_sees_as_many_as_before_is_not_told(look):
    _, preview = look
    found = preview("Head", customers=OWN)  # one customer of his department, none of his own
    assert sights_of(found, "customers") == {"head_a": (1, 0)}
    session = look[0]
    session.query(Customer).filter_by(name="镇江岚砺磨具有限公司").one().manager_id = None
    session.flush()
    panel = panel_of(preview("Head", customers=OWN), "mark")
    assert (panel.more, panel.fewer, panel.mark) == ([], [], "mark")
    assert panel_of(preview("Head"), "mark").mark == ""
