"""Every route, method and row as everybody: the answer is what matrix and scope say, worked out here anew.

Nothing of the application's own judgement is asked: rights are read from the framework's tables, whose a row is and
how far each role reaches are followed by hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import PermissionView, Role
from sqlalchemy import select

from app.extensions import db
from app.models import Attachment, Department, Employee, Interaction, OpportunityStatus, Reach, RoleReach
from app.security.actor import SYSTEM
from app.security.rights import Verb, all_rights, right_of
from app.security.roles import scope_modules
from app.security.scope import children, personal, roots
from app.views.moves import MovingView
from tests.browsing import Browser
from tests.cast import CAST
from tests.walk import SAME_REACH, Route, everything, model_of, routes, walkers

#: Made-up roles: which of the rights in their order (every n-th from the k-th on), and how far they reach.
MADE_UP = {
    "made_up_0": (2, 0, Reach.OWN, Reach.OWN),
    "made_up_1": (2, 1, Reach.DEPARTMENT, Reach.OWN),
    "made_up_2": (3, 0, Reach.BELOW, Reach.DEPARTMENT),
    "made_up_3": (3, 1, Reach.OWN, Reach.ALL),
    "made_up_4": (1, 0, Reach.DEPARTMENT, Reach.BELOW),
}
#: Addresses whose answer does not hang on the screen's rights alone, each with its own tests.
NOT_JUDGED = {"SignIn.logout", "SignIn.preferences", "SeeAs.begin", "SeeAs.end"}
#: These show orders that are nobody's, which the rows of the walk are not.
NOT_JUDGED |= {"UnmatchedOrders.show", "UnmatchedOrders.match"}


@dataclass(frozen=True)
class Person:
    """What the database says of one person, read without the application's own code."""

    key: int
    rights: frozenset[str]
    reads: dict[str, Reach]
    near: dict[Reach, frozenset[int]]

    def sees(self, root: Any) -> bool:
        """Whether a record that belongs to somebody lies in his read scope."""
        reach = self.reads.get(type(root).scope_module, Reach.OWN)
        owner = getattr(root, "assignee_id", None) or getattr(root, "manager_id", None) or root.created_by_id
        return reach is Reach.ALL or owner == self.key or (reach is not Reach.OWN and owner in self.near[reach])


def person_of(username: str) -> Person:
    """Who that is, by the tables."""
    person = db.session.scalars(select(Employee).where(Employee.username == username)).one()
    rights: set[str] = set()
    reads: dict[str, Reach] = {}
    for role in person.roles:
        rights |= {right_of(one.permission.name, one.view_menu.name) for one in role.permissions}
        for reach in db.session.scalars(select(RoleReach).where(RoleReach.role_id == role.id)):
            reads[reach.module] = max(reads.get(reach.module, Reach.OWN), reach.reads, key=list(Reach).index)
    return Person(person.id, frozenset(rights), reads, _near(person))


def _near(person: Employee) -> dict[Reach, frozenset[int]]:
    """The people of his departments, and of those below them, found from parent to child."""
    own = {one.id for one in db.session.scalars(select(Department)) if one.head_id == person.id}
    own |= {person.department_id}
    below = set(own)
    for _ in range(10):
        below |= {one.id for one in db.session.scalars(select(Department)) if one.parent_id in below}
    people = db.session.scalars(select(Employee)).all()
    return {
        Reach.DEPARTMENT: frozenset(one.id for one in people if one.department_id in own),
        Reach.BELOW: frozenset(one.id for one in people if one.department_id in below),
    }


