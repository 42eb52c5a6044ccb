"""``flask crm worker``: what is due once, and a process that works until it is told to end."""

import os
import signal
import subprocess
import sys

import pytest
from sqlalchemy import select

from app.clock import now
from app.jobs.frame import enqueue, kinds
from app.models import Job, JobState
from config import ROOT


def put(rows):
    """A job that waits; returns its key."""
    with rows() as session:
        return enqueue(session, kinds()["tell_due"], {}, at=now()).id


def state_of(rows, key):
    with rows() as session:
        return session.scalars(select(Job.state).where(Job.id == key)).one()


def test_once_runs_what_is_due_and_ends(app, rows):
    key = put(rows)
    runner = app.test_cli_runner()
    first, second = (runner.invoke(args=["crm", "worker", "--once"]) for _ in range(2))
    # The one put down, and the latest moment of each that has a schedule.
    planned = sum(kind.every is not None for kind in kinds().values())
    assert (first.exit_code, first.stdout) == (0, f"已执行 {1 + planned} 个任务。\n")
    assert (second.exit_code, second.stdout) == (0, "已执行 0 个任务。\n")
    assert state_of(rows, key) is JobState.DONE


def test_wrong_usage(app):
    result = app.test_cli_runner().invoke(args=["crm", "worker", "twice"])
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(os.name != "posix", reason="Windows sends Ctrl+C in another way")
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_process_works_until_it_is_told_to_end(app, home, rows, sign):
    key = put(rows)
    environ = {"PATH": os.environ["PATH"], "CRM_DATABASE_URL": home.url, "CRM_SECRET_KEY": "t" * 40, "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "flask", "crm", "worker"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        assert "Ctrl+C" in process.stdout.readline()
        end = now().timestamp() + 30
        while state_of(rows, key) is not JobState.DONE and now().timestamp() < end:
            pass
        process.send_signal(sign)
        try:
            _output, errors = process.communicate(timeout=30)
        finally:
            process.kill()  # one that does not end would be waited for without end
    assert (process.returncode, errors) == (0, "")
    assert state_of(rows, key) is JobState.DONE
