"""The makers' tools find the faults they are for."""

import os
import time
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.support import Translations

from app.catalogues import ensure_compiled
from tools import browser, links, translations

SOURCE = """
from app.i18n import Label, gettext, ngettext
NAME = Label("Customer")
def greet(name): return gettext("Hello %(name)s", name=name)
def count(n): return ngettext("%(num)d row", "%(num)d rows", n)
"""
TEMPLATE = '{% do 1 %}<p>{{ _("Sign in") }}</p>'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app" / "templates").mkdir(parents=True)
    (tmp_path / "app" / "texts.py").write_text(SOURCE)
    (tmp_path / "app" / "templates" / "page.html").write_text(TEMPLATE)
    (tmp_path / "babel.cfg").write_text((translations.ROOT / "babel.cfg").read_text())
    return tmp_path


def catalogue(**texts: str | tuple[str, ...]) -> Catalog:
    """A catalogue of the project's texts in Chinese, with ``texts`` in place of the right ones."""
    right: dict[str, str | tuple[str, ...]] = {
        "Customer": "客户",
        "Hello %(name)s": "%(name)s，您好",
        "%(num)d row": ("%(num)d 行",),
        "Sign in": "登录",
    }
    made = Catalog(locale="zh")
    for text, translation in (right | texts).items():
        made.add((text, text + "s") if isinstance(translation, tuple) else text, translation)
    return made


def faults(made: Catalog, project: Path, language: str = "zh") -> list[str]:
    return list(translations.faults_of(made, translations.extract(project), language))


def test_every_text_of_sources_and_templates_is_found(project: Path) -> None:
    found = {translations.key_of(message)[0] for message in translations.extract(project) if message.id}
    assert found == {"Customer", "Hello %(name)s", "%(num)d row", "Sign in"}


def test_a_whole_catalogue_has_no_fault(project: Path) -> None:
    assert faults(catalogue(), project) == []


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"Customer": ""}, "zh: not translated: 'Customer'"),
        ({"%(num)d row": ("",)}, "zh: not translated: '%(num)d row'"),
        ({"Hello %(name)s": "您好"}, "zh: other placeholders: 'Hello %(name)s'"),
        ({"Hello %(name)s": "%(nam)s，您好"}, "zh: other placeholders: 'Hello %(name)s'"),
        ({"%(num)d row": ("行",)}, "zh: other placeholders: '%(num)d row'"),
        ({"Gone": "不用了"}, "zh: no longer used, 'make translate' drops it: 'Gone'"),
    ],
)
def test_each_fault_of_a_catalogue_is_told(project: Path, texts: dict[str, str | tuple[str, ...]], said: str) -> None:
    (fault,) = faults(catalogue(**texts), project)
    assert fault.startswith(said)


def test_a_missing_text_and_a_fuzzy_one_are_told(project: Path) -> None:
    made = catalogue()
    del made["Customer"]
    made["Sign in"].flags.add("fuzzy")
    assert [fault.partition(" (")[0] for fault in faults(made, project)] == [
        "zh: missing, 'make translate' adds it: 'Customer'",
        "zh: fuzzy: 'Sign in'",
    ]


def test_english_may_leave_out_what_the_source_says(project: Path) -> None:
    assert faults(catalogue(Customer=""), project, "en") == []
    assert faults(catalogue(**{"Hello %(name)s": "Hello"}), project, "en") != []


def test_a_written_catalogue_changes_only_where_texts_do(project: Path) -> None:
    template = translations.extract(project)
    made = catalogue(Gone="不用了")
    made.update(template, no_fuzzy_matching=True)
    translations.write("zh", made, project)
    first = translations.path_of("zh", project).read_text(encoding="utf-8")
    assert "Gone" not in first
    assert "#: app/texts.py\n" in first
    (project / "app" / "texts.py").write_text("\n\n\n" + SOURCE)
    again = translations.read("zh", project)
    again.update(translations.extract(project), no_fuzzy_matching=True, update_creation_date=False)
    translations.write("zh", again, project)
    assert translations.path_of("zh", project).read_text(encoding="utf-8") == first


def test_an_unknown_word_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert translations.main(["translate"]) == 2
    assert "usage" in capsys.readouterr().err


def test_catalogues_are_compiled_when_missing_or_older(tmp_path: Path) -> None:
    translations.write("zh", catalogue(), tmp_path)
    folder = tmp_path / "translations"
    (compiled,) = ensure_compiled(folder)
    assert ensure_compiled(folder) == []
    with compiled.open("rb") as file:
        assert Translations(file).gettext("Customer") == "客户"
    translations.write("zh", catalogue(Customer="顾客"), tmp_path)
    later = time.time() + 10
    os.utime(compiled.with_suffix(".po"), (later, later))
    assert ensure_compiled(folder) == [compiled]
    with compiled.open("rb") as file:
        assert Translations(file).gettext("Customer") == "顾客"
    assert sorted(path.name for path in compiled.parent.iterdir()) == ["messages.mo", "messages.po"]


def test_dead_links_are_told(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "two.md").write_text("# 设置 Settings\n\n## Twice\n\n## Twice\n", encoding="utf-8")
    page = tmp_path / "one.md"
    page.write_text(
        "# One\n[a](docs/two.md#设置-settings) [b](docs/two.md#twice-1) [c](#one) [d](https://example.com/x)\n"
        "[e](docs/three.md) [f](docs/two.md#nothing) ![g](one.png)\n[h]: docs/four.md\n"
        "`[i](in-code.md)`\n```\n[j](in-code.md)\n```\n",
        encoding="utf-8",
    )
    assert list(links.faults_of(page, tmp_path)) == [
        "one.md: no such file: docs/three.md",
        "one.md: no such heading: docs/two.md#nothing",
        "one.md: no such file: one.png",
        "one.md: no such file: docs/four.md",
    ]


def test_a_named_browser_is_the_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tmp_path / "my-browser"
    monkeypatch.setenv("TEST_BROWSER", str(named))
    monkeypatch.setattr(browser, "find_browser", browser.find_browser.__wrapped__)
    assert browser.main() == 1
    named.touch(mode=0o755)
    assert browser.find_browser() == str(named)
