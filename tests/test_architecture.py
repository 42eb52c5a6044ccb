"""The house rules: import order, sizes, and what may stand where."""

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "app"
FILES = sorted([*APP.rglob("*.py"), ROOT / "config.py", ROOT / "run.py", ROOT / "wsgi.py"])

#: The layers from the ground up; a file may import from layers below its own and from its own.
LAYERS = (
    {"i18n", "errors", "clock", "catalogues"},
    {"models"},
    {"actions", "security", "reports", "search"},
    {"database", "demo", "extensions", "templating"},
    {"jobs", "integrations"},
    {"views", "cli"},
    {"__init__", "serve"},
)
#: What may be imported against the order, with the reason.
EXCEPTIONS = {
    ("cli", "__init__"): "commands live in the package that create_app adds",
    ("serve", "__init__"): "the server makes the application",
}
BANNED_FILE_NAMES = {"util", "utils", "helper", "helpers", "manager", "common", "misc", "data", "info"}
FORBIDDEN = {"flask", "wtforms"}


def layer_of(name: str) -> int:
    """The place of a top-level name of the app."""
    return next(place for place, names in enumerate(LAYERS) if name in names)


def part_of(path: Path) -> str:
    """The top-level name a file belongs to."""
    first = path.relative_to(APP).parts[0]
    return first.removesuffix(".py")


def tree_of(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """The full names of everything a file imports at its top."""
    for node in tree_of(path).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def backward_imports(files: list[Path]) -> list[str]:
    """The imports that go up the layers."""
    found = []
    for path in files:
        own = part_of(path)
        for name in imports(path):
            parts = name.split(".")
            if parts[0] != "app" or len(parts) < 2:
                continue
            other = parts[1] if any(parts[1] in names for names in LAYERS) else "__init__"
            if layer_of(other) > layer_of(own) and (own, other) not in EXCEPTIONS:
                found.append(f"{path.relative_to(ROOT)} imports {name}")
    return found


def test_no_import_goes_backwards():
    files = [path for path in FILES if path.is_relative_to(APP)]
    assert len(files) > 40
    assert backward_imports(files) == []


def test_a_planted_backward_import_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.test_architecture.APP", tmp_path)
    monkeypatch.setattr("tests.test_architecture.ROOT", tmp_path)
    (tmp_path / "models").mkdir()
    wrong = tmp_path / "models" / "marketing.py"
    wrong.write_text("from app.views.marketing import Opportunities\n", encoding="utf-8")
    assert len(backward_imports([wrong])) == 1


def test_actions_and_reports_run_without_flask():
    for path in FILES:
        if path.is_relative_to(APP) and part_of(path) in {"actions", "reports"}:
            bad = [name for name in imports(path) if any(name.startswith(one) for one in FORBIDDEN)]
            assert bad == [], path


def functions(path: Path) -> list[tuple[str, int, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Name and length in lines of every function of a file."""
    return [
        (node.name, (node.end_lineno or 0) - node.lineno + 1, node)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_sizes():
    lengths = [(length, f"{path.relative_to(ROOT)}:{name}") for path in FILES for name, length, _ in functions(path)]
    sizes = [(path.read_text(encoding="utf-8").count("\n"), str(path.relative_to(ROOT))) for path in FILES]
    assert [one for one in lengths if one[0] > 40] == []
    assert [one for one in sizes if one[0] > 400] == []
    deciles = statistics.quantiles([length for length, _ in lengths], n=10)
    file_deciles = statistics.quantiles([size for size, _ in sizes], n=10)
    print(f"\n{len(lengths)} functions: median {deciles[4]}, p90 {deciles[8]}; files p90 {file_deciles[8]}")
    assert deciles[8] <= 20
    assert file_deciles[8] <= 300
    assert len((APP / "__init__.py").read_text(encoding="utf-8").splitlines()) < 60


def test_at_most_four_parameters_plus_keywords():
    for path in FILES:
        for name, _, node in functions(path):
            parameters = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
            assert len([one for one in parameters if one not in {"self", "cls"}]) <= 4, (path, name)


def calls(path: Path) -> set[str]:
    """The names of the methods a file calls."""
    return {node.attr for node in ast.walk(tree_of(path)) if isinstance(node, ast.Attribute)}


def test_actions_never_commit():
    for path in (APP / "actions").rglob("*.py"):
        assert "commit" not in calls(path), path


def writers_of_status(path: Path) -> list[int]:
    """The lines where a file assigns to an attribute called status."""
    return [
        node.lineno
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Attribute) and target.attr == "status" for target in node.targets)
    ]


def test_only_the_workflow_writes_a_status(tmp_path):
    allowed = {APP / "actions" / "workflow.py"}
    for path in FILES:
        if path not in allowed and "demo" not in path.parts:
            assert writers_of_status(path) == [], path
    planted = tmp_path / "x.py"
    planted.write_text("row.status = 1\n", encoding="utf-8")
    assert writers_of_status(planted) == [1]


def test_no_form_has_a_status_field(app):
    from app.views.model_view import CrmModelView

    views = [view for view in app.extensions["appbuilder"].baseviews if isinstance(view, CrmModelView)]
    assert len(views) >= 5
    for view in views:
        for form in (view.add_form, view.edit_form):
            names = {name for name in dir(form) if not name.startswith("_")} if form else set()
            assert not names & {"status", "assignee", "assignee_id", "created_by", "created_by_id", "manager_id"}


#: The ways around the wall; each may stand only where it is named.
WAYS_AROUND = {
    "__table__": {"demo"},
    "bulk_save_objects": set(),
    "bulk_insert_mappings": set(),
    "bulk_update_mappings": set(),
}


@pytest.mark.parametrize("way", WAYS_AROUND)
def test_nobody_goes_around_the_wall(way):
    for path in FILES:
        if path.is_relative_to(APP) and part_of(path) not in WAYS_AROUND[way]:
            assert way not in path.read_text(encoding="utf-8"), path


def test_no_code_asks_for_a_role_by_its_name():
    names = re.compile(r"Sales supervisor|Account manager|Executive|销售主管|客户经理|系统管理员|高管")
    allowed = {"security/rights.py", "demo", "actions/imports"}
    for path in FILES:
        if not path.is_relative_to(APP):
            continue
        place = path.relative_to(APP).as_posix()
        if any(place.startswith(one) for one in allowed):
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Compare):
                assert not names.search(ast.unparse(node)), (place, ast.unparse(node))


def test_names_say_what_they_are():
    for path in FILES:
        assert path.stem not in BANNED_FILE_NAMES, path


def test_every_module_opens_with_one_line():
    for path in FILES:
        docstring = ast.get_docstring(tree_of(path))
        assert docstring, path
        assert docstring.splitlines()[0].strip().endswith((".", ":")), path


def test_public_functions_have_docstrings():
    for path in FILES:
        for node in tree_of(path).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), (path, node.name)


def test_templates_hold_no_inline_script_or_style():
    templates = sorted((APP / "templates").rglob("*.html"))
    assert len(templates) > 15
    for path in templates:
        text = path.read_text(encoding="utf-8")
        assert "|safe" not in text.replace(" ", ""), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|<script(?![^>]*\ssrc=)", text), path
        assert "http://" not in text.replace("http://www.w3.org", ""), path
        assert "https://" not in text, path


def test_every_block_of_the_style_sheet_is_closed():
    depth = 0
    for number, line in enumerate((APP / "static" / "app.css").read_text(encoding="utf-8").splitlines(), start=1):
        assert depth == 0 or not line.startswith("/* ----"), f"line {number} begins within a block"
        depth += line.count("{") - line.count("}")
    assert depth == 0
