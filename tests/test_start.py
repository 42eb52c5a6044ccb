def test_health(as_):
    assert as_().get("/healthz").json == {"status": "ok"}


def test_somebody_unknown_is_asked_to_sign_in(as_):
    answer = as_().get("/opportunities/list/")
    assert answer.status_code == 302
    assert answer.location == "/login/?next=/opportunities/list/"
