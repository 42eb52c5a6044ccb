"""Every registered route as each of the cast: it answers, closes, and is bounded."""

import pytest
from flask import Blueprint, Flask

from app.models import Model
from app.security.rights import OPEN_RIGHTS, SCREENS, all_rights
from tests.browsing import Browser
from tests.cast import CAST
from tests.walk import ANSWERS, counted, everything, routes, walkers

STATEMENTS = {"list": 12, "show": 15, "": 15}


def unguarded(app: Flask) -> list[str]:
    """The routes that say of no right that they need it."""
    return [route.path for route in routes(app) if route.guard is None]


def test_every_route_has_a_guard(app):
    tried = routes(app)
    print(f"\n{len(tried)} routes")
    assert len(tried) > 35
    assert unguarded(app) == []


def test_the_walk_sees_a_route_without_a_guard_and_the_edge_keeps_it_closed(home):
    home.renew()
    from app import create_app
    from tests.conftest import settings_for

    app = create_app(settings_for(home.url))
    hole = Blueprint("hole", __name__)
    hole.add_url_rule("/hole", "hole", lambda: "everything")
    app.register_blueprint(hole)
    assert unguarded(app) == ["/hole"]
    assert Browser(app, "admin").get("/hole").status_code == 403
    assert Browser(app).get("/hole").status_code in {302, 403}
    with app.app_context():
        from app.extensions import db

        db.engine.dispose()


def test_every_verb_of_a_guard_is_in_the_catalogue(app):
    known = {*all_rights(), *OPEN_RIGHTS}
    for route in routes(app):
        for verb in route.guard.verbs:
            assert route.view.screen.key in SCREENS
            assert route.view.screen.right(verb) in known, (route.path, verb)


@pytest.mark.one_database
def test_a_stranger_gets_nowhere(as_, app):
    for route in routes(app):
        answer = as_().client.open(route.path, method=route.method)
        if route.guard.is_public:
            assert answer.status_code < 500, route.path
        else:
            assert (answer.status_code, "/login/" in answer.location) == (302, True), route.path
            part = as_().client.open(route.path, method=route.method, headers={"HX-Request": "true"})
            assert part.status_code == 401


@pytest.mark.parametrize("who", walkers(CAST))
def test_every_route_answers_as_each_of_the_cast(as_, app, session_of, who):
    """Nothing changes, and each page takes few statements."""
    if who == "disabled":
        assert as_(who).get("/").status_code == 302
        return
    with session_of(who) as (_, actor):
        held = actor
    browser, before, tried = as_(who), everything(app), 0
    for route in routes(app):
        if route.endpoint in {"SignIn.logout", "SignIn.preferences", "Reminders.check", "ChurnScan.scan"}:
            continue  # what these change without a word from the person, their own tests see
        if route.method == "POST" and route.endpoint.endswith((".delete", ".move_many")):
            continue  # the doors try these with rows of their own
        with counted(app) as seen:
            answer = browser.client.open(route.path, method=route.method)
        tried += 1
        assert answer.status_code in ANSWERS, (route.path, answer.status_code)
        if is_page(route):
            limit = STATEMENTS["list" if route.endpoint.endswith(".list") else ""]
            assert len(seen) <= limit, (route.path, len(seen), seen)
        if not route.guard.is_public and route.guard.missing(route.view, held):
            assert answer.status_code == 403, route.path
    print(f"\n{tried} routes as {who}")
    assert tried > 30
    assert everything(app) == before


def is_page(route):
    """Whether a person opens it: by GET, of the rows that exist."""
    return route.method == "GET" and "/move" not in route.path


def test_every_table_has_its_own_name():
    names = [mapper.local_table.name for mapper in Model.registry.mappers if not mapper.inherits]
    assert len(names) == len(set(names))


def test_the_walk_counts_statements(app, as_):
    browser = as_("manager_a")
    with counted(app) as seen:
        browser.get("/opportunities/list/")
    assert 0 < len(seen) <= STATEMENTS["list"]
