"""What is refused leaves no trace in the records and one line in the audit log."""

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.models import AuditEntry, AuditKind
from tests.test_every_door import hidden_keys
from tests.walk import everything, model_of, refusals, routes

REFUSED = {
    "nobody GET /customers/list/": (403, "customers.see"),
    "executive POST /opportunities/add": (403, "opportunities.create"),
    "manager_a GET /customers/show/99999": (404, "This record does not exist, or you may not see it."),
    "executive POST /opportunities/move/assign/1": (403, "opportunities.assign"),
    "admin GET /opportunities/move/nonsense/1": (404, ""),
}


@pytest.mark.parametrize("asked", REFUSED)
def test_a_refusal_is_one_line(as_, app, asked):
    (who, method, path), (code, why), before = asked.split(), REFUSED[asked], everything(app)
    assert as_(who).client.open(path, method=method).status_code == code
    assert refusals(app) == [f"{method} {path}: {why}"]
    assert everything(app) == before


def test_the_line_says_who_when_and_from_where(as_, app, rows):
    answer = as_("nobody").get("/customers/list/?name=x", environ_base={"REMOTE_ADDR": "10.1.2.3"})
    assert answer.status_code == 403
    with rows() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.kind == AuditKind.REFUSED)).one()
        assert (entry.person_name, entry.address) == ("nobody", "10.1.2.3")
        assert len(entry.request_id) == 12
        assert entry.table_name is None


def test_every_door_that_is_closed_leaves_one_line(as_, app):
    keys, browser, tried = hidden_keys(app), as_("narrow"), 0
    for model, key in keys.items():
        for route in routes(app, pk=key):
            if not route.has_row or model_of(route) is not model:
                continue
            answer = browser.client.open(route.path, method=route.method)
            tried += answer.status_code in {403, 404}
            assert len(refusals(app)) == tried, (route.path, answer.status_code)
    assert tried >= 19


@pytest.mark.parametrize("path", ["/nowhere", "/customers/show/abc", "/static/nothing.css", "/api/customers"])
def test_a_mistyped_address_leaves_none(as_, app, path):
    assert as_("admin").get(path).status_code == 404
    assert refusals(app) == []


@pytest.mark.parametrize("path", ["/customers/show/99999", "/customers/list/", "/nowhere"])
def test_a_stranger_leaves_none(as_, app, path):
    assert as_().get(path).status_code in {302, 404}
    assert as_("disabled").get(path).status_code in {302, 404}
    assert refusals(app) == []


def test_what_works_leaves_none(as_, app):
    for path in ("/", "/opportunities/list/", "/opportunities/list/?page=x", "/customers/show/1"):
        as_("admin").get(path)
    assert refusals(app) == []


def test_without_the_log_the_answer_is_the_same(as_, app):
    with app.app_context():
        engine = db.engine

    def fail(_connection, _cursor, statement, *_rest):
        if "audit_entries" in statement:
            raise OperationalError(statement, {}, Exception("the server closed the connection"))

    event.listen(engine, "before_cursor_execute", fail)
    try:
        answer = as_("nobody").get("/customers/list/")
    finally:
        event.remove(engine, "before_cursor_execute", fail)
    assert answer.status_code == 403
    assert "没有权限" in answer.get_data(as_text=True)
    assert refusals(app) == []
    assert as_("nobody").get("/customers/list/").status_code == 403
    assert len(refusals(app)) == 1
