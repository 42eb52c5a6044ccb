"""The holes that Flask-AppBuilder is known for, each tried on every registered view, whichever come later.

The letters are those of the table of known holes; N1 (a cookie kept after signing out) is in the tests of sign-in,
X2 (a refused change saved by a later commit) in ``test_transactions``; B2 (doors out of sight) is walked in
``test_every_door`` as well.
"""

import threading
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask_appbuilder.api import BaseApi
from flask_appbuilder.security.sqla.models import PermissionView
from flask_appbuilder.views import MasterDetailView, MultipleView
from sqlalchemy import select

from app.extensions import db
from app.models import Employee, Opportunity, Role
from app.models.base import Model, mapper_of
from app.security.actor import SYSTEM
from app.security.rights import OPEN_RIGHTS, SCREENS, Verb, permission_of
from app.security.scope import walled
from app.views.model_view import CrmModelView
from app.views.moves import MovingView
from tests.browsing import Browser, fields_of
from tests.test_every_door import SECRETS, hidden_keys
from tests.walk import everything, routes


@pytest.fixture
def as_(as_):
    """One browser of each person for the whole of a walk."""
    return cache(as_)


def views_of(app: Flask) -> list[Any]:
    """Every view of a model."""
    return [view for view in app.extensions["appbuilder"].baseviews if isinstance(view, CrmModelView)]


def lists_of(app: Flask) -> list[Any]:
    """The views of which a list can be opened; a tree of its own has neither conditions nor an order."""
    paths = {str(rule) for rule in app.url_map.iter_rules()}
    plain = [view for view in views_of(app) if type(view).list is CrmModelView.list]
    return [view for view in plain if f"{view.route_base}/list/" in paths]


@pytest.fixture
def give(rows, app):
    """Give one of the cast a role of its own with exactly these rights, and a browser."""

    def make(who: str, *rights: str) -> Browser:
        with rows() as session:
            wanted = {permission_of(right) for right in rights if right not in OPEN_RIGHTS}
            found = [
                one
                for one in session.scalars(select(PermissionView))
                if (one.permission.name, one.view_menu.name) in wanted
            ]
            assert len(found) == len(wanted)
            role = Role(name=f"Only {uuid4().hex}")
            session.add(role)
            role.permissions = found
            session.scalars(select(Employee).where(Employee.username == who)).one().roles = [role]
        return Browser(app, who)

    return make


@pytest.mark.one_database
def test_there_is_no_api_yet_and_its_addresses_are_closed(app, as_):
    """G1 to G8: an API of the framework would come with doors of its own; whoever adds one tries them here."""
    apis = [view for view in app.extensions["appbuilder"].baseviews if isinstance(view, BaseApi)]
    assert apis == []
    for path in ("/api/v1/security/login", "/api/v1/opportunities/", "/api/v1/opportunities/1", "/api/v1/_openapi"):
        for method in ("GET", "POST", "PUT", "DELETE"):
            assert as_("admin").client.open(path, method=method).status_code in {404, 405}, path


def test_extra_fields_save_nothing(app, as_):
    """Fields that are not on the form: of the model's own columns too."""
    tried = 0
    for view in views_of(app):
        if not view.add_columns:
            continue
        before = everything(app)
        columns = sorted(set(mapper_of(view.model).columns.keys()) - set(view.add_columns))
        for name in [*columns, "nonsense", "_flt_0_id"]:
            answer = as_("admin").post(view.path("add"), {name: "1"})
            tried += 1
            assert answer.status_code == 400, (view, name, answer.status_code)
        assert everything(app) == before
    assert tried > 20


@pytest.mark.one_database
def test_stock_actions_are_not_there(app, as_):
    """A2, A3, A5, A7: the framework's action routes."""
    for view in views_of(app):
        for path in ("action/assign/1", "action/muldelete/1", "action_post", "download/x", "show_item_dict/1"):
            for method in ("GET", "POST"):
                answer = as_("admin").client.open(view.path(path), method=method, data={"rowid": "1", "action": "x"})
                assert answer.status_code in {404, 405}, (view, path)
                stranger = as_().client.open(view.path(path), method=method)
                assert stranger.status_code in {302, 404, 405}, (view, path)


def test_what_changes_something_is_not_done_by_get(app, as_):
    """A4: a route that has no page answers 405, and a page changes nothing."""
    tried, before = 0, everything(app)
    for route in routes(app):
        if route.method == "POST" and not any(one.path == route.path and one.method == "GET" for one in routes(app)):
            tried += 1
            assert as_("admin").get(route.path).status_code == 405, route.path
    assert tried > 5
    assert everything(app) == before


