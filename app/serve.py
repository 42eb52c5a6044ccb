"""Starts the server on this machine: settings, database, demo company, and then requests until Ctrl+C."""

import errno
import io
import os
import signal
import socket
import sys
from contextlib import closing, suppress
from pathlib import Path

from alembic.util import CommandError
from flask import Flask
from sqlalchemy import inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from config import LARGEST_UPLOAD, Settings, SettingsError, load_settings

HOST = "127.0.0.1"
THREADS = 8
BACKLOG = 1024
DEMO_CUSTOMERS = 200
DEMO_SEED = 1
REFUSED = 1
WRONG_USAGE = 2
INTERRUPTED = 130

DEMO_ACCOUNTS = (
    ("admin", "系统管理员", "Administrator"),
    ("zhuguan", "销售主管", "Sales supervisor"),
    ("jingli1", "客户经理", "Account manager"),
    ("jingli2", "客户经理", "Account manager"),
    ("gaoguan", "高管", "Executive"),
)


class StartRefused(Exception):
    """The server cannot start, for a reason that the operator can mend; the text is one clear sentence."""


def main() -> int:
    """Serves until interrupted. Returns the exit status."""
    _write_whatever_the_console_can_show()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # By name, since a process started in the background inherits that it is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _start(load_settings())
    except SettingsError as error:
        return _complain(*error.faults, status=WRONG_USAGE)
    except StartRefused as error:
        return _complain(str(error), status=REFUSED)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _start(settings: Settings) -> None:
    with closing(_listen(settings.port)) as listener:
        _prepare_database(settings)
        # Built only now: Flask-AppBuilder makes tables of its own in a database that has none.
        from app import create_app

        application = create_app(settings)
        _greet(settings)
        _serve(application, settings, listener)


def _listen(port: int) -> socket.socket:
    """The port is taken first, so that an occupied one is told at once and not after minutes of loading."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # On Windows the same option would let two servers share the port.
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise StartRefused(_why_port_is_refused(port, error)) from error
    return listener


def _why_port_is_refused(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"PORT: {port} is in use by another program, expected a free port"
    return f"PORT: {port} cannot be used ({error.strerror}), expected a free port"


def _prepare_database(settings: Settings) -> None:
    """Makes or upgrades the tables; a demo is loaded only into tables made by this very call."""
    from app import database

    _has_tables("CRM_DATABASE_URL", settings.database_url)
    if not _has_tables("CRM_MIGRATION_DATABASE_URL", settings.migration_database_url):
        _say("Making the database …")
    try:
        made_just_now = database.upgrade(settings)
    except CommandError as error:
        # So says Alembic when it does not know the revision that the database is at.
        raise StartRefused(f"CRM_DATABASE_URL: belongs to another version of this program ({error})") from error
    if not database.is_current(settings):
        raise StartRefused("CRM_MIGRATION_DATABASE_URL: expected another way to the same database, not another one")
    if made_just_now and not settings.is_production:
        _load_demo(settings)


def _has_tables(name: str, url: str) -> bool:
    from app.database import engine_for

    engine = engine_for(url)
    try:
        return inspect(engine).has_table("alembic_version")
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise StartRefused(f"{name}: the database does not answer as expected: {reason}") from error
    finally:
        engine.dispose()


def _load_demo(settings: Settings) -> None:
    from app import demo

    _say("Loading the demo company …")
    try:
        demo.load(settings, customers=DEMO_CUSTOMERS, seed=DEMO_SEED)
    except BaseException:
        _forget_database(settings)
        raise


def _forget_database(settings: Settings) -> None:
    """A demo that was broken off is never finished: the next start must find no tables and begin anew."""
    url = make_url(settings.database_url)
    if url.drivername != "sqlite" or not url.database:
        _complain("The demo company is not whole: empty the database before the next start.", status=REFUSED)
        return
    for ending in ("", "-wal", "-shm"):
        with suppress(OSError):
            Path(url.database + ending).unlink()


def _greet(settings: Settings) -> None:
    from app import demo

    address = f"http://{HOST}:{settings.port}/"
    if settings.is_production:
        _say(f"\n知客 CRM  {address}  (behind the proxy for {', '.join(settings.allowed_hosts)})")
    else:
        _say(f"\n知客 CRM  {address}")
    if demo.is_demo(settings) and not settings.is_production:
        _say(f"\n演示账号 Demo accounts, 密码 password: {settings.demo_password}")
        for name, role, english in DEMO_ACCOUNTS:
            # Filled up with the wide space, as wide as a Chinese sign.
            _say(f"  {name:<9}{role:\u3000<6}{english}")
    elif not _has_accounts(settings):
        _say("\nThere is no account yet: 'flask crm init' makes the first administrator.")
    _say("\nCtrl+C ends it.")


def _has_accounts(settings: Settings) -> bool:
    from app.database import engine_for

    engine = engine_for(settings.database_url)
    try:
        with engine.connect() as connection:
            return connection.execute(text("SELECT 1 FROM ab_user LIMIT 1")).first() is not None
    finally:
        engine.dispose()


def _serve(application: Flask, settings: Settings, listener: socket.socket) -> None:
    from waitress import create_server

    from app.jobs.frame.worker import working

    server = create_server(
        application,
        sockets=[listener],
        threads=THREADS,
        ident="",
        # What is larger than its address takes is refused by the application, in the reader's language.
        max_request_body_size=2 * LARGEST_UPLOAD,
        # The application reads these headers when it is told of proxies; else nobody may.
        clear_untrusted_proxy_headers=settings.trusted_proxies == 0,
    )
    with working(application):
        server.run()


def _write_whatever_the_console_can_show() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _say(line: str) -> None:
    print(line, flush=True)


def _complain(*lines: str, status: int) -> int:
    for line in lines:
        print(line, file=sys.stderr, flush=True)
    return status
