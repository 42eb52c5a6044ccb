"""Settings: what is read, what is refused and in which words, and the secrets a demo makes itself."""

import dataclasses
import os
import re
import stat
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import URL, make_url

from config import NAMES, ROOT, Settings, SettingsError, load_settings

KEY = "k" * 32
PRODUCTION = {"CRM_ENV": "production", "CRM_SECRET_KEY": KEY, "CRM_ALLOWED_HOSTS": "crm.example.com"}


def read(**environ: str) -> Settings:
    return Settings.from_environment({"CRM_SECRET_KEY": KEY} | environ)


def faults(environ: Mapping[str, str], root: Path = ROOT) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(environ, root=root)
    return caught.value.faults


def test_a_demo_needs_no_settings(tmp_path: Path) -> None:
    settings = Settings.from_environment({}, root=tmp_path)
    assert settings.environment == "demo"
    assert make_url(settings.database_url).database == str(tmp_path / "instance" / "crm.sqlite")
    assert settings.migration_database_url == settings.database_url
    assert settings.allowed_hosts == ("127.0.0.1", "localhost")
    assert settings.files_dir == tmp_path / "instance" / "files"
    assert (settings.timezone, settings.default_locale) == ("Asia/Shanghai", "zh")
    assert (settings.port, settings.trusted_proxies) == (8080, 0)
    assert settings.admin_user is settings.admin_password is settings.mail_url is settings.sales_config is None


def test_an_empty_value_is_none(tmp_path: Path) -> None:
    assert Settings.from_environment(dict.fromkeys(NAMES, " "), root=tmp_path) == Settings.from_environment(
        {}, root=tmp_path
    )


