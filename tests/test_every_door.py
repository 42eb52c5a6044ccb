"""A row out of sight is tried through every door, and nothing comes through and nothing changes."""

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import PermissionView
from sqlalchemy import select

from app.extensions import db
from app.models import (
    Attachment,
    ChurnCase,
    Contact,
    Customer,
    Interaction,
    ManagementReport,
    Opportunity,
    Order,
    PlanItem,
    Reminder,
    Role,
    ServiceRequest,
)
from app.security.actor import SYSTEM
from app.security.scope import system
from tests.browsing import Browser
from tests.cast import key_of
from tests.walk import ANSWERS, everything, model_of, routes

#: Somebody else's rows, which ``narrow`` does not see.
HIDDEN_NAME = "温州霁川电气有限公司"
HIDDEN_CUSTOMER = "泰州知微生物有限公司"
SECRETS = (HIDDEN_NAME, HIDDEN_CUSTOMER)


def hidden_keys(app: Flask) -> dict[type, int]:
    """One row out of sight of each walled model."""
    with app.app_context():
        db.session.info["actor"] = SYSTEM
        opportunity = db.session.scalars(select(Opportunity).where(Opportunity.customer_name == HIDDEN_NAME)).one()
        customer = db.session.scalars(select(Customer).where(Customer.name == HIDDEN_CUSTOMER)).one()
        item = db.session.scalars(select(PlanItem).where(PlanItem.opportunity_id == opportunity.id)).one()
        contact = db.session.scalars(select(Contact).where(Contact.customer_id == customer.id)).one()
        reminder = db.session.scalars(select(Reminder).where(Reminder.row_id == opportunity.id)).one()
        order = db.session.scalars(select(Order).where(Order.customer_id == customer.id)).one()
        met = db.session.scalars(select(Interaction).where(Interaction.customer_id == customer.id)).one()
        case = db.session.scalars(select(ChurnCase).where(ChurnCase.customer_id == customer.id)).first()
        file = db.session.scalars(select(Attachment).where(Attachment.customer_id == customer.id)).one()
        asked = select(ServiceRequest).where(ServiceRequest.customer_id == customer.id).order_by(ServiceRequest.id)
        service = db.session.scalars(asked).first()
        report = db.session.scalars(select(ManagementReport)).one()
        found = (opportunity, customer, item, contact, reminder, order, met, file, case, service, report)
        return {type(row): row.id for row in found}


def leaks(app: Flask, who: str) -> tuple[int, list[str]]:
    """How many doors were tried by key, and those that let something through."""
    keys, browser, found, tried = hidden_keys(app), Browser(app, who), [], 0
    for model, key in keys.items():
        for route in routes(app, pk=key):
            if not route.has_row or model_of(route) is not model:
                continue
            answer = browser.client.open(route.path, method=route.method, data={"reason": "x", "assignee": "1"})
            tried += 1
            body = answer.get_data(as_text=True)
            if answer.status_code not in {403, 404} or any(secret in body for secret in SECRETS):
                found.append(f"{route.method} {route.path}: {answer.status_code}")
    return tried, found


def test_every_door_by_key_is_closed(app):
    before = everything(app)
    tried, found = leaks(app, "narrow")
    print(f"\n{tried} doors by key")
    assert tried >= 30
    assert found == []
    assert everything(app) == before


def test_a_planted_door_is_found(home, monkeypatch):
    """A view that opens the wall is what the walk is there to catch."""
    from app.views.customers import Customers
    from app.views.model_view import CrmModelView

    home.renew()
    app = home.app()

    def load(self, pk, relations=()):
        with system(db.session(), "a planted hole"):
            return CrmModelView.load(self, pk, relations)

    monkeypatch.setattr(Customers, "load", load)
    _, found = leaks(app, "narrow")
    assert any("/customers/show/" in leak for leak in found)


LISTS = (
    "/opportunities/list/?status=",
    "/plans/list/",
    "/customers/list/",
    "/contacts/list/",
    "/orders/list/",
    "/churn/list/",
    "/interactions/list/",
    "/attachments/list/",
    "/plan-items/list/",
    "/reminders/list/",
    "/reminders/latest",
    "/services/assign",
    "/services/process",
    "/services/feedback",
    "/services/archive",
    "/management-reports/list/",
)


