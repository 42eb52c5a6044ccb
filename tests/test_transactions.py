"""Success is one transaction: whatever breaks it, and between whichever statements, all of it is there or nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import event, select

from app.extensions import db
from app.models import Customer, Opportunity, OpportunityStatus, StatusMove
from tests.browsing import text_of
from tests.walk import counted, everything

ROOT = Path(__file__).resolve().parents[1]


class Broken(Exception):
    """What a connection that breaks looks like to the driver."""


def break_before(app, number):
    """Break the connection before the statement of that number; returns the way to mend it."""
    sent = []
    with app.app_context():
        engine = db.engine

    def listen(_connection, _cursor, _statement, *_rest):
        sent.append(1)
        if len(sent) == number:
            raise Broken

    event.listen(engine, "before_cursor_execute", listen)
    return lambda: event.remove(engine, "before_cursor_execute", listen)


def is_whole_or_nothing(rows, key):
    """All of a success, or none of it; returns which."""
    with rows() as session:
        one = session.get(Opportunity, key)
        customers = session.scalars(select(Customer).where(Customer.name == one.customer_name)).all()
        moves = session.scalars(select(StatusMove).where(StatusMove.move == "succeed")).all()
        contacts = [contact for customer in customers for contact in customer.contacts]
        is_done = one.status is OpportunityStatus.SUCCEEDED
        counts = {len(customers), len(moves), len(contacts), int(one.customer_id is not None)}
        assert counts == ({1} if is_done else {0})
        return is_done


def key_of_mine(rows):
    with rows() as session:
        return session.scalars(select(Opportunity.id).where(Opportunity.customer_name.startswith("绍兴"))).one()


def test_broken_before_each_statement_nothing_is_half_done(as_, app, rows):
    key, before, number = key_of_mine(rows), everything(app, with_log=True), 0
    path, browser = f"/opportunities/move/succeed/{key}", as_("manager_a")
    while True:
        number += 1
        mend = break_before(app, number)
        try:
            answer = browser.post(path)
        finally:
            mend()
        if answer.status_code == 302:
            break
        assert answer.status_code == 500, (number, answer.status_code)
        assert everything(app, with_log=True) == before, f"something was left when statement {number} broke"
        assert not is_whole_or_nothing(rows, key)
    print(f"\nbroken before each of {number - 1} statements")
    assert number > 8
    assert is_whole_or_nothing(rows, key)


def test_a_broken_database_brings_the_form_back(as_, app, rows):
    """Break the writing of a new opportunity: the page still holds what was typed."""
    from sqlalchemy.exc import OperationalError

    typed = {
        "customer_name": "南通屿帆海工装备有限公司",
        "probability": "60",
        "summary": "六套",
        "description": "八月",
    }
    browser = as_("manager_a")
    with app.app_context():
        engine = db.engine

    def listen(_connection, _cursor, statement, *_rest):
        if statement.startswith("INSERT INTO opportunities"):
            raise OperationalError(statement, {}, Broken("the server closed the connection"))

    event.listen(engine, "before_cursor_execute", listen)
    try:
        answer = browser.post("/opportunities/add", typed)
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    assert answer.status_code == 503
    assert "南通屿帆海工装备有限公司" in answer.get_data(as_text=True)
    assert "暂时无法连接数据库" in text_of(answer)


KILLED = """
import os, signal, sys
sys.path.insert(0, {root!r})
from sqlalchemy import event
from app import create_app
from app.extensions import db
from tests.browsing import Browser
from tests.conftest import settings_for
app = create_app(settings_for({url!r}))
app.config.update(WTF_CSRF_ENABLED=False)
browser = Browser(app, "manager_a")
with app.app_context():
    engine = db.engine

def listen(_connection, _cursor, statement, *_rest):
    if statement.startswith("UPDATE opportunities"):
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(engine, "after_cursor_execute", listen)
browser.post("/opportunities/move/succeed/{key}")
print("not killed")
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_in_the_middle_nothing_is_half_done(as_, home, app, rows):
    key, before = key_of_mine(rows), everything(app, with_log=True)
    script = KILLED.format(root=str(ROOT), url=home.url, key=key)
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    assert everything(app, with_log=True) == before
    assert as_("manager_a").post(f"/opportunities/move/succeed/{key}").status_code == 302
    assert is_whole_or_nothing(rows, key)


LISTS = ("/opportunities/list/?status=", "/plans/list/", "/customers/list/")


def test_a_list_makes_as_many_statements_at_any_size(as_, app, rows):
    browser = as_("supervisor")
    browser.get("/")  # what a process asks once is asked
    few = {path: statements_of(app, browser, path) for path in LISTS}
    multiply(rows)
    many = {path: statements_of(app, browser, path) for path in LISTS}
    assert "10,000+" in text_of(browser.get(LISTS[0]))
    print(f"\nstatements at 7 rows {few}, at 100,000 {many}")
    assert many == few
    assert max(few.values()) <= 12


def statements_of(app, browser, path):
    """How many statements a page makes."""
    with counted(app) as seen:
        assert browser.get(path).status_code == 200
    return len(seen)


def multiply(rows):
    """Make 100,000 opportunities of the first one, half of them assigned."""
    with rows() as session:
        table = Opportunity.__table__
        typed = [column for column in table.c if column.computed is None]
        row = dict(session.execute(select(*typed).where(table.c.customer_name.startswith("绍兴"))).mappings().one())
        del row["id"]
        for start in range(0, 100_000, 20_000):
            session.execute(table.insert(), [{**row, "customer_name": f"公司{start + n}"} for n in range(20_000)])