def test_moves_that_are_not_for_many_and_unknown_ones(app, as_):
    """A5, A7."""
    for view in views_of(app):
        if not isinstance(view, MovingView):
            continue
        for move in view.flow.moves:
            answer = as_("admin").get(view.path(f"moves/{move.key}?row=1"))
            assert answer.status_code == 404 or move.on_many, (view, move.key)
        for path in ("move/nonsense/1", "moves/nonsense?row=1", "move/assign/x", "moves/assign"):
            assert as_("admin").get(view.path(path)).status_code in {400, 404}, (view, path)


def test_no_move_is_made_in_a_state_that_forbids_it(app, rows, as_):
    """A6: by hand, past the buttons: every screen with a life cycle, every move, one row in each other state."""
    tried = 0
    for view in [one for one in views_of(app) if isinstance(one, MovingView)]:
        for move in view.flow.moves:
            with rows() as session:
                forbidden = select(view.model).where(view.model.status.not_in(move.before))
                found = {row.status: row.id for row in session.scalars(forbidden)}
            for status, key in found.items():
                page = view.path(f"move/{move.key}/{key}")
                answers = [as_("admin").get(page).status_code, as_("admin").post(page, {}).status_code]
                assert set(answers) in ({403}, {404}, {409}), (page, status, answers)
                with rows() as session:
                    assert session.get(view.model, key).status is status, (page, status)
                tried += answers != [404, 404]  # a move or a row that this screen does not show
    assert tried > 5


def test_a_page_shows_nothing_of_screens_without_the_right(app, as_, give):
    """B1: related lists, links and buttons of other screens, for who may see this screen alone."""
    tried = 0
    with app.app_context():
        db.session.info["actor"] = SYSTEM
        keys = {view: db.session.scalar(select(view.model.id).limit(1)) for view in views_of(app)}
    for view in lists_of(app):
        browser = give("head_a", view.screen.right(Verb.SEE))
        for path in ("list/", f"show/{keys[view]}"):
            answer = browser.get(view.path(path))
            assert answer.status_code in {200, 404}, (view, path)
            body = answer.get_data(as_text=True)
            given = {key for key, screen in SCREENS.items() if not screen.is_open and not screen.is_personal}
            others = given - {view.screen.key}
            tried += 1
            for other in others:
                assert f'href="/{other}/' not in body or view.route_base == f"/{other}", (view, path, other)
    assert tried >= 8


def test_views_that_show_children_unscoped_are_not_used(app):
    """B4, and the second half of B1."""
    for view in app.extensions["appbuilder"].baseviews:
        assert not isinstance(view, MasterDetailView | MultipleView), view


def test_no_form_takes_a_row_out_of_sight(app):
    """B3, B5: each field that names a walled row, on every form to add and to edit."""
    keys, tried, before = hidden_keys(app), 0, everything(app)
    for view in views_of(app):
        for name in {*view.add_columns, *view.edit_columns} & set(mapper_of(view.model).relationships.keys()):
            target = mapper_of(view.model).relationships[name].mapper.class_
            if target not in walled():
                continue
            tried += 1
            answer = Browser(app, "narrow").post(view.path("add"), {name: str(keys[target])})
            assert answer.status_code in {403, 404, 422}, (view, name)
            assert not any(secret in answer.get_data(as_text=True) for secret in SECRETS)
    print(f"\n{tried} fields of walled rows")
    assert everything(app) == before


def test_no_parameter_but_the_declared_ones_filters(app, as_):
    """C1: a condition on a hidden column would tell what stands in it."""
    tried = 0
    for view in lists_of(app):
        plain = as_("admin").get(view.path("count?view=all")).get_data(as_text=True)
        known = {name for one in view.filters for name in one.names()}
        for name in [*mapper_of(view.model).columns.keys(), *mapper_of(view.model).relationships.keys()]:
            if name in known:
                continue
            for address in (f"count?view=all&{name}=zz", f"count?view=all&_flt_0_{name}=zz"):
                tried += 1
                assert as_("admin").get(view.path(address)).get_data(as_text=True) == plain, (view, address)
    assert tried > 100


@pytest.mark.one_database
def test_no_order_but_the_declared_ones(app, as_):
    """D1: nor by a column of another table."""
    tried = 0
    for view in lists_of(app):
        columns = [*mapper_of(view.model).columns.keys(), *mapper_of(view.model).relationships.keys()]
        for name in [*columns, "created_by.password", "metadata", "__class__", "nope", "query", "registry"]:
            if name in (view.order_columns or ()):
                continue
            for sign in ("", "-"):
                tried += 1
                answer = as_("admin").get(view.path(f"list/?sort={sign}{name}"))
                assert answer.status_code == 400, (view, name)
    assert tried > 100


GARBAGE = (
    "page=abc",
    "page=-1",
    "page=0",
    "page_size=abc",
    "page_size=-1",
    "page_size=100000",
    "page=99999999999999999999",
    "sort=%00",
    "sort=id;drop",
)


