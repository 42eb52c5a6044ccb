"""One application in a process of its own, served on loopback: ``python -m bench.worker ours``."""

import os
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bench.work import worked

#: What the parent tells the worker, and what the worker tells with each answer.
URL_VARIABLE = "BENCH_DATABASE_URL"
STATEMENTS_HEADER = "X-Bench-Statements"
WORKED_HEADER = "X-Bench-Worked"
HOST = "127.0.0.1"
THREADS = 8

_counts = threading.local()


def ours(url: str) -> Flask:
    """The product, in production."""
    from app import create_app
    from bench.company import settings_for

    return create_app(settings_for(url))


def stock(url: str) -> Flask:
    """The plain application."""
    from bench.stock import create_stock

    return create_stock(url)


def unlogged(url: str) -> Flask:
    """The product without its audit log, which only a measurement can be."""
    from sqlalchemy.orm import Session

    app = ours(url)
    from app.security.changes import tell

    event.remove(Session, "after_flush", tell)
    return app


def floor(url: str) -> Flask:
    """The statements of the product by Flask and the driver alone."""
    from bench.floor import create_floor

    return create_floor(ours(url), url)


APPLICATIONS: dict[str, Callable[[str], Flask]] = {
    "ours": ours,
    "stock": stock,
    "unlogged": unlogged,
    "floor": floor,
}


def tell_costs(app: Flask) -> None:
    """Tell with each answer how many SQL statements it took, and how long the process has been at work until then."""
    event.listen(Engine, "before_cursor_execute", _count)
    inner: Any = app.wsgi_app

    def told(environ: Any, start_response: Any) -> Any:
        _counts.statements = 0
        begun: list[Any] = []
        body = inner(environ, lambda *start: begun.extend(start))
        try:
            whole = b"".join(body)
        finally:
            getattr(body, "close", lambda: None)()
        status, headers, *more = begun
        costs = ((STATEMENTS_HEADER, str(_counts.statements)), (WORKED_HEADER, repr(worked())))
        start_response(status, [*headers, *costs], *more)
        return [whole]

    app.wsgi_app = told  # type: ignore[method-assign]  # Flask says to wrap it so


def _count(*_: Any) -> None:
    _counts.statements = getattr(_counts, "statements", 0) + 1


def main() -> None:
    """Take a port, tell it, make the application and serve until the parent goes away."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind((HOST, 0))
        listener.listen(64)
        print(listener.getsockname()[1], flush=True)
        threading.Thread(target=_end_with_parent, daemon=True).start()
        app = APPLICATIONS[sys.argv[1]](os.environ[URL_VARIABLE])
        tell_costs(app)
        _serve(app, listener)


def _end_with_parent() -> None:
    """The parent holds the other end of our input; it closes in whatever way the parent ends."""
    sys.stdin.read()
    os._exit(0)


def _serve(app: Flask, listener: socket.socket) -> None:
    from waitress import create_server

    create_server(app, sockets=[listener], threads=THREADS, ident="").run()


if __name__ == "__main__":
    main()
