"""Which passwords are refused, and what is said of them."""

import subprocess
import sys

import pytest
from werkzeug.security import check_password_hash, generate_password_hash

from app.actions.org import set_password
from app.actions.sign_in import NOBODY
from app.errors import Invalid
from app.models import Employee
from app.security import passwords
from app.security.passwords import refuse_weak
from config import ROOT


def person() -> Employee:
    """Somebody with names and a mail address."""
    return Employee(
        username="linzy", last_name="林", first_name="知远", email="zhiyuan.lin@example.com", phone="+86 139 8756 2417"
    )


def told_of(password: str) -> str:
    """What is said of a password that is refused."""
    with pytest.raises(Invalid) as caught:
        refuse_weak(password, person())
    assert set(caught.value.fields) == {"password"}
    return str(caught.value)


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("", passwords.TOO_SHORT),
        ("kF8-xUq2w", passwords.TOO_SHORT),
        ("x1-" * 67, passwords.TOO_LONG),
        ("Linzy-9-qiaomu", passwords.HOLDS_A_NAME),
        ("qiaomu-ZHIYUAN.LIN-7", passwords.HOLDS_A_NAME),
        ("我是知远呀知道吗就是我", passwords.HOLDS_A_NAME),
        ("passw0rd123", passwords.COMMON),
        ("woaini1314", passwords.COMMON),
        ("Woaini520520", passwords.COMMON),
        ("5201314woaini", passwords.COMMON),
        ("zhongguo888", passwords.COMMON),
        ("mima123456", passwords.COMMON),
        ("我爱你我爱你我爱你我", None),
        ("qwertyuiop[]", None),
        ("1qaz2wsx3edc", None),
        ("aaaaaaaaaaaaaaaa", passwords.REPEATED),
        ("abcdefghijklmn", None),
        ("1990-06-12", passwords.DATES),
        ("Admin@2026", passwords.COMMON),
        ("xie-13987562417", passwords.HOLDS_A_NAME),
        ("1314520131452013145201314520", None),
    ],
)
def test_weak_ones_are_refused_with_their_reason(password, sentence):
    told = told_of(password)
    assert told == sentence if sentence is not None else told


@pytest.mark.parametrize(
    "password", ["Wanjuan-7-shulin", "correct horse battery", "梧桐叶落满旧渡口的石阶", "x7Kp-q9Wd-m3Tz" * 10]
)
def test_good_ones_are_taken(password):
    refuse_weak(password, person())


def test_somebody_elses_names_are_judged_apart():
    """The judge keeps the words of one person in a place that everybody shares."""
    other = Employee(username="qiaomu", last_name="乔", first_name="木", email="qiaomu@example.com")
    with pytest.raises(Invalid):
        refuse_weak("qiaomu-9-xf", other)
    refuse_weak("Qiaomu-7-shulin", person())


@pytest.mark.parametrize("is_own", [True, False])
def test_one_that_somebody_else_chose_has_to_be_changed(is_own):
    who = person()
    set_password(who, "Wanjuan-7-shulin", is_own=is_own)
    assert who.must_change_password is not is_own
    assert check_password_hash(who.password, "Wanjuan-7-shulin")


def test_nobodys_password_takes_the_work_of_a_real_one_and_is_never_right():
    method, salt, digest = generate_password_hash("x").split("$")
    other_method, other_salt, other_digest = NOBODY.split("$")
    assert (method, len(salt), len(digest)) == (other_method, len(other_salt), len(other_digest))
    assert not check_password_hash(NOBODY, "")


def test_the_judge_is_loaded_only_when_a_password_is_set():
    code = "import sys, app, app.actions.org, app.views.account; print('zxcvbn' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"
