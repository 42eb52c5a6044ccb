"""``flask crm verify`` says in one line that all is right, or what is not."""

import json
from datetime import timedelta

from sqlalchemy import delete, insert, update

from app.clock import now
from app.extensions import db
from app.models import AuditEntry, Employee, StatusMove
from app.security.rights import CUSTOMERS
from tests.guards_off import take_guards_off


def verify(app, *words):
    outcome = app.test_cli_runner().invoke(args=["crm", "verify", *words])
    assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
    return outcome.exit_code, outcome.output


def meddle(app, *statements):
    with app.app_context(), db.engine.begin() as connection:
        take_guards_off(connection)
        for statement in statements:
            connection.execute(statement)


def faults(app):
    code, told = verify(app, "--json")
    found = [(one["check"], one["fault"]) for one in json.loads(told)["faults"]]
    assert code == (1 if found else 0)
    return found


def test_one_line_and_0_when_all_is_right(app):
    code, told = verify(app)
    assert code == 0, told
    assert len(told.splitlines()) == 1
    assert verify(app)[0] == 0
    outcome = json.loads(verify(app, "--json")[1])
    assert outcome["faults"] == [] and outcome["sealed"] > 30
    assert outcome["last_seal"] in verify(app)[1]


def test_a_changed_entry(app):
    verify(app)
    table = AuditEntry.__table__
    meddle(app, update(table).where(table.c.id == 5).values(changes="{}"))
    [(check, told)] = faults(app)
    assert check == "chain" and "5 " in told
    code, told = verify(app)
    assert code == 1 and len(told.splitlines()) == 1


def test_entries_that_wait_in_vain(app, rows):
    table = AuditEntry.__table__
    meddle(app, update(table).values(at=now() - timedelta(hours=2)))
    [(check, _)] = faults(app)
    assert check == "seals"
    assert faults(app) == []  # they are sealed now


def test_rights(app, rows):
    with rows() as session:
        from flask_appbuilder.security.sqla.models import Permission, ViewMenu

        for row in session.query(ViewMenu).filter_by(name="customers"):
            row.name = "clients"
        session.query(Permission).filter_by(name="can_see_phones").one()
        for person in session.query(Employee).filter_by(username="admin"):
            person.active = False
    found = [told for check, told in faults(app) if check == "rights"]
    assert any("clients.see" in told for told in found)
    assert any("customers.see_phones" in told and "init" in told for told in found)
    assert len(found) == 2 * len(CUSTOMERS.verbs) + 1


def test_moves_of_records_that_are_gone(app, rows, as_):
    with rows() as session:
        from app.models import Opportunity

        own = session.query(Opportunity).filter(Opportunity.customer_name.startswith("金华")).one().id
        other = session.query(Opportunity).filter(Opportunity.customer_name.startswith("扬州")).one().id
    assert as_("manager_a").post(f"/opportunities/delete/{own}").status_code == 302
    assert faults(app) == []
    table, moves = Opportunity.__table__, StatusMove.__table__
    meddle(app, delete(table).where(table.c.id == other))
    [(check, told)] = faults(app)
    assert check == "moves" and "opportunities" in told
    values = {"kind": "nonsense", "row_id": 1, "move": "x", "after": "y", "at": now()}
    meddle(app, insert(moves).values(**values))
    assert len(faults(app)) == 2
