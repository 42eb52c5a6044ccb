"""Starting the server: what a person sees, on the first start, on the next, and when it cannot be."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app import serve
from config import ROOT, Settings

KEY = "k" * 40


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The variables of a machine that has nothing but ``folder``."""
    return {
        "PATH": os.environ["PATH"],
        "SYSTEMROOT": os.environ.get("SYSTEMROOT", ""),
        "CRM_ENV": "demo",
        "CRM_SECRET_KEY": KEY,
        "CRM_DATABASE_URL": f"sqlite:///{(folder / 'crm.sqlite').as_posix()}",
        "CRM_FILES_DIR": str(folder / "files"),
        "PYTHONUTF8": "1",
    } | more


def end_of(*command: str, **environ: str) -> tuple[int, str, str]:
    """Exit status, output and errors of a command that ends by itself."""
    ended = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    return ended.returncode, ended.stdout, ended.stderr


@contextmanager
def started(environ: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running server and what it said until it was ready."""
    with subprocess.Popen(
        [sys.executable, "run.py"], cwd=ROOT, env=environ, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if line.startswith("Ctrl+C"):
                    break
            yield process, said
        finally:
            process.terminate()


@pytest.fixture
def free_port() -> int:
    with closing(socket.socket()) as finder:
        finder.bind((serve.HOST, 0))
        return int(finder.getsockname()[1])


def test_first_start_makes_the_demo_and_the_next_finds_it(tmp_path: Path, free_port: int) -> None:
    environ = environment(tmp_path, PORT=str(free_port))
    with started(environ) as (process, said):
        assert f"http://127.0.0.1:{free_port}/" in said
        assert "Loading the demo company" in said
        assert all(name in said for name, _role, _english in serve.DEMO_ACCOUNTS)
        assert Settings.from_environment(environ).demo_password in said
        with urllib.request.urlopen(f"http://127.0.0.1:{free_port}/login/", timeout=30) as answer:
            assert answer.status == 200
            assert answer.headers["Server"] is None
        process.terminate()
        assert process.wait(30) == 0 or os.name != "posix"
    with started(environ) as (_process, said):
        assert "Loading" not in said
        assert "Making" not in said
        assert re.search(r"admin +系统管理员", said)


@pytest.mark.skipif(os.name != "posix", reason="Windows sends Ctrl+C in another way")
def test_interrupt_ends_quietly(tmp_path: Path, free_port: int) -> None:
    with subprocess.Popen(
        [sys.executable, "run.py"],
        cwd=ROOT,
        env=environment(tmp_path, PORT=str(free_port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        assert "Making the database" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (serve.INTERRUPTED, "")


def test_wrong_settings_are_lines_and_wrong_usage(tmp_path: Path) -> None:
    environ = environment(tmp_path, CRM_ENV="prod", PORT="http")
    told = (
        "CRM_ENV: 'prod' is not known, expected demo or production\n"
        "PORT: 'http' does not fit, expected a whole number from 1 to 65535\n"
    )
    assert end_of(sys.executable, "run.py", **environ) == (serve.WRONG_USAGE, "", told)
    assert end_of(sys.executable, "-m", "flask", "crm", "--help", **environ) == (serve.WRONG_USAGE, "", told)


def test_a_database_that_does_not_answer_is_one_line(tmp_path: Path, free_port: int) -> None:
    with closing(socket.socket()) as deaf:
        deaf.bind((serve.HOST, 0))
        address = f"postgresql://crm:hidden@127.0.0.1:{deaf.getsockname()[1]}/crm"
        environ = environment(tmp_path, CRM_DATABASE_URL=address, PORT=str(free_port))
        status, output, errors = end_of(sys.executable, "run.py", **environ)
    assert (status, output) == (serve.REFUSED, "")
    assert re.fullmatch(r"CRM_DATABASE_URL: the database does not answer as expected: .*\n", errors)
    assert "hidden" not in errors


def test_an_occupied_port_is_one_line() -> None:
    with closing(serve._listen(0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(serve.StartRefused, match=f"^PORT: {port} is in use by another program"):
            serve._listen(port)


def test_a_demo_that_was_broken_off_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from app import demo

    def break_off(*_arguments: object, **_more: object) -> None:
        raise KeyboardInterrupt

    settings = Settings.from_environment(environment(tmp_path))
    for ending in ("", "-wal", "-shm"):
        (tmp_path / f"crm.sqlite{ending}").touch()
    monkeypatch.setattr(demo, "load", break_off)
    with pytest.raises(KeyboardInterrupt):
        serve._load_demo(settings)
    assert not list(tmp_path.glob("crm.sqlite*"))


def test_a_start_loads_nothing_heavy() -> None:
    code = "import sys, app.serve; print([name for name in ('pandas', 'matplotlib') if name in sys.modules])"
    assert end_of(sys.executable, "-c", code, **environment(ROOT))[1] == "[]\n"
