"""The steps of CONTRIBUTING.md make a whole screen of a new entity, without a template."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
STEPS = re.compile(r"```python\n# (app/\S+)\n(.*?)```", re.S)
PARTS = ("app", "migrations", "translations", "config.py", "pyproject.toml")

#: What a person does with the new screen, in the copy of the project.
TRIAL = """
import datetime, logging, sys
from sqlalchemy import select
from app import create_app
from app.database import upgrade
from app.actions.org import make_administrator
from app.extensions import db
from app.models.competitors import Competitor
from app.security.actor import SYSTEM
from config import Settings

settings = Settings.from_environment({"CRM_DATABASE_URL": "sqlite:///" + sys.argv[1], "CRM_SECRET_KEY": "e" * 40})
upgrade(settings)
app = create_app(settings)
app.config["WTF_CSRF_ENABLED"] = False
with app.app_context():
    db.session.info["actor"] = SYSTEM
    make_administrator(db.session, "root", "Wanjuan-7-shulin")
    db.session.commit()
client = app.test_client()
assert client.get("/competitors/list/").status_code == 302
client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
assert client.post("/login/", data={"username": "root", "password": "Wanjuan-7-shulin"}).status_code == 302


def read(path, code=200):
    answer = client.get(path)
    assert answer.status_code == code, (path, answer.status_code, answer.text[-2000:])
    return answer.text


assert "New competitor" in read("/competitors/list/")
assert 'href="/competitors/list/"' in read("/")
assert 'name="known_since"' in read("/competitors/add")
refused = client.post("/competitors/add", data={"name": "", "strengths": "Cheap"})
assert refused.status_code == 422 and "Cheap" in refused.text and "required" in refused.text
refused = client.post("/competitors/add", data={"name": "x" * 101})
assert refused.status_code == 422
assert client.post("/competitors/add", data={"name": "Aldgate", "hack": "1"}).status_code == 400
made = client.post("/competitors/add", data={"name": "Aldgate", "known_since": "2026-03-01", "strengths": "Cheap"})
assert (made.status_code, made.location) == (302, "/competitors/show/1"), made.text[-2000:]
assert "Cheap" in read("/competitors/show/1") and "2026-03-01" in read("/competitors/list/?name=ldg")
assert "Aldgate" not in read("/competitors/list/?name=Nobody")
assert client.post("/competitors/edit/1", data={"name": "Aldgate Ltd", "version": "1"}).status_code == 302
assert client.post("/competitors/edit/1", data={"name": "Late", "version": "1"}).status_code == 409
assert "Aldgate Ltd" in read("/competitors/show/1")
assert client.post("/competitors/delete/1").status_code == 302
read("/competitors/show/1", 404)
print("done")
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project beside itself, with the example's files in it."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / part)
    return tmp_path


def follow(steps: dict[str, str], project: Path) -> None:
    """Write the new files and the two lines of the catalogue."""
    for name, code in steps.items():
        path = project / name
        if not path.exists():
            path.write_text(code, encoding="utf-8")
            continue
        rights = path.read_text(encoding="utf-8").replace("\nCATALOGUE = (", f"\n{code}\nCATALOGUE = (", 1)
        path.write_text(rights.replace('"target-arrow", (', '"target-arrow", (COMPETITORS, ', 1), encoding="utf-8")


def run(project: Path, *words: str) -> str:
    """The output of a command in the copy."""
    environment = {"CRM_DATABASE_URL": f"sqlite:///{project / 'made.sqlite'}", "CRM_SECRET_KEY": "e" * 40}
    done = subprocess.run(
        [sys.executable, *words], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_steps_of_the_guide_make_a_screen(copy):
    steps = dict(STEPS.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    assert sorted(steps) == ["app/models/competitors.py", "app/security/rights.py", "app/views/competitors.py"]
    follow(steps, copy)
    run(copy, "-m", "alembic", "upgrade", "head")
    run(copy, "-m", "alembic", "revision", "--autogenerate", "-m", "Add competitors")
    assert run(copy, "-c", TRIAL, str(copy / "trial.sqlite")).endswith("done\n")
