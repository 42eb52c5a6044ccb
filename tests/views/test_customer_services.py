"""Services on the way to another account manager: the tick on the page of a transfer, and what it does."""

import re

from sqlalchemy import select

from app.models import Customer, ServiceRequest
from app.security.rights import SERVICES, Verb
from tests.browsing import text_of
from tests.views.test_print import take_away

MINE, SUMMARY = "镇江岚砺磨具有限公司", "主轴异响"
TICK = 'name="with_services"'


def key_of_customer(rows):
    with rows() as session:
        return session.scalars(select(Customer.id).where(Customer.name == MINE)).one()


def assignee(rows):
    with rows() as session:
        mine = select(ServiceRequest).where(ServiceRequest.customer_name == MINE, ServiceRequest.summary == SUMMARY)
        return session.scalars(mine).one().assignee.username


def test_whoever_transfers_chooses_whether_services_go_along(as_, rows):
    browser, key = as_("supervisor"), key_of_customer(rows)
    page = browser.get(f"/customers/transfer?row={key}")
    assert TICK in page.text and "转交未完成的服务" in text_of(page)
    fields = {"row": f"{key}:1", "receiver": "manager_b", "reason": "片区调整"}
    refused = browser.post("/customers/transfer", {**fields, "receiver": "executive", "with_services": "y"})
    assert refused.status_code == 422 and "此人不处理服务" in text_of(refused)
    assert re.search(rf"<input[^>]*checked[^>]*{TICK}", refused.text)
    answer = browser.post("/customers/transfer", {**fields, "with_services": "y"})
    said = browser.get(answer.location)
    assert "已转交 1 个客户。 一并转交 2 项服务。" in text_of(said)
    assert assignee(rows) == "manager_b"
    batch = said.text.split('href="/undo/show/')[1].split('"')[0]
    shown = text_of(browser.get(f"/undo/show/{batch}"))
    assert SUMMARY in shown and "林知远 → 陈禾" in shown and "服务" in shown
    assert browser.post(f"/undo/back/{batch}", {"reason": "弄错了"}).status_code == 302
    assert assignee(rows) == "manager_a"


def test_without_the_tick_and_without_the_right_they_stay(as_, rows):
    browser, key = as_("supervisor"), key_of_customer(rows)
    fields = {"row": f"{key}:1", "receiver": "narrow", "reason": "片区调整"}
    assert browser.post("/customers/transfer", fields).status_code == 302
    assert assignee(rows) == "manager_a"
    take_away(rows, "Sales supervisor", SERVICES.right(Verb.ALLOCATE))
    assert TICK not in browser.get(f"/customers/transfer?row={key}").text
    assert browser.post("/customers/transfer", {**fields, "with_services": "y"}).status_code == 400