def test_garbage_in_the_address_of_a_list_is_told(app, as_):
    """D2, E1."""
    for view in lists_of(app):
        for text in GARBAGE:
            answer = as_("admin").get(view.path(f"list/?{text}"))
            assert answer.status_code == 400, (view, text, answer.status_code)
        for one in view.filters:
            for name in one.names():
                for value in ("%00", "x" * 500, "%F0%9F%92%A9", "'--", "9" * 60, "NaN", "1e999", "2026-13-45"):
                    answer = as_("admin").get(view.path(f"list/?{name}={value}"))
                    assert answer.status_code in {200, 400}, (view, name, value, answer.status_code)
        for key in ("0", "99999999999999999999999", "-1", "abc", "%00"):
            assert as_("admin").get(view.path(f"show/{key}")).status_code == 404, (view, key)


def test_a_state_never_comes_from_a_form(app, as_, rows):
    """X1: no form has a status, and one that is posted saves nothing."""
    for view in views_of(app):
        assert "status" not in {*view.add_columns, *view.edit_columns}, view
    with rows() as session:
        key = session.scalars(select(Opportunity.id).where(Opportunity.assignee_id.is_(None))).first()
    before = everything(app)
    browser = as_("supervisor")
    fields = fields_of(browser.get(f"/opportunities/edit/{key}"))
    assert browser.post(f"/opportunities/edit/{key}", {**fields, "status": "succeeded"}).status_code == 400
    assert everything(app) == before


def test_the_framework_gives_no_rights_by_itself(app):
    """K: roles by expressions in the settings."""
    assert not app.config.get("FAB_ROLES")
    assert not app.config.get("FAB_UPDATE_PERMS")


STOCK_SCREENS = (
    "/userdbmodelview/list/",
    "/users/userinfo/",
    "/users/action/activate/1",
    "/resetpassword/form",
    "/resetmypassword/form",
    "/userinfoeditview/form",
    "/rolemodelview/list/",
    "/permissions/list/",
    "/permissionviews/list/",
    "/viewmenus/list/",
    "/userstatschartview/chart/",
    "/registeruser/list/",
    "/lang/en",
    "/back",
)


@pytest.mark.one_database
def test_stock_screens_of_people_and_rights_are_closed(app, as_):
    """L1, L2: a role that could edit users there would make its holder an administrator."""
    for path in STOCK_SCREENS:
        for method in ("GET", "POST"):
            answer = as_("admin").client.open(f"{path}?pk=1", method=method)
            assert answer.status_code in {404, 405}, path


def test_a_route_that_is_overridden_without_its_guard_is_closed(home):
    """R: the framework's decorator would be dropped in silence."""
    from flask_appbuilder.models.sqla.interface import SQLAInterface

    from app import create_app
    from app.extensions import appbuilder
    from app.views.guards import expose
    from tests.conftest import settings_for

    class Open(CrmModelView):
        route_base = "/open"
        datamodel = SQLAInterface(Opportunity)
        screen = SCREENS["opportunities"]
        list_columns = order_columns = ("id", "customer_name")
        default_sort = "-id"

        @expose("/show/<int:pk>")
        def show(self, pk: int) -> Any:
            return "everything"

    home.renew()
    app = create_app(settings_for(home.url))
    with app.app_context():
        appbuilder().add_view_no_menu(Open())
    answer = Browser(app, "admin").get("/open/show/1")
    assert answer.status_code == 403 and "everything" not in answer.get_data(as_text=True)
    assert Browser(app, "admin").get("/open/list/").status_code == 200
    with app.app_context():
        db.engine.dispose()


#: Who asks, for what, and whose rows he must never see.
ASKING = (
    ("manager_a", "customer_name=金华稷禾", "金华稷禾", ()),
    ("manager_b", "customer_name=温州霁川", "温州霁川", ()),
    ("narrow", "customer_name=盐城风澜", "盐城风澜", SECRETS),
    ("head_a", "customer_name=绍兴织野", "绍兴织野", SECRETS),
)
THREADS, PAGES = 8, 500


def test_threads_never_mix_rows_or_search_words(app):
    """Q: four people, eight threads, five hundred pages of one list with different conditions."""
    faults: list[str] = []

    def ask(number: int) -> None:
        who, condition, word, hidden = ASKING[number % len(ASKING)]
        browser = Browser(app, who)
        foreign = [one[2] for one in ASKING if one[0] != who]
        for turn in range(PAGES // THREADS + 1):
            plain = turn % 3 == 0
            body = browser.get(f"/opportunities/list/?status={'' if plain else f'&{condition}'}").get_data(as_text=True)
            told = [name for name in hidden if name in body]
            told += [] if plain else [other for other in foreign if other in body]
            if told or word not in body:
                faults.append(f"{who} {condition}: {told or 'his own is missing'}")

    workers = [threading.Thread(target=ask, args=(number,)) for number in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert faults == []


def test_every_model_of_a_view_is_known(app):
    """The walks above take their models from the views; a view without one would slip through."""
    for view in views_of(app):
        assert issubclass(view.model, Model)
