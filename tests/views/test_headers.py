"""The headers of every answer: what a page may load and run, with a nonce of its own."""

import re

import pytest

POLICY = (
    r"default-src 'self'; script-src 'self' 'nonce-([\w-]{22})'; style-src 'self' 'nonce-\1'; img-src 'self' data:; "
    r"font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def nonce_of(answer):
    """The nonce of an answer, whose policy is exactly ours."""
    answer.close()
    found = re.fullmatch(POLICY, answer.headers["Content-Security-Policy"])
    assert found, answer.headers["Content-Security-Policy"]
    return found.group(1)


@pytest.mark.parametrize(
    "path",
    ["/", "/login/", "/opportunities/list/", "/plans/calendar", "/plans/events", "/nothing-here", "/static/app.js"],
)
def test_every_answer_says_what_a_page_may_load_and_run(as_, path):
    browser = as_("manager_a")
    assert nonce_of(browser.get(path)) != nonce_of(browser.get(path))


def test_an_answer_to_a_stranger_and_to_a_wrong_method_too(as_):
    assert nonce_of(as_().get("/opportunities/board"))
    assert nonce_of(as_("manager_a").post("/opportunities/board"))


def test_the_page_that_makes_a_style_sheet_carries_the_nonce_of_its_answer_as_an_attribute_alone(as_):
    answer = as_("manager_a").get("/plans/calendar")
    body, nonce = answer.get_data(as_text=True), nonce_of(answer)
    assert body.count(nonce) == 1
    assert f'nonce="{nonce}"' in body
    listed = as_("manager_a").get("/opportunities/list/")
    body, nonce = listed.get_data(as_text=True), nonce_of(listed)
    assert nonce not in body


def test_the_cookie_is_sent_anew_only_when_it_changes(as_):
    browser = as_("manager_a")
    browser.get("/opportunities/list/")
    assert "Set-Cookie" not in browser.get("/opportunities/list/").headers
    browser.post("/preferences", {"locale": "en"})
    assert "Set-Cookie" in browser.get("/opportunities/list/").headers
    assert "Set-Cookie" not in browser.get("/opportunities/list/").headers
