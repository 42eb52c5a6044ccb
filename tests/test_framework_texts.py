"""The libraries under us speak Chinese too: every text they can show is in the running application's catalogues."""

import re
from pathlib import Path
from types import ModuleType

import flask_appbuilder
import pytest
import wtforms
from babel.messages.extract import extract_from_dir
from flask_babel import force_locale, get_translations

from app.i18n import translated
from app.views.forms import CrmForm
from app.views.framework_texts import FLASK_APPBUILDER, WTFORMS
from tests.browsing import text_of

METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
WORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def messages_of(library: ModuleType) -> set[tuple[str, ...]]:
    """Every text in the sources and templates of a library, singular and plural."""
    folder = Path(str(library.__file__)).parent
    found = extract_from_dir(folder, METHODS, keywords=WORDS)
    return {(text,) if isinstance(text, str) else tuple(text) for _, _, text, _, _ in found}


def chinese_of_form(forms: tuple[str, ...]) -> str:
    """What a form check says."""
    texts = CrmForm.Meta().get_translations(None)
    return texts.gettext(forms[0]) if len(forms) == 1 else texts.ngettext(forms[0], forms[1], 2)


@pytest.fixture
def chinese(app):
    """A request of a Chinese reader."""
    with app.test_request_context(), force_locale("zh"):
        yield


def test_every_text_of_flask_appbuilder_is_chinese(chinese):
    found = messages_of(flask_appbuilder)
    assert len(found) > 140
    left = [forms for forms in found if not CHINESE.search(translated(forms[0]))]
    assert left == []


def test_every_message_of_a_form_check_is_chinese(chinese):
    found = messages_of(wtforms)
    assert len(found) >= 35
    left = [forms for forms in found if not CHINESE.search(chinese_of_form(forms))]
    assert left == []
    for forms in found:  # what is filled in stays
        assert set(re.findall(r"%\(\w+\)\w|%s", chinese_of_form(forms))) >= set(re.findall(r"%\(\w+\)\w|%s", forms[0]))


def test_what_the_library_says_wrongly_is_put_right(chinese):
    assert chinese_of_form(("Number must be at least %(min)s.",)) == "数值不能小于 %(min)s。"
    assert chinese_of_form(("Not a valid integer value.",)) == "不是有效的整数。"


def test_english_readers_read_english(app):
    with app.test_request_context(), force_locale("en"):
        for forms in messages_of(wtforms) | messages_of(flask_appbuilder):
            assert not CHINESE.search(chinese_of_form(forms))
            assert not CHINESE.search(translated(forms[0]))


def test_the_list_holds_nothing_that_the_libraries_do_not_use(chinese):
    known = {forms[0] for forms in messages_of(flask_appbuilder) | messages_of(wtforms)}
    ours = get_translations()
    for text in (*FLASK_APPBUILDER, *WTFORMS):
        source = text._args[0]
        assert source in known, source
        assert ours.ugettext(source) != source or "%(value)s" in source


def test_a_form_says_it_in_the_readers_language(as_):
    typed = {"customer_name": "甲", "probability": "101", "summary": "x", "description": "x"}
    assert "数值大小必须介于" in text_of(as_("manager_a").post("/opportunities/add", typed))
    assert "Number must be between" in text_of(as_("manager_a", locale="en").post("/opportunities/add", typed))
