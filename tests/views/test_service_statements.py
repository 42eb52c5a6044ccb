"""What a step of a service request or of a churn case costs at the door: as few statements as any save."""

import pytest
from sqlalchemy import select

from app.models import ChurnCase, Customer, ServiceRequest, ServiceStatus
from tests.actions.test_churn import open_case
from tests.actions.test_services import entry, put_in
from tests.browsing import Browser, fields_of, text_of
from tests.views.test_services import new_keys
from tests.walk import counted

CREATED, ASSIGNED, PROCESSED, ARCHIVED = ServiceStatus
MOST = 12
#: Of several at once each row is moved by itself, so that each is refused or told by itself.
EACH = 5
PART = {"HX-Request": "true"}
#: The move, who makes it, on a request in which state, and what is typed.
STEPS = {
    "allocate": ("supervisor", CREATED, {"assignee": "manager_a"}),
    "process": ("manager_a", ASSIGNED, {"handling": "更换轴承"}),
    "feedback": ("manager_a", PROCESSED, {"result": "客户确认", "satisfaction": "4"}),
    "feedback, another round": ("manager_a", PROCESSED, {"result": "仍有异响", "satisfaction": "2"}),
    "escalate": ("manager_a", ASSIGNED, {"reason": "两次来电"}),
}
CASES = {"postpone": {"measure": "上门拜访采购负责人"}, "confirm": {"churn_reason": "对方已停产"}}


def cost(browser: Browser, path, fields, *, headers=None, status=302):
    """The statements of sending a form, once what a process asks a single time has been asked."""
    with counted(browser.app) as seen:
        answer = browser.post(path, fields, headers=headers)
    assert answer.status_code == status, text_of(answer)[-300:]
    return seen


def check(seen, most=MOST):
    assert 0 < len(seen) <= most, "\n".join([str(len(seen)), *seen])


@pytest.mark.parametrize("step", STEPS)
def test_a_step_of_a_request(as_, rows, step):
    who, state, typed = STEPS[step]
    key, browser = put_in(rows, state, level=0), as_(who)
    path = f"/services/move/{step.partition(',')[0]}/{key}"
    check(cost(browser, path, {**fields_of(browser.get(path)), **typed}))


def test_a_new_request(as_, rows):
    browser = as_("manager_a")
    with rows() as session:
        number = session.scalars(select(Customer.number).where(Customer.name.startswith("镇江"))).one()
        kind = str(entry(session, "投诉").id)
    typed = {"customer": number, "kind": kind, "summary": "磨头过热", "request": "温度过高", "priority": "urgent"}
    check(cost(browser, "/services/create", {**fields_of(browser.get("/services/create")), **typed}))


@pytest.mark.parametrize(("headers", "status"), [({}, 302), (PART, 200)])
def test_a_request_assigned_in_its_row(as_, rows, headers, status):
    key, browser = new_keys(rows)[0], as_("supervisor")
    form = fields_of(browser.get("/services/assign"), f"/services/assign/{key}")
    typed = {**form, "assignee": "manager_a"}
    check(cost(browser, f"/services/assign/{key}", typed, headers=headers, status=status))


@pytest.mark.parametrize("count", [1, 2, 20])
def test_several_assigned_at_once(as_, rows, count):
    browser = as_("supervisor")
    chosen = [str(key) for key in several(rows, count)]
    asked = "&".join(f"row={key}" for key in chosen)
    browser.get(f"/services/moves/allocate?{asked}")
    seen = cost(browser, "/services/moves/allocate", {"row": chosen, "assignee": "manager_b"})
    check(seen, MOST + EACH * (count - 1))
    with rows() as session:
        assert {session.get(ServiceRequest, int(key)).status for key in chosen} == {ASSIGNED}


def several(rows, count):
    """The keys of so many new requests."""
    first = put_in(rows, CREATED)
    with rows() as session:
        one = session.get(ServiceRequest, first)
        shared = {name: getattr(one, name) for name in ("customer_id", "customer_name", "kind_id", "created_by_id")}
        more = [ServiceRequest(**shared, summary=f"{number}", request="x") for number in range(count - 1)]
        session.add_all(more)
        session.flush()
        return [first, *(row.id for row in more)]


def test_a_new_request_deleted(as_, rows):
    check(cost(as_("supervisor"), f"/services/delete/{put_in(rows, CREATED)}", {}))


def test_the_archive_and_a_request_in_it(as_, rows):
    key, browser = put_in(rows, ARCHIVED), as_("supervisor")
    for path in ("/services/archive", f"/services/show/{key}"):
        browser.get(path)
        with counted(browser.app) as seen:
            assert browser.get(path).status_code == 200
        check(seen)


@pytest.mark.parametrize("move", CASES)
def test_a_step_of_a_churn_case(as_, rows, move):
    with rows() as session:
        key = open_case(session).id
    browser, path = as_("manager_a"), f"/churn/move/{move}/{key}"
    check(cost(browser, path, {**fields_of(browser.get(path)), **CASES[move]}))
    with rows() as session:
        assert session.get(ChurnCase, key).status != "warned"