def list_leaks(app: Flask, who: str) -> tuple[int, list[str]]:
    """How many addresses of lists were tried, and those that name a hidden record."""
    browser, found, tried = Browser(app, who), [], 0
    for path in LISTS:
        joint = "&" if "?" in path else "?"
        for more in ("", "page_size=100", "sort=id", "customer_name=温州", "name=泰州", "page=2"):
            body = browser.get(f"{path}{joint}{more}").get_data(as_text=True)
            tried += 1
            if any(secret in body for secret in SECRETS):
                found.append(f"{path}{joint}{more}")
    return tried, found


def test_no_list_filter_or_sort_tells_of_hidden_rows(app):
    tried, found = list_leaks(app, "narrow")
    print(f"\n{tried} addresses of lists")
    assert tried >= 84
    assert found == []


def test_a_planted_hole_in_a_list_is_found(home, monkeypatch):
    """A list that reads its rows as the system is what this walk is there to catch."""
    from app.views import listing

    home.renew()
    find = listing.find

    def find_everything(session, *arguments, **more):
        with system(session, "a planted hole"):
            return find(session, *arguments, **more)

    monkeypatch.setattr(listing, "find", find_everything)
    _, found = list_leaks(home.app(), "narrow")
    assert any(leak.startswith("/opportunities/list/") for leak in found)
    assert any(leak.startswith("/customers/list/") for leak in found)


def give_every_right(rows) -> None:
    """``narrow`` may do everything, and still sees his own rows only."""
    with rows() as session:
        role = session.scalars(select(Role).where(Role.name == "Narrow")).one()
        role.permissions = list(session.scalars(select(PermissionView)))


def test_every_right_with_a_narrow_scope_opens_no_door_to_a_hidden_row(app, rows):
    """Lists, choices, the board, the calendar, the workbench, prints, the audit log, hand-over, the matrix …"""
    give_every_right(rows)
    before, browser, found, tried = everything(app), Browser(app, "narrow"), [], 0
    keys = {model: key for model, key in hidden_keys(app).items() if model is not Reminder}
    for route in routes(app, pk=key_of(app, "manager_b")):
        if route.method != "GET" or (model_of(route) in keys and route.has_row):
            continue
        for more in ("", "?status=", "?q=温州", "?customer_name=温州", "?name=泰州", "?view=all"):
            answer = browser.get(f"{route.path}{more}")
            tried += 1
            assert answer.status_code in ANSWERS, (route.path, answer.status_code)
            if any(secret in answer.get_data().decode(errors="replace") for secret in SECRETS):  # or a file
                found.append(f"{route.path}{more}")
    print(f"\n{tried} addresses")
    assert tried > 150
    assert found == []
    assert leaks(app, "narrow")[1] == []
    assert everything(app) == before


def test_counts_are_of_what_is_seen(as_):
    assert as_("narrow").get("/opportunities/count?status=").get_data(as_text=True) == "1"
    assert as_("manager_a").get("/opportunities/count?status=").get_data(as_text=True) == "7"
    assert as_("narrow").get("/customers/count").get_data(as_text=True) == "0"


def test_completion_of_alike_names_tells_nothing(as_):
    body = as_("narrow").get(f"/opportunities/alike?customer_name={HIDDEN_NAME}").get_data(as_text=True)
    assert HIDDEN_NAME not in body
    assert HIDDEN_NAME in as_("manager_a").get(f"/opportunities/alike?customer_name={HIDDEN_NAME}").get_data(
        as_text=True
    )


def test_several_rows_with_one_hidden_do_nothing(as_, app):
    key, before = hidden_keys(app)[Opportunity], everything(app)
    browser = as_("head_a")
    for method in ("GET", "POST"):
        answer = browser.client.open(
            f"/opportunities/moves/assign?row={key}", method=method, data={"assignee": "3", "row": str(key)}
        )
        assert answer.status_code == 404
    assert everything(app) == before


def test_a_plan_item_cannot_be_added_to_a_hidden_opportunity(as_, app):
    key, before = hidden_keys(app)[Opportunity], everything(app)
    answer = as_("narrow").post(f"/plan-items/add?opportunity={key}", {"planned_on": "2026-04-01", "todo": "偷看"})
    assert answer.status_code == 404
    assert everything(app) == before


@pytest.mark.parametrize("path", ["/opportunities/show/{}", "/plans/show/{}", "/plan-items/block/{}"])
def test_the_same_doors_open_for_who_sees_the_row(as_, app, path):
    key = hidden_keys(app)[Opportunity]
    answer = as_("manager_a").get(path.format(key))
    assert answer.status_code == 200