def test_production_asks_for_what_a_demo_makes_up() -> None:
    assert faults({"CRM_ENV": "production"}) == [
        "CRM_ALLOWED_HOSTS: is missing, expected in production: names without scheme and port, as in crm.example.com",
        "CRM_SECRET_KEY: is missing, expected in production: at least 32 characters",
    ]
    assert Settings.from_environment(PRODUCTION).is_production


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    found = faults({"CRM_ENV": "test", "PORT": "http", "CRM_DEFAULT_LOCALE": "fr"}, root=tmp_path)
    assert found == [
        "CRM_ENV: 'test' is not known, expected demo or production",
        "CRM_DEFAULT_LOCALE: 'fr' is not known, expected zh or en",
        "PORT: 'http' does not fit, expected a whole number from 1 to 65535",
    ]
    assert not list(tmp_path.iterdir()), "a refused start leaves nothing behind"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CRM_ALLOWED_HOSTS", "https://crm.example.com", "is no host name"),
        ("CRM_ALLOWED_HOSTS", "crm.example.com:443", "is no host name"),
        ("CRM_ALLOWED_HOSTS", "*", "is no host name"),
        ("CRM_DATABASE_URL", "mysql://crm@db/crm", "'mysql' is not supported"),
        ("CRM_DATABASE_URL", "postgresql+psycopg2://crm@db/crm", "is not supported"),
        ("CRM_DATABASE_URL", "crm.sqlite", "is no database address"),
        ("CRM_DATABASE_URL", "postgresql://crm@db:port/crm", "is no database address"),
        ("CRM_DATABASE_URL", "postgresql://crm@db", "names no database"),
        ("CRM_DATABASE_URL", "sqlite://", "names no database"),
        ("CRM_DATABASE_URL", "sqlite:///:memory:", "names no database"),
        ("CRM_DEMO_PASSWORD", "short", "has 5 characters, expected at least 10"),
        ("CRM_ENV", "prod", "expected demo or production"),
        ("CRM_MIGRATION_DATABASE_URL", "oracle://crm@db/crm", "is not supported"),
        ("CRM_SECRET_KEY", "k" * 31, "has 31 characters, expected at least 32"),
        ("CRM_TIMEZONE", "Asia", "is no time zone"),
        ("CRM_TIMEZONE", "../../etc/passwd", "is no time zone"),
        ("CRM_TIMEZONE", "Peking", "is no time zone"),
        ("CRM_TRUSTED_PROXIES", "-1", "from 0 to 5"),
        ("CRM_TRUSTED_PROXIES", "6", "from 0 to 5"),
        ("CRM_TRUSTED_PROXIES", "²", "from 0 to 5"),
        ("PORT", "0", "from 1 to 65535"),
        ("PORT", "65536", "from 1 to 65535"),
        ("CRM_DATABSE_URL", "sqlite:///crm.sqlite", "is no setting, expected CRM_DATABASE_URL"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(name: str, value: str, said: str) -> None:
    (fault,) = faults({"CRM_SECRET_KEY": KEY, name: value})
    assert fault.startswith(f"{name}: ")
    assert said in fault
    assert "expected" in fault


def test_variables_of_container_platforms_are_let_be() -> None:
    assert read(CRM_SERVICE_HOST="10.0.0.1", CRM_PORT_8080_TCP_PORT="8080").port == 8080


@pytest.mark.parametrize(
    ("given_url", "used"),
    [
        ("postgres://crm@db/crm", "postgresql+psycopg://crm@db/crm"),
        ("postgresql://crm@db/crm?sslmode=require", "postgresql+psycopg://crm@db/crm?sslmode=require"),
        ("postgresql+psycopg://crm:p%40ss@db:6432/crm", "postgresql+psycopg://crm:p%40ss@db:6432/crm"),
        ("sqlite:////srv/crm.sqlite", "sqlite:////srv/crm.sqlite"),
    ],
)
def test_database_addresses_get_our_driver(given_url: str, used: str) -> None:
    settings = read(CRM_DATABASE_URL=given_url)
    assert settings.database_url == settings.migration_database_url == used


def test_migrations_may_go_another_way() -> None:
    settings = read(CRM_DATABASE_URL="postgresql://app@db/crm", CRM_MIGRATION_DATABASE_URL="postgresql://owner@db/crm")
    assert settings.migration_database_url == "postgresql+psycopg://owner@db/crm"


def test_a_relative_file_lies_in_the_project_wherever_the_program_is_started() -> None:
    database = make_url(read(CRM_DATABASE_URL="sqlite:///some/crm.sqlite").database_url).database
    assert database == str(ROOT / "some" / "crm.sqlite")


@given(password=st.text(min_size=1), user=st.text(min_size=1))
def test_a_password_in_an_address_survives_and_is_never_shown(password: str, user: str) -> None:
    secret = f"secret {password}"
    url = URL.create("postgresql", username=user, password=secret, host="db", database="crm")
    settings = read(CRM_DATABASE_URL=url.render_as_string(hide_password=False))
    assert make_url(settings.database_url).password == secret
    assert make_url(settings.database_url).username == user
    assert secret not in repr(settings)


@given(st.text())
def test_no_address_is_answered_with_anything_but_a_sentence(value: str) -> None:
    try:
        settings = read(CRM_DATABASE_URL=value)
    except SettingsError as error:
        assert len(error.faults) == 1
        assert error.faults[0].startswith("CRM_DATABASE_URL: ")
    else:
        assert make_url(settings.database_url).drivername in {"sqlite", "postgresql+psycopg"}


@given(st.dictionaries(st.sampled_from(NAMES), st.text()))
def test_any_environment_is_read_or_refused(environ: dict[str, str]) -> None:
    try:
        Settings.from_environment({"CRM_SECRET_KEY": KEY} | environ | {"CRM_SECRET_KEY": KEY})
    except SettingsError as error:
        assert all(re.match(r"(CRM_\w+|PORT): .*expected", fault, re.DOTALL) for fault in error.faults)


def test_secrets_are_not_in_the_text_of_settings() -> None:
    secrets = {
        "CRM_SECRET_KEY": "hidden " * 5,
        "CRM_ADMIN_PASSWORD": "hidden from all",
        "CRM_DEMO_PASSWORD": "hidden from all",
        "CRM_MAIL_URL": "smtp://crm:hidden@mail.example.com",
        "CRM_DATABASE_URL": "postgresql://crm:hidden@db/crm",
        "CRM_MIGRATION_DATABASE_URL": "postgresql://owner:hidden@db/crm",
    }
    assert "hidden" not in repr(Settings.from_environment(secrets))


def test_a_demo_keeps_the_key_it_makes(tmp_path: Path) -> None:
    first = Settings.from_environment({}, root=tmp_path)
    assert len(first.secret_key) >= 32
    assert Settings.from_environment({}, root=tmp_path).secret_key == first.secret_key
    assert [path.name for path in (tmp_path / "instance").iterdir()] == ["secret_key"]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_nobody_else_may_read_the_key(tmp_path: Path) -> None:
    Settings.from_environment({}, root=tmp_path)
    assert stat.S_IMODE((tmp_path / "instance" / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "instance").stat().st_mode) == 0o700


def test_all_who_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    keys: set[str] = set()
    together = threading.Barrier(8)

    def start() -> None:
        together.wait()
        keys.add(Settings.from_environment({}, root=tmp_path).secret_key)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 1


@pytest.mark.parametrize("content", ["", "short", "密钥"])
def test_a_damaged_key_is_told_and_not_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "instance" / "secret_key"
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    (fault,) = faults({}, root=tmp_path)
    assert fault.startswith("CRM_SECRET_KEY: ")
    assert path.read_text(encoding="utf-8") == content


@given(st.text(min_size=32))
def test_the_demo_password_is_readable_and_comes_from_the_key(key: str) -> None:
    settings = dataclasses.replace(read(), secret_key=key)
    assert re.fullmatch(r"[a-z]{4}-[0-9]{4}-[a-z]{4}", settings.demo_password)
    assert settings.demo_password == dataclasses.replace(settings).demo_password
    assert settings.demo_password != dataclasses.replace(settings, secret_key=key + "x").demo_password


def test_a_given_demo_password_is_used() -> None:
    assert read(CRM_DEMO_PASSWORD="knowing guests").demo_password == "knowing guests"


def test_flask_gets_what_it_looks_for() -> None:
    application = Flask("test")
    application.config.from_mapping(read(CRM_DEFAULT_LOCALE="en").flask_config())
    assert application.config["BABEL_DEFAULT_LOCALE"] == "en"
    assert application.config["SESSION_COOKIE_SECURE"] is False
    assert Settings.from_environment(PRODUCTION).flask_config()["SESSION_COOKIE_SECURE"] is True


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1:8080", 404), ("localhost", 404), ("evil.example.com", 400)])
def test_only_known_hosts_are_answered(host: str, status: int) -> None:
    application = Flask("test")
    application.config.from_mapping(read().flask_config())
    assert application.test_client().get("/", headers={"Host": host}).status_code == status


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("\ufeffPORT=8090\nCRM_TIMEZONE='Europe/London'\nCRM_ENV\n", encoding="utf-8")
    settings = load_settings({"CRM_TIMEZONE": "Asia/Tokyo"}, root=tmp_path)
    assert (settings.port, settings.timezone) == (8090, "Asia/Tokyo")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("# 设置".encode("gb18030"))
    with pytest.raises(SettingsError, match=r"\.env: cannot be read .* UTF-8"):
        load_settings({}, root=tmp_path)


def test_loading_makes_the_folders(tmp_path: Path) -> None:
    settings = load_settings({"CRM_DATABASE_URL": "sqlite:///deep/er/crm.sqlite"}, root=tmp_path)
    assert settings.files_dir.is_dir()
    assert (tmp_path / "deep" / "er").is_dir()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"^CRM_FILES_DIR: .* cannot be made"):
        load_settings({"CRM_FILES_DIR": "file/files"}, root=tmp_path)


def test_every_setting_stands_in_the_manual() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "operations.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(NAMES)