def hire(app: Flask) -> None:
    """The five with made-up roles."""
    with app.app_context():
        db.session.info["actor"] = SYSTEM
        everyone = sorted(all_rights())
        rights = {
            right_of(one.permission.name, one.view_menu.name): one for one in db.session.scalars(select(PermissionView))
        }
        department = db.session.scalars(select(Department).where(Department.name == "一部")).one()
        for name, (step, first, reads, writes) in MADE_UP.items():
            role = Role(name=name)
            db.session.add(role)
            role.permissions = [rights[right] for right in everyone[first::step]]
            db.session.flush()
            for module in scope_modules():
                db.session.add(RoleReach(role_id=role.id, module=module, reads=reads, writes=writes))
            person = Employee(username=name, first_name="一", last_name="某", email=f"{name}@example.com", active=True)
            person.department = department
            person.roles = [role]
            db.session.add(person)
        db.session.commit()


def root_of(row: Any) -> Any:
    """The record that a row belongs to."""
    while type(row) in children():
        row = getattr(row, type(row).seen_through)
    return row


def subjects(person: Person) -> Iterator[tuple[Any, int, bool]]:
    """Of each walled model one row in sight and one out of sight, where there are such: model, key, in sight."""
    for model in (*roots(), *children()):
        if not hasattr(model, "id"):
            continue  # what has no key of its own has no page
        rows = db.session.scalars(select(model).order_by(model.id)).all()
        for is_seen in (True, False):
            found = [row for row in rows if person.sees(root_of(row)) is is_seen and not _is_unplanned(row)]
            if found:
                yield model, found[0].id, is_seen
    for model in personal():
        rows = db.session.scalars(select(model)).all()
        foreign = [row for row in rows if row.person_id != person.key and hasattr(row, "id")]
        if foreign:
            yield model, foreign[0].id, False


def _is_unplanned(row: Any) -> bool:
    """What is not assigned has no page of its plan, whoever asks."""
    return getattr(root_of(row), "status", None) is OpportunityStatus.UNASSIGNED


def rights_of(route: Route) -> list[str]:
    """The rights of which the route asks for one, by the matrix; none where being signed in is enough."""
    if isinstance(route.view, MovingView) and "/move" in route.path:
        key = route.path.split("/")[3]
        return [route.view.flow.move(key).right]
    return [route.view.screen.right(verb) for verb in route.guard.verbs] if route.guard else []


def is_allowed(route: Route, person: Person) -> bool:
    """Whether the matrix lets the person in: one of the rights asked for, and with it to see the screen."""
    screen = getattr(route.view, "screen", None)
    needed = rights_of(route)
    is_everybodys = screen is not None and (screen.is_personal or screen.is_open)
    if screen is None or not needed or (is_everybodys and screen.right(Verb.SEE) in needed):
        return True
    sees = screen.is_personal or Verb.SEE not in screen.verbs or screen.right(Verb.SEE) in person.rights
    return sees and bool(set(needed) & person.rights)


def differences(app: Flask, username: str) -> tuple[int, list[str]]:
    """How many requests were made as somebody, and those whose answer is not what the matrix says."""
    with app.app_context():
        db.session.info["actor"] = SYSTEM
        person = person_of(username)
        tried_rows = list(subjects(person))
    browser, tried, found = Browser(app, username), 0, []
    for model, key, is_seen in tried_rows:
        for route in routes(app, pk=key):
            if not route.has_row or model_of(route) is not model or route.endpoint in NOT_JUDGED:
                continue
            may = is_allowed(route, person)
            if is_seen and may and route.method == "POST":
                continue  # what may change something comes last
            wanted = _expected(may, is_seen)
            answer = browser.client.open(route.path, method=route.method)
            tried += 1
            if answer.status_code not in wanted:
                found.append(f"{username}: {route.method} {route.path} {answer.status_code}, not {sorted(wanted)}")
    return tried, found


def _expected(is_allowed: bool, is_seen: bool) -> set[int]:
    if not is_allowed:
        return {403}
    # In sight and by right: the page, or the rule of the record (whose it is, its state) with its sentence.
    return {200, 403, 409} if is_seen else {404}


