"""The least an answer can take: the statements of our own answer and a bare table, by Flask and the driver alone."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, redirect, request
from markupsafe import escape
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from app.actions.sessions import Visit, begin_session
from app.clock import now
from app.database import engine_for
from app.models import Employee
from bench.company import EVERYTHING

Sent = list[tuple[str, Any]]
#: The product in production gives its cookies to secure addresses alone.
SECURE = "https://127.0.0.1"


def create_floor(ours: Flask, url: str) -> Flask:
    """The bare application; what an address asks of the database is heard once, from ``ours``."""
    app = Flask(__name__)
    engine = engine_for(url)
    heard: dict[str, Sent] = {}

    @app.route("/login/", methods=["GET", "POST"])
    def sign_in() -> Any:
        """Let everybody in, as the product lets who knows the password."""
        return redirect("/") if request.method == "POST" else "<form></form>"

    @app.get("/<path:_path>")
    def page(_path: str) -> Response:
        """The rows of the last statement."""
        address = request.full_path
        if address not in heard:
            heard[address] = _hear(ours, engine, address)
        return Response(_table(_rows(engine, heard[address])), mimetype="text/html")

    return app


def _hear(ours: Flask, engine: Engine, address: str) -> Sent:
    """The statements that read, as our application sends them to answer somebody who sees everything."""
    sent: Sent = []

    def keep(_connection: Any, _cursor: Any, words: str, values: Any, *_: Any) -> None:
        if words.lstrip().upper().startswith("SELECT"):
            sent.append((words, values))

    client = ours.test_client()
    with client.session_transaction(base_url=SECURE) as cookie:
        cookie["token"] = _token(engine)
    client.get(address, base_url=SECURE)  # what is asked once in the life of a process is left out
    event.listen(Engine, "before_cursor_execute", keep)
    answer = client.get(address, base_url=SECURE)
    event.remove(Engine, "before_cursor_execute", keep)
    if answer.status_code != HTTPStatus.OK:
        raise RuntimeError(f"{address}: {answer.status}")
    return sent


def _token(engine: Engine) -> str:
    with Session(engine) as session:
        person = session.scalars(select(Employee).where(Employee.username == EVERYTHING)).one()
        token = begin_session(session, person, Visit(), at=now())
        session.commit()
        return token


def _rows(engine: Engine, statements: Sent) -> Sequence[Any]:
    rows: Sequence[Any] = ()
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        for words, values in statements:
            cursor.execute(words, values)
            rows = cursor.fetchall()
        return rows
    finally:
        connection.close()


def _table(rows: Sequence[Any]) -> str:
    cells = ("".join(f"<td>{escape(value)}</td>" for value in row) for row in rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"