def changes(app: Flask, username: str) -> tuple[int, list[str]]:
    """What a person may do with a row in his sight, each tried with an empty form, deleting last."""
    with app.app_context():
        db.session.info["actor"] = SYSTEM
        person = person_of(username)
        seen = [(model, key) for model, key, is_seen in subjects(person) if is_seen]
    possible = [
        route
        for model, key in seen
        for route in routes(app, pk=key)
        if route.has_row
        and route.method == "POST"
        and model_of(route) is model
        and is_allowed(route, person)
        and route.endpoint not in NOT_JUDGED
    ]
    browser, found = Browser(app, username), []
    # What hangs on a record goes before it, since it cannot be reached through a deleted one.
    order = {Attachment: 0, Interaction: 1}  # the files of an interaction go with it
    for route in sorted(
        possible, key=lambda one: ("/delete/" in one.path, model_of(one) in roots(), order.get(model_of(one), 2))
    ):
        code = browser.post(route.path).status_code
        if code not in {200, 302, 403, 409, 422}:
            found.append(f"{username}: POST {route.path} {code}")
    return len(possible), found


def plain_differences(app: Flask, username: str) -> tuple[int, list[str]]:
    """The same of the routes without a row."""
    with app.app_context():
        db.session.info["actor"] = SYSTEM
        person = person_of(username)
    browser, tried, found = Browser(app, username), 0, []
    for route in routes(app):
        if route.has_row or route.endpoint in NOT_JUDGED or route.guard is None or route.guard.is_public:
            continue
        may = is_allowed(route, person)
        if may and route.method == "POST":
            continue
        answer = browser.client.open(route.path, method=route.method)
        tried += 1
        if (answer.status_code == 403) is may:
            found.append(f"{username}: {route.method} {route.path} {answer.status_code}, allowed: {may}")
    return tried, found


def reaches_of(username: str) -> set[tuple[str, Reach, Reach]]:
    """How far somebody reads and writes in each module; where no role of his says it, he sees his own."""
    person = db.session.scalars(select(Employee).where(Employee.username == username)).one()
    of_roles = select(RoleReach).where(RoleReach.role_id.in_([role.id for role in person.roles]))
    found = {(one.module, one.reads, one.writes) for one in db.session.scalars(of_roles)}
    unsaid = {*scope_modules()} - {module for module, _, _ in found}
    return found | {(module, Reach.OWN, Reach.OWN) for module in unsaid}


@pytest.mark.one_database
def test_who_walks_on_one_database_reaches_as_far_as_another_on_both(app):
    hire(app)
    assert not set(SAME_REACH) & set(SAME_REACH.values())
    with app.app_context():
        db.session.info["actor"] = SYSTEM
        for who, other in SAME_REACH.items():
            assert reaches_of(who) == reaches_of(other), (who, other)


@pytest.mark.parametrize("who", walkers([*(one for one in CAST if one != "disabled"), *MADE_UP]))
def test_every_answer_is_what_the_matrix_says(app, who):
    hire(app)
    before = everything(app)
    tried, found = differences(app, who)
    plain, more = plain_differences(app, who)
    print(f"\n{tried} requests for a row and {plain} without one as {who}")
    assert tried >= 19 and plain > 20
    assert found + more == []
    assert everything(app) == before
    deeds, refused = changes(app, who)
    print(f"{deeds} things to do with a row in sight")
    assert refused == []


def test_a_right_that_the_view_forgets_is_found(home, monkeypatch):
    """A page that opens without the right it names is what the walk is there to catch."""
    from app.views.guards import Guard

    home.renew()
    app = home.app()
    hire(app)
    monkeypatch.setattr(Guard, "missing", lambda *_: "")
    _, found = differences(app, "nobody")
    assert any("/customers/show/" in one for one in found)


def test_a_row_that_the_wall_forgets_is_found(home, monkeypatch):
    from app.security.scope import reading

    home.renew()
    app = home.app()
    hire(app)
    monkeypatch.setattr(reading, "_criteria_of", lambda *_: {})
    _, found = differences(app, "narrow")
    assert any("/opportunities/show/" in one for one in found)
